/* SPDX-License-Identifier: Apache-2.0 */
/* How a process ended that is not our child: see foreign.h. */
#include "runtime/watch/foreign.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- PIDFD_GET_INFO: linux/pidfd.h of Linux 6.15; its first 64 bytes ---- */

struct info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define GET_INFO  _IOWR(0xFF, 11, struct info)
#define INFO_EXIT (UINT64_C(1) << 3)

/* 1: *ret is set; 0: not reaped yet; -errno: this kernel has no such thing. */
static int get_info(int pidfd, int *ret)
{
	struct info info = {.mask = INFO_EXIT};
	int done = SYS_RESULT(ioctl(pidfd, GET_INFO, &info));

	if (done < 0)
		return done;
	*ret = info.exit_code;
	return info.mask & INFO_EXIT ? 1 : 0;
}

/* Linux 6.13 and 6.14 have the request and not this answer: the status may stay unknown there.
 */
static bool has_info(int pidfd)
{
	int ignored;

	return get_info(pidfd, &ignored) >= 0;
}

/* ---- /proc/PID/stat of one that waits for its parent ---- */

static bool read_zombie(const struct foreign *foreign, int *ret)
{
	char path[40], text[1024];
	const char *at;

	/* Whoever may not look at it is shown 0 there, and may not follow this link either. */
	snprintf(path, sizeof(path), "/proc/%d/ns/user", foreign->pid);
	if (readlinkat(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", foreign->pid);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) < 0 ||
		!(at = strrchr(text, ')')) || strncmp(at, ") Z ", 4) != 0 ||
		!(at = strrchr(text, ' ')))
		return false;
	*ret = (int)strtol(at, NULL, 10);
	/* Reaped meanwhile, the number may be another's. */
	return sys_pidfd_send_signal(foreign->pidfd, 0) == 0;
}

/* ---- the process connector ---- */

/* In the bytes of a message: struct nlmsghdr, struct cn_msg, struct proc_event. */
enum {
	AT_EVENT = sizeof(struct nlmsghdr) + sizeof(struct cn_msg),
	AT_WHAT = AT_EVENT + offsetof(struct proc_event, what),
	AT_TGID = AT_EVENT + offsetof(struct proc_event, event_data.exit.process_tgid),
};
_Static_assert(offsetof(struct proc_event, event_data.exec.process_tgid) ==
		       offsetof(struct proc_event, event_data.exit.process_tgid),
	"both events have the process in one place");

enum { WHAT_EXEC = 2 };
#define WHAT_EXIT 0x80000000U

/* Of the whole machine's events only those of this process reach our queue. */
static int attach_filter(int fd, pid_t pid)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_WHAT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(WHAT_EXIT), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(WHAT_EXEC), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_TGID),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl((uint32_t)pid), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return SYS_RESULT(
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static int ask_for_events(int fd)
{
	struct {
		struct nlmsghdr head;
		struct cn_msg message;
		enum proc_cn_mcast_op op;
	} __attribute__((packed)) ask = {
		.head = {.nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_DONE},
		.message = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(ask.op)},
		.op = PROC_CN_MCAST_LISTEN,
	};

	return SYS_RESULT(send(fd, &ask, sizeof(ask), 0)) == sizeof(ask) ? 0 : -EIO;
}

static int open_events(pid_t pid)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int AUTO_FD fd = SYS_RESULT(socket(
		AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));

	if (fd < 0 || attach_filter(fd, pid) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		ask_for_events(fd) < 0)
		return -1;
	return take_fd(&fd);
}

/*
 * Each thread tells its own end. In exit_group() and at a signal all have the same status;
 * where they differ, the last threads ended one by one and nobody knows which counts. An
 * execve() by another thread ends the first one, and the process goes on.
 */
static bool read_events(int fd, int *ret)
{
	char bytes[512] __attribute__((aligned(8)));
	bool known = false, same = true;
	ssize_t got;

	while ((got = SYS_RESULT(recv(fd, bytes, sizeof(bytes), 0))) > 0) {
		struct proc_event event;

		if ((size_t)got < AT_EVENT + sizeof(event))
			continue;
		memcpy(&event, bytes + AT_EVENT, sizeof(event));
		if ((uint32_t)event.what == WHAT_EXEC) {
			known = false;
			same = true;
			continue;
		}
		same = same && (!known || *ret == (int)event.event_data.exit.exit_code);
		known = true;
		*ret = (int)event.event_data.exit.exit_code;
	}
	return known && same;
}

/* ---- all three ---- */

void foreign_open(struct foreign *foreign, int pidfd, pid_t pid)
{
	*foreign = (struct foreign){.pidfd = pidfd, .pid = pid, .events = -1};
	if (!has_info(pidfd))
		foreign->events = open_events(pid);
}

void foreign_close(struct foreign *foreign)
{
	fd_close(&foreign->events);
}

bool foreign_status(const struct foreign *foreign, int *ret_status, bool *ret_later)
{
	int done;

	*ret_later = false;
	if (read_zombie(foreign, ret_status))
		return true;
	done = get_info(foreign->pidfd, ret_status);
	if (done == 1)
		return true;
	if (foreign->events >= 0)
		return read_events(foreign->events, ret_status);
	*ret_later = done == 0;
	return false;
}
