/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that write: to stdout and stderr, and into files. */
#define _GNU_SOURCE
#include "torture.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char chunk[1 << 20];

/* The whole of it, or the errno. */
static int put(int fd, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, chunk, size < sizeof(chunk) ? size : sizeof(chunk));

		if (n < 0)
			return errno;
		size -= (size_t)n;
	}
	return 0;
}

int run_write(int argc, char **argv)
{
	size_t left = number(argv[0]), step = argc > 1 ? number(argv[1]) : 65536;

	memset(chunk, 'x', sizeof(chunk));
	for (; left > 0; left -= step) {
		if (step > left)
			step = left;
		if (put(1, step))
			return REFUSED;
	}
	return 0;
}

int run_both(int argc, char **argv)
{
	size_t left = number(argv[0]), step = number(argv[1]);

	(void)argc;
	memset(chunk, 'x', sizeof(chunk));
	for (int fd = 1; left > 0; fd = 3 - fd, left -= step) {
		if (step > left)
			step = left;
		if (put(fd, step))
			return REFUSED;
	}
	return 0;
}

int run_closed(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	close(1);
	return put(1, 1) == EBADF ? 0 : 1;
}

int run_count(int argc, char **argv)
{
	unsigned long long total = 0, began = 0;
	ssize_t n;

	(void)argc;
	(void)argv;
	while ((n = read(0, chunk, sizeof(chunk))) > 0) {
		if (!began)
			began = now_ns();
		total += (unsigned long long)n;
	}
	fprintf(stderr, "%llu %llu\n", total, began ? now_ns() - began : 0);
	return n < 0 ? REFUSED : 0;
}

int run_file(int argc, char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC, 0600), error;

	(void)argc;
	if (fd < 0)
		return REFUSED;
	error = put(fd, number(argv[1]));
	if (error == ENOSPC)
		return NO_SPACE;
	if (error == EFBIG)
		return TOO_LARGE;
	return error ? REFUSED : 0;
}
