/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that take memory, of every kind a memory cgroup charges. Those that the limit must
 * stop go on for ever. */
#define _GNU_SOURCE
#include "torture.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char chunk[65536];

static int touch(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return REFUSED;
	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)memory)[i] = 1;
	return 0;
}

int run_anon(int argc, char **argv)
{
	(void)argc;
	return touch(number(argv[0]));
}

int run_child_anon(int argc, char **argv)
{
	pid_t child = fork();

	(void)argc;
	if (child < 0)
		return REFUSED;
	if (child == 0)
		_exit(touch(number(argv[0])));
	waitpid(child, NULL, 0);
	return 0;
}

int run_memfd(int argc, char **argv)
{
	int fd = memfd_create("torture", 0);

	(void)argc;
	if (fd < 0)
		return REFUSED;
	for (size_t left = number(argv[0]); left >= sizeof(chunk); left -= sizeof(chunk))
		if (write(fd, chunk, sizeof(chunk)) != sizeof(chunk))
			return NO_SPACE;
	return 0;
}

int run_shm(int argc, char **argv)
{
	size_t size = number(argv[0]);
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	volatile char *memory;

	(void)argc;
	if (id < 0)
		return REFUSED;
	memory = shmat(id, NULL, 0);
	/* It goes with its last user: nothing is left in a namespace that is not ours. */
	shmctl(id, IPC_RMID, NULL);
	if (memory == (void *)-1)
		return REFUSED;
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	return 0;
}

/* Write until it would block. */
static size_t stuff(int fd)
{
	size_t done = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = write(fd, chunk, sizeof(chunk))) > 0)
		done += (size_t)n;
	return done;
}

int run_pipes(int argc, char **argv)
{
	size_t size = number(argv[0]);
	int ends[2];

	(void)argc;
	for (size_t done = 0; done < size; done += stuff(ends[1])) {
		if (pipe(ends))
			return REFUSED;
		fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	}
	return 0;
}

int run_sockets(int argc, char **argv)
{
	size_t size = number(argv[0]);
	int ends[2];

	(void)argc;
	for (size_t done = 0; done < size; done += stuff(ends[1]))
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
			return REFUSED;
	return 0;
}

int run_page_tables(int argc, char **argv)
{
	/* A page of tables for each 2 MiB: reading maps the shared page of zeros, which is
	 * charged to nobody. */
	size_t size = number(argv[0]) / 4096 * (2UL << 20);
	char *memory =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)argc;
	if (memory == MAP_FAILED)
		return REFUSED;
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 2UL << 20)
		if (((volatile char *)memory)[i])
			return 1;
	return 0;
}

static int recurse(size_t left)
{
	volatile char frame[65536];

	for (size_t i = 0; i < sizeof(frame); i += 4096)
		frame[i] = (char)left;
	if (left <= sizeof(frame))
		return 0;
	return recurse(left - sizeof(frame)) + frame[0] * 0;
}

int run_stack(int argc, char **argv)
{
	(void)argc;
	return recurse(number(argv[0]));
}
