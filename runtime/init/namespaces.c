/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enter namespaces, and set up those that are new and empty: the loopback device, host names,
 * the session keyring.
 */
#include "runtime/init/rooms.h"
#include "runtime/sys/file.h"

#include <linux/if.h>
#include <linux/keyctl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static const char *namespace_name(int type)
{
	static const struct {
		int type;
		const char *name;
	} names[] = {
		{CLONE_NEWUSER, "user"},
		{CLONE_NEWNS, "mount"},
		{CLONE_NEWPID, "pid"},
		{CLONE_NEWNET, "network"},
		{CLONE_NEWIPC, "ipc"},
		{CLONE_NEWUTS, "uts"},
		{CLONE_NEWCGROUP, "cgroup"},
		{CLONE_NEWTIME, "time"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown";
}

/* Id 0 of the user namespace we are in, which has all capabilities there. */
static int become_root(struct init_context *context)
{
	const struct step *user = init_find_step(context, STEP_SET_USER);
	bool keep = user && user->user.skip_setgroups;
	int done = keep ? 0 : sys_setgroups(0, NULL);

	/* EPERM: setgroups is denied here, and a single mapped id cannot give any group away.
	 */
	if (done < 0 && done != -EPERM)
		return init_fail(context, -done, "drop the supplementary groups");
	done = sys_setresgid(0, 0, 0);
	if (done == 0)
		done = sys_setresuid(0, 0, 0);
	if (done < 0)
		return init_fail(context, -done, "become root of the user namespace");
	context->dumpable = false;
	return init_guard(context);
}

int init_become_root(struct init_context *context, const struct step *step)
{
	return become_root(context);
}

/* After setns() to a user namespace, we have its capabilities, and an id when it maps one to 0.
 */
static int become_joined_root(struct init_context *context)
{
	if (become_root(context) == 0)
		return 0;
	return context->err.code == EINVAL ? init_guard(context) : -1;
}

/* The kernel refuses to join the user namespace one is in; asked for by path it is what is
 * wanted. */
static bool is_own_user_namespace(const struct init_context *context, int fd)
{
	struct stat own, other;

	return fstatat(context->proc, "self/ns/user", &own, 0) == 0 && fstat(fd, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* One number of /proc/PID/uid_map, which *TEXT moves behind. */
static uint32_t map_number(const char **text)
{
	uint32_t number = 0;

	while (**text == ' ')
		(*text)++;
	while (**text >= '0' && **text <= '9')
		number = number * 10 + (uint32_t)(*(*text)++ - '0');
	return number;
}

static bool has_map(const struct id_map *maps, size_t count, const struct id_map *map)
{
	for (size_t i = 0; i < count; i++)
		if (maps[i].inside == map->inside && maps[i].outside == map->outside &&
			maps[i].size == map->size)
			return true;
	return false;
}

/* The kernel sorts long maps: the order says nothing. */
static int check_map(
	struct init_context *context, const char *file, const struct id_map *maps, size_t count)
{
	char text[12288]; /* 340 lines of 33 bytes: user_namespaces(7) */
	size_t lines = 0;
	bool same = true;
	ssize_t length = file_read_small(context->proc, file, text, sizeof(text));

	if (length < 0)
		return init_fail(context, (int)-length, "read \"%s\"", file);
	for (const char *at = text; *at; lines++) {
		struct id_map map;

		map.inside = map_number(&at);
		map.outside = map_number(&at);
		map.size = map_number(&at);
		same = same && has_map(maps, count, &map);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (same && lines == count)
		return 0;
	return init_fail(context, 0,
		"user namespaces enabled, but both namespace path and non-matching mapping "
		"specified");
}

static int check_maps(struct init_context *context, const struct step_maps *maps)
{
	if (!maps->n_uids && !maps->n_gids)
		return 0;
	if (check_map(context, "self/uid_map", maps->uids, maps->n_uids) < 0)
		return -1;
	return check_map(context, "self/gid_map", maps->gids, maps->n_gids);
}

static int join_one(struct init_context *context, const struct step_namespace *namespace)
{
	int fd = context->slots[namespace->slot];
	int done = sys_setns(fd, namespace->type);

	if (done == -EINVAL && namespace->type == CLONE_NEWUSER &&
		is_own_user_namespace(context, fd))
		return 0;
	if (done == 0 && namespace->type == CLONE_NEWUSER && become_joined_root(context) < 0)
		return -1;
	if (done < 0)
		return init_fail(context, -done, "join the %s namespace",
			namespace_name(namespace->type));
	return 0;
}

/*
 * Which namespaces belong to the user namespace that is joined, and which to ours, is not
 * known: what can be joined before is, the rest after it.
 */
static int join_list(struct init_context *context, const struct step_join *join)
{
	uint64_t left = 0;
	bool user = false;

	for (size_t i = 0; i < join->n_namespaces; i++) {
		const struct step_namespace *namespace = &join->namespaces[i];

		if (namespace->type == CLONE_NEWUSER) {
			user = true;
			continue;
		}
		if (join_one(context, namespace) == 0)
			continue;
		if (context->err.code != EPERM)
			return -1;
		left |= (uint64_t) namespace->type;
	}
	if (left && !user)
		return -1;
	for (size_t i = 0; i < join->n_namespaces; i++)
		if (join->namespaces[i].type == CLONE_NEWUSER &&
			(join_one(context, &join->namespaces[i]) < 0 ||
				check_maps(context, &join->maps) < 0))
			return -1;
	for (size_t i = 0; i < join->n_namespaces; i++)
		if ((left & (uint64_t)join->namespaces[i].type) &&
			join_one(context, &join->namespaces[i]) < 0)
			return -1;
	return 0;
}

int init_join(struct init_context *context, const struct step *step)
{
	const struct step_join *join = &step->join;

	if (join->pidfd_slot < 0)
		return join_list(context, join);
	if (join->mask == 0)
		return 0;

	/* All or none, in one call: no moment in which the container sees half of us. */
	int done = sys_setns(context->slots[join->pidfd_slot], (int)join->mask);

	if (done < 0)
		return init_fail(context, -done, "join the container's namespaces");
	return join->mask & CLONE_NEWUSER ? become_joined_root(context) : 0;
}

int init_unshare(struct init_context *context, const struct step *step)
{
	int done = sys_unshare((int)step->unshare.flags);

	if (done < 0)
		return init_fail(context, -done, "unshare namespaces %#x",
			(unsigned int)step->unshare.flags);
	return 0;
}

int init_write_self(struct init_context *context, const struct step *step)
{
	char path[256];
	int done;

	snprintf(path, sizeof(path), "self/%s", step->file.path);
	done = path_write_knob(context->proc, path, step->file.text, FS_PROC);
	if (done == 0 || (done == -ENOENT && step->file.optional))
		return 0;
	return init_fail(context, -done, "write \"%s\" to /proc/self/%s", step->file.text,
		step->file.path);
}

int init_prepare_fork(struct init_context *context)
{
	int done = SYS_RESULT(pipe2(context->fork_gate, O_CLOEXEC));

	return done < 0 ? init_fail(context, -done, "make a pipe") : 0;
}

/* With CLONE_PARENT the exit signal is the one that the runtime asked for at our own clone. */
static pid_t fork_sibling(const struct init_context *context, uint64_t flags)
{
	struct clone_args args = {.flags = flags | CLONE_PARENT | CLONE_CLEAR_SIGHAND};

	/* A profile may be older than clone3(2), kill for it, or be without it because it
	 * cannot look at the flags. CLOSE_FDS sees to the signals. */
	return context->filtered ? sys_clone(flags | CLONE_PARENT) : sys_clone3(&args);
}

int init_fork(struct init_context *context, const struct step *step)
{
	int *gate = context->fork_gate;

	if (gate[0] < 0 && init_prepare_fork(context) < 0)
		return -1;

	pid_t pid = fork_sibling(context, step->clone.flags);

	if (pid < 0)
		return init_fail(context, -pid, "clone the container's process%s",
			context->filtered ? " under linux.seccomp, without noNewPrivileges"
					  : "");
	if (pid == 0) {
		char none;

		/* "forked" is the first that the runtime hears, however late its sender runs:
		 * what ends the wait is the sender's end. */
		fd_close(&gate[1]);
		(void)sys_read(gate[0], &none, 1);
		fd_close(&gate[0]);
		context->forked = true;
		return init_guard(context);
	}
	(void)channel_tell(
		context->channel, MESSAGE_FORKED, pid, -1); /* no one: both of us end */
	_exit(0);
}

int init_loopback_up(struct init_context *context, const struct step *step)
{
	/* Any socket will do for this ioctl, and AF_UNIX needs no IPv4 in the kernel. */
	int AUTO_FD fd = SYS_RESULT(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = {.ifr_name = "lo"};

	if (fd < 0)
		return init_fail(context, -fd, "open a socket");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return init_fail(context, errno, "find the loopback device");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return init_fail(context, errno, "bring the loopback device up");
	return 0;
}

int init_hostname(struct init_context *context, const struct step *step)
{
	if (sethostname(step->text, strlen(step->text)) < 0)
		return init_fail(context, errno, "set the hostname \"%s\"", step->text);
	return 0;
}

int init_domainname(struct init_context *context, const struct step *step)
{
	if (setdomainname(step->text, strlen(step->text)) < 0)
		return init_fail(context, errno, "set the domain name \"%s\"", step->text);
	return 0;
}

/*
 * Always an anonymous one, also for exec: one with a name is joined, or made before us with
 * keys in it, by any process of the same user in any container of the same user namespace.
 */
int init_join_keyring(struct init_context *context, const struct step *step)
{
	long keyring = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0);

	/* A host that filters keyctl(), such as another container, shares no keyring either. */
	if (keyring < 0 && keyring != -ENOSYS && keyring != -EPERM)
		return init_fail(context, (int)-keyring, "join a session keyring");
	return 0;
}
