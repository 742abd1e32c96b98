/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run hooks and judge how they ended. One poll loop feeds stdin, keeps the output pipes from
 * filling up, and watches the clock and the hook itself; a descendant of the hook that keeps a
 * pipe open is nobody we wait for.
 */
#define _GNU_SOURCE
#include "hooks/hook.h"

#include "hooks/exec.h"
#include "oci/base/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum {
	STDOUT_KEPT = 512, /* the error has room for 2 KiB, and stderr is worth more */
	STDERR_KEPT = 4096,
	KILL_WAIT_MS = 5000,
	LAST_READS = 16, /* of 4 KiB: what a full pipe holds */
};

/* One of the hook's output pipes: the beginning is kept, the rest is read and dropped. */
struct capture {
	int fd;
	size_t size, used;
	char *text; /* SIZE bytes, always with NUL */
};

/* The state object: three pieces of text, and how far they are written. */
struct feed {
	int fd;
	const char *pieces[3];
	size_t piece, offset;
};

struct running {
	pid_t pid;
	int pidfd;
	int failure;
	struct feed in;
	struct capture out, err;
	int64_t deadline_ms; /* -1: none */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void feed(struct feed *in)
{
	while (in->fd >= 0) {
		while (in->piece < 3 && in->pieces[in->piece][in->offset] == '\0') {
			in->piece++;
			in->offset = 0;
		}
		if (in->piece == 3) {
			close_fd(&in->fd);
			return;
		}

		const char *text = in->pieces[in->piece] + in->offset;
		ssize_t put = write(in->fd, text, strlen(text));

		if (put < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (put < 0) {
			close_fd(&in->fd); /* EPIPE: it does not want to know, which is its
					      right */
			return;
		}
		in->offset += (size_t)put;
	}
}

/* One read: false when there is nothing more for now, or for ever. */
static bool drain(struct capture *capture)
{
	char block[4096];

	if (capture->fd < 0)
		return false;

	ssize_t got = read(capture->fd, block, sizeof(block));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		close_fd(&capture->fd);
		return false;
	}

	size_t room = capture->size - 1 - capture->used;
	size_t kept = (size_t)got < room ? (size_t)got : room;

	memcpy(capture->text + capture->used, block, kept);
	capture->used += kept;
	capture->text[capture->used] = '\0';
	return true;
}

/* A line break would become '?' in the one line of an error. */
static void trim(struct capture *capture)
{
	while (capture->used && capture->text[capture->used - 1] == '\n')
		capture->text[--capture->used] = '\0';
	for (size_t i = 0; i < capture->used; i++)
		if (capture->text[i] == '\n' || capture->text[i] == '\t')
			capture->text[i] = ' ';
}

/* OURS is the end that the hook does not get; it must never block us. */
static int open_pipe(int ret_ends[2], int ours)
{
	if (pipe2(ret_ends, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(ret_ends[ours], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		if (ret_ends[i] > 2)
			continue;

		/* Started without stdio: the hook's own 0, 1, 2 would overwrite this one. */
		int higher = fcntl(ret_ends[i], F_DUPFD_CLOEXEC, 3);

		if (higher < 0)
			return -errno;
		close(ret_ends[i]);
		ret_ends[i] = higher;
	}
	return 0;
}

/*
 * clone(2) and not clone3(2): a startContainer hook may run under the container's own filter,
 * and usual profiles refuse clone3, whose flags they cannot see.
 */
static pid_t clone_hook(int *ret_pidfd)
{
	unsigned long flags = CLONE_PIDFD | SIGCHLD;

#ifdef __s390__
	return (pid_t)syscall(SYS_clone, NULL, flags, ret_pidfd, NULL, 0);
#else
	return (pid_t)syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, 0);
#endif
}

enum { IN, OUT, ERR, FAILURE, PIPES };

static void close_pipes(int pipes[PIPES][2])
{
	for (int i = 0; i < PIPES; i++) {
		close_fd(&pipes[i][0]);
		close_fd(&pipes[i][1]);
	}
}

static int start(struct running *running, struct hook_exec *exec, struct error *err)
{
	int pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};

	for (int i = 0; i < PIPES; i++) {
		int opened = open_pipe(pipes[i], i == IN ? 1 : 0);

		if (opened < 0) {
			close_pipes(pipes);
			return fail(err, -opened, "open a pipe");
		}
	}
	exec->in = pipes[IN][0];
	exec->out = pipes[OUT][1];
	exec->err = pipes[ERR][1];
	exec->failure = pipes[FAILURE][1];
	running->pid = clone_hook(&running->pidfd);
	if (running->pid == 0)
		hook_exec(exec);
	if (running->pid < 0) {
		int code = errno;

		close_pipes(pipes);
		return fail(err, code, "clone");
	}
	/* From both sides, so that the group exists whoever comes first. */
	(void)setpgid(running->pid, running->pid);
	running->in.fd = pipes[IN][1];
	running->out.fd = pipes[OUT][0];
	running->err.fd = pipes[ERR][0];
	running->failure = pipes[FAILURE][0];
	close_fd(&pipes[IN][0]);
	close_fd(&pipes[OUT][1]);
	close_fd(&pipes[ERR][1]);
	close_fd(&pipes[FAILURE][1]);
	return 0;
}

/* 0 when the hook has exited, ETIMEDOUT, or another errno. */
static int serve(struct running *running)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = running->pidfd, .events = POLLIN},
			{.fd = running->in.fd, .events = POLLOUT},
			{.fd = running->out.fd, .events = POLLIN},
			{.fd = running->err.fd, .events = POLLIN},
		};
		int wait_ms = -1;

		if (running->deadline_ms >= 0) {
			int64_t left = running->deadline_ms - now_ms();

			if (left <= 0)
				return ETIMEDOUT;
			wait_ms = left > 60000 ? 60000 : (int)left;
		}
		if (poll(fds, 4, wait_ms) < 0) {
			if (errno == EINTR)
				continue;
			return errno;
		}
		if (fds[1].revents)
			feed(&running->in);
		if (fds[2].revents)
			(void)drain(&running->out);
		if (fds[3].revents)
			(void)drain(&running->err);
		if (fds[0].revents)
			return 0;
	}
}

