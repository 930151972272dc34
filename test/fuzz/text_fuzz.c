/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, prefixes, MACs, URLs, Base64, names: what is understood is written
 * in a form that means the same. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kube/base64.h"
#include "../../kube/server_url.h"
#include "../../lib/addr.h"
#include "../../lib/cleanup.h"
#include "../../lib/dns_name.h"
#include "../../lib/json.h"
#include "../../lib/state.h"

static void check_addr(const char *text)
{
	char buf[ADDR_STRLEN];
	struct fl_addr a, again;

	if (addr_parse(text, &a))
		return;
	fuzz_check(!addr_parse(addr_format(&a, buf), &again));
	fuzz_check(addr_equal(&a, &again));
}

static void check_prefix(const char *text, bool strict)
{
	char buf[PREFIX_STRLEN];
	struct fl_prefix p, again;
	struct fl_addr behind;

	if (prefix_parse(text, strict, &p))
		return;
	fuzz_check(!prefix_parse(prefix_format(&p, buf), true, &again));
	fuzz_check(p.prefix_len == again.prefix_len &&
		   addr_equal(&p.addr, &again.addr));
	fuzz_check(prefix_contains(&p, &p.addr) && prefix_overlaps(&p, &again));
	fuzz_check(prefix_length(&p) <= (prefix_is_v4(&p) ? 32u : 128u));
	behind = addr_add(&p.addr, 1);
	fuzz_check(addr_is_v4(&behind) || !prefix_is_v4(&p) ||
		   addr_compare(&behind, &p.addr) != 0);
}

static void check_mac(const char *text)
{
	unsigned char mac[6], again[6];
	char buf[MAC_STRLEN];

	if (mac_parse(text, mac))
		return;
	fuzz_check(!mac_parse(mac_format(mac, buf), again));
	fuzz_check(!memcmp(mac, again, 6));
}

static void check_url(const char *text)
{
	__cleanup(mem_free) char *written = NULL;
	struct server_url url, again;
	struct err e = {0};

	if (server_url_parse(text, &url, &e)) {
		fuzz_check(e.code && *e.msg);
		return;
	}
	written = server_url_format(&url);
	fuzz_check(written && !server_url_parse(written, &again, &e));
	fuzz_check(url.tls == again.tls && !strcmp(url.host, again.host) &&
		   !strcmp(url.port, again.port) &&
		   !strcmp(url.path, again.path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__cleanup(mem_free) char *text = fuzz_text(data, size);
	__cleanup(mem_free) char *decoded = NULL;
	size_t len = 0;

	check_addr(text);
	check_prefix(text, true);
	check_prefix(text, false);
	check_mac(text);
	check_url(text);
	if (!base64_decode(text, &decoded, &len))
		fuzz_check(decoded && !decoded[len] && len <= size);
	/* What may be part of a path leads nowhere else. */
	if (name_is_safe(text, CONTAINER_ID_MAX))
		fuzz_check(!strchr(text, '/') && *text != '.' &&
			   strlen(text) <= CONTAINER_ID_MAX);
	if (ifname_is_valid(text))
		fuzz_check(!strchr(text, '/') && strlen(text) < 16 &&
			   strcmp(text, ".."));
	if (is_dns_name(text))
		fuzz_check(!strpbrk(text, "/ \n\"\\") && strlen(text) <= 253);
	fuzz_check(utf8_is_valid(text, strlen(text)) || *text);
	return 0;
}
