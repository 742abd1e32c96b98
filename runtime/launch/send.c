/* SPDX-License-Identifier: Apache-2.0 */
/* Hand a descriptor to a unix socket of the caller: console, pidfd, seccomp listener. */
#include "runtime/launch/launch.h"
#include "runtime/launch/terminal.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>

enum { SEND_TIMEOUT_MS = 5 * 1000 };

/* sun_path has 108 bytes; a longer path is named through a descriptor of its directory. */
static int short_path(
	const char *path, char name[sizeof(((struct sockaddr_un *)0)->sun_path)], int *ret_dir)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	const char *last = strrchr(path, '/');
	char parent[4096];

	if (strlen(path) < room) {
		memcpy(name, path, strlen(path) + 1);
		return 0;
	}
	if (!last || (size_t)(last - path) >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, (size_t)(last - path));
	parent[last - path] = '\0';

	int dir = sys_openat(AT_FDCWD, parent[0] ? parent : "/", O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return dir;
	*ret_dir = dir;
	if (snprintf(name, room, "/proc/self/fd/%d%s", dir, last) >= (int)room)
		return -ENAMETOOLONG;
	return 0;
}

/* A full backlog blocks connect(2) of a unix socket for ever, and poll(2) says nothing of it.
 */
static int limit_waiting(int socket, int64_t deadline_ms)
{
	int64_t left = deadline_ms - fd_now_ms();
	struct timeval time;

	if (left <= 0)
		return -ETIMEDOUT;
	time.tv_sec = left / 1000;
	time.tv_usec = left % 1000 * 1000;
	return SYS_RESULT(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
}

static int connect_to(int socket, const char *path, int64_t deadline_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int AUTO_FD dir = -1;
	int done = short_path(path, address.sun_path, &dir);

	if (done == 0)
		done = limit_waiting(socket, deadline_ms);
	if (done == 0)
		do
			done = SYS_RESULT(connect(
				socket, (const struct sockaddr *)&address, sizeof(address)));
		while (done == -EINTR);
	return done == -EAGAIN ? -ETIMEDOUT : done;
}

/* FD goes with the first byte; -1 for none. */
static int send_all(int socket, int fd, const char *bytes, size_t length, int64_t deadline_ms)
{
	while (length > 0) {
		int limited = limit_waiting(socket, deadline_ms);

		if (limited < 0)
			return limited;

		ssize_t put = fd_send(socket, bytes, length, fd);

		if (put < 0)
			return put == -EAGAIN ? -ETIMEDOUT : (int)put;
		fd = -1;
		bytes += put;
		length -= (size_t)put;
	}
	return 0;
}

int launch_send_descriptor(const char *path, int fd, const char *payload, struct error *err)
{
	int64_t deadline_ms = fd_now_ms() + SEND_TIMEOUT_MS;
	int AUTO_FD socket_fd = SYS_RESULT(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	if (socket_fd < 0)
		return fail(err, -socket_fd, "make a socket");

	int done = connect_to(socket_fd, path, deadline_ms);

	if (done < 0)
		return fail(err, -done, "connect to \"%s\"", path);
	done = send_all(socket_fd, fd, payload, strlen(payload), deadline_ms);
	if (done < 0)
		return fail(err, -done, "send to \"%s\"", path);
	return 0;
}

int launch_send_listener(const struct oci_seccomp *seccomp, int listener, pid_t pid,
	const char *state_json, struct error *err)
{
	if (!seccomp->listener_path)
		return fail(err, 0, "seccomp listenerPath is not set");
	if (launch_send_descriptor(seccomp->listener_path, listener, state_json, err) < 0) {
		error_while(err, "seccomp listener of process %d", pid);
		return fail_in(err, "linux.seccomp.listenerPath");
	}
	return 0;
}
