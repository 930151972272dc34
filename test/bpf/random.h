/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that look like packets, at places where they come: who sends and to
 * whom is drawn from the addresses of the test node, and what went on before is
 * sent again, answered, and complained about by ICMP errors. */
#pragma once

#include "run.h"

void random_seed(__u64 seed);
__u64 random_u64(void);
__u32 random_below(__u32 n);
bool random_once_in(__u32 n);

struct at random_at(void);
void random_packet(struct at at, struct packet *p);
/* What went on, as it did. */
void random_remember(const struct packet *sent);
void random_forget(void);

/* Whose address is it that a pod on this device has? */
bool is_own(unsigned int ifindex, const struct fl_addr *a);
bool is_pod(const struct fl_addr *a);
/* Of the pod on this device. */
const __u8 *pod_mac(unsigned int ifindex);
