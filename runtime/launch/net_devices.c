/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices of the host that become the container's (config-linux.md, Network Devices).
 * A virtual device dies with its network namespace, so a failed create brings each back under
 * its old name, with its addresses: sockets on both sides keep both namespaces alive until
 * then.
 */
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/netlink.h"
#include "runtime/sys/sys.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES_MAX = 256 };

struct moved {
	const char *name; /* on the host */
	char inside[IFNAMSIZ];
	bool was_up;
	struct netlink_address *addresses;
	size_t n_addresses;
};

struct launch_network {
	int host, container;	   /* sockets of both sides */
	int host_ns, container_ns; /* of the namespaces */
	struct moved *moved;
	size_t n_moved;
};

static int open_namespace(struct launch *launch, int slot, int *ret, struct error *err)
{
	char name[32];

	if (slot >= 0) {
		*ret = fcntl(launch->slots[slot], F_DUPFD_CLOEXEC, 3);
	} else {
		snprintf(name, sizeof(name), "%d/ns/net", launch->pid);
		*ret = sys_openat(launch->inside.proc, name, O_RDONLY, 0);
	}
	return *ret < 0 ? fail(err, slot >= 0 ? errno : -*ret,
				  "open the container's network namespace")
			: 0;
}

static int check_other(const struct launch_network *network, struct error *err)
{
	struct stat host, container;

	if (fstat(network->host_ns, &host) < 0 || fstat(network->container_ns, &container) < 0)
		return fail(err, errno, "look at the network namespaces");
	if (host.st_dev == container.st_dev && host.st_ino == container.st_ino)
		return fail(err, 0,
			"the container's network namespace is the runtime's own: there is "
			"nowhere to move a device to");
	return 0;
}

static int get_ready(struct launch *launch, int slot, struct error *err)
{
	struct launch_network *network = launch->network;

	if (network)
		return 0;
	network = arena_alloc(launch->plan->arena, sizeof(*network));
	if (!network)
		return fail(err, ENOMEM, "move network devices");
	*network = (struct launch_network){-1, -1, -1, -1, NULL, 0};
	launch->network = network;
	network->moved = arena_array(
		launch->plan->arena, launch->plan->outside.count, sizeof(*network->moved));
	if (!network->moved)
		return fail(err, ENOMEM, "move network devices");
	network->host_ns = sys_openat(launch->inside.proc, "self/ns/net", O_RDONLY, 0);
	if (network->host_ns < 0)
		return fail(err, -network->host_ns, "open our network namespace");
	if (open_namespace(launch, slot, &network->container_ns, err) < 0 ||
		check_other(network, err) < 0)
		return -1;
	network->host = netlink_open(-1);
	network->container = netlink_open(network->container_ns);
	if (network->host < 0)
		return fail(err, -network->host, "open a netlink socket");
	if (network->container < 0)
		return fail(err, -network->container,
			"open a netlink socket in the container's network");
	return 0;
}

static int read_addresses(
	struct launch *launch, int index, struct moved *moved, struct error *err)
{
	int count;

	moved->addresses =
		arena_array(launch->plan->arena, ADDRESSES_MAX, sizeof(*moved->addresses));
	if (!moved->addresses)
		return fail(err, ENOMEM, "move network devices");
	count = netlink_addresses(
		launch->network->host, index, moved->addresses, ADDRESSES_MAX);
	if (count < 0)
		return fail(err, -count, "read the addresses of \"%s\"", moved->name);
	if (count > ADDRESSES_MAX)
		return fail(err, 0, "\"%s\" has %d addresses, more than %d", moved->name, count,
			ADDRESSES_MAX);
	moved->n_addresses = (size_t)count;
	return 0;
}

