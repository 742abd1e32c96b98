/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times commands in turn: one of each, then again, so that what else the machine does meets all
 *of them.
 *
 *	runner ROUNDS OUT COMMAND... -- COMMAND... [-- COMMAND...]
 *
 * Each line of OUT is "COMMAND_INDEX MICROSECONDS PEAK_RSS_KB USER_US SYSTEM_US". An "@" in a
 *word becomes the number of the run. The first round warms up and is not written. Ends with 1
 *as soon as a command fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_COMMANDS = 16, MAX_WORDS = 64 };

struct command {
	char *words[MAX_WORDS];
	int n_words;
};

static long micros(struct timeval time)
{
	return time.tv_sec * 1000000L + time.tv_usec;
}

static int run(const struct command *command, int index, long number, FILE *out)
{
	posix_spawn_file_actions_t actions;
	struct timespec began, ended;
	char text[MAX_WORDS][64], *words[MAX_WORDS + 1];
	struct rusage usage;
	int status;
	pid_t pid;

	for (int i = 0; i < command->n_words; i++) {
		char *at = strchr(command->words[i], '@');

		words[i] = command->words[i];
		if (at) {
			snprintf(text[i], sizeof(text[i]), "%.*s%ld%s", (int)(at - words[i]),
				words[i], number, at + 1);
			words[i] = text[i];
		}
	}
	words[command->n_words] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
	clock_gettime(CLOCK_MONOTONIC, &began);
	if (posix_spawn(&pid, words[0], &actions, NULL, words, environ)) {
		perror(words[0]);
		return -1;
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	posix_spawn_file_actions_destroy(&actions);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "runner: %s %s: status %#x\n", words[0],
			words[1] ? words[1] : "", status);
		return -1;
	}
	if (out)
		fprintf(out, "%d %.1f %ld %ld %ld\n", index,
			(double)(ended.tv_sec - began.tv_sec) * 1e6 +
				(double)(ended.tv_nsec - began.tv_nsec) / 1e3,
			usage.ru_maxrss, micros(usage.ru_utime), micros(usage.ru_stime));
	return 0;
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	long rounds = argc > 3 ? atol(argv[1]) : 0, number = 0;
	int n = 0;
	FILE *out;

	if (rounds < 1 || !(out = fopen(argv[2], "we"))) {
		fprintf(stderr, "usage: runner ROUNDS OUT COMMAND... [-- COMMAND...]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			n++;
		else if (n < MAX_COMMANDS && commands[n].n_words < MAX_WORDS)
			commands[n].words[commands[n].n_words++] = argv[i];
	}
	for (long round = 0; round <= rounds; round++)
		for (int i = 0; i <= n; i++)
			if (run(&commands[i], i, number++, round ? out : NULL))
				return 1;
	return fclose(out) ? 1 : 0;
}
