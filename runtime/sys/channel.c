/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the two sides of clone(). Safe between clone() and exec. */
#include "runtime/sys/channel.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>
#include <time.h>

/* One datagram. An error follows only with MESSAGE_ERROR, so the common case is 16 bytes. */
struct packet {
	uint32_t message;
	uint32_t reserved;
	int64_t value;
	struct error error;
};

enum { SHORT_PACKET = offsetof(struct packet, error) };

static const char *const names[MESSAGE_COUNT] = {
	[MESSAGE_NONE] = "end of conversation",
	[MESSAGE_FORKED] = "forked",
	[MESSAGE_MAPPED] = "ids mapped",
	[MESSAGE_NETWORK_READY] = "network ready",
	[MESSAGE_ROOTFS_READY] = "rootfs ready",
	[MESSAGE_HOOKS_DONE] = "hooks done",
	[MESSAGE_CONSOLE] = "console",
	[MESSAGE_LISTENER] = "listener",
	[MESSAGE_LISTENER_SENT] = "listener sent",
	[MESSAGE_CREATED] = "created",
	[MESSAGE_COMMITTED] = "committed",
	[MESSAGE_PROGRAM] = "program",
	[MESSAGE_ENDED] = "ended",
	[MESSAGE_ERROR] = "error",
};

const char *message_name(enum message message)
{
	return message < MESSAGE_COUNT ? names[message] : "no message";
}

int channel_open(int ret_ends[2])
{
	return SYS_RESULT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends));
}

static int send_packet(int end, const struct packet *packet, size_t size, int fd)
{
	ssize_t put = fd_send(end, packet, size, fd);

	return put < 0 ? (int)put : 0;
}

int channel_tell(int end, enum message message, int64_t value, int fd)
{
	struct packet packet = {.message = message, .value = value};

	return send_packet(end, &packet, SHORT_PACKET, fd);
}

void channel_tell_error(int end, const struct error *err)
{
	struct packet packet = {.message = MESSAGE_ERROR, .error = *err};

	(void)send_packet(end, &packet, sizeof(packet), -1); /* nobody is there to hear of it */
}

int channel_receive(int end, int timeout_ms, struct received *ret)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct packet packet;
	struct iovec data = {&packet, sizeof(packet)};
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		/* Not CMSG_SPACE(): it rounds up, and then the kernel installs a second
		 * descriptor that nobody would close. What is more than one is MSG_CTRUNC. */
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t got;

	ret->message = MESSAGE_NONE;
	ret->fd = -1;
	/* Waiting in recvmsg costs one system call less than poll first. */
	if (timeout_ms >= 0) {
		int ready = fd_await(end, timeout_ms);

		if (ready < 0)
			return ready;
	}
	do
		got = SYS_RESULT(recvmsg(end, &header, MSG_CMSG_CLOEXEC));
	while (got == -EINTR);
	if (got < 0)
		return got == -ECONNRESET ? 0 : (int)got; /* with messages of ours unread */

	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
		memcpy(&ret->fd, CMSG_DATA(rights), sizeof(int));
	if (got == 0) { /* the peer went; an empty packet may hold a descriptor all the same */
		fd_close(&ret->fd);
		return 0;
	}

	bool whole =
		packet.message == MESSAGE_ERROR ? got == sizeof(packet) : got == SHORT_PACKET;

	if (!whole || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
		packet.message >= MESSAGE_COUNT) {
		fd_close(&ret->fd);
		return -EPROTO;
	}
	ret->message = packet.message;
	ret->value = packet.value;
	if (packet.message == MESSAGE_ERROR) {
		ret->error = packet.error;
		ret->error.where[sizeof(ret->error.where) - 1] = '\0';
		ret->error.what[sizeof(ret->error.what) - 1] = '\0';
	}
	return 0;
}
