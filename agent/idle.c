/* SPDX-License-Identifier: Apache-2.0 */
#include "idle.h"

#include <netinet/in.h>

static unsigned int tcp_timeout(__u8 seen)
{
	if (seen & (FL_TCP_FIN | FL_TCP_RST))
		return FL_TIMEOUT_TCP_CLOSED;
	return seen == FL_TCP_SYN ? FL_TIMEOUT_TCP_OPENING
				  : FL_TIMEOUT_TCP_ESTABLISHED;
}

/* Whether there was a reply, the other direction knows. */
unsigned int idle_timeout(const struct fl_tuple *key,
			  const struct fl_flow *flow)
{
	switch (key->proto) {
	case IPPROTO_TCP:
		return tcp_timeout(flow->tcp_seen);
	case IPPROTO_UDP:
		return FL_TIMEOUT_UDP;
	case IPPROTO_SCTP:
		return FL_TIMEOUT_SCTP_UNREPLIED;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return FL_TIMEOUT_ICMP;
	}
	return FL_TIMEOUT_OTHER;
}

bool idle_is_candidate(const struct fl_tuple *key, const struct fl_flow *flow,
		       bool hurry, __u64 now_ns)
{
	unsigned int timeout = idle_timeout(key, flow);

	if (hurry && timeout <= FL_TIMEOUT_SHORT)
		timeout /= FL_TIMEOUT_HURRY;
	return flow->last_seen_ns + timeout * 1000000000ULL < now_ns;
}

unsigned int idle_interval(unsigned int entries, unsigned int max_entries)
{
	enum { CALM = 10, BUSY = 5, FULL = 1 };

	if (entries > max_entries / 4 * 3)
		return FULL;
	return entries > max_entries / 2 ? BUSY : CALM;
}
