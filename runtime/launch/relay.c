/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The foreground of `run` and `exec`: one poll loop over the process, our signals, the caller's
 * terminal and the container's, until the process has exited.
 */
#include "runtime/launch/terminal.h"

#include "runtime/launch/tty.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>
#include <sys/signalfd.h>

enum {
	/* While no process has the pty open its master only says "hung up"; look again then. */
	HANGUP_PAUSE_MS = 50,
	/* Somebody may write to the pty faster than we read, for ever, after the process is
	   gone. */
	LAST_ROUNDS = 4096,
};

/* Faults of our own must end us, and can be told from no others. */
static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
/* About us, not about the process. */
static const int not_passed_on[] = {SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU};
/* Ask to end: what is left of the output is not waited for. */
static const int enders[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static bool is_one_of(const int *list, size_t count, uint32_t signal)
{
	for (size_t i = 0; i < count; i++)
		if ((uint32_t)list[i] == signal)
			return true;
	return false;
}

static void relayed_signals(sigset_t *ret)
{
	/* Not sigfillset(), which leaves out what its C library keeps to itself. */
	memset(ret, 0xFF, sizeof(*ret));
	for (size_t i = 0; i < LENGTH(own_faults); i++)
		sigdelset(ret, own_faults[i]);
}

void relay_block_signals(void)
{
	sigset_t signals;

	relayed_signals(&signals);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* cannot fail */
}

struct loop {
	struct relay *relay;
	int signals; /* signalfd */
	bool exited;
	int wait_status;
	bool must_end; /* a signal asked to, after the exit */
	struct tty tty;
};

/* ---- signals and children ---- */

static void handle_signal(struct loop *loop, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo == SIGWINCH)
		tty_give_size(*loop->tty.master);
	if (is_one_of(not_passed_on, LENGTH(not_passed_on), info->ssi_signo))
		return;
	if (!loop->exited)
		(void)sys_pidfd_send_signal(loop->relay->pidfd, (int)info->ssi_signo);
	else if (is_one_of(enders, LENGTH(enders), info->ssi_signo))
		loop->must_end = true;
}

static void read_signals(struct loop *loop)
{
	struct signalfd_siginfo infos[8];
	ssize_t got = sys_read(loop->signals, infos, sizeof(infos));

	for (ssize_t i = 0; i < got / (ssize_t)sizeof(*infos); i++)
		handle_signal(loop, &infos[i]);
}

/* All that ended: many SIGCHLD are one, so the signal is only a reason to look. */
static int reap(struct loop *loop, struct error *err)
{
	for (;;) {
		int status;
		pid_t pid = SYS_RESULT(waitpid(-1, &status, WNOHANG | __WALL));

		if (pid == -EINTR)
			continue;
		if (pid == loop->relay->pid) {
			loop->exited = true;
			loop->wait_status = status;
		}
		if (pid == 0)
			return 0;
		if (pid == -ECHILD && !loop->exited)
			return fail(err, ECHILD, "wait for process %d", loop->relay->pid);
		if (pid < 0)
			return 0;
	}
}

/* ---- the loop ---- */

enum { PROCESS, SIGNALS, WATCH, FIXED };

static int poll_once(struct loop *loop, int timeout_ms, struct error *err)
{
	struct relay_watch *watch = loop->relay->watch;
	struct pollfd fds[FIXED + TTY_POLLS] = {
		[PROCESS] = {.fd = loop->exited ? -1 : loop->relay->pidfd, .events = POLLIN},
		[SIGNALS] = {.fd = loop->signals, .events = POLLIN},
		[WATCH] = {.fd = watch ? watch->fd : -1, .events = POLLIN},
	};
	bool paused = tty_prepare(&loop->tty, fds + FIXED);

	if (paused && (timeout_ms < 0 || timeout_ms > HANGUP_PAUSE_MS))
		timeout_ms = HANGUP_PAUSE_MS;

	int ready = SYS_RESULT(poll(fds, LENGTH(fds), timeout_ms));

	if (ready < 0)
		return ready == -EINTR ? 0 : fail(err, -ready, "poll");
	if (fds[SIGNALS].revents)
		read_signals(loop);
	if (watch && fds[WATCH].revents)
		watch->ready(watch);
	tty_move(&loop->tty, fds + FIXED);
	if (fds[PROCESS].revents || fds[SIGNALS].revents)
		return reap(loop, err);
	return 0;
}

/* What the process has written before it went is in the pty or in our buffer. */
static int finish_output(struct loop *loop, struct error *err)
{
	tty_stop_input(&loop->tty);
	for (int i = 0; i < LAST_ROUNDS && !loop->must_end; i++) {
		/* A poll of the master waits for what is on its way inside the kernel. */
		bool pending = tty_has_output(&loop->tty);

		if (!pending && !tty_can_read(&loop->tty))
			return 0;
		if (poll_once(loop, pending ? -1 : 0, err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct loop *loop, struct error *err)
{
	while (!loop->exited)
		if (poll_once(loop, -1, err) < 0)
			return -1;
	return finish_output(loop, err);
}

int relay_run(struct relay *relay, int *ret_wait_status, struct error *err)
{
	struct loop loop = {.relay = relay};
	sigset_t signals;

	relay_block_signals();
	relayed_signals(&signals);

	int AUTO_FD signal_fd = SYS_RESULT(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));

	if (signal_fd < 0)
		return fail(err, -signal_fd, "signalfd");
	loop.signals = signal_fd;
	tty_open(&loop.tty, &relay->master);

	int result = run(&loop, err);

	tty_close(&loop.tty);
	if (result == 0)
		*ret_wait_status = loop.wait_status;
	return result;
}
