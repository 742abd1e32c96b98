/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The N-th allocation fails, for every N, until all of them succeed: each parse either works or
 * says that memory is out, and loses nothing (the sanitizer looks for leaks).
 */
#include "oci/features.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "oci/template.h"
#include "tests/unit/tap.h"

#include <errno.h>

static size_t countdown;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* The only allocation below oci/ is the arena's. */
void *__wrap_malloc(size_t size)
{
	if (countdown && --countdown == 0)
		return NULL;
	return __real_malloc(size);
}

/*
 * The blocks of an arena are few; a limit that grows finds the places in between. Both are
 * exhausted.
 */
static int parse(const char *text, size_t length, size_t limit, struct error *err)
{
	struct arena arena = {.limit = limit};
	struct oci_spec *spec;
	int result = oci_spec_parse(text, length, &arena, &spec, err);

	arena_free(&arena);
	return result;
}

static void test_spec(const char *path)
{
	size_t length, failures = 0, wrong = 0;
	char *text = tap_file(path, &length);
	struct error err = {0};

	for (size_t i = 1;; i++) {
		countdown = i;

		int result = parse(text, length, 0, &err);

		if (countdown) {
			wrong += result != 0;
			break;
		}
		failures++;
		wrong += result == 0 || err.code != ENOMEM;
	}
	countdown = 0;
	for (size_t limit = 16;; limit += 16) {
		if (parse(text, length, limit, &err) == 0)
			break;
		failures++;
		wrong += err.code != ENOMEM;
	}
	is_number(wrong, 0, path);
	printf("# %zu failed allocations\n", failures);
	free(text);
}

static int print_state(struct arena *arena, struct error *err)
{
	static const struct oci_state state = {
		.oci_version = "1.3.0", .id = "a", .bundle = "/"};
	struct oci_state *again;
	const char *text;

	if (oci_state_print(&state, OCI_STATE_PRETTY, arena, &text, err) < 0)
		return -1;
	return oci_state_parse(text, strlen(text), arena, &again, err);
}

static int print_features(struct arena *arena, struct error *err)
{
	static const struct oci_features features = {.libseccomp_version = "2.5.4"};
	const char *text;

	return oci_features_print(&features, arena, &text, err);
}

static int print_template(struct arena *arena, struct error *err)
{
	static const struct oci_template template = {.rootless = true};
	const char *text;

	return oci_template_print(&template, arena, &text, err);
}

static int bare_objects(struct arena *arena, struct error *err)
{
	static const char process[] =
		"{\"cwd\":\"/\",\"args\":[\"a\"],\"capabilities\":{\"bounding\":"
		"[\"CAP_A\",\"CAP_B\"]}}";
	static const char resources[] = "{\"unified\":{\"a\":\"b\"},\"pids\":{\"limit\":1}}";
	struct oci_process *ret_process;
	struct oci_resources *ret_resources;

	if (oci_process_parse(process, strlen(process), arena, &ret_process, err) < 0)
		return -1;
	return oci_resources_parse(resources, strlen(resources), arena, &ret_resources, err);
}

static void test_limits(int (*function)(struct arena *, struct error *), const char *name)
{
	size_t wrong = 0, failures = 0;

	for (size_t limit = 16;; limit += 16) {
		struct arena arena = {.limit = limit};
		struct error err = {0};
		int result = function(&arena, &err);

		arena_free(&arena);
		if (result == 0)
			break;
		failures++;
		wrong += err.code != ENOMEM;
	}
	is_number(wrong, 0, name);
	printf("# %zu failed allocations\n", failures);
}

int main(void)
{
	test_spec("tests/fuzz/corpus/spec/every.json");
	test_spec("tests/fuzz/corpus/spec/docker.json");
	test_limits(print_state, "state");
	test_limits(print_features, "features");
	test_limits(print_template, "template");
	test_limits(bare_objects, "bare objects");
	return tap_end();
}
