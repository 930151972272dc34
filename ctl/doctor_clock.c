/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and tokens are valid from then to then; what is odd about the
 * clock makes them invalid, and logs useless. */
#include "doctor.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

enum { SLACK = 60 }; /* seconds */

static int judge_files(struct doctor *d, time_t now)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/node.json", d->ctl->state_dir);
	if (stat(path, &st) || st.st_mtime <= now + SLACK)
		return 0;
	doctor_say(d, DOCTOR_WRONG,
		   "Was the clock set back? Compare `date` with another "
		   "machine's. The API server's certificate and our token are "
		   "not valid before their time.",
		   "%.200s is %lld seconds in the future", path,
		   (long long)(st.st_mtime - now));
	return 1;
}

void doctor_clock(struct doctor *d)
{
	struct timex t = {.modes = 0};
	time_t now = time(NULL);
	char text[32];
	struct tm tm;
	int state = adjtimex(&t), bad = judge_files(d, now);

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime_r(&now, &tm));
	if (tm.tm_year + 1900 < 2024) {
		doctor_say(d, DOCTOR_WRONG,
			   "Set it, and let a time service keep it.",
			   "it is %s UTC, says the clock: no certificate is "
			   "valid yet",
			   text);
		return;
	}
	if (state == TIME_ERROR || t.status & STA_UNSYNC)
		doctor_say(
			d, DOCTOR_WARNING,
			"Is it right? Compare `date -u` with another "
			"machine's; run chrony or systemd-timesyncd. Certificates "
			"and tokens depend on it.",
			"%s UTC, but no time service keeps the clock right",
			text);
	else if (!bad)
		doctor_say(d, DOCTOR_OK, "", "%s UTC, kept right to %ld ms",
			   text, t.esterror / 1000);
}
