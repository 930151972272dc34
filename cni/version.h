/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the CNI specification that we speak. */
#pragma once

#include <stdbool.h>

enum cni_version {
	CNI_0_3_0,
	CNI_0_3_1,
	CNI_0_4_0,
	CNI_1_0_0,
	CNI_1_1_0,
	CNI_VERSION_COUNT,
	CNI_NEWEST = CNI_1_1_0,
};

/* "1.0.0" and back; -1 for what we do not speak. */
const char *cni_version_name(enum cni_version v);
int cni_version_parse(const char *name);
/* "0.3.0, 0.3.1, ..." for sentences. */
const char *cni_version_list(void);
