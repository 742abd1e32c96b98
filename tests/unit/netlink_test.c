/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink against a kernel of our own on a socket pair: what the real one does only when many
 * change the network at once. The usual is in tests/integration/net_devices.bats.
 */
#include "runtime/sys/netlink.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEVICE = 7 };

/* An answer to a dump: as many addresses of the device, and the end. */
struct answer {
	int addresses;
	uint16_t address_flags, end_flags;
	int error; /* instead: -errno */
};

static void send_address(int socket, int number, uint16_t flags)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg info;
		struct rtattr attribute;
		uint8_t local[4];
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWADDR,
			.nlmsg_flags = NLM_F_MULTI | flags},
		.info = {.ifa_family = AF_INET,
			.ifa_prefixlen = 24,
			.ifa_flags = IFA_F_PERMANENT,
			.ifa_index = DEVICE},
		.attribute = {.rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL},
		.local = {10, 0, 0, (uint8_t)number},
	};

	(void)!send(socket, &message, sizeof(message), 0);
}

static void send_end(int socket, uint16_t flags, int error)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = error ? NLMSG_ERROR : NLMSG_DONE,
			.nlmsg_flags = NLM_F_MULTI | flags},
		.error = {.error = error},
	};

	(void)!send(socket, &message, sizeof(message), 0);
}

/* One request after another has its answer, the last one all that come behind it. */
static _Noreturn void be_the_kernel(int socket, const struct answer *answers, size_t count)
{
	char request[512];

	for (size_t i = 0; recv(socket, request, sizeof(request), 0) > 0; i += i + 1 < count) {
		for (int number = 1; number <= answers[i].addresses; number++)
			send_address(socket, number, answers[i].address_flags);
		send_end(socket, answers[i].end_flags, answers[i].error);
	}
	_exit(0);
}

static int addresses_after(const struct answer *answers, size_t count)
{
	struct netlink_address found[8] = {0};
	int ends[2], result;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_the_kernel(ends[1], answers, count);
	}
	close(ends[1]);
	result = netlink_addresses(ends[0], DEVICE, found, 8);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	if (result > 0 && found[result - 1].local[3] != result)
		return -1;
	return result;
}

int main(void)
{
	static const struct answer whole[] = {{.addresses = 2}};
	static const struct answer torn[] = {
		{.addresses = 1, .address_flags = NLM_F_DUMP_INTR},
		{.addresses = 0, .end_flags = NLM_F_DUMP_INTR},
		{.addresses = 2},
	};
	static const struct answer always[] = {{.addresses = 1, .end_flags = NLM_F_DUMP_INTR}};
	static const struct answer refused[] = {{.error = -EPERM}};

	is_number((uint64_t)addresses_after(whole, 1), 2, "the addresses of a device");
	is_number((uint64_t)addresses_after(torn, 3), 2,
		"a list that changed while it was read is read again");
	is_number((uint64_t)-addresses_after(always, 1), EAGAIN, "but not for ever");
	is_number((uint64_t)-addresses_after(refused, 1), EPERM, "an error is the kernel's");
	return tap_end();
}
