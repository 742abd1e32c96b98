/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that are no binds: made inside by the child, or outside when their source is a path of
 * the host. What the kernel is known to refuse in places gets its second way here; the child
 * never invents one.
 */
#include "runtime/plan/mounts.h"

#include <errno.h>
#include <linux/sched.h>

/* Types that read no path of the host; all others would look theirs up inside the image. */
static const struct type {
	const char *name;
	bool labelled; /* takes context= */
} types[] = {
	{"tmpfs", true},
	{"devpts", true},
	{"proc"},
	{"sysfs"},
	{"mqueue"},
	{"cgroup2"},
	{"ramfs", true},
	{"hugetlbfs", true},
	{"bpf", true},
	{"securityfs"},
	{"debugfs"},
	{"tracefs"},
	{"configfs"},
	{"efivarfs"},
	{"pstore"},
	{"fusectl"},
	{"binfmt_misc"},
	{"devtmpfs"},
	{"selinuxfs"},
	{"9p", true},
	{"virtiofs", true},
	{"nfs", true},
	{"nfs4", true},
	{"cifs", true},
	{"ceph", true},
};

static const struct type *find_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static int add_label(struct plan *plan, const struct wanted *wanted, const struct draft *draft,
	struct step_mount *step, struct error *err)
{
	const char *label = wanted->spec->linux->mount_label;
	const struct type *type = find_type(draft->type);

	if (!label || !wanted->host->has_selinux)
		return 0;
	if (same(draft->type, "mqueue"))
		return plan_warn(plan, err,
			"%s: linux.mountLabel is not set on mqueue, which takes no context",
			draft->origin);
	if (type && !type->labelled)
		return 0;
	/* Quoted, because the categories of a label are separated by commas. */
	bool more = step->data && *step->data;

	step->data = arena_format(plan->arena, "%s%s%s=\"%s\"", more ? step->data : "",
		more ? "," : "", mount_context_type(wanted), label);
	return step->data ? 0 : no_memory(err);
}

static bool has_option(const char *data, const char *name)
{
	size_t length = strlen(name);

	for (; data && *data; data += strcspn(data, ","), data += *data == ',')
		if (strncmp(data, name, length) == 0)
			return true;
	return false;
}

static int bind_otherwise(struct plan *plan, const struct wanted *wanted,
	const struct draft *draft, const char *path, struct step_mount *step, struct error *err)
{
	struct draft host = *draft;

	host.options = (struct oci_mount_options){.recursive = true};
	step->otherwise = OTHERWISE_BIND_HOST;
	/* The host's submounts must not be more writable than the new file system would be. */
	step->set_all |= step->set;
	return plan_open_tree(plan, wanted, &host, path, &step->slot, err);
}

/* What a user namespace makes the kernel refuse: mount_namespaces(7), user_namespaces(7). */
static int plan_otherwise(struct plan *plan, const struct wanted *wanted,
	const struct draft *draft, struct step_mount *step, struct error *err)
{
	if (!in_user_namespace(wanted))
		return 0;
	if (same(draft->type, "devpts") && has_option(step->data, "gid=")) {
		step->otherwise = OTHERWISE_WITHOUT_GID;
		return 0;
	}
	if (!wanted->host->has_mount_setattr)
		return 0;
	if (same(draft->type, "sysfs") && !has_new_namespace(wanted, CLONE_NEWNET) &&
		(step->set & MOUNT_ATTR_RDONLY))
		return bind_otherwise(plan, wanted, draft, "/sys", step, err);
	/* With a pid namespace of its own the host's /proc would show the wrong processes. */
	if (same(draft->type, "proc") && !has_namespace(wanted, CLONE_NEWPID))
		return bind_otherwise(plan, wanted, draft, "/proc", step, err);
	return 0;
}

/* "loop" is mount(8)'s word, not the file system's: an image file gets a loop device without
 * being asked. */
