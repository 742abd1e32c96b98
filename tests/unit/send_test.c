/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors for the caller's sockets: short paths and long ones, and who takes nothing. */
#include "runtime/launch/launch.h"
#include "runtime/launch/terminal.h"

#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <sys/un.h>
#include <time.h>

static char directory[64];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Paths that do not fit are bound through their directory, as their owners do it. */
static int listen_at(const char *path, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char parent[4096];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';

	int dir = open(parent, O_PATH | O_CLOEXEC);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", dir,
		strrchr(path, '/'));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, backlog) < 0)
		exit(99);
	close(dir);
	return fd;
}

/* The whole payload, malloc'ed, and how many descriptors came; the first is *ret_fd. */
static char *receive_all(int listener, int *ret_fd, int *ret_fds)
{
	int fd = accept(listener, NULL, NULL);
	char *text = calloc(1, 4 * 1024 * 1024);
	size_t length = 0;

	*ret_fds = 0;
	for (;;) {
		char control[256];
		struct iovec data = {text + length, 4 * 1024 * 1024 - 1 - length};
		struct msghdr header = {.msg_iov = &data,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

		if (rights) {
			memcpy(ret_fd, CMSG_DATA(rights), sizeof(int));
			(*ret_fds)++;
		}
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(fd);
	return text;
}

static void check_descriptor(const char *path, const char *what)
{
	int listener = listen_at(path, 4), pipe_ends[2], received = -1, count = 0;
	struct error err;
	char byte = 0;

	(void)!pipe(pipe_ends);
	is_result(launch_send_descriptor(path, pipe_ends[1], "/dev/ptmx", &err), &err, NULL,
		what);
	close(pipe_ends[1]);

	char *text = receive_all(listener, &received, &count);

	is_text(text, "/dev/ptmx", "the name comes with it, to who accepts afterwards");
	is_number((uint64_t)count, 1, "one descriptor");
	is_true(write(received, "!", 1) == 1 && read(pipe_ends[0], &byte, 1) == 1 &&
			byte == '!',
		"it is the one that was sent");
	free(text);
	close(received);
	close(pipe_ends[0]);
	close(listener);
}

static void long_path(char path[1024])
{
	size_t length = (size_t)snprintf(path, 1024, "%s", directory);

	for (int i = 0; i < 6; i++) {
		length += (size_t)snprintf(
			path + length, 1024 - length, "/a-directory-with-a-long-name-%d", i);
		mkdir(path, 0700);
	}
	snprintf(path + length, 1024 - length, "/socket");
}

static void check_sockets(void)
{
	struct oci_seccomp seccomp = {0};
	char path[1024], *state = calloc(1, 1024 * 1024 + 1);
	int received = -1, count = 0;
	struct error err;

	snprintf(path, sizeof(path), "%s/short", directory);
	check_descriptor(path, "a descriptor is sent");
	is_result(launch_send_descriptor(path, 0, "x", &err), &err,
		"~connect to \"/tmp/send_test.", "nobody listens any more");
	is_number((uint64_t)err.code, ECONNREFUSED, "and the errno says so");
	long_path(path);
	check_descriptor(path, "a path longer than sun_path");
	unlink(path);
	is_result(launch_send_descriptor(path, 0, "x", &err), &err,
		"~no such file or directory", "a missing one");

	is_result(launch_send_listener(&seccomp, 0, 1, "{}", &err), &err,
		"seccomp listenerPath is not set", "a listener for nobody");
	seccomp.listener_path = path;
	is_result(launch_send_listener(&seccomp, 0, 1, "{}", &err), &err,
		"~linux.seccomp.listenerPath: seccomp listener of process 1: connect to",
		"no agent: the error names the field");

	int listener = listen_at(path, 4);

	memset(state, 'x', 1024 * 1024);

	pid_t sender = fork();

	if (sender == 0)
		_exit(launch_send_listener(&seccomp, 0, 1, state, &err) < 0);

	char *text = receive_all(listener, &received, &count);

	is_true(strcmp(text, state) == 0, "a state of 1 MiB arrives whole");
	is_number((uint64_t)count, 1, "with one descriptor");
	waitpid(sender, NULL, 0);
	close(listener);
	close(received);
	free(text);
	free(state);
}

/* Started first and asked last, as it takes its five seconds. */
static pid_t start_deaf_agent(void)
{
	char path[128];
	struct error err;

	snprintf(path, sizeof(path), "%s/deaf", directory);
	fflush(stdout);

	pid_t pid = fork();

	if (pid != 0)
		return pid;

	double start = now();

	(void)listen_at(path, 0);
	while (launch_send_descriptor(path, 0, "x", &err) == 0)
		if (now() - start > 3)
			_exit(1);
	_exit(err.code == ETIMEDOUT && now() - start < 8 ? 0 : 2);
}

int main(void)
{
	char remove[128];
	int status = -1;

	snprintf(directory, sizeof(directory), "/tmp/send_test.XXXXXX");
	if (!mkdtemp(directory))
		return 99;
	alarm(120);

	pid_t deaf = start_deaf_agent();

	check_sockets();
	waitpid(deaf, &status, 0);
	is_number(
		(uint64_t)status, 0, "an agent that accepts nothing is an error after a while");
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	(void)!system(remove);
	return tap_end();
}
