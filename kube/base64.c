/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

static int value_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const char *at = strchr(alphabet, c);

	return c && at ? (int)(at - alphabet) : -1;
}

int base64_decode(const char *text, char **out, size_t *len)
{
	__cleanup(mem_free) char *data = malloc(strlen(text) / 4 * 3 + 4);
	unsigned int bits = 0, n_bits = 0, digits = 0, pads = 0;
	size_t n = 0;
	int value;

	if (!data)
		return -ENOMEM;
	for (; *text; text++) {
		if (*text == '\n' || *text == '\r')
			continue;
		digits++;
		if (*text == '=') {
			pads++;
			continue;
		}
		value = value_of(*text);
		if (value < 0 || pads)
			return -EINVAL;
		bits = bits << 6 | (unsigned int)value;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			data[n++] = (char)(bits >> n_bits);
		}
		bits &= (1u << n_bits) - 1;
	}
	/* What is left over must be the zero bits that the padding stands for.
	 */
	if (digits % 4 || pads > 2 || n_bits != 2 * pads || bits)
		return -EINVAL;
	data[n] = '\0';
	if (len)
		*len = n;
	*out = take_ptr(data);
	return 0;
}
