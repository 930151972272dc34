/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

void json_free(cJSON **value)
{
	cJSON_Delete(*value);
	*value = NULL;
}

/* Bytes of the sequence that begins here, 0 if it is not valid. */
static size_t utf8_step(const unsigned char *s, size_t left)
{
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int code;
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || left < len)
		return 0;
	code = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

bool utf8_is_valid(const char *text, size_t len)
{
	size_t at = 0, step;

	while (at < len) {
		step = utf8_step((const unsigned char *)text + at, len - at);
		if (!step)
			return false;
		at += step;
	}
	return true;
}

void utf8_mend(char *text)
{
	size_t left = strlen(text), step;

	for (; left; text += step, left -= step) {
		step = utf8_step((const unsigned char *)text, left);
		if (!step)
			*text = '?';
		step = step ? step : 1;
	}
}

char *json_print(const cJSON *value, bool pretty)
{
	char *text =
		pretty ? cJSON_Print(value) : cJSON_PrintUnformatted(value);

	if (text)
		utf8_mend(text);
	return text;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* cJSON takes any control character for white space, NUL too. */
static const char *find_control(const char *text, size_t len)
{
	const char *c;

	for (c = text; c < text + len; c++)
		if ((unsigned char)*c < ' ' && !(*c && strchr("\t\r\n", *c)))
			return c;
	return NULL;
}

int json_parse(const char *name, const char *text, size_t len, cJSON **out,
	       struct err *e)
{
	const char *end = find_control(text, len);
	cJSON *value;

	if (!utf8_is_valid(text, len))
		return err_set(e, EINVAL, "%s: not UTF-8", name);
	if (strspn(text, " \t\r\n") >= len)
		return err_set(e, EINVAL, "%s: empty", name);
	if (end)
		return err_set(e, EINVAL,
			       "%s:%d: not valid JSON (control character)",
			       name, line_of(text, end));
	end = text;
	value = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (!value)
		return err_set(e, EINVAL, "%s:%d: not valid JSON", name,
			       line_of(text, end));
	while (end < text + len && isspace((unsigned char)*end))
		end++;
	if (end < text + len) {
		cJSON_Delete(value);
		return err_set(e, EINVAL, "%s:%d: text after the JSON value",
			       name, line_of(text, end));
	}
	*out = value;
	return 0;
}

/* Levenshtein's distance of two short words, regardless of case. */
static int word_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	int row[64], corner, up, best;

	if (la >= 64 || lb >= 64)
		return 64;
	for (j = 0; j <= lb; j++)
		row[j] = (int)j;
	for (i = 1; i <= la; i++) {
		corner = row[0];
		row[0] = (int)i;
		for (j = 1; j <= lb; j++) {
			up = row[j];
			best = corner + (tolower((unsigned char)a[i - 1]) !=
					 tolower((unsigned char)b[j - 1]));
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = up;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *word_nearest(const char *word, const char *const *known)
{
	const char *nearest = NULL;
	int best = (int)strlen(word) / 2 + 1, distance;

	for (; *known; known++) {
		distance = word_distance(word, *known);
		if (distance < best) {
			best = distance;
			nearest = *known;
		}
	}
	return nearest;
}

static bool is_known(const char *word, const char *const *known)
{
	for (; *known; known++)
		if (!strcmp(word, *known))
			return true;
	return false;
}

static bool is_doubled(const cJSON *member)
{
	const cJSON *later;

	for (later = member->next; later; later = later->next)
		if (!strcmp(later->string, member->string))
			return true;
	return false;
}

int json_check_keys(const cJSON *obj, const char *const *known, struct err *e)
{
	const char *nearest;
	const cJSON *member;

	if (!cJSON_IsObject(obj))
		return err_set(e, EINVAL, "not a JSON object");
	cJSON_ArrayForEach (member, obj) {
		if (!is_known(member->string, known)) {
			nearest = word_nearest(member->string, known);
			return err_set(e, EINVAL, "unknown key \"%.64s\"%s%s%s",
				       member->string, nearest ? " (is \"" : "",
				       nearest ? nearest : "",
				       nearest ? "\" meant?)" : "");
		}
		if (is_doubled(member))
			return err_set(e, EINVAL, "key \"%s\" appears twice",
				       member->string);
	}
	return 0;
}

/* The value of a key if it has the type, else NULL and the error. */
static const cJSON *get_typed(const cJSON *obj, const char *key, int type,
			      const char *type_name, struct err *e)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(obj, key);

	if (value && (value->type & 0xff) == type)
		return value;
	if (value)
		err_set(e, EINVAL, "\"%s\" must be %s", key, type_name);
	else
		err_set(e, EINVAL, "key \"%s\" is missing", key);
	return NULL;
}

int json_get_string(const cJSON *obj, const char *key, char *out, size_t size,
		    struct err *e)
{
	const cJSON *value = get_typed(obj, key, cJSON_String, "a string", e);

	if (!value)
		return -EINVAL;
	if (strlen(value->valuestring) >= size)
		return err_set(e, EINVAL,
			       "\"%s\" is too long (at most %zu bytes)", key,
			       size - 1);
	strcpy(out, value->valuestring);
	return 0;
}

int json_get_uint(const cJSON *obj, const char *key, unsigned long long min,
		  unsigned long long max, unsigned long long *out,
		  struct err *e)
{
	const cJSON *value = get_typed(obj, key, cJSON_Number, "a number", e);
	double number;

	if (!value)
		return -EINVAL;
	number = value->valuedouble;
	if (!(number >= (double)min && number <= (double)max) ||
	    number != (double)(unsigned long long)number)
		return err_set(
			e, EINVAL,
			"\"%s\" must be a whole number from %llu to %llu", key,
			min, max);
	*out = (unsigned long long)number;
	return 0;
}

int json_get_mac(const cJSON *obj, const char *key, unsigned char mac[6],
		 struct err *e)
{
	char text[MAC_STRLEN];
	int ret = json_get_string(obj, key, text, sizeof(text), e);

	if (ret)
		return ret;
	if (mac_parse(text, mac))
		return err_set(e, EINVAL, "\"%s\": not a MAC address: %s", key,
			       text);
	return 0;
}

/* The strings of a list, one by one, through `parse` into an array. */
static int get_list(const cJSON *obj, const char *key, char *out, size_t size,
		    int max, int *n, int (*parse)(const char *text, void *out),
		    const char *what, struct err *e)
{
	const cJSON *list = get_typed(obj, key, cJSON_Array, "a list", e);
	const cJSON *item;
	int count = 0;

	if (!list)
		return -EINVAL;
	if (cJSON_GetArraySize(list) > max)
		return err_set(e, EINVAL, "\"%s\" has more than %d elements",
			       key, max);
	cJSON_ArrayForEach (item, list) {
		if (!cJSON_IsString(item))
			return err_set(e, EINVAL, "\"%s\": %s must be a string",
				       key, what);
		if (parse(item->valuestring, out + (size_t)count * size))
			return err_set(e, EINVAL, "\"%s\": not %s: %.64s", key,
				       what, item->valuestring);
		count++;
	}
	*n = count;
	return 0;
}

static int parse_addr(const char *text, void *out)
{
	return addr_parse(text, out);
}

static int parse_prefix(const char *text, void *out)
{
	return prefix_parse(text, true, out);
}

int json_get_addrs(const cJSON *obj, const char *key, struct fl_addr *out,
		   int max, int *n, struct err *e)
{
	return get_list(obj, key, (char *)out, sizeof(*out), max, n, parse_addr,
			"an address", e);
}

int json_get_prefixes(const cJSON *obj, const char *key, struct fl_prefix *out,
		      int max, int *n, struct err *e)
{
	return get_list(obj, key, (char *)out, sizeof(*out), max, n,
			parse_prefix, "a prefix", e);
}

int mac_parse(const char *text, unsigned char mac[6])
{
	unsigned char bytes[6];
	int end = 0;

	if (strlen(text) != MAC_STRLEN - 1 ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &bytes[0],
		   &bytes[1], &bytes[2], &bytes[3], &bytes[4], &bytes[5],
		   &end) != 6 ||
	    end != MAC_STRLEN - 1 || strpbrk(text, " +-xX"))
		return -EINVAL;
	memcpy(mac, bytes, sizeof(bytes));
	return 0;
}

const char *mac_format(const unsigned char mac[6], char buf[MAC_STRLEN])
{
	snprintf(buf, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}
