/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: the type, a path, option words. */
#include "oci/mounts.h"

#include "tests/fuzz/fuzz.h"

#include <linux/mount.h>

enum { WORDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text, *word;
	const char *words[WORDS_MAX];
	struct oci_mount mount = {.options = words + 2};
	struct oci_mount_options options;
	struct arena arena = {0};
	struct error err = {0};
	size_t count = 0;

	while (count < WORDS_MAX && (word = strsep(&rest, "\n")))
		words[count++] = word;
	if (count >= 2) {
		mount.type = words[0];
		mount.destination = words[1];
		mount.n_options = count - 2;

		const char *path;
		int result = oci_normal_path(mount.destination, &arena, &path, &err);

		must_fail_well(result, &err);
		if (result == 0)
			must_be_normal(path);
		result = oci_mount_options(&mount, &options, &arena, &err);
		must_fail_well(result, &err);
		if (result == 0) {
			MUST(!(options.set & options.clear));
			MUST(!(options.attr_set & options.attr_clear &
				~(uint64_t)MOUNT_ATTR__ATIME));
			MUST(!options.attr_set || options.has_recursive_attributes);
			MUST(options.n_propagation <= mount.n_options);
			MUST(!options.bind || !options.data);
		}
	}
	arena_free(&arena);
	free(text);
	return 0;
}
