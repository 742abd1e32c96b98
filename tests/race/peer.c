/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer FILE PATH OTHER...: puts each OTHER in the place of PATH and takes it away again, as
 * fast as it can, until SIGTERM. An OTHER that begins with "mount:" is a directory to be bound
 * on PATH, "gone" takes PATH's name away. Every so often the number of swaps goes into FILE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t done;

static void stop(int signal)
{
	done = signal;
}

static void exchange(const char *a, const char *b)
{
	(void)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2U /* RENAME_EXCHANGE */);
}

static void swap(unsigned long turn, const char *path, const char *other)
{
	char away[4096];

	if (strncmp(other, "mount:", 6) == 0) {
		/* Slow, because an unmount waits for everybody: the others shall have their
		 * turn. */
		if (turn % 64 == 0 && mount(other + 6, path, NULL, MS_BIND, NULL) == 0)
			(void)umount2(path, MNT_DETACH);
	} else if (strcmp(other, "gone") == 0) {
		snprintf(away, sizeof(away), "%s.away", path);
		if (rename(path, away) == 0)
			(void)rename(away, path);
	} else {
		exchange(path, other);
		exchange(path, other);
	}
}

int main(int argc, char **argv)
{
	unsigned long swaps = 0;
	FILE *file;

	if (argc < 4)
		return 2;
	signal(SIGTERM, stop);
	for (unsigned long turn = 0; !done; turn++)
		for (int i = 3; i < argc; i++, swaps++)
			swap(turn, argv[2], argv[i]);
	file = fopen(argv[1], "we");
	if (!file)
		return 1;
	fprintf(file, "%lu\n", swaps);
	return fclose(file) ? 1 : 0;
}