/* "eth%d": the first number that is free there, as the kernel does when a device is made. */
static int choose_name(struct launch_network *network, struct moved *moved, const char *pattern)
{
	const char *percent = strchr(pattern, '%');
	struct netlink_device taken;

	for (unsigned int number = 0; number < 1024; number++) {
		if (percent)
			snprintf(moved->inside, sizeof(moved->inside), "%.*s%u%s",
				(int)(percent - pattern), pattern, number, percent + 2);
		else
			snprintf(moved->inside, sizeof(moved->inside), "%s", pattern);

		int done = netlink_find(network->container, moved->inside, &taken);

		if (done < 0)
			return done == -ENODEV ? 0 : done;
		if (!percent)
			break;
	}
	return -EEXIST;
}

/*
 * The kernel moves first, under the old name when that is free there, and renames then: when
 * only the second fails, the device is on the other side all the same.
 */
static int move(struct launch_network *network, struct moved *moved, int index)
{
	int done = netlink_move(network->host, index, moved->inside, network->container_ns);
	struct netlink_device device;

	if (done < 0 && netlink_find(network->host, moved->name, &device) == -ENODEV) {
		snprintf(moved->inside, sizeof(moved->inside), "%s", moved->name);
		network->n_moved++;
	}
	return done;
}

/* What the move has taken: addresses, and that it is up. */
static int revive(
	int socket, const char *name, const struct moved *moved, bool up, struct error *err)
{
	struct netlink_device device;
	int done = netlink_find(socket, name, &device);

	if (done < 0)
		return fail(err, -done, "find \"%s\" where it was moved to", name);
	for (size_t i = 0; i < moved->n_addresses; i++) {
		done = netlink_add_address(socket, device.index, &moved->addresses[i]);
		if (done < 0 && done != -EEXIST)
			return fail(err, -done, "give \"%s\" its address again", name);
	}
	if (up)
		done = netlink_set_up(socket, device.index, true);
	return done < 0 && done != -EEXIST ? fail(err, -done, "set \"%s\" up", name) : 0;
}

int launch_move_device(struct launch *launch, const struct step *step, struct error *err)
{
	struct netlink_device device;
	struct moved *moved;
	int done;

	if (get_ready(launch, step->net_device.slot, err) < 0)
		return -1;
	moved = &launch->network->moved[launch->network->n_moved];
	moved->name = step->net_device.name;
	done = netlink_find(launch->network->host, moved->name, &device);
	if (done < 0)
		return fail(err, -done, "find the network device \"%s\"", moved->name);
	moved->was_up = device.up;
	if (read_addresses(launch, device.index, moved, err) < 0)
		return -1;
	done = choose_name(launch->network, moved, step->net_device.inside);
	if (done == -EEXIST)
		return fail(err, EEXIST, "the container's network has a device \"%s\" already",
			moved->inside);
	if (done == 0)
		done = move(launch->network, moved, device.index);
	if (done < 0)
		return fail(err, -done,
			"move the network device \"%s\" to the container as \"%s\"",
			moved->name, moved->inside);
	launch->network->n_moved++;
	return revive(launch->network->container, moved->inside, moved, true, err);
}

/* Best effort: the error to tell is the one that brought us here. Routes do not come back. */
static void bring_back(const struct launch_network *network, const struct moved *moved)
{
	struct netlink_device device;
	struct error ignored;

	if (netlink_find(network->container, moved->inside, &device) < 0 ||
		netlink_move(network->container, device.index, moved->name, network->host_ns) <
			0)
		return;
	(void)revive(network->host, moved->name, moved, moved->was_up, &ignored);
}

void launch_return_devices(struct launch *launch)
{
	struct launch_network *network = launch->network;

	while (network && network->n_moved)
		bring_back(network, &network->moved[--network->n_moved]);
}

void launch_close_network(struct launch *launch)
{
	struct launch_network *network = launch->network;

	if (!network)
		return;
	fd_close(&network->host);
	fd_close(&network->container);
	fd_close(&network->host_ns);
	fd_close(&network->container_ns);
}
