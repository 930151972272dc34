/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* RFC 4648's plain alphabet, padded, line breaks anywhere; anything else is
 * -EINVAL. *out is NUL-terminated and the caller's to free; len may be NULL. */
int base64_decode(const char *text, char **out, size_t *len);
