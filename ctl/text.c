/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside (names of pods, mostly) on its way to a terminal. */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "format.h"

/* Decode one character; returns its bytes, or 0 for what is no UTF-8:
 * stray and missing continuation bytes, overlong forms, surrogates. */
static size_t utf8_decode(const char *text, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	*cp = len == 1 ? s[0] : len ? s[0] & (0xff >> (len + 1)) : 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (len > 1 && *cp < least[len])
		return 0;
	if ((*cp >= 0xd800 && *cp < 0xe000) || *cp > 0x10ffff)
		return 0;
	return len;
}

/* C0, DEL and C1, and the marks that turn the direction of writing. */
static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

void format_clean(const char *text, char *buf, size_t size)
{
	size_t at = 0, len;
	uint32_t cp;

	for (; *text; text += len ? len : 1) {
		len = utf8_decode(text, &cp);
		if (at + (len ? len : 1) >= size)
			break;
		if (!len || is_control(cp)) {
			buf[at++] = '?';
			continue;
		}
		memcpy(buf + at, text, len);
		at += len;
	}
	buf[at] = '\0';
}

/* Columns of one character. wcwidth() knows in a UTF-8 locale only, and says
 * -1 in any other: then one. */
static size_t columns_of(uint32_t cp)
{
	int w = cp < 0x80 ? 1 : wcwidth((wchar_t)cp);

	return w < 0 ? 1 : (size_t)w;
}

size_t format_width(const char *text)
{
	size_t columns = 0, len;
	uint32_t cp;

	for (; *text; text += len ? len : 1) {
		len = utf8_decode(text, &cp);
		columns += len ? columns_of(cp) : 1;
	}
	return columns;
}

size_t format_prefix(const char *text, size_t columns)
{
	const char *at = text;
	size_t used = 0, len, w;
	uint32_t cp;

	while (*at) {
		len = utf8_decode(at, &cp);
		w = len ? columns_of(cp) : 1;
		if (used + w > columns)
			break;
		used += w;
		at += len ? len : 1;
	}
	return at - text;
}

void text_wrap_from(const char *text, unsigned int indent, unsigned int width,
		    FILE *out)
{
	unsigned int used = 0, w;
	char word[256];

	while (*text) {
		int len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", len, text);
		w = format_width(word);
		if (used && width && indent + used + 1 + w > width) {
			fprintf(out, "\n%*s", indent, "");
			used = 0;
		}
		fprintf(out, "%s%s", used ? " " : "", word);
		used += w + !!used;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void text_wrap(const char *text, unsigned int indent, unsigned int width,
	       FILE *out)
{
	fprintf(out, "%*s", indent, "");
	text_wrap_from(text, indent, width, out);
}
