/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of options, of signals and of numbers: what callers type, word by word. */
#include "runtime/command/command.h"
#include "tests/unit/tap.h"

#include <signal.h>

struct sample {
	bool flag;
	const char *text;
	unsigned int number;
	struct texts many;
};

static const struct option table[] = {
	OPTION(struct sample, "detach", 'd', flag, NULL, "a boolean"),
	OPTION(struct sample, "bundle", 'b', text, "DIR", "a text"),
	OPTION(struct sample, "preserve-fds", 0, number, "N", "a number"),
	OPTION(struct sample, "env", 'e', many, "K=V", "a list"),
	OPTION_ACCEPTED("criu", "FILE"),
	OPTION_ACCEPTED("no-subreaper", NULL),
	{0},
};

enum { WORDS = 8 };

struct reading {
	const char *words[WORDS];
	const char *wanted; /* as print() below writes it; with "!" in front: the error */
};

static const struct reading readings[] = {
	{{"id"}, "0 - 0 [] rest id"},
	{{NULL}, "0 - 0 [] rest"},
	{{"--detach", "id"}, "1 - 0 [] rest id"},
	{{"-detach", "id"}, "1 - 0 [] rest id"},
	{{"-d", "id"}, "1 - 0 [] rest id"},
	{{"--d", "id"}, "1 - 0 [] rest id"},
	{{"--detach=true", "id"}, "1 - 0 [] rest id"},
	{{"-d=false", "id"}, "0 - 0 [] rest id"},
	{{"--detach", "--detach=false"}, "0 - 0 [] rest"},
	{{"--detach=1"}, "1 - 0 [] rest"},
	{{"--detach", "false"}, "1 - 0 [] rest false"},
	{{"--detach=yes"}, "!invalid value \"yes\" for flag --detach: not true or false"},
	{{"--detach="}, "!invalid value \"\" for flag --detach: not true or false"},
	{{"--bundle", "/b", "id"}, "0 /b 0 [] rest id"},
	{{"--bundle=/b", "id"}, "0 /b 0 [] rest id"},
	{{"-bundle", "/b", "id"}, "0 /b 0 [] rest id"},
	{{"-bundle=/b", "id"}, "0 /b 0 [] rest id"},
	{{"-b", "/b", "id"}, "0 /b 0 [] rest id"},
	{{"-b=/b=c", "id"}, "0 /b=c 0 [] rest id"},
	{{"--bundle=", "id"}, "0  0 [] rest id"},
	{{"--bundle", "/a", "--bundle", "/b"}, "0 /b 0 [] rest"},
	/* A value may look like an option: whoever wrote the option said that one follows. */
	{{"--bundle", "--detach", "id"}, "0 --detach 0 [] rest id"},
	{{"--bundle", "-", "id"}, "0 - 0 [] rest id"},
	{{"--bundle"}, "!flag needs an argument: --bundle"},
	{{"-b"}, "!flag needs an argument: --bundle"},
	{{"-e", "A=1", "--env=B=2", "id"}, "0 - 0 [A=1,B=2] rest id"},
	{{"--preserve-fds", "3"}, "0 - 3 [] rest"},
	{{"--preserve-fds=007"}, "0 - 7 [] rest"},
	{{"--preserve-fds=-1"}, "!invalid value \"-1\" for flag --preserve-fds: not a number"},
	{{"--preserve-fds=0x1"},
		"!invalid value \"0x1\" for flag --preserve-fds: not a number"},
	{{"--preserve-fds=4294967297"},
		"!invalid value \"4294967297\" for flag --preserve-fds: not a number"},
	{{"--preserve-fds="}, "!invalid value \"\" for flag --preserve-fds: not a number"},
	/* The first argument ends the options: "exec ID ls -d" runs "ls -d". */
	{{"id", "--detach"}, "0 - 0 [] rest id --detach"},
	{{"-d", "id", "ls", "-b"}, "1 - 0 [] rest id ls -b"},
	{{"--", "--detach"}, "0 - 0 [] rest --detach"},
	{{"-d", "--", "-x"}, "1 - 0 [] rest -x"},
	{{"--", "--"}, "0 - 0 [] rest --"},
	{{"-", "--detach"}, "0 - 0 [] rest - --detach"},
	{{"", "--detach"}, "0 - 0 [] rest  --detach"},
	{{"-no-subreaper", "id"}, "0 - 0 [] rest id"},
	{{"--criu", "/x", "id"}, "0 - 0 [] rest id"},
	{{"--criu=/x", "id"}, "0 - 0 [] rest id"},
	{{"--help", "--nonsense"}, "help"},
	{{"-h"}, "help"},
	{{"-d", "-help"}, "help"},
	{{"--bundl", "x"}, "!unknown flag: --bundl (did you mean --bundle?)"},
	{{"--preserve-fd=1"}, "!unknown flag: --preserve-fd (did you mean --preserve-fds?)"},
	{{"--zzzzzzzz"}, "!unknown flag: --zzzzzzzz"},
	{{"-x"}, "!unknown flag: -x"},
	{{"-db"}, "!unknown flag: -db"},
	{{"---detach"}, "!unknown flag: ---detach (did you mean --detach?)"},
	{{"--=x"}, "!unknown flag: --"},
	{{"--det\nach"}, "!unknown flag: --det?ach (did you mean --detach?)"},
};

