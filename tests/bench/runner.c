/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times commands in turn: one of each, then again, so that what else the machine does meets all
 * of them.
 *
 *	runner [options] ROUNDS OUT COMMAND... -- COMMAND... [-- COMMAND...]
 *
 *	--group N	each N commands belong together: their order rotates from round to round
 *	--parallel N	N at a time: each command has its ROUNDS in one block; a line is
 *			"COMMAND_INDEX RUNS_PER_SECOND"
 *	--mounts N	first N more mounts, in a mount namespace of the runner's own
 *	--tasks N	first N more tasks that sleep
 *
 * Else each line of OUT is "COMMAND_INDEX MICROSECONDS PEAK_RSS_KB USER_US SYSTEM_US
 *MINOR_FAULTS". An
 * "@" in a word becomes the number of the round. A command that begins with "%" lets one child
 * of ours end, its container: that is awaited after it, untimed. The first round warms up and
 *is not written. Ends with 1 as soon as a command fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_COMMANDS = 48, MAX_WORDS = 64, WORD_SIZE = 256 };

struct command {
	char *words[MAX_WORDS];
	int n_words;
	int reaps;
};

static struct command commands[MAX_COMMANDS];
static int n_commands;

static long micros(struct timeval time)
{
	return time.tv_sec * 1000000L + time.tv_usec;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int run(const struct command *command, int index, long number, FILE *out)
{
	static char text[MAX_WORDS][WORD_SIZE];
	posix_spawn_file_actions_t actions;
	char *words[MAX_WORDS + 1];
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
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_RDWR, 0);

	double began = now();

	if (posix_spawn(&pid, words[0], &actions, NULL, words, environ)) {
		perror(words[0]);
		return -1;
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return -1;

	double ended = now();

	posix_spawn_file_actions_destroy(&actions);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "runner: %s %s: status %#x\n", words[0],
			words[1] ? words[1] : "", status);
		return -1;
	}
	if (out)
		fprintf(out, "%d %.1f %ld %ld %ld %ld\n", index, ended - began, usage.ru_maxrss,
			micros(usage.ru_utime), micros(usage.ru_stime), usage.ru_minflt);
	if (command->reaps && wait(NULL) < 0)
		perror("wait for the container");
	return 0;
}

/* Who comes second finds the kernel's caches warm, so each is first in turn. */
static int in_turn(long rounds, int group, FILE *out)
{
	for (long round = 0; round <= rounds; round++)
		for (int first = 0; first < n_commands; first += group) {
			int size = n_commands - first < group ? n_commands - first : group;

			for (int i = 0; i < size; i++) {
				int index = first + (int)((i + round) % size);

				if (run(&commands[index], index, round, round ? out : NULL))
					return 1;
			}
		}
	return 0;
}

static int in_blocks(long rounds, int parallel, FILE *out)
{
	for (int i = 0; i < n_commands; i++) {
		int failed = 0, status;
		double began = now();

		for (int worker = 0; worker < parallel; worker++) {
			if (fork() != 0)
				continue;
			for (long round = 0; round < rounds / parallel; round++)
				if (run(&commands[i], i, (worker + 1) * 100000L + round, NULL))
					_exit(1);
			_exit(0);
		}
		while (wait(&status) > 0)
			failed |= status;
		if (failed)
			return 1;
		fprintf(out, "%d %.2f\n", i,
			(double)(rounds / parallel * parallel) / (now() - began) * 1e6);
	}
	return 0;
}

/* ---- a host with more on it ---- */

static int must(int answer, const char *what)
{
	if (answer < 0) {
		perror(what);
		exit(1);
	}
	return answer;
}

static void add_mounts(int count)
{
	char path[64];

	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("tmpfs", "/mnt", "tmpfs", 0, NULL), "/mnt");
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/mnt/%d", i);
		must(mkdir(path, 0755), path);
		must(mount(path, path, NULL, MS_BIND, NULL), path);
	}
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Threads: the kernel's walks over all tasks count them, and they are cheap. */
static void add_tasks(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pid_t pid = must(fork(), "fork");

	if (pid > 0) {
		sleep((unsigned int)(1 + count / 4000));
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, sleeper, NULL))
			break;
	(void)sleeper(NULL);
}

int main(int argc, char **argv)
{
	long rounds;
	int parallel = 0, group = MAX_COMMANDS, first = 1, failed;
	FILE *out;

	for (; first + 1 < argc && strncmp(argv[first], "--", 2) == 0; first += 2) {
		int number = atoi(argv[first + 1]);

		if (strcmp(argv[first], "--parallel") == 0)
			parallel = number;
		else if (strcmp(argv[first], "--group") == 0)
			group = number;
		else if (strcmp(argv[first], "--mounts") == 0)
			add_mounts(number);
		else if (strcmp(argv[first], "--tasks") == 0)
			add_tasks(number);
		else
			return 2;
	}
	rounds = argc > first + 2 ? atol(argv[first]) : 0;
	if (rounds < 1 || !(out = fopen(argv[first + 1], "we"))) {
		fprintf(stderr,
			"usage: runner [options] ROUNDS OUT COMMAND... [-- COMMAND...]\n");
		return 2;
	}
	n_commands = 1;
	for (int i = first + 2; i < argc; i++) {
		struct command *command = &commands[n_commands - 1];

		if (strcmp(argv[i], "--") == 0) {
			if (n_commands++ == MAX_COMMANDS)
				return 2;
		} else if (command->n_words == 0 && argv[i][0] == '%') {
			command->reaps = 1;
			command->words[command->n_words++] = argv[i] + 1;
		} else if (command->n_words < MAX_WORDS) {
			command->words[command->n_words++] = argv[i];
		}
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	failed = parallel ? in_blocks(rounds, parallel, out) : in_turn(rounds, group, out);
	return fclose(out) || failed;
}
