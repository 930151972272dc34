/* SPDX-License-Identifier: Apache-2.0 */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"

int failure_set(struct failure *f, int code, const char *fmt, ...)
{
	va_list ap;

	f->code = code;
	f->details[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(f->msg, sizeof(f->msg), fmt, ap);
	va_end(ap);
	return code;
}

static int code_of_errno(int code, int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EIO:
		return CNI_IO;
	case EPERM:
		return CNI_PRIVILEGES;
	case EBUSY:
	case EAGAIN:
		return CNI_TRY_AGAIN;
	default:
		return code;
	}
}

int failure_from(struct failure *f, int code, const struct err *e,
		 const char *context)
{
	return failure_set(f, code_of_errno(code, e->code), "%s%s%s",
			   context ? context : "", context ? ": " : "", e->msg);
}

char *failure_json(const struct failure *f, const char *cni_version)
{
	__cleanup(json_free) cJSON *obj = cJSON_CreateObject();

	cJSON_AddStringToObject(obj, "cniVersion", cni_version);
	cJSON_AddNumberToObject(obj, "code", f->code);
	cJSON_AddStringToObject(obj, "msg", f->msg);
	if (f->details[0])
		cJSON_AddStringToObject(obj, "details", f->details);
	return json_print(obj, true);
}
