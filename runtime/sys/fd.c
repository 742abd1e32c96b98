/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that close themselves. */
#include "runtime/sys/fd.h"

#include "runtime/sys/sys.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_reserve_stdio(void)
{
	struct pollfd stdio[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(stdio, 3, 0) < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++) {
		if (!(stdio[fd].revents & POLLNVAL))
			continue;
		/* The lowest free number is FD itself; stdio is the one thing without CLOEXEC.
		 */
		if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
			return -errno;
	}
	return 0;
}

int fd_list(int **ret, size_t *ret_count)
{
	enum { STEP = 64 };
	DIR *dir = opendir("/proc/self/fd");
	int *fds = NULL, result = 0;
	size_t count = 0;
	struct dirent *entry;

	*ret = NULL;
	*ret_count = 0;
	if (!dir)
		return -errno;
	while (result == 0 && (entry = readdir(dir))) {
		int fd = (int)strtoul(entry->d_name, NULL, 10), *longer = fds;

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		if (count % STEP == 0)
			longer = realloc(fds, (count + STEP) * sizeof(*fds));
		if (longer)
			(fds = longer)[count++] = fd;
		else
			result = -ENOMEM;
	}
	closedir(dir);
	if (result < 0) {
		free(fds);
		return result;
	}
	*ret = fds;
	*ret_count = count;
	return 0;
}

/* until Linux 5.11 is our baseline: CLOSE_RANGE_CLOEXEC */
static int cloexec_one_by_one(unsigned int first)
{
	size_t count;
	int *fds, done = fd_list(&fds, &count);

	if (done < 0)
		return done;
	for (size_t i = 0; i < count; i++)
		if ((unsigned int)fds[i] >= first)
			(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	free(fds);
	return 0;
}

int fd_cloexec_from(unsigned int first)
{
	int done = sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);

	return done == -EINVAL || done == -ENOSYS ? cloexec_one_by_one(first) : done;
}

ssize_t fd_send(int socket, const void *bytes, size_t length, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec data = {(void *)(uintptr_t)bytes, length};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
	ssize_t put;

	if (fd >= 0) {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	do
		put = SYS_RESULT(sendmsg(socket, &header, MSG_NOSIGNAL));
	while (put == -EINTR);
	return put;
}

int64_t fd_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int fd_await(int fd, int timeout_ms)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int64_t deadline = fd_now_ms() + timeout_ms;

	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : deadline - fd_now_ms();
		int ready = SYS_RESULT(
			poll(&poller, 1, timeout_ms >= 0 && left < 0 ? 0 : (int)left));

		if (ready > 0)
			return 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready != -EINTR)
			return ready;
	}
}
