/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of rtnetlink(7) that moving a network device takes: find it, move it with a new
 * name, read and add its addresses, set it up or down. docs/decisions/050 says why not a
 * library.
 *
 * A socket belongs for ever to the network namespace it was opened in, and keeps that alive: so
 * one function serves both sides of a move. Answers are waited for at most 10 s.
 */
#ifndef MAYFLY_NETLINK_H
#define MAYFLY_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address as ip-address(8) shows it. LOCAL and PEER differ on point-to-point devices only.
 */
struct netlink_address {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix; /* length of the network's part in bits */
	uint32_t flags; /* IFA_F_… that the user had set */
	uint8_t length; /* of the addresses: 4 or 16 bytes */
	bool has_broadcast;
	uint8_t local[16], peer[16], broadcast[16];
};

struct netlink_device {
	int index;
	bool up;
};

/* A socket in the network namespace behind NAMESPACE, or in our own with -1; -errno. The
 * calling process must have one thread: it is in that namespace for the length of the call. */
int netlink_open(int namespace);

/* The device of that name: 0, or -ENODEV and other -errno. */
int netlink_find(int socket, const char *name, struct netlink_device *ret);

/*
 * Move the device INDEX into NAMESPACE and rename it to NAME; it comes out down and without
 * addresses. -EEXIST: the name is taken there, and the device may have moved under its old
 * name. -EINVAL: it cannot leave (lo, a bridge's own device …).
 */
int netlink_move(int socket, int index, const char *name, int namespace);

int netlink_set_up(int socket, int index, bool up);

/*
 * The addresses of the device INDEX that somebody gave it, of global scope: not those of
 * autoconfiguration, which come back by themselves. As many as fit go to RET; answers how many
 * there are, or -errno; -EAGAIN: the addresses of the host change faster than they can be read.
 */
int netlink_addresses(int socket, int index, struct netlink_address *ret, size_t room);

int netlink_add_address(int socket, int index, const struct netlink_address *address);

#endif
