/* SPDX-License-Identifier: Apache-2.0 */
/* Taking what must stay secret out of a text that others will read. */
#pragma once

#include <stddef.h>

#define REDACTED "(left out)"

/* A copy without what looks like a secret: private keys, bearer tokens, JSON
 * web tokens, passwords in URLs, and whatever follows a name such as token,
 * password, secret, client-key-data or CNI_ARGS. Lines stay lines, JSON stays
 * JSON. The caller frees; *out_len is its length. */
char *redact(const char *text, size_t len, size_t *out_len);