static void add(char *buffer, size_t size, const char *before, const char *text)
{
	size_t used = strlen(buffer);

	snprintf(buffer + used, size - used, "%s%s", before, text);
}

static void print(
	const struct sample *sample, const struct parsed *parsed, char *buffer, size_t size)
{
	if (parsed->help) {
		snprintf(buffer, size, "help");
		return;
	}
	snprintf(buffer, size, "%d %s %u [", sample->flag, sample->text ? sample->text : "-",
		sample->number);
	for (size_t i = 0; sample->many.items && sample->many.items[i]; i++)
		add(buffer, size, i ? "," : "", sample->many.items[i]);
	add(buffer, size, "] rest", "");
	for (size_t i = 0; parsed->rest[i]; i++)
		add(buffer, size, " ", parsed->rest[i]);
}

static void test_reading(const struct reading *reading)
{
	struct arena arena = {0};
	struct sample sample = {0};
	struct parsed parsed;
	struct error err;
	char found[256] = "!", name[256] = "words:";
	char *words[WORDS + 1] = {NULL};

	for (size_t i = 0; i < WORDS && reading->words[i]; i++) {
		words[i] = (char *)reading->words[i];
		add(name, sizeof(name), " ", words[i]);
	}
	for (char *c = name; *c; c++)
		*c = *c == '\n' ? '?' : *c;
	if (options_parse(table, &sample, words, &arena, &parsed, &err) < 0)
		error_print(&err, found + 1, sizeof(found) - 1);
	else
		print(&sample, &parsed, found, sizeof(found));
	is_text(found, reading->wanted, name);
	arena_free(&arena);
}

/* Many values: the list grows, and its end stays marked. */
static void test_many(void)
{
	enum { COUNT = 1000 };
	static char *words[2 * COUNT + 1];
	struct arena arena = {0};
	struct sample sample = {0};
	struct parsed parsed;
	struct error err;

	for (size_t i = 0; i < COUNT; i++) {
		words[2 * i] = (char *)"-e";
		words[2 * i + 1] = (char *)(i == COUNT - 1 ? "last" : "A=1");
	}
	is_result(options_parse(table, &sample, words, &arena, &parsed, &err), &err, NULL,
		"a thousand values are read");
	is_number(sample.many.count, COUNT, "a thousand values are there");
	is_text(sample.many.items[COUNT - 1], "last", "the last one is the last");
	is_true(!sample.many.items[COUNT], "and the end is marked");
	arena_free(&arena);
}

static void test_signals(void)
{
	static const struct {
		const char *word;
		int wanted; /* -1: an error */
	} signals[] = {
		{"9", 9},
		{"0", 0},
		{"64", 64},
		{"65", -1},
		{"KILL", SIGKILL},
		{"SIGKILL", SIGKILL},
		{"sigkill", SIGKILL},
		{"term", SIGTERM},
		{"Sigterm", SIGTERM},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmin+0", 34},
		{"RTMIN+30", 64},
		{"RTMIN+31", -1},
		{"RTMAX", 64},
		{"SIGRTMAX-1", 63},
		{"RTMAX-30", 34},
		{"RTMAX-31", -1},
		{"RTMAX+1", -1},
		{"RTMIN-1", -1},
		{"RTMIN+", -1},
		{"-9", -1},
		{"+9", -1},
		{"", -1},
		{"SIG", -1},
		{"SIG9", -1},
		{" 9", -1},
		{"9 ", -1},
		{"0x9", -1},
		{"KILLX", -1},
		{"4294967305", -1},
		{"18446744073709551625", -1},
		{"SIGSIGKILL", -1},
		{"USR1", SIGUSR1},
		{"CLD", SIGCHLD},
		{"POLL", SIGIO},
		{"WINCH", SIGWINCH},
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct error err = {0};
		int found = -1;

		if (parse_signal(signals[i].word, &found, &err) < 0)
			found = -1;
		is_true(found == signals[i].wanted, "signal \"%s\" is %d", signals[i].word,
			signals[i].wanted);
	}
}

static void test_ids(void)
{
	static const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "nobody",
		"4294967295", "4294967296", "18446744073709551616", "18446744073709551617",
		"99999999999999999999999"};
	uint32_t id = 7;

	is_true(parse_id("0", &id) && id == 0, "id 0");
	is_true(parse_id("4294967294", &id) && id == 4294967294U, "id 4294967294");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		is_true(!parse_id(wrong[i], &id), "id \"%s\" is refused", wrong[i]);
}

/* What a row of a command must have, and what two options of one command may not share. */
static void test_tables(void)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];
		bool whole = command->purpose && command->example && command->arguments &&
			     command->options && command->run &&
			     command->least <= command->most &&
			     (command->options->name == NULL) == (command->defaults == NULL);
		bool twice = false;

		is_true(whole, "the row of %s is whole", command->name);
		for (const struct option *a = command->options; a->name; a++)
			for (const struct option *b = a + 1; b->name; b++)
				twice |= strcmp(a->name, b->name) == 0 ||
					 (a->letter && a->letter == b->letter);
		is_true(!twice, "the options of %s are all different", command->name);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++)
		test_reading(&readings[i]);
	test_many();
	test_signals();
	test_ids();
	test_tables();
	return tap_end();
}
