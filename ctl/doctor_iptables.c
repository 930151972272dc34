/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_iptables.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Before the kernel's headers, which make way for it. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "../lib/cleanup.h"

/* The two families differ in the head of an entry only. */
struct family {
	const char *names; /* of the tables that are there */
	int domain, level, info, entries;
	size_t entry, target_offset, next_offset, table;
};

static const struct family families[] = {
	{"/proc/net/ip_tables_names", AF_INET, IPPROTO_IP, IPT_SO_GET_INFO,
	 IPT_SO_GET_ENTRIES, sizeof(struct ipt_entry),
	 offsetof(struct ipt_entry, target_offset),
	 offsetof(struct ipt_entry, next_offset),
	 offsetof(struct ipt_get_entries, entrytable)},
	{"/proc/net/ip6_tables_names", AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO,
	 IP6T_SO_GET_ENTRIES, sizeof(struct ip6t_entry),
	 offsetof(struct ip6t_entry, target_offset),
	 offsetof(struct ip6t_entry, next_offset),
	 offsetof(struct ip6t_get_entries, entrytable)},
};

static bool has_filter(const char *names)
{
	__cleanup(file_close) FILE *f = fopen(names, "re");
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		if (!strcmp(line, "filter\n"))
			return true;
	return false;
}

static unsigned int offset_at(const char *entry, size_t where)
{
	__u16 value;

	memcpy(&value, entry + where, sizeof(value));
	return value;
}

static bool is_drop(const struct family *f, const char *entry, size_t room)
{
	unsigned int at = offset_at(entry, f->target_offset);
	const struct xt_standard_target *target = (const void *)(entry + at);

	return at + sizeof(*target) <= room && !target->target.u.user.name[0] &&
	       target->verdict == -NF_DROP - 1;
}

/* From the chain's first entry to its policy, which is the last. */
static void look(const struct family *f, const char *table, unsigned int size,
		 unsigned int from, unsigned int policy,
		 struct iptables_chain *out)
{
	for (unsigned int at = from; at + f->entry <= size;) {
		bool drop = is_drop(f, table + at, size - at);
		unsigned int next = offset_at(table + at, f->next_offset);

		if (at == policy)
			out->drops = drop;
		else
			out->rules += drop;
		if (at >= policy || next < f->entry)
			break;
		at += next;
	}
}

static int read_family(const struct family *f, struct iptables_chain *out)
{
	static const unsigned int hooks[] = {NF_INET_LOCAL_IN, NF_INET_FORWARD};
	__cleanup(fd_close) int fd =
		socket(f->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_getinfo info = {.name = "filter"}; /* ip6t_getinfo's like */
	__cleanup(mem_free) char *buf = NULL;
	socklen_t len = sizeof(info);

	if (fd < 0 || getsockopt(fd, f->level, f->info, &info, &len))
		return 0;
	len = f->table + info.size;
	buf = calloc(1, len);
	if (!buf)
		return 0;
	memcpy(buf, "filter", 6);
	memcpy(buf + offsetof(struct ipt_get_entries, size), &info.size,
	       sizeof(info.size));
	if (getsockopt(fd, f->level, f->entries, buf, &len))
		return 0;
	for (int i = 0; i < 2; i++) {
		out[i] = (struct iptables_chain){.is_v6 = f->domain == AF_INET6,
						 .hook = hooks[i]};
		look(f, buf + f->table, info.size, info.hook_entry[hooks[i]],
		     info.underflow[hooks[i]], &out[i]);
	}
	return 2;
}

int iptables_filter(struct iptables_chain out[4])
{
	int n = 0;

	for (int i = 0; i < 2; i++)
		if (has_filter(families[i].names))
			n += read_family(&families[i], out + n);
	return n;
}
