/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev: the devices every container has, those that are asked for, and the links programs
 * expect (config-linux.md, Default Devices, Devices; runtime-linux.md, Dev symbolic links).
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

static const struct step_device default_devices[] = {
	{"/dev/null", S_IFCHR, 1, 3, 0666},
	{"/dev/zero", S_IFCHR, 1, 5, 0666},
	{"/dev/full", S_IFCHR, 1, 7, 0666},
	{"/dev/random", S_IFCHR, 1, 8, 0666},
	{"/dev/urandom", S_IFCHR, 1, 9, 0666},
	{"/dev/tty", S_IFCHR, 5, 0, 0666},
};

static const struct {
	const char *path, *target;
} links[] = {
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
};

/* Device nodes do not work in a user namespace, so there the host's own node is bound. */
static int plan_device(struct plan *plan, const struct wanted *wanted,
	const struct step_device *device, const char *origin, struct error *err)
{
	bool bind = device->type != S_IFIFO &&
		    (in_user_namespace(wanted) || !wanted->host->can_mknod);
	struct step *step;
	int slot = -1;

	if (bind) {
		step = plan_step(
			plan, plan_sources(plan, wanted), err, STEP_OPEN_DEVICE, "%s", origin);
		if (!step)
			return -1;
		step->device = *device;
		slot = step->device.slot = plan_slot(plan);
	}
	step = plan_step(plan, &plan->inside, err, bind ? STEP_BIND_DEVICE : STEP_MAKE_DEVICE,
		"%s", origin);
	if (!step)
		return -1;
	step->device = *device;
	step->device.slot = slot;
	return 0;
}

static bool is_asked(const struct oci_linux *section, const char *path)
{
	for (size_t i = 0; i < section->n_devices; i++)
		if (strcmp(section->devices[i].path, path) == 0)
			return true;
	return false;
}

static int plan_asked(
	struct plan *plan, const struct wanted *wanted, size_t i, struct error *err)
{
	const struct oci_device *asked = &wanted->spec->linux->devices[i];
	const struct step_device device = {
		.path = asked->path,
		.type = asked->type == 'p'   ? S_IFIFO
			: asked->type == 'b' ? S_IFBLK
					     : S_IFCHR,
		.major = asked->major,
		.minor = asked->minor,
		.mode = asked->file_mode.set ? asked->file_mode.value & 0777 : 0666,
		.uid = asked->uid.set ? asked->uid.value : 0,
		.gid = asked->gid.set ? asked->gid.value : 0,
	};
	const char *origin = arena_format(plan->arena, "linux.devices[%zu]", i);

	/* The host's would open the host's terminals; it becomes a link below. */
	if (strcmp(asked->path, "/dev/ptmx") == 0)
		return 0;
	return origin ? plan_device(plan, wanted, &device, origin, err) : no_memory(err);
}

static int plan_links(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_mount *pts = mount_at(wanted, "/dev/pts");

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (plan_file(plan, &plan->inside, err, STEP_SYMLINK, links[i].path,
			    links[i].target, "default links") < 0)
			return -1;
	/* runc makes it, where the kernel has one; the default masked paths hide what it leads
	 * to. */
	if (wanted->host->has_kcore && plan_file(plan, &plan->inside, err, STEP_SYMLINK,
					       "/dev/core", "/proc/kcore", "default links") < 0)
		return -1;
	if (!pts || is_bind(pts) || !pts->type || strcmp(pts->type, "devpts") != 0)
		return 0;
	return plan_file(plan, &plan->inside, err, STEP_REPLACE_SYMLINK, "/dev/ptmx",
		"pts/ptmx", "default links");
}

int plan_devices(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	const struct oci_mount *dev = mount_at(wanted, "/dev");

	if (section->n_devices && !has_namespace(wanted, CLONE_NEWNS))
		return refuse(err, "linux.devices",
			"unable to make devices without a private mount namespace");
	/* What is bound on /dev is the host's: nothing is made or removed there. */
	if (!has_namespace(wanted, CLONE_NEWNS) || (dev && is_bind(dev)))
		return 0;
	for (size_t i = 0; i < sizeof(default_devices) / sizeof(*default_devices); i++)
		if (!is_asked(section, default_devices[i].path) &&
			plan_device(plan, wanted, &default_devices[i], "default devices", err) <
				0)
			return -1;
	for (size_t i = 0; i < section->n_devices; i++)
		if (plan_asked(plan, wanted, i, err) < 0)
			return -1;
	return plan_links(plan, wanted, err);
}
