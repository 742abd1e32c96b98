/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that close themselves. Every descriptor of mayfly has CLOEXEC from birth.
 * Safe between clone() and exec.
 */
#ifndef MAYFLY_FD_H
#define MAYFLY_FD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Closes *fd when it is one, and leaves -1. errno is kept. */
void fd_close(int *fd);

/* A local descriptor that is closed when it goes out of scope; initialise it, with -1 if need
 * be. */
#define AUTO_FD __attribute__((cleanup(fd_close)))

/* Hand over: the caller's variable becomes -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Descriptors 0, 1 and 2 exist after this: a missing one becomes /dev/null. 0 or -errno. */
int fd_reserve_stdio(void);

/* Every descriptor that is open now, in *ret, which the caller frees: 0 or -errno. */
int fd_list(int **ret, size_t *ret_count);

/* CLOEXEC on every descriptor from FIRST on; since Linux 5.11, before that by /proc/self/fd. */
int fd_cloexec_from(unsigned int first);

/*
 * Wait at most TIMEOUT_MS (-1: for ever) until FD is readable; a pidfd is once the process has
 * exited. 0, -ETIMEDOUT or -errno.
 */
int fd_await(int fd, int timeout_ms);

/* Send bytes, and with them a copy of FD (-1: none), over a Unix socket: how many went, or
 * -errno. */
ssize_t fd_send(int socket, const void *bytes, size_t length, int fd);

/* Monotonic milliseconds: a clock that is set must not stretch a deadline. */
int64_t fd_now_ms(void);

#endif
