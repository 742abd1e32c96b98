/* SPDX-License-Identifier: Apache-2.0 */
/* Which systemd makes our cgroups, where it listens, and what its tree offers. */
#include "runtime/host/host.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Our user as the host knows it: the manager belongs to that one. In a user namespace the first
 * id map that has our uid says it; 65534 (nobody) when none does.
 */
static unsigned int outer_uid(const struct host *host)
{
	char text[4096];
	ssize_t length = file_read_small(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text));
	unsigned long inside, outside, size;

	if (!host->in_user_namespace || length < 0)
		return host->euid;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &size) == 3 &&
			host->euid >= inside && host->euid - inside < size)
			return (unsigned int)(outside + (host->euid - inside));
	}
	return 65534;
}

/* What the manager's own cgroup has for those below it. */
static void read_controllers(struct host *host)
{
	unsigned int before = host->controllers;
	char path[4096], text[512];

	snprintf(path, sizeof(path), "%s%s/cgroup.controllers", host->cgroup_mount,
		host->systemd.cgroup);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return;
	host->controllers = host_controllers_parse(text);
	/* Where we are there was nothing to ask: a kernel that can swap also counts it. */
	if (host->controllers & ~before & CONTROLLER_MEMORY)
		host->has_swap_accounting = access("/proc/swaps", F_OK) == 0;
}

static int probe_user(struct host *host, struct arena *arena)
{
	struct systemd *systemd = &host->systemd;
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	unsigned int uid = outer_uid(host);

	if (!runtime || runtime[0] != '/')
		runtime = arena_format(arena, "/run/user/%u", uid);
	if (!runtime)
		return -ENOMEM;
	systemd->user = true;
	systemd->private_socket = arena_format(arena, "%s/systemd/private", runtime);
	systemd->bus = address && *address ? arena_text(arena, address)
					   : arena_format(arena, "unix:path=%s/bus", runtime);
	systemd->cgroup =
		arena_format(arena, "/user.slice/user-%u.slice/user@%u.service", uid, uid);
	if (!systemd->private_socket || !systemd->bus || !systemd->cgroup)
		return -ENOMEM;
	return 0;
}

int host_probe_systemd(struct host *host, struct arena *arena, struct error *err)
{
	struct systemd *systemd = &host->systemd;
	struct stat info;

	*systemd = (struct systemd){.cgroup = ""};
	systemd->booted = lstat("/run/systemd/system", &info) == 0 && S_ISDIR(info.st_mode);
	if (!systemd->booted)
		return 0;
	if (host->euid == 0 && !host->in_user_namespace) {
		systemd->private_socket = "/run/systemd/private";
		systemd->bus = "unix:path=/run/dbus/system_bus_socket";
	} else if (probe_user(host, arena) < 0) {
		return fail(err, ENOMEM, "look for systemd");
	}
	read_controllers(host);
	return 0;
}
