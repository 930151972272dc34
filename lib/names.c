/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

bool name_is_safe(const char *name, size_t max)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_.-";
	size_t len = strspn(name, all);

	return name[0] && !strchr("_.-", name[0]) && !name[len] && len <= max;
}

bool ifname_is_valid(const char *name)
{
	size_t len = strlen(name), i;

	if (len < 1 || len > 15 || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !strcmp(name, "all") || !strcmp(name, "default"))
		return false;
	for (i = 0; i < len; i++)
		if (strchr("/:%", name[i]) || isspace((unsigned char)name[i]) ||
		    iscntrl((unsigned char)name[i]))
			return false;
	return true;
}

void host_device_name(const char *container_id, const char *ifname,
		      char out[16])
{
	uint64_t hash = 0xcbf29ce484222325;
	const char *parts[] = {container_id, " ", ifname};
	const char *c;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (c = parts[i]; *c; c++) {
			hash ^= (unsigned char)*c;
			hash *= 0x100000001b3;
		}
	}
	hash = (hash >> 48 ^ hash) & 0xffffffffffff;
	snprintf(out, 16, "fl_%012llx", (unsigned long long)hash);
}

int boot_id_read(char out[40], struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	int ret;

	ret = file_read("/proc/sys/kernel/random/boot_id", 64, &text, NULL, e);
	if (ret)
		return ret;
	text[strcspn(text, "\n")] = '\0';
	snprintf(out, 40, "%s", text);
	return 0;
}
