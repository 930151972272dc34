/* SPDX-License-Identifier: Apache-2.0 */
/* What libbpf and the verifier say goes to our log at level debug, and the
 * end of it into our errors. */
#pragma once

#include <stddef.h>

/* Take over libbpf's output and forget what was said before. */
void bpflog_begin(void);

/* The last thing said that names a cause: the end of the verifier's log if
 * there was one, else libbpf's last warning. "" if nothing was said. Valid
 * until the next bpflog_begin() of this thread. */
const char *bpflog_cause(void);
