/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of the torture suite: one static binary, the program's name its first word. Each
 * does one thing that ends a container, or looks as if it did. What a program means by its exit
 * code stands beside it in torture.c.
 */
#ifndef TORTURE_H
#define TORTURE_H

/* What programs say that could not do what they are for: these never look like one of the other
 * codes. */
enum {
	SURVIVED = 99, /* the signal it sent to itself did nothing: it is process 1 of its
			  namespace */
	NO_SPACE = 4,
	TOO_LARGE = 5,
	REFUSED = 6, /* the kernel answered an error */
	USAGE = 2,
};

/* A size or a count: a number, with K, M or G behind it. */
unsigned long number(const char *text);

/* Nanoseconds of the monotonic clock. */
unsigned long long now_ns(void);

void nap_ms(long ms);

/* Each takes the words behind the program's name and answers the exit code. */
int run_exit(int argc, char **argv);
int run_kill(int argc, char **argv);
int run_fault(int argc, char **argv);
int run_sigpipe(int argc, char **argv);
int run_stop(int argc, char **argv);

int run_spin(int argc, char **argv);
int run_sleep(int argc, char **argv);
int run_term(int argc, char **argv);
int run_clock(int argc, char **argv);
int run_shout(int argc, char **argv);

int run_fork_bomb(int argc, char **argv);
int run_vfork_bomb(int argc, char **argv);
int run_exec_bomb(int argc, char **argv);
int run_zombies(int argc, char **argv);
int run_daemon(int argc, char **argv);

int run_anon(int argc, char **argv);
int run_child_anon(int argc, char **argv);
int run_memfd(int argc, char **argv);
int run_shm(int argc, char **argv);
int run_pipes(int argc, char **argv);
int run_sockets(int argc, char **argv);
int run_page_tables(int argc, char **argv);
int run_stack(int argc, char **argv);

int run_write(int argc, char **argv);
int run_both(int argc, char **argv);
int run_closed(int argc, char **argv);
int run_count(int argc, char **argv);
int run_file(int argc, char **argv);

int run_call(int argc, char **argv);
int run_call32(int argc, char **argv);
int run_clone3(int argc, char **argv);

#endif
