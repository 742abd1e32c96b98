/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink(7): one request, one answer; a dump is an answer in several parts. */
#include "runtime/sys/netlink.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

enum {
	NETLINK_TIMEOUT_MS = 10 * 1000,
	DUMP_TRIES = 16,
	/* What a user gives an address; the kernel sets the others as it goes. */
	KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN,
};

/* A message as it grows. All that we send is far below 256 bytes. */
struct request {
	struct nlmsghdr header;
	char body[256];
};

static void *start(struct request *request, uint16_t type, uint16_t flags, size_t size)
{
	*request = (struct request){
		.header =
			{
				.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
				.nlmsg_type = type,
				.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				.nlmsg_seq = 1,
			},
	};
	return NLMSG_DATA(&request->header);
}

static void put(struct request *request, uint16_t type, const void *value, size_t size)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *)(void *)((char *)request + at);

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), value, size);
	request->header.nlmsg_len = (uint32_t)(at + RTA_ALIGN(attribute->rta_len));
}

/* Called for each message of an answer; RET is the caller's. */
typedef void on_message(const struct nlmsghdr *message, void *ret);

/*
 * 1: the answer is complete; 0: more will come; or -errno, the kernel's own or about it. *TORN:
 * what is listed has changed meanwhile, and an entry may be missing.
 */
static int read_messages(char *buffer, size_t length, on_message *each, void *ret, bool *torn)
{
	for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)buffer;
		NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
		*torn = *torn || (message->nlmsg_flags & NLM_F_DUMP_INTR);
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *answer = NLMSG_DATA(message);

			if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
				return -EPROTO;
			return answer->error ? answer->error : 1;
		}
		if (each)
			each(message, ret);
		if (each && !(message->nlmsg_flags & NLM_F_MULTI))
			return 1;
	}
	return 0;
}