static void kill_group(const struct running *running)
{
	struct pollfd gone = {.fd = running->pidfd, .events = POLLIN};

	/* Not reaped yet: both numbers are still the hook's. */
	(void)kill(-running->pid, SIGKILL);
	(void)kill(running->pid, SIGKILL);
	/* One that hangs in the kernel is left behind rather than waited for. */
	while (poll(&gone, 1, KILL_WAIT_MS) < 0 && errno == EINTR)
		;
}

/* Reap, and say how it ended. */
static int judge(struct running *running, const struct oci_hook *hook, struct error *err)
{
	siginfo_t info = {0};
	int failure = 0;
	int reaped;

	do
		reaped = waitid(
			(idtype_t)P_PIDFD, (id_t)running->pidfd, &info, WEXITED | __WALL);
	while (reaped < 0 && errno == EINTR);
	if (reaped < 0)
		return fail(err, errno, "wait");
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	if (info.si_code == CLD_EXITED && info.si_status == 127 &&
		read(running->failure, &failure, sizeof(failure)) == (ssize_t)sizeof(failure))
		return fail(err, failure, "exec %s", hook->path);
	for (int i = 0; i < LAST_READS && drain(&running->out); i++)
		;
	for (int i = 0; i < LAST_READS && drain(&running->err); i++)
		;
	trim(&running->out);
	trim(&running->err);
	if (info.si_code == CLD_EXITED)
		return fail(err, info.si_status == HOOK_REFUSES ? HOOK_REFUSED : 0,
			"exit status %d, stdout: %s, stderr: %s", info.si_status,
			running->out.text, running->err.text);

	const char *name = sigabbrev_np(info.si_status);

	return fail(err, 0, "signal: SIG%s, stdout: %s, stderr: %s", name ? name : "?",
		running->out.text, running->err.text);
}

