/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_name.h"

#include <string.h>

bool is_dns_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 253 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")] &&
	       s[0] != '-' && s[0] != '.' && s[len - 1] != '-' &&
	       s[len - 1] != '.';
}
