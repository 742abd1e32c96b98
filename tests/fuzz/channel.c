/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer of the channel may send: datagrams of any size with any number of descriptors.
 * Whatever comes is a message or an error, and no descriptor stays but the one that the message
 * brings.
 */
#include "runtime/sys/channel.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS_MAX = 4 };

static void put(int end, const uint8_t *bytes, size_t length, size_t fds)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec data = {(void *)(uintptr_t)bytes, length};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};

	if (fds) {
		int zeros[FDS_MAX] = {0};

		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), zeros, fds * sizeof(int));
	}
	(void)!sendmsg(end, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int lowest_free(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	close(fd);
	return fd;
}

static void take(int end, size_t fds)
{
	struct received got;
	int before = lowest_free();
	int done = channel_receive(end, 0, &got);

	MUST(done == 0 || done == -EPROTO || done == -ETIMEDOUT);
	if (done == 0) {
		MUST(got.message < MESSAGE_COUNT && message_name(got.message));
		MUST(fds > 0 || got.fd < 0);
		if (got.message == MESSAGE_ERROR)
			MUST(strlen(got.error.what) < sizeof(got.error.what) &&
				strlen(got.error.where) < sizeof(got.error.where));
		if (got.fd >= 0)
			close(got.fd);
	}
	MUST(lowest_free() == before);
}

/* Each datagram: two bytes of length, one of descriptors, the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];

	MUST(channel_open(ends) == 0);
	while (size >= 3) {
		size_t length = data[0] | (size_t)data[1] << 8, fds = data[2] % (FDS_MAX + 1);

		data += 3;
		size -= 3;
		length = length < size ? length : size;
		put(ends[1], data, length, fds);
		take(ends[0], fds);
		data += length;
		size -= length;
	}
	close(ends[1]);
	take(ends[0], 0);
	close(ends[0]);
	return 0;
}
