/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of libraries, as cppcheck needs to see them: it does not read the
 * headers that they are from.
 */
#define cJSON_ArrayForEach(item, array)                                        \
	for (item = (array)->child; item; item = item->next)
#define DECLARE_LIBBPF_OPTS(type, name, ...) struct type name = {__VA_ARGS__}
#define LIBBPF_OPTS(type, name, ...)	     struct type name = {__VA_ARGS__}
#define TAILQ_HEAD(name, type)                                                 \
	struct name {                                                          \
		struct type *tqh_first;                                        \
	}
#define TAILQ_ENTRY(type)                                                      \
	struct {                                                               \
		struct type *tqe_next;                                         \
	}
#define SLIST_HEAD(name, type)                                                 \
	struct name {                                                          \
		struct type *slh_first;                                        \
	}
#define SLIST_ENTRY(type)                                                      \
	struct {                                                               \
		struct type *sle_next;                                         \
	}
#define TAILQ_FOREACH(item, head, field)                                       \
	for (item = (head)->tqh_first; item; item = item->field.tqe_next)
#define SLIST_FOREACH(item, head, field)                                       \
	for (item = (head)->slh_first; item; item = item->field.sle_next)
