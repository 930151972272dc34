/* SPDX-License-Identifier: Apache-2.0 */
#include "redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

/* What names a secret, wherever it is part of a name. */
static const char *const words[] = {
	"token",
	"password",
	"passwd",
	"secret",
	"credential",
	"apikey",
	"api-key",
	"api_key",
	"private-key",
	"private_key",
	"client-key",
	"client-certificate-data",
	"certificate-authority-data",
	"authorization",
	"cookie",
	"cni_args",
	"session-key",
	"preshared",
};

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

static bool names_secret(const char *name, size_t len)
{
	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		size_t n = strlen(words[w]);

		for (size_t i = 0; i + n <= len; i++)
			if (!strncasecmp(name + i, words[w], n))
				return true;
	}
	return false;
}

/* "token: x", "token=x", "\"token\": \"x\"": where the value begins, NULL if no
 * value follows the name that ends here. */
static const char *value_after(const char *at)
{
	while (*at == '\\' || *at == '"' || *at == '\'')
		at++;
	while (*at == ' ')
		at++;
	if (*at != ':' && *at != '=')
		return NULL;
	at++;
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* A value ends with its quote; one without quotes with the line, or, in
 * key=value text, with the word. */
static const char *value_end(const char *at, bool is_word)
{
	char quote = *at == '"' || *at == '\'' ? *at : 0;

	if (*at == '{' || *at == '[')
		return at; /* what is in it has names of its own */
	if (!quote && at[0] == '\\' && at[1] == '"') {
		const char *end = strstr(at + 2, "\\\"");

		return end ? end : at + strlen(at);
	}
	if (!quote)
		return at + strcspn(at, is_word ? " \t,;&" : ",}");
	for (at++; *at && *at != quote; at++)
		if (*at == '\\' && at[1])
			at++;
	return at;
}

/* Tokens that no name announces: "Bearer x", "eyJ...", "//user:password@". */
static size_t bare_secret(const char *at, size_t *keep)
{
	size_t len;

	if (!strncasecmp(at, "bearer ", 7) || !strncasecmp(at, "basic ", 6)) {
		*keep = strcspn(at, " ") + 1;
		len = strcspn(at + *keep, " \t\",'\\");
		return len >= 8 ? *keep + len : 0;
	}
	if (!strncmp(at, "eyJ", 3)) {
		*keep = 0;
		len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
				 "TUVWXYZ0123456789_-.=");
		return len >= 20 ? len : 0;
	}
	if (!strncmp(at, "://", 3)) {
		len = strcspn(at + 3, "/@ \t\"'");
		*keep = 3;
		if (at[3 + len] == '@' && memchr(at + 3, ':', len))
			return 3 + len;
	}
	return 0;
}

/* Up to where a token begins within it. */
static size_t name_len(const char *at)
{
	const char *token;
	size_t len = 0;

	while (is_name_byte(at[len]))
		len++;
	token = len ? memmem(at + 1, len - 1, "eyJ", 3) : NULL;
	return token ? (size_t)(token - at) : len;
}

static void redact_line(const char *line, FILE *out)
{
	const char *at = line;

	while (*at) {
		size_t name, keep = 0, bare = bare_secret(at, &keep);
		const char *value, *end;

		if (bare) {
			fprintf(out, "%.*s" REDACTED, (int)keep, at);
			at += bare;
			continue;
		}
		name = name_len(at);
		if (!name) {
			fputc(*at++, out);
			continue;
		}
		value = names_secret(at, name) ? value_after(at + name) : NULL;
		if (!value || !*value) {
			fwrite(at, 1, name, out);
			at += name;
			continue;
		}
		end = value_end(value, at[name] == '=');
		if (*value == '"' || *value == '\'')
			value++;
		else if (value[0] == '\\' && value[1] == '"')
			value += 2;
		fwrite(at, 1, value - at, out);
		if (end > value)
			fputs(REDACTED, out);
		at = end > value ? end : value;
	}
}

static bool begins_key(const char *line)
{
	return strstr(line, "-----BEGIN") && strstr(line, "PRIVATE KEY");
}

char *redact(const char *text, size_t len, size_t *out_len)
{
	const char *at = text, *stop = text + len;
	char *copy = NULL, *line;
	bool in_key = false;
	FILE *out = open_memstream(&copy, out_len);

	if (!out)
		abort();
	while (at < stop) {
		const char *end = memchr(at, '\n', stop - at);
		size_t n = (end ? end : stop) - at;

		line = must_alloc(n + 1, 1);
		for (size_t i = 0; i < n; i++)
			line[i] = at[i] ? at[i] : ' ';
		if (begins_key(line) && strstr(line, "-----END")) {
			fputs(REDACTED, out);
		} else if (begins_key(line) || in_key) {
			in_key = !strstr(line, "-----END");
			if (!in_key)
				fputs(REDACTED, out);
		} else {
			redact_line(line, out);
		}
		free(line);
		if (end && !in_key)
			fputc('\n', out);
		at += n + !!end;
	}
	fclose(out);
	return copy;
}
