/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of the tests' helper that are not in helper.c; each is described where it is. */
#ifndef MAYFLY_TESTS_HELPER_H
#define MAYFLY_TESTS_HELPER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* "ok", or the name of errno. */
const char *outcome(long result);

/* helper_asks.c */
int fds(int argc, char **argv);
int caps(int argc, char **argv);
int ids(int argc, char **argv);
int cwd(int argc, char **argv);
int open_each(int argc, char **argv);
int make_node(int argc, char **argv);
int call(int argc, char **argv);
int sti(int argc, char **argv);
int rlimit(int argc, char **argv);
int signals(int argc, char **argv);

/* helper_neighbours.c */
int swap(int argc, char **argv);
int overwrite(int argc, char **argv);
int scan(int argc, char **argv);
int keyring(int argc, char **argv);
int seize(int argc, char **argv);

#endif