static const char *without_loop(struct arena *arena, const char *data)
{
	char *copy = data ? arena_alloc(arena, strlen(data) + 1) : NULL;
	size_t used = 0;

	if (!copy)
		return NULL;
	for (const char *word = data; *word;) {
		size_t length = strcspn(word, ",");

		if (length != 4 || strncmp(word, "loop", 4) != 0) {
			if (used)
				copy[used++] = ',';
			memcpy(copy + used, word, length);
			used += length;
		}
		word += length + (word[length] == ',');
	}
	return copy;
}

/*
 * Block devices, images, overlay, and whatever we do not know: their source and options may
 * name paths. It is made outside, where the names are the host's, and attached like a bind.
 */
static int plan_host_filesystem(struct plan *plan, const struct wanted *wanted,
	struct draft *draft, const char *source, struct error *err)
{
	const char *data = without_loop(plan->arena, draft->options.data);

	if (draft->options.data && !data)
		return no_memory(err);
	if (wanted->host->euid != 0)
		return refuse(
			err, "type", "only root can mount \"%s\" from the host", draft->type);

	struct step *step =
		plan_step(plan, &plan->outside, err, STEP_OPEN_FILESYSTEM, "%s", draft->origin);
	int slot = plan_slot(plan);

	if (!step)
		return -1;
	step->mount = (struct step_mount){
		.target = draft->mount->destination,
		.type = draft->type,
		.source = source,
		.data = data,
		.slot = slot,
		.superblock = draft->options.set & (OF_SUPERBLOCK | MS_RDONLY),
	};
	if (add_label(plan, wanted, draft, &step->mount, err) < 0)
		return -1;
	step = mount_step(plan, wanted, draft, STEP_ATTACH, err);
	if (!step)
		return -1;
	step->mount.slot = slot;
	return 0;
}

int plan_filesystem(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err)
{
	const struct oci_mount *mount = draft->mount;
	const char *source = mount->source && *mount->source ? mount->source : draft->type;

	if (!find_type(draft->type))
		return plan_host_filesystem(plan, wanted, draft, source, err);

	struct step *step = mount_step(plan, wanted, draft, STEP_MOUNT, err);

	if (!step)
		return -1;
	step->mount.type = draft->type;
	step->mount.source = source;
	step->mount.data = draft->options.data;
	step->mount.clear =
		0; /* a new mount has nothing yet; one of the access times is in set */
	step->mount.superblock = draft->options.set & OF_SUPERBLOCK;
	if (same(draft->type, "tmpfs")) {
		step->mount.keep_mode = !has_option(draft->options.data, "mode=");
		step->mount.copy_up = draft->options.tmpcopyup;
	}
	if (same(draft->type, "tmpfs") || same(mount->destination, "/dev"))
		delay_readonly(&step->mount);
	if (add_label(plan, wanted, draft, &step->mount, err) < 0)
		return -1;
	return plan_otherwise(plan, wanted, draft, &step->mount, err);
}

/*
 * Without a cgroup namespace a new mount of cgroup2 would be the initial one's, and its options
 * would change those of the host's own mount (nsdelegate and the like go away): bind that one.
 */
int plan_cgroup_mount(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err)
{
	struct draft host = *draft;
	int slot;

	draft->type = "cgroup2";
	if (has_namespace(wanted, CLONE_NEWCGROUP) || wanted->host->cgroup == CGROUP_NONE)
		return plan_filesystem(plan, wanted, draft, err);
	host.options.bind = true;
	if (draft->options.data &&
		plan_warn(plan, err,
			"%s: \"%s\" is the host's to say: its cgroup2 mount is bound",
			draft->origin, draft->options.data) < 0)
		return -1;
	if (plan_open_tree(plan, wanted, &host, wanted->host->cgroup_mount, &slot, err) < 0)
		return -1;

	struct step *step = mount_step(plan, wanted, &host, STEP_ATTACH, err);

	if (!step)
		return -1;
	step->mount.slot = slot;
	return 0;
}
