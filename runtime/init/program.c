/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: its HOME, where it is, and the last system calls before it runs. The image is
 * looked at, but nothing in it is opened except /etc/passwd, within bounds.
 */
#include "runtime/init/rooms.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

enum { PASSWD_MAX = 64 * 1024, PASSWD_LINE_MAX = 4096 };

/* ---- HOME ---- */

/* The value of NAME in the environment, or NULL; the last one counts. */
static const char *environment_value(char *const *envp, size_t count, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; i < count && envp[i]; i++)
		if (strncmp(envp[i], name, length) == 0 && envp[i][length] == '=')
			value = envp[i] + length + 1;
	return value;
}

/* The FIELD'th (from 0) field of a line of passwd(5). */
static const char *passwd_field(const char *line, int field, size_t *ret_length)
{
	for (; field > 0; field--) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	*ret_length = strcspn(line, ":");
	return line;
}

static bool has_uid(const char *line, uid_t uid)
{
	size_t length;
	const char *text = passwd_field(line, 2, &length);
	uint64_t number = 0;

	if (!text || length == 0 || length > 10)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	return number == uid;
}

/* Is LINE the user's? Then its directory becomes HOME. */
static bool take_home(struct init_context *context, const char *line, uid_t uid)
{
	size_t length = 0;
	const char *home = passwd_field(line, 5, &length);

	if (!has_uid(line, uid) || !home || home[0] != '/' ||
		length >= sizeof(context->home) - sizeof("HOME="))
		return false;
	snprintf(context->home, sizeof(context->home), "HOME=%.*s", (int)length, home);
	return true;
}

/*
 * An image can make this file a FIFO, a device, or endless on purpose: no wait, no
 * following, no more than we are ready to read. Whatever is wrong, the answer is no.
 */
static bool search_passwd(struct init_context *context, uid_t uid)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char buffer[PASSWD_LINE_MAX + 1];
	size_t used = 0, total = 0;
	struct stat info;
	int AUTO_FD fd = sys_openat2(context->root, "etc/passwd", &how);

	if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return false;
	while (total < PASSWD_MAX) {
		ssize_t got = sys_read(fd, buffer + used, PASSWD_LINE_MAX - used);
		char *line = buffer, *end;

		if (got < 0 || (got == 0 && used == 0))
			return false;
		total += (size_t)got;
		used += (size_t)got;
		buffer[used] = '\0';
		for (; (end = memchr(line, '\n', used - (size_t)(line - buffer)));
			line = end + 1) {
			*end = '\0';
			if (take_home(context, line, uid))
				return true;
		}
		if (got == 0)
			return take_home(context, line, uid); /* a last line without newline */
		used -= (size_t)(line - buffer);
		if (used == PASSWD_LINE_MAX)
			return false;
		memmove(buffer, line, used);
	}
	return false;
}

int init_find_home(struct init_context *context, const struct step *step)
{
	const struct step *exec = init_find_step(context, STEP_EXEC);
	const char *given;

	if (!exec)
		return init_fail(context, EINVAL, "a home for no program");
	given = environment_value(exec->exec.envp, exec->exec.n_env, "HOME");
	if (given && given[0])
		return 0;
	if (init_root(context) < 0)
		return -1;
	if (!search_passwd(context, step->user.uid))
		strcpy(context->home, "HOME=/");
	/* An empty HOME is replaced where it is; a missing one gets the spare slot. */
	for (size_t i = 0; i < exec->exec.n_env; i++)
		if (strncmp(exec->exec.envp[i], "HOME=", 5) == 0) {
			exec->exec.envp[i] = context->home;
			return 0;
		}
	exec->exec.envp[exec->exec.n_env] = context->home;
	return 0;
}

/* ---- argv[0] ---- */

/* May we execute PATH? 0 or the errno in the words of Go's LookPath. Nothing is opened. */
static int check_program(const struct init_context *context, const char *path)
{
	struct stat info;
	int done;

	if (stat(path, &info) < 0)
		return errno;
	if (S_ISDIR(info.st_mode))
		return EISDIR;
	if (!S_ISREG(info.st_mode))
		return EACCES;
	/* A profile may be older than faccessat2(2), and kill for it; our real user is the
	 * effective one by then. */
	if (context->filtered)
		done = SYS_RESULT(syscall(SYS_faccessat, AT_FDCWD, path, X_OK));
	else
		done = SYS_RESULT(syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS));
	if (done == -ENOSYS) /* until Linux 5.8 is our baseline */
		done = info.st_mode & 0111 ? 0 : -EACCES;
	/* Root may access what has no x bit at all, but not execute it. */
	if (done == 0 && !(info.st_mode & 0111))
		done = -EACCES;
	return -done;
}

