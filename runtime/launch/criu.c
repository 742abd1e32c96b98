/* SPDX-License-Identifier: Apache-2.0 */
/* criu's command line, one run of it, and what its log said at last. */
#include "runtime/launch/criu.h"

#include "hooks/exec.h"
#include "runtime/launch/outside.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>

const char *criu_path(void)
{
	/* Podman and CRI-O call us without a PATH, and a path of the caller's is not asked. */
	static const char *const paths[] = {
		"/usr/local/sbin/criu", "/usr/sbin/criu", "/usr/bin/criu", "/sbin/criu"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static int add_word(struct criu *criu, const char *word, struct error *err)
{
	if (criu->count + 1 >= criu->room) {
		size_t room = criu->room ? 2 * criu->room : 64;
		const char **argv = arena_grow(
			criu->arena, criu->argv, criu->count, room, sizeof(*criu->argv));

		if (!argv)
			return fail(err, ENOMEM, "make criu's command line");
		criu->argv = argv;
		criu->room = room;
	}
	criu->argv[criu->count++] = word;
	criu->argv[criu->count] = NULL;
	return word ? 0 : fail(err, ENOMEM, "make criu's command line");
}

int criu_add(struct criu *criu, struct error *err, const char *option, const char *format, ...)
{
	char text[8192];
	va_list args;

	if (add_word(criu, option, err) < 0)
		return -1;
	if (!format)
		return 0;
	va_start(args, format);

	int length = vsnprintf(text, sizeof(text), format, args);

	va_end(args);
	if (length >= (int)sizeof(text))
		return fail(err, ENAMETOOLONG, "make criu's command line");
	return add_word(criu, arena_text(criu->arena, text), err);
}

int criu_start(struct criu *criu, struct arena *arena, const char *command, struct error *err)
{
	const char *path = criu_path();

	*criu = (struct criu){.arena = arena};
	if (!path)
		return fail(err, 0, "criu is not installed (Debian: apt-get install criu)");
	if (add_word(criu, path, err) < 0)
		return -1;
	return add_word(criu, command, err);
}

int criu_add_directories(struct criu *criu, const char *images, const char *work,
	const char *log, struct error *err)
{
	criu->work = work;
	criu->log = log;
	if (criu_add(criu, err, "--images-dir", "%s", images) < 0 ||
		criu_add(criu, err, "--work-dir", "%s", work) < 0 ||
		criu_add(criu, err, "--log-file", "%s", log) < 0 ||
		criu_add(criu, err, "-v4", NULL) < 0)
		return -1;
	/* The container's cgroup is mayfly's to make: its tasks are born in it. */
	return criu_add(criu, err, "--manage-cgroups=ignore", NULL);
}

bool criu_is_bind(const struct oci_mount *mount)
{
	for (size_t i = 0; i < mount->n_options; i++)
		if (!strcmp(mount->options[i], "bind") || !strcmp(mount->options[i], "rbind"))
			return true;
	return false;
}

bool criu_is_external(const struct oci_mount *mount)
{
	return criu_is_bind(mount) || (mount->type && (!strcmp(mount->type, "cgroup") ||
							      !strcmp(mount->type, "cgroup2")));
}

/* criu takes what stands before the first "]:" of "mnt[NAME]:SOURCE" for the name. */
int criu_check_mounts(const struct oci_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		if (!criu_is_external(&spec->mounts[i]) ||
			!strstr(spec->mounts[i].destination, "]:"))
			continue;
		(void)fail(err, 0,
			"\"%s\" has a \"]:\" in it, which criu cannot be told: give the mount "
			"another destination",
			spec->mounts[i].destination);
		return fail_in(err, "mounts[%zu].destination", i);
	}
	return 0;
}

int criu_add_dump_externals(
	struct criu *criu, const struct oci_spec *spec, int netns, struct error *err)
{
	const struct oci_namespace *network = oci_namespace_find(spec->linux, CLONE_NEWNET);
	struct stat info;

	for (size_t i = 0; i < spec->n_mounts; i++)
		if (criu_is_external(&spec->mounts[i]) &&
			criu_add(criu, err, "--external", "mnt[%s]:%s",
				spec->mounts[i].destination, spec->mounts[i].destination) < 0)
			return -1;
	if (!network || !network->path)
		return 0;
	if (netns < 0 || fstat(netns, &info) < 0)
		return fail(err, netns < 0 ? -netns : errno, "look at the network namespace");
	return criu_add(
		criu, err, "--external", "net[%ju]:extRootNetNS", (uintmax_t)info.st_ino);
}

/* ---- a run ---- */

/* The last line of the log with "Error" in it; the log is long, and its end is what counts. */
static int explain_log(const struct criu *criu, int status, struct error *err)
{
	enum { TAIL = 64 * 1024 };
	int AUTO_FD dir = sys_openat(AT_FDCWD, criu->work, O_PATH | O_DIRECTORY, 0);
	int AUTO_FD log = dir < 0 ? dir : sys_openat(dir, criu->log, O_RDONLY | O_NOFOLLOW, 0);
	char *text = arena_alloc(criu->arena, TAIL + 1), *found = NULL;
	struct stat info;

	if (text && log >= 0 && fstat(log, &info) == 0) {
		off_t from = info.st_size > TAIL ? info.st_size - TAIL : 0;
		ssize_t got = pread(log, text, TAIL, from);

		text[got > 0 ? got : 0] = '\0';
		/* The last one says "failed" only; the first of the tail is nearest to why. */
		found = strstr(text, "Error (");
		while (found && strstr(found, "rlimit:") &&
			strstr(found, "rlimit:") < strchrnul(found, '\n'))
			found = strstr(found + 1, "Error (");
	}
	if (!found)
		return fail(err, 0, "criu ended with status %d; its log is \"%s/%s\"", status,
			criu->work, criu->log);
	found[strcspn(found, "\n")] = '\0';
	return fail(err, 0, "criu: %.400s; its log is \"%s/%s\"", found, criu->work, criu->log);
}

static int explain(const struct criu *criu, int status, struct error *err)
{
	static const struct {
		int status;
		const char *why;
	} rows[] = {
		{CRIU_NO_MOUNT, "the root cannot be made a mount of its own"},
		{CRIU_NO_CGROUP_NAMESPACE, "no cgroup namespace can be made"},
		{CRIU_NO_DESCRIPTORS, "its descriptors cannot be handed on"},
		{CRIU_NOT_EXECUTED, "it cannot be executed"},
	};

	/* A log that is there is of another run. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].status == status)
			return fail(err, 0, "run \"%s\": %s", criu->argv[0], rows[i].why);
	return explain_log(criu, status, err);
}

int criu_keep_open(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0 ? -errno : 0;
}

/* It runs tar, ip and iptables. */
static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

_Noreturn void criu_execute(const struct criu *criu, int keep)
{
	int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);

	hook_reset_signals(); /* it waits for SIGCHLD, which we may hold back or ignore */
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		if (dup2(null, fd) < 0)
			_exit(CRIU_NO_DESCRIPTORS);
	if (null < 0 || (keep >= 0 && criu_keep_open(keep) < 0))
		_exit(CRIU_NO_DESCRIPTORS);
	execve(criu->argv[0], (char *const *)(uintptr_t)criu->argv,
		(char *const *)(uintptr_t)environment);
	_exit(CRIU_NOT_EXECUTED);
}

int criu_await_end(const struct criu *criu, int pidfd, struct error *err)
{
	int status = 0;
	int done = fd_await(pidfd, -1);

	if (done == 0)
		done = process_reap(pidfd, LAUNCH_TIMEOUT_MS, &status);
	if (done < 0)
		return fail(err, -done, "wait for criu");
	return status ? explain(criu, WIFEXITED(status) ? WEXITSTATUS(status) : 128, err) : 0;
}

int criu_run(struct criu *criu, int keep, struct error *err)
{
	int AUTO_FD pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);

	if (pid == 0)
		criu_execute(criu, keep);
	if (pid < 0)
		return fail(err, -pid, "run criu");
	return criu_await_end(criu, pidfd, err);
}
