/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy of NOTIFY_SOCKET. What comes from the container is believed in one word: READY=1.
 */
#include "runtime/container/notify.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#define INSIDE "/run/notify"

enum { BARRIER_MS = 30 * 1000 };

/* Of the host, or NULL: none, or none that could be one. */
static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

bool notify_is_asked(void)
{
	return host_socket() != NULL;
}

static bool has_socket(const struct oci_process *process)
{
	for (size_t i = 0; i < process->n_env; i++)
		if (!strncmp(process->env[i], "NOTIFY_SOCKET=", 14))
			return true;
	return false;
}

static int add_environment(struct birth *birth, const char *path, struct error *err)
{
	struct oci_process *process = birth->spec->process;
	struct arena *arena = &birth->operation.arena;
	const char **env = arena_grow(
		arena, process->env, process->n_env, process->n_env + 2, sizeof(*env));
	const char *entry = arena_format(arena, "NOTIFY_SOCKET=%s", path);

	if (!env || !entry)
		return fail(err, ENOMEM, "plan the notify socket");
	env[process->n_env++] = entry;
	process->env = env;
	return 0;
}

/* The state root may be named relative to the working directory; a bind mount's source not. */
static const char *directory_of(struct birth *birth)
{
	struct arena *arena = &birth->operation.arena;
	const char *root = birth->operation.global->root, *id = birth->request.id;
	char *standard = root ? NULL : mayfly_default_root();
	char here[4096];
	const char *path = NULL;

	if (!root)
		root = standard;
	if (root && *root == '/')
		path = arena_format(arena, "%s/%s/notify", root, id);
	else if (root && getcwd(here, sizeof(here)))
		path = arena_format(arena, "%s/%s/%s/notify", here, root, id);
	free(standard);
	return path;
}

static int add_mount(struct birth *birth, struct error *err)
{
	static const char *words[] = {"bind", "ro", "nosuid", "noexec", "nodev"};
	struct arena *arena = &birth->operation.arena;
	struct oci_spec *spec = birth->spec;
	const char *source = directory_of(birth);
	struct oci_mount *mounts = arena_grow(
		arena, spec->mounts, spec->n_mounts, spec->n_mounts + 1, sizeof(*mounts));

	if (!source || !mounts)
		return fail(err, ENOMEM, "plan the notify socket");
	mounts[spec->n_mounts++] = (struct oci_mount){
		.destination = INSIDE,
		.type = "bind",
		.source = source,
		.options = words,
		.n_options = sizeof(words) / sizeof(*words),
	};
	spec->mounts = mounts;
	return 0;
}

int notify_plan(struct birth *birth, struct error *err)
{
	const char *host = host_socket();
	struct oci_spec *spec = birth->spec;

	if (!host || !spec->process || has_socket(spec->process))
		return 0;
	if (host[0] == '@')
		return oci_namespace_find(spec->linux, CLONE_NEWNET)
			       ? 0
			       : add_environment(birth, host, err);
	if (!oci_namespace_find(spec->linux, CLONE_NEWNS))
		return 0;
	birth->notify = true;
	return add_mount(birth, err) < 0 ? -1
					 : add_environment(birth, INSIDE "/notify.sock", err);
}

/* By way of the descriptor: sun_path has 108 bytes. Writable for every user of the container.
 */
static int bind_socket(int socket, int dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path),
		"/proc/self/fd/%d/notify/notify.sock", dir);

	mode_t mask = umask(0);
	int done = SYS_RESULT(bind(socket, (const struct sockaddr *)&address, sizeof(address)));

	umask(mask);
	return done;
}

int notify_make(
	const struct container *container, bool listen, int *ret_socket, struct error *err)
{
	*ret_socket = -1;
	if (mkdirat(container->dir, "notify", 0755) < 0 && errno != EEXIST)
		return fail(err, errno, "make the directory of the notify socket");
	if (!listen)
		return 0;

	int AUTO_FD fd = SYS_RESULT(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	if (fd < 0)
		return fail(err, -fd, "make the notify socket");
	(void)unlinkat(
		container->dir, "notify/notify.sock", 0); /* of a start that was killed */

	int done = bind_socket(fd, container->dir);

	if (done < 0)
		return fail(err, -done, "bind the notify socket");
	*ret_socket = take_fd(&fd);
	return 0;
}

static int connect_host(const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int AUTO_FD fd = SYS_RESULT(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	if (length >= sizeof(address.sun_path))
		return fail(err, ENAMETOOLONG, "NOTIFY_SOCKET \"%s\"", path);
	if (fd < 0)
		return fail(err, -fd, "make a socket");
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	int done = SYS_RESULT(connect(fd, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)));

	if (done < 0)
		return fail(err, -done, "connect to NOTIFY_SOCKET \"%s\"", path);
	return take_fd(&fd);
}

static int send_text(int host, const char *text, int fd, struct error *err)
{
	ssize_t put = fd_send(host, text, strlen(text), fd);

	return put < 0 ? fail(err, (int)-put, "write to NOTIFY_SOCKET") : 0;
}

static bool says_ready(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (!strcmp(line, "READY=1"))
			return true;
	return false;
}

/* Descriptors that the container sends along are dropped by the kernel: nobody asks for them.
 */
static int is_ready(int socket, struct error *err)
{
	char text[4096];
	ssize_t got = SYS_RESULT(recv(socket, text, sizeof(text) - 1, MSG_DONTWAIT));

	if (got == -EAGAIN || got == -EINTR)
		return 0;
	if (got < 0)
		return fail(err, (int)-got, "read the notify socket");
	text[got] = '\0';
	return says_ready(text);
}

static int tell_host(pid_t pid, bool barrier, struct error *err)
{
	const char *path = host_socket();
	char text[64];
	int ends[2];

	if (!path)
		return 0;

	int AUTO_FD host = connect_host(path, err);

	if (host < 0)
		return -1;
	if (pid > 0)
		snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)pid);
	else
		snprintf(text, sizeof(text), "READY=1");
	if (send_text(host, text, -1, err) < 0 || !barrier)
		return barrier ? -1 : 0;
	/* The manager looks up whose message it was when it reads it: it must find us alive.
	 * sd_notify_barrier(3): it closes what it is sent when it has come so far. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");

	int AUTO_FD read_end = ends[0], AUTO_FD write_end = ends[1];
	int result = send_text(host, "BARRIER=1", write_end, err);

	fd_close(&write_end);
	if (result == 0)
		(void)fd_await(read_end, BARRIER_MS);
	return result;
}

int notify_pass_on(int socket, pid_t pid, struct error *err)
{
	int ready = is_ready(socket, err);

	return ready == 1 && tell_host(pid, false, err) < 0 ? -1 : ready;
}

static int relay(int socket, pid_t pid, int pidfd, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = socket, .events = POLLIN},
			{.fd = pidfd, .events = POLLIN},
		};
		int ready = SYS_RESULT(poll(fds, 2, -1));

		if (ready < 0 && ready != -EINTR)
			return fail(err, -ready, "wait for the notify socket");

		int answer = fds[0].revents ? is_ready(socket, err) : 0;

		if (answer < 0)
			return -1;
		if (answer == 1)
			return tell_host(pid, true, err);
		if (fds[1].revents)
			return 0;
	}
}

void notify_await(struct operation *operation, int socket, pid_t pid, int pidfd)
{
	struct error err;
	char line[1024];

	if (socket < 0 || (container_unlock(&operation->container, &err) == 0 &&
				  relay(socket, pid, pidfd, &err) == 0))
		return;
	error_print(&err, line, sizeof(line));
	operation_log(operation, "warning", "%s", line);
}