static int find_in_path(struct init_context *context, const char *name, const char *path)
{
	while (true) {
		size_t length = strcspn(path, ":");
		int printed = snprintf(context->program, sizeof(context->program), "%.*s%s%s",
			(int)length, path, length ? "/" : "./", name);

		if (printed > 0 && (size_t)printed < sizeof(context->program) &&
			check_program(context, context->program) == 0)
			return 0;
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
	return init_fail(context, 0, "exec: \"%s\": executable file not found in $PATH", name);
}

/* Its errors are those of `create`, in the words that Docker turns into 126 and 127. */
int init_find_program(struct init_context *context, const struct step *step)
{
	const struct step *exec = init_find_step(context, STEP_EXEC);
	const char *name, *path;
	int wrong;

	if (!exec || !exec->exec.argv[0])
		return init_fail(context, EINVAL, "no program was given");
	name = exec->exec.argv[0];
	path = environment_value(exec->exec.envp, exec->exec.n_env, "PATH");
	if (!strchr(name, '/'))
		return find_in_path(context, name, path ? path : "/bin:/usr/bin");
	if ((size_t)snprintf(context->program, sizeof(context->program), "%s", name) >=
		sizeof(context->program))
		return init_fail(context, ENAMETOOLONG, "exec: \"%s\"", name);
	wrong = check_program(context, name);
	if (wrong == 0)
		return 0;
	if (wrong == EISDIR) /* both words: Docker reads the first, Podman the second */
		return init_fail(context, EACCES, "exec: \"%s\": is a directory", name);
	if (wrong == EACCES)
		return init_fail(context, EACCES, "exec: \"%s\"", name);
	return init_fail(context, wrong, "exec: \"%s\": stat %s", name, name);
}

/* ---- the end ---- */

/* Where a failure is still told: to the runtime, or after `create` to `start`. */
static int *report_fd(struct init_context *context)
{
	return context->exec_fifo >= 0 ? &context->exec_fifo : &context->channel;
}

static void close_between(int *fd, int first, int last)
{
	if (*fd >= first && *fd <= last)
		fd_close(fd);
}

/*
 * A descriptor of ours that sits where the caller's own should be, because the caller had none
 * there, must not become the program's.
 */
static void close_ours(struct init_context *context, int first, int last)
{
	int *const ours[] = {
		&context->host_root,
		&context->root,
		&context->proc,
		&context->console,
		&context->mask_directory,
		&context->mask_file,
		&context->made_in,
		&context->start_fifo,
		&context->channel,
		&context->status,
		&context->exec_fifo,
		&context->begun,
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		close_between(ours[i], first, last);
	for (int i = 0; i < context->plan->slots; i++)
		close_between(&context->slots[i], first, last);
}

/* What was ignored stays ignored at exec, and CLONE_CLEAR_SIGHAND keeps it so, too. */
static void reset_signals(uint64_t ignored)
{
	const unsigned long none = 0;
	/* handler, flags, restorer, mask: all zero is the default action */
	const unsigned long by_default[4] = {0};

	for (int signal = 1; signal <= 64; signal++)
		if (ignored >> (signal - 1) & 1)
			(void)syscall(SYS_rt_sigaction, signal, by_default, NULL, sizeof(none));
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

static int close_range_but(int first, int last)
{
	return last < first ? 0 : sys_close_range((unsigned int)first, (unsigned int)last, 0);
}

/* All from FIRST on, but where we report. */
static int close_rest(struct init_context *context, int first)
{
	int low = *report_fd(context), high = context->begun >= 0 ? context->begun : low;
	int done;

	if (low > high) {
		int swap = low;

		low = high;
		high = swap;
	}
	/* A profile may be older than close_range(2), and kill for it; what came from the
	 * caller is gone, and the rest has names. */
	if (context->filtered) {
		close_ours(context, 3, low - 1);
		close_ours(context, low + 1, high - 1);
		close_ours(context, high + 1, INT_MAX);
		return 0;
	}
	done = close_range_but(first, low - 1);
	if (done == 0)
		done = close_range_but(low + 1, high - 1);
	if (done == 0)
		done = sys_close_range((unsigned int)high + 1, ~0U, 0);
	if (done < 0)
		return init_fail(context, -done, "close all other descriptors");
	return 0;
}

/* Out of the way of what the program keeps. */
static int keep_report(struct init_context *context, int *report, int first)
{
	int moved;

	if (*report < 0 || *report >= first)
		return 0;
	moved = fcntl(*report, F_DUPFD_CLOEXEC, first);
	if (moved < 0)
		return init_fail(context, errno, "keep a way to report");
	fd_close(report);
	*report = moved;
	return 0;
}

/* And signals: the last that is asked of the kernel before a filter may forbid it. */
int init_close_fds(struct init_context *context, const struct step *step)
{
	int first = 3 + (int)step->number;

	if (keep_report(context, report_fd(context), first) < 0 ||
		keep_report(context, &context->begun, first) < 0)
		return -1;
	if (step->number > 0)
		close_ours(context, 3, first - 1);
	for (int fd = 3; fd < first; fd++)
		if (fcntl(fd, F_SETFD, 0) < 0 && errno != EBADF)
			return init_fail(context, errno, "keep descriptor %d", fd);
	if (close_rest(context, first) < 0)
		return -1;
	reset_signals(context->ignored_signals);
	return 0;
}

int init_exec(struct init_context *context, const struct step *step)
{
	struct start_report report = {.word = START_EXECUTING};

	if (context->begun >= 0 &&
		sys_write(context->begun, &report, sizeof(report)) != sizeof(report))
		return init_fail(context, EPIPE, "tell the monitor that the program begins");
	if (context->exec_fifo >= 0 &&
		sys_write(context->exec_fifo, &report, sizeof(report)) != sizeof(report))
		return init_fail(context, EPIPE, "tell start that the program begins");
	execve(context->program, step->exec.argv, step->exec.envp);
	return init_fail(context, errno, "exec %s", context->program);
}
