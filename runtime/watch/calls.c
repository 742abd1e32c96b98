/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system call that the filter would have answered by killing: the kernel asks us instead
 * (seccomp_unotify(2)), so that it has a number and arguments.
 */
#include "runtime/watch/loop.h"

#include "runtime/sys/sys.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

enum { PATIENCE_US = 10 * 1000 };

/* Kernels of other sizes write no more than they know of. */
union notification {
	struct seccomp_notif call;
	char room[1024];
};

union answer {
	struct seccomp_notif_resp call;
	char room[1024];
};

static void on_alarm(int signal)
{
}

/* Who asked may have been killed meanwhile, and then RECV would wait for the next one, for
 * ever. */
static int receive(int listener, union notification *ret)
{
	const struct sigaction interrupt = {.sa_handler = on_alarm};
	const struct itimerval soon = {
		.it_value.tv_usec = PATIENCE_US, .it_interval.tv_usec = PATIENCE_US};
	const struct itimerval never = {0};
	struct sigaction before;
	int done;

	memset(ret, 0, sizeof(*ret));
	(void)sigaction(SIGALRM, &interrupt, &before);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	done = SYS_RESULT(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret));
	(void)setitimer(ITIMER_REAL, &never, NULL);
	(void)sigaction(SIGALRM, &before, NULL);
	return done;
}

static void record(struct watch *watch, const struct seccomp_notif *call)
{
	struct result_syscall *syscall = &watch->syscall;

	syscall->count++;
	if (syscall->set)
		return;
	syscall->set = true;
	syscall->nr = call->data.nr;
	syscall->audit_arch = call->data.arch;
	syscall->ip = call->data.instruction_pointer;
	syscall->tid = call->pid;
	for (size_t i = 0; i < sizeof(syscall->args) / sizeof(*syscall->args); i++)
		syscall->args[i] = call->data.args[i];
}

static void refuse(int listener, uint64_t id)
{
	union answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.call.id = id;
	answer.call.error = -EPERM;
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* ENOENT: it is gone */
}

bool loop_take_call(struct loop *loop, uint32_t events)
{
	struct watch *watch = loop->watch;
	union notification notification;

	if (!(events & EPOLLIN) || receive(watch->listener, &notification) < 0) {
		/* Nobody with this filter is left. */
		if (events & (EPOLLHUP | EPOLLERR))
			(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->listener, NULL);
		return false;
	}
	record(watch, &notification.call);
	if (!watch->syscalls_recorded)
		return true; /* unanswered: it waits until it is killed */
	refuse(watch->listener, notification.call.id);
	return false;
}
