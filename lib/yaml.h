/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML (of which JSON is a part) -> cJSON, so that manifests and the
 * configuration go through one kind of tree. libyaml parses; anchors and
 * aliases are refused, scalars get their types by the YAML 1.2 core schema
 * (quoted ones are strings), duplicate keys are an error.
 */
#pragma once

#include <stddef.h>
#include <cjson/cJSON.h>

#include "err.h"

/* All documents of the text as a JSON array; caller deletes. Errors say
 * "NAME:LINE: reason". Nesting is bounded (64), so is the text (64 MiB). */
int yaml_parse(const char *name, const char *text, size_t len, cJSON **out,
	       struct err *e);

/* Line of the text where the value began, 1.., 0 if unknown. */
int yaml_line(const cJSON *value);