static void close_running(struct running *running)
{
	close_fd(&running->pidfd);
	close_fd(&running->failure);
	close_fd(&running->in.fd);
	close_fd(&running->out.fd);
	close_fd(&running->err.fd);
}

static int finish(struct running *running, const struct oci_hook *hook, struct error *err)
{
	int served = serve(running);

	if (served == 0)
		return judge(running, hook, err);
	kill_group(running);
	(void)waitid((idtype_t)P_PIDFD, (id_t)running->pidfd, NULL, WEXITED | WNOHANG | __WALL);
	if (served == ETIMEDOUT)
		return fail(err, 0, "hook ran past specified timeout of %d.0s",
			hook->timeout.value);
	return fail(err, served, "poll");
}

static int run_one(const struct oci_hook *hook, const struct hook_state *state,
	char *const default_env[], const char *directory, struct error *err)
{
	struct hook_exec exec = {
		.hook = hook,
		.default_env = default_env,
		.directory = directory,
	};
	char out[STDOUT_KEPT] = "", errors[STDERR_KEPT] = "", digits[16];
	struct running running = {
		.pidfd = -1,
		.failure = -1,
		.in = {.fd = -1, .pieces = {state->before, digits, state->after}},
		.out = {.fd = -1, .size = sizeof(out), .text = out},
		.err = {.fd = -1, .size = sizeof(errors), .text = errors},
		.deadline_ms = -1,
	};

	snprintf(digits, sizeof(digits), "%d", state->pid);
	if (hook->timeout.set && hook->timeout.value > 0)
		running.deadline_ms = now_ms() + (int64_t)hook->timeout.value * 1000;
	if (start(&running, &exec, err) < 0)
		return -1;

	int result = finish(&running, hook, err);

	close_running(&running);
	return result;
}

/*
 * What is set aside meanwhile: a hook that does not read its stdin must not cost us our life
 * (SIGPIPE is held and taken away), and its status is lost where SIGCHLD is ignored.
 */
struct signals {
	sigset_t mask;
	bool sigpipe_pending;
	struct sigaction sigchld;
};

static void hold_signals(struct signals *before)
{
	const struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t sigpipe, pending;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &sigpipe, &before->mask);
	sigpending(&pending);
	before->sigpipe_pending = sigismember(&pending, SIGPIPE) == 1;
	sigaction(SIGCHLD, NULL, &before->sigchld);
	if (before->sigchld.sa_handler == SIG_IGN || (before->sigchld.sa_flags & SA_NOCLDWAIT))
		sigaction(SIGCHLD, &normal, NULL);
}

static void release_signals(const struct signals *before)
{
	const struct timespec no_time = {0};
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	if (!before->sigpipe_pending)
		while (sigtimedwait(&sigpipe, NULL, &no_time) < 0 && errno == EINTR)
			;
	if (before->sigchld.sa_handler == SIG_IGN || (before->sigchld.sa_flags & SA_NOCLDWAIT))
		sigaction(SIGCHLD, &before->sigchld, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

int hook_run_all(enum hook_point point, const struct oci_hook *hooks, size_t n_hooks,
	const struct hook_state *state, char *const default_env[], const char *directory,
	struct error *err)
{
	/* The container is gone: the others have their own things to clean up (runtime.md, step
	 * 13). */
	bool goes_on = point == HOOK_POSTSTOP;
	struct signals before;
	struct error later;
	int result = 0;

	if (n_hooks == 0)
		return 0;
	hold_signals(&before);
	for (size_t i = 0; i < n_hooks && (result == 0 || goes_on); i++) {
		struct error *mine = result == 0 ? err : &later;

		if (run_one(&hooks[i], state, default_env, directory, mine) == 0)
			continue;
		error_while(mine, "error running %s hook #%zu", hook_points[point].name, i);
		result = -1;
	}
	release_signals(&before);
	return result;
}
