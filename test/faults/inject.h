/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of inject know of each other. */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

bool read_memory(pid_t pid, unsigned long long at, void *to, size_t len);
bool write_memory(pid_t pid, unsigned long long at, const void *from,
		  size_t len);

/* Is this call a netlink request? Its type as text, "RTM_NEWLINK". */
bool netlink_request(const struct seccomp_notif *req, char *text, size_t size);
/* Is this call to read the answer to one? Its type, or NULL. */
const char *netlink_answers(const struct seccomp_notif *req);
/* Pretend that it was sent: the next reads of its socket get an error. */
void netlink_swallow(const struct seccomp_notif *req,
		     struct seccomp_notif_resp *resp, int error);
/* Is this call such a read? Then it is answered here. */
bool netlink_answer(const struct seccomp_notif *req,
		    struct seccomp_notif_resp *resp);
