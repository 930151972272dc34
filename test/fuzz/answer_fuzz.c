/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's answer to "status", as `fairlead status` words it. It may be
 * another version's, or no agent's at all. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../ctl/status.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__cleanup(mem_free) char *text = fuzz_text(data, size);
	__cleanup(json_free) cJSON *answer = NULL;
	struct findings findings = {0};
	struct rulebook rules = {0};
	char line[200] = "";
	struct err e;

	if (json_parse("the agent's answer", text, size, &answer, &e))
		return 0;
	agent_line(answer, line, sizeof(line));
	fuzz_check(strlen(line) < sizeof(line));
	if (agent_server_line(answer, line, sizeof(line)))
		fuzz_check(*line);
	agent_objects_line(answer, line, sizeof(line));
	fuzz_check(strlen(line) < sizeof(line));
	agent_judge(answer, &rules, &findings);
	fuzz_check(findings.n >= 0 && findings.n <= STATUS_FINDINGS_MAX);
	fuzz_check(agent_is_ready(answer) || findings.n > 0);
	return 0;
}