/* 0 or -errno; -EAGAIN: ask for the whole list again. */
static int talk(int socket, const struct request *request, on_message *each, void *ret)
{
	bool torn = false;
	char buffer[32 * 1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	int done = (int)SYS_RESULT(send(socket, request, request->header.nlmsg_len, 0));

	while (done >= 0) {
		ssize_t got;

		done = fd_await(socket, NETLINK_TIMEOUT_MS);
		if (done < 0)
			return done;
		got = SYS_RESULT(recv(socket, buffer, sizeof(buffer), 0));
		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		done = read_messages(buffer, (size_t)got, each, ret, &torn);
		if (done > 0)
			return torn ? -EAGAIN : 0;
	}
	return done;
}

static int open_socket(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = (int)SYS_RESULT(
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
	int done = fd < 0 ? fd
			  : (int)SYS_RESULT(bind(
				    fd, (const struct sockaddr *)&address, sizeof(address)));

	if (done < 0)
		fd_close(&fd);
	return done < 0 ? done : fd;
}

int netlink_open(int namespace)
{
	int AUTO_FD ours = -1;
	int fd, done;

	if (namespace < 0)
		return open_socket();
	ours = sys_openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0);
	if (ours < 0)
		return ours;
	done = sys_setns(namespace, CLONE_NEWNET);
	if (done < 0)
		return done;
	fd = open_socket();
	done = sys_setns(ours, CLONE_NEWNET);
	if (done < 0) {
		/* All that follows would be done in the container's network. */
		fd_close(&fd);
		return -ENOTRECOVERABLE;
	}
	return fd;
}

static void take_device(const struct nlmsghdr *message, void *ret)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct netlink_device *device = ret;

	if (message->nlmsg_type != RTM_NEWLINK ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	device->index = info->ifi_index;
	device->up = info->ifi_flags & IFF_UP;
}

int netlink_find(int socket, const char *name, struct netlink_device *ret)
{
	struct request request;
	int done;

	*ret = (struct netlink_device){0};
	(void)start(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	put(&request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
	done = talk(socket, &request, take_device, ret);
	if (done < 0)
		return done;
	return ret->index ? 0 : -ENODEV;
}

int netlink_move(int socket, int index, const char *name, int namespace)
{
	struct request request;
	struct ifinfomsg *info = start(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));
	const uint32_t target = (uint32_t) namespace;

	info->ifi_index = index;
	info->ifi_change = IFF_UP; /* down: a device that is up cannot be renamed everywhere */
	put(&request, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
	put(&request, IFLA_NET_NS_FD, &target, sizeof(target));
	return talk(socket, &request, NULL, NULL);
}

int netlink_set_up(int socket, int index, bool up)
{
	struct request request;
	struct ifinfomsg *info = start(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));

	info->ifi_index = index;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return talk(socket, &request, NULL, NULL);
}

/* ---- addresses ---- */

struct found_addresses {
	int index;
	struct netlink_address *list;
	size_t count, room;
};

static void take_bytes(uint8_t bytes[16], const struct rtattr *attribute, uint8_t length)
{
	if (RTA_PAYLOAD(attribute) >= length)
		memcpy(bytes, RTA_DATA(attribute), length);
}

static void take_attribute(
	struct netlink_address *address, const struct rtattr *attribute, bool *has_local)
{
	switch (attribute->rta_type) {
	case IFA_LOCAL:
		take_bytes(address->local, attribute, address->length);
		*has_local = true;
		break;
	case IFA_ADDRESS:
		take_bytes(address->peer, attribute, address->length);
		break;
	case IFA_BROADCAST:
		take_bytes(address->broadcast, attribute, address->length);
		address->has_broadcast = true;
		break;
	case IFA_FLAGS: /* of 32 bits; the header has room for 8 */
		if (RTA_PAYLOAD(attribute) >= sizeof(address->flags))
			memcpy(&address->flags, RTA_DATA(attribute), sizeof(address->flags));
		break;
	}
}

static void take_address(const struct nlmsghdr *message, void *ret)
{
	struct found_addresses *found = ret;
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	struct netlink_address address;
	bool has_local = false;

	if (message->nlmsg_type != RTM_NEWADDR ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
		(int)info->ifa_index != found->index || info->ifa_scope != RT_SCOPE_UNIVERSE ||
		(info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return;
	address = (struct netlink_address){
		.family = info->ifa_family,
		.prefix = info->ifa_prefixlen,
		.flags = info->ifa_flags,
		.length = info->ifa_family == AF_INET ? 4 : 16,
	};

	size_t length = IFA_PAYLOAD(message);

	for (const struct rtattr *attribute = IFA_RTA(info); RTA_OK(attribute, length);
		attribute = RTA_NEXT(attribute, length))
		take_attribute(&address, attribute, &has_local);
	if (!(address.flags & IFA_F_PERMANENT))
		return;
	if (!has_local)
		memcpy(address.local, address.peer, sizeof(address.local));
	address.flags &= KEPT_FLAGS;
	if (found->count < found->room)
		found->list[found->count] = address;
	found->count++;
}

int netlink_addresses(int socket, int index, struct netlink_address *ret, size_t room)
{
	struct found_addresses found = {0};
	struct request request;
	struct ifaddrmsg *info = start(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(*info));
	int done = -EAGAIN;

	info->ifa_family = AF_UNSPEC;
	/* It lists those of all devices, and others may change theirs while it does. */
	for (int tries = 0; tries < DUMP_TRIES && done == -EAGAIN; tries++) {
		found = (struct found_addresses){.index = index, .list = ret, .room = room};
		done = talk(socket, &request, take_address, &found);
	}
	return done < 0 ? done : (int)found.count;
}

int netlink_add_address(int socket, int index, const struct netlink_address *address)
{
	struct request request;
	struct ifaddrmsg *info = start(
		&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));

	info->ifa_family = address->family;
	info->ifa_prefixlen = address->prefix;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = (uint32_t)index;
	put(&request, IFA_LOCAL, address->local, address->length);
	put(&request, IFA_ADDRESS, address->peer, address->length);
	if (address->has_broadcast)
		put(&request, IFA_BROADCAST, address->broadcast, address->length);
	put(&request, IFA_FLAGS, &address->flags, sizeof(address->flags));
	return talk(socket, &request, NULL, NULL);
}
