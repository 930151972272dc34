/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig files. What is taken for good has a server that can be asked, and
 * does not say two things of one. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kube/config.h"
#include "../../kube/server_url.h"
#include "../../lib/cleanup.h"

/* Files that a kubeconfig names are read; a device may never end. */
static bool is_harmless(const char *path)
{
	return !path || !strncmp(path, fuzz_dir(), strlen(fuzz_dir()));
}

static void check_config(const struct kube_config *c)
{
	__cleanup(mem_free) char *token = NULL;
	struct server_url url;
	struct err e = {0};

	fuzz_check(c->server && c->origin);
	fuzz_check(!server_url_parse(c->server, &url, &e));
	fuzz_check(!c->ca_file || !c->ca_data);
	fuzz_check(!c->cert_file || !c->cert_data);
	fuzz_check(!c->key_file || !c->key_data);
	fuzz_check(!c->token_file || !c->token);
	if (!is_harmless(c->token_file))
		return;
	if (kube_config_token(c, &token, &e)) {
		fuzz_check(e.code && *e.msg && !token);
		return;
	}
	/* It becomes a line of a request's head. */
	fuzz_check(!token || !strpbrk(token, "\r\n"));
}

static void read_one(const char *context)
{
	struct kube_config c = {0};
	struct err e = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/kubeconfig", fuzz_dir());
	if (kube_config_read(path, context, &c, &e)) {
		fuzz_check(e.code && *e.msg);
		return;
	}
	check_config(&c);
	kube_config_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_check(fuzz_write("kubeconfig", data, size));
	fuzz_check(fuzz_write("token", data, size < 64 ? size : 64));
	read_one("");
	read_one("other");
	return 0;
}
