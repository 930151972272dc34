/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of every kind, through the model and the policy compiler to what
 * the maps should hold. Each part of the input is the cluster at another time.
 */
#include "fuzz.h"

#include <string.h>

#include "../../agent/manifest.h"
#include "../../agent/shared.h"
#include "node.h"

static void compute(const struct fuzz_part *part)
{
	struct manifest manifest = {0};
	struct model model = {0};
	struct object *other;
	struct err e = {0};

	if (manifest_parse("f.yaml", part->text, part->len, &manifest, &e)) {
		fuzz_check(e.code && !strncmp(e.msg, "f.yaml", 6));
		fuzz_check(!manifest.objects.n);
		return;
	}
	for (size_t i = 0; i < manifest.objects.n; i++) {
		struct object *o = manifest.objects.items[i];

		fuzz_check(object_equal(o, o) && object_bytes(o) > 0);
		model_add(&model, o, &other);
	}
	fuzz_node_compute(&model);
	model_clear(&model);
	manifest_free(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in;

	fuzz_quiet();
	fuzz_split(data, size, &in);
	for (size_t i = 0; i < in.n; i++)
		compute(&in.parts[i]);
	fuzz_input_free(&in);
	fuzz_node_forget();
	/* Texts are shared and counted: nobody has any now. */
	fuzz_check(shared_count() == 0);
	return 0;
}
