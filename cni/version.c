/* SPDX-License-Identifier: Apache-2.0 */
#include "version.h"

#include <string.h>

static const char *const names[CNI_VERSION_COUNT] = {
	[CNI_0_3_0] = "0.3.0", [CNI_0_3_1] = "0.3.1", [CNI_0_4_0] = "0.4.0",
	[CNI_1_0_0] = "1.0.0", [CNI_1_1_0] = "1.1.0",
};

const char *cni_version_name(enum cni_version v)
{
	return names[v];
}

int cni_version_parse(const char *name)
{
	int v;

	for (v = 0; v < CNI_VERSION_COUNT; v++)
		if (!strcmp(name, names[v]))
			return v;
	return -1;
}

const char *cni_version_list(void)
{
	return "0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0";
}
