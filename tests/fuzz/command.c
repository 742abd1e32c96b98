/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line of words that end in NUL: options of every command, and of those whose values
 * are read further, ids, users and signals, the whole command against stubs of the runtime
 * (tests/unit/command_stubs.c).
 */
#include "runtime/command/command.h"

#include "tests/fuzz/fuzz.h"

enum { WORDS_MAX = 64 };

/* These take words and nothing else: no file is opened for them. */
static bool only_words(const struct command *command)
{
	return strcmp(command->name, "kill") == 0 || strcmp(command->name, "exec") == 0;
}

static void run(const struct command *command, char *const *words, struct arena *arena)
{
	const struct mayfly_global global = {.root = "/r"};
	void *options = arena_alloc(arena, command->size ? command->size : 1);
	struct error err = {0};
	struct parsed parsed;
	int status = 0;

	MUST(options);
	if (command->defaults)
		memcpy(options, command->defaults, command->size);

	int result = options_parse(command->options, options, words, arena, &parsed, &err);

	must_fail_well(result, &err);
	if (result < 0 || parsed.help || parsed.n_rest < command->least ||
		parsed.n_rest > command->most || !only_words(command))
		return;

	const struct call call = {
		.command = command,
		.global = &global,
		.options = options,
		.arguments = parsed.rest,
		.n_arguments = parsed.n_rest,
		.arena = arena,
	};

	must_fail_well(command->run(&call, &status, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool silent;
	struct arena arena = {.limit = 64 << 20};
	char *text = malloc(size + 1), *words[WORDS_MAX + 1];
	size_t count = 0;
	uint32_t id;

	if (!silent)
		silent = freopen("/dev/null", "w", stdout) != NULL;
	MUST(text && silent);
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at < size && count < WORDS_MAX; at += strlen(text + at) + 1)
		words[count++] = text + at;
	words[count] = NULL;
	if (count) {
		const struct command *command = command_find(words[0]);
		const char *near = command_nearest(words[0]);

		MUST(!near || command_find(near));
		if (command)
			run(command, words + 1, &arena);
		if (parse_id(words[0], &id))
			MUST(id != UINT32_MAX &&
				strspn(words[0], "0123456789") == strlen(words[0]));
	}
	arena_free(&arena);
	free(text);
	return 0;
}
