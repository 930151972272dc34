/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../lib/addr.h"

/* ---- numbers --------------------------------------------------------- */

/* Three significant digits: 1.23, 12.3, 123. */
static const char *scale(__u64 n, unsigned int step, const char *const *units,
			 char buf[FORMAT_LEN])
{
	double v = n;
	int u = 0;

	/* 999.5 would be rounded up to four digits. */
	while (v >= (u ? 999.5 : step) && units[u + 1]) {
		v /= step;
		u++;
	}
	if (u == 0)
		snprintf(buf, FORMAT_LEN, "%llu%s", (unsigned long long)n,
			 units[0]);
	else
		snprintf(buf, FORMAT_LEN, "%.*f%s", v < 99.95 ? 1 : 0, v,
			 units[u]);
	return buf;
}

const char *format_count(__u64 n, bool human, char buf[FORMAT_LEN])
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", NULL};
	static const char *const plain[] = {"", NULL};

	return scale(n, 1000, human ? units : plain, buf);
}

const char *format_bytes(__u64 n, bool human, char buf[FORMAT_LEN])
{
	static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
					    "TiB", "PiB", NULL};
	static const char *const plain[] = {"", NULL};

	return scale(n, 1024, human ? units : plain, buf);
}

const char *format_rate(double per_second, bool human, char buf[FORMAT_LEN])
{
	if (per_second > 0 && per_second < 9.95)
		snprintf(buf, FORMAT_LEN, "%.1f", per_second);
	else /* NOLINTNEXTLINE: no rate is negative */
		format_count(per_second + 0.5, human, buf);
	return buf;
}

const char *format_percent(__u64 part, __u64 whole, char buf[FORMAT_LEN])
{
	if (!whole)
		snprintf(buf, FORMAT_LEN, "-");
	else if (part && part * 100 / whole == 0)
		snprintf(buf, FORMAT_LEN, "<1%%");
	else
		snprintf(buf, FORMAT_LEN, "%llu%%",
			 (unsigned long long)(part * 100 / whole));
	return buf;
}

const char *format_duration(__u64 ns, char buf[FORMAT_LEN])
{
	unsigned long long s = ns / 1000000000ULL;

	if (s < 60)
		snprintf(buf, FORMAT_LEN, "%llus", s);
	else if (s < 3600)
		snprintf(buf, FORMAT_LEN, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FORMAT_LEN, "%lluh%02llum", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buf, FORMAT_LEN, "%llud%02lluh", s / 86400,
			 s / 3600 % 24);
	return buf;
}

/* ---- addresses and protocols ----------------------------------------- */

static const struct {
	const char *name;
	__u8 proto;
} proto_names[] = {
	{"tcp", IPPROTO_TCP},	    {"udp", IPPROTO_UDP},
	{"sctp", IPPROTO_SCTP},	    {"icmp", IPPROTO_ICMP},
	{"icmpv6", IPPROTO_ICMPV6},
};
#define N_PROTO_NAMES (sizeof(proto_names) / sizeof(proto_names[0]))

bool proto_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

const char *format_proto(__u8 proto, char buf[FORMAT_LEN])
{
	for (size_t i = 0; i < N_PROTO_NAMES; i++)
		if (proto_names[i].proto == proto)
			return strcpy(buf, proto_names[i].name);
	snprintf(buf, FORMAT_LEN, "%u", proto);
	return buf;
}

int proto_parse(const char *text, __u8 *proto)
{
	unsigned long n;
	char *end;

	for (size_t i = 0; i < N_PROTO_NAMES; i++)
		if (!strcasecmp(proto_names[i].name, text)) {
			*proto = proto_names[i].proto;
			return 0;
		}
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n > 255)
		return -EINVAL;
	*proto = n;
	return 0;
}

const char *format_peer(const struct fl_addr *addr, __be16 port, __u8 proto,
			char buf[FORMAT_LEN])
{
	char text[ADDR_STRLEN];

	addr_format(addr, text);
	if (!proto_has_ports(proto))
		snprintf(buf, FORMAT_LEN, "%s", text);
	else if (addr_is_v4(addr))
		snprintf(buf, FORMAT_LEN, "%s:%u", text, ntohs(port));
	else
		snprintf(buf, FORMAT_LEN, "[%s]:%u", text, ntohs(port));
	return buf;
}

const char *format_identity(__u32 identity, char buf[FORMAT_LEN])
{
	static const char *const names[] = {
		[FL_IDENTITY_UNKNOWN] = "unknown",
		[FL_IDENTITY_HOST] = "host",
		[FL_IDENTITY_REMOTE_NODE] = "remote-node",
		[FL_IDENTITY_WORLD] = "world",
		[FL_IDENTITY_POD] = "pod",
	};

	if (identity < sizeof(names) / sizeof(names[0]))
		return strcpy(buf, names[identity]);
	snprintf(buf, FORMAT_LEN, "%u", identity);
	return buf;
}
