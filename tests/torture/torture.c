/* SPDX-License-Identifier: Apache-2.0 */
/* The table of programs. */
#define _GNU_SOURCE
#include "torture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *name, *words;
	int (*run)(int argc, char **argv);
	int min_words;
} programs[] = {
	{"exit", "CODE", run_exit, 1},
	{"kill", "SIGNAL: sends it to itself; 99 when that did nothing", run_kill, 1},
	{"fault", "segv|ill|fpe|abort: dies of an instruction", run_fault, 1},
	{"sigpipe", "die|ignore: writes into a pipe without a reader", run_sigpipe, 1},
	{"stop", "self|group|child: SIGSTOP; 98 when it went on", run_stop, 1},

	{"spin", "threads|processes COUNT: computes for ever", run_spin, 2},
	{"sleep", "SECONDS", run_sleep, 1},
	{"term", "ignore|CODE: SIGTERM is ignored, or answered with an exit code", run_term, 1},
	{"clock", "SECONDS: sleeps on the monotonic clock, a second at a time", run_clock, 1},
	{"shout", "a byte to stdout, then it computes for ever", run_shout, 0},

	{"fork-bomb", "SECONDS: each child forks too", run_fork_bomb, 1},
	{"vfork-bomb", "SECONDS: as with vfork(), each child executes this again",
		run_vfork_bomb, 1},
	{"exec-bomb", "executes itself, for ever", run_exec_bomb, 0},
	{"zombies", "COUNT: children that end and are not waited for", run_zombies, 1},
	{"daemon", "CODE: ends with it, its grandchild keeps stdout for an hour", run_daemon,
		1},

	{"anon", "SIZE: memory, every page written", run_anon, 1},
	{"child-anon", "SIZE: a child takes it, this ends with 0 whatever came of it",
		run_child_anon, 1},
	{"memfd", "SIZE", run_memfd, 1},
	{"shm", "SIZE: System V shared memory", run_shm, 1},
	{"pipes", "SIZE: full pipes", run_pipes, 1},
	{"sockets", "SIZE: full sockets", run_sockets, 1},
	{"page-tables", "SIZE: of tables, almost nothing else", run_page_tables, 1},
	{"stack", "SIZE: by recursion", run_stack, 1},

	{"write", "SIZE [CHUNK]: to stdout", run_write, 1},
	{"both", "SIZE CHUNK: to stdout and stderr in turn, SIZE together", run_both, 2},
	{"closed", "closes stdout and writes to it: 0 when that is an error", run_closed, 0},
	{"count", "says on stderr how many bytes came on stdin, and in how many nanoseconds",
		run_count, 0},
	{"file", "PATH SIZE: 4 without space, 5 beyond RLIMIT_FSIZE", run_file, 2},

	{"call", "NUMBER [ARGUMENT…]: a system call; 6 when it failed", run_call, 1},
	{"call32", "NUMBER [ARGUMENT…]: the same by the i386 entry", run_call32, 1},
	{"clone3", "clone3() as glibc tries it, then a thread", run_clone3, 0},
};

unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	switch (*end) {
	case 'G':
		value *= 1024; /* fall through */
	case 'M':
		value *= 1024; /* fall through */
	case 'K':
		value *= 1024;
	}
	return value;
}

unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000000ULL + (unsigned long long)now.tv_nsec;
}

void nap_ms(long ms)
{
	nanosleep(
		&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

int main(int argc, char **argv)
{
	size_t n = sizeof(programs) / sizeof(programs[0]);

	for (size_t i = 0; argc > 1 && i < n; i++)
		if (!strcmp(programs[i].name, argv[1]) && argc - 2 >= programs[i].min_words)
			return programs[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: torture PROGRAM WORDS…\n");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "  %-12s %s\n", programs[i].name, programs[i].words);
	return USAGE;
}
