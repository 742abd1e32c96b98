/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver by files: make a cgroup, its parents and their controllers (cgroup-v2.rst,
 * "Organizing Processes and Threads", "Controlling Controllers").
 */
#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* How often to begin again when a parent vanishes: another container's end, or its undo. */
enum { TRIES = 64 };

static bool is_gone(int code)
{
	return code == ENOENT || code == ENODEV;
}

static int fail_to_make(const struct host *host, int code, const char *path, struct error *err)
{
	if ((code == EACCES || code == EPERM || code == EROFS) &&
		(host->euid != 0 || host->in_user_namespace))
		return fail(err, code,
			"make cgroup \"%s\": rootless needs no limits + no cgrouppath when no "
			"permission is granted for cgroups",
			path);
	return fail(err, code, "make cgroup \"%s\"", path);
}

/* Open the component NAME of a path below DIR, made when missing; counts what was made. */
static int open_or_make(int dir, const char *name, int *created)
{
	int fd = files_open(dir, name, O_PATH | O_DIRECTORY);

	if (fd != -ENOENT)
		return fd;

	int made = SYS_RESULT(mkdirat(dir, name, 0755));

	if (made < 0 && made != -EEXIST)
		return made;
	fd = files_open(dir, name, O_PATH | O_DIRECTORY);
	if (fd < 0 && made == 0)
		(void)unlinkat(dir, name, AT_REMOVEDIR); /* undo starts from what is open */
	else
		*created = made == 0 ? *created + 1 : 0;
	return fd;
}

/* Take the next component of *REST into NAME: false at the end. */
static bool next_component(const char **rest, char name[NAME_MAX + 1])
{
	size_t length;

	*rest += strspn(*rest, "/");
	length = strcspn(*rest, "/");
	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(name, *rest, length);
	name[length] = '\0';
	*rest += length;
	return true;
}

static int open_parent(int mount, const char *path, int *created)
{
	int AUTO_FD dir = files_open(mount, path, O_PATH | O_DIRECTORY);
	char name[NAME_MAX + 1];
	const char *rest = path;

	if (dir != -ENOENT)
		return take_fd(&dir);
	dir = files_open(mount, "", O_PATH | O_DIRECTORY);
	while (dir >= 0 && next_component(&rest, name)) {
		int next = open_or_make(dir, name, created);

		fd_close(&dir);
		dir = next;
	}
	return take_fd(&dir);
}

static unsigned int enabled_in(int dir)
{
	char text[512];

	if (files_read(dir, "cgroup.subtree_control", text, sizeof(text)) < 0)
		return 0;
	return host_controllers_parse(text);
}

/* "+memory +pids" in one write: the mask is in BUFFER as text. */
static size_t controllers_text(unsigned int mask, char buffer[256])
{
	size_t used = 0;

	for (const struct controller_name *row = host_controllers; row->name; row++)
		if (mask & row->bit)
			used += (size_t)snprintf(
				buffer + used, 256 - used, "%s+%s", used ? " " : "", row->name);
	return used;
}

/* 1, 0, or a negative errno when DIR is gone. */
static int is_available(int dir, unsigned int bit)
{
	char text[512];
	ssize_t got = files_read(dir, "cgroup.controllers", text, sizeof(text));

	return got < 0 ? (int)got : (host_controllers_parse(text) & bit) != 0;
}

static int fail_to_enable(int code, const struct controller_name *controller, int dir,
	const char *path, int depth, struct error *err)
{
	static const struct {
		int code;
		const char *why;
	} rows[] = {
		{EBUSY, ": it has processes of its own, and a cgroup has either those or "
			"controllers for its children (no internal processes)"},
		{EOPNOTSUPP, ": it is threaded"},
		/* CONFIG_RT_GROUP_SCHED: real-time processes outside of the root cgroup. */
		{EINVAL, ": are there real-time processes?"},
	};
	const char *of = path + strspn(path, "/"), *why = "";
	int length = 0, available = is_available(dir, controller->bit);

	/* The first DEPTH components: which of the ancestors refused. */
	for (; depth > 0; depth--) {
		length += (int)strspn(of + length, "/");
		length += (int)strcspn(of + length, "/");
	}
	/* A name the kernel does not know is EINVAL, one that the parent does not give ENOENT.
	 */
	if ((code == ENOENT || code == EINVAL) && available == 0)
		return fail(err, 0, "controller \"%s\" not available in cgroup \"/%.*s\"",
			controller->name, length, of);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].code == code)
			why = rows[i].why;
	if (available < 0)
		code = -available;
	return fail(err, code, "enable controller \"%s\" below cgroup \"/%.*s\"%s",
		controller->name, length, of, why);
}

struct enabling {
	unsigned int target; /* shrinks by what an ancestor refused */
	unsigned int wanted; /* must not be refused */
	const char *path;
	struct error *err;
};

/* Does the kernel refuse the cgroup, whichever controller it is? */
static bool is_about_cgroup(int code)
{
	return code == EBUSY || code == EOPNOTSUPP || code == EACCES || code == EPERM ||
	       code == EROFS;
}

/* In one ancestor, DEPTH components below the mount. */
static int enable_in(struct enabling *enabling, int dir, int depth)
{
	unsigned int missing = enabling->target & ~enabled_in(dir);
	char text[256];
	size_t length = controllers_text(missing, text);
	int all = missing ? -files_write(dir, "cgroup.subtree_control", text, length) : 0;

	if (all == 0)
		return 0;
	if (is_about_cgroup(all)) {
		enabling->target &= ~missing | enabling->wanted;
		missing &= enabling->wanted;
	}
	/* Else one refused controller hid the others. */
	for (const struct controller_name *row = host_controllers; row->name; row++) {
		if (!(missing & row->bit))
			continue;
		length = controllers_text(row->bit, text);

		/*
		 * A cgroup with processes takes cpu, cpuset and pids if asked for those alone,
		 * and turns into a threaded domain by that: never to somebody else's.
		 */
		int code = all == EBUSY
				   ? EBUSY
				   : -files_write(dir, "cgroup.subtree_control", text, length);

		if (code == 0)
			continue;
		if (enabling->wanted & row->bit)
			return fail_to_enable(
				code, row, dir, enabling->path, depth, enabling->err);
		enabling->target &= ~row->bit;
	}
	return 0;
}

/*
 * Enable what is wanted in every ancestor, and for the statistics whatever else there is. What
 * the parent has enabled its ancestors have, so that one read is all it takes mostly. In the
 * hybrid layout the resources are cgroup v1's: nothing but what is wanted is touched.
 */
static int enable_controllers(int mount, int parent, const char *path, unsigned int others,
	unsigned int wanted, struct error *err)
{
	struct enabling enabling = {wanted | others, wanted, path, err};
	const char *rest = path;
	char name[NAME_MAX + 1];
	int depth = 0;

	if (!(enabling.target & ~(enabling.target ? enabled_in(parent) : 0)))
		return 0;

	int AUTO_FD dir = files_open(mount, "", O_PATH | O_DIRECTORY);

	while (dir >= 0) {
		if (enable_in(&enabling, dir, depth++) < 0)
			return -1;
		if (!next_component(&rest, name))
			return 0;

		int next = files_open(dir, name, O_PATH | O_DIRECTORY);

		fd_close(&dir);
		dir = next;
	}
	return fail(err, -dir, "open cgroup \"/%s\"", path);
}

/* The controllers that work only on whole processes: cgroup-v2.rst, "Threads". */
enum {
	DOMAIN_CONTROLLERS = CONTROLLER_IO | CONTROLLER_MEMORY | CONTROLLER_HUGETLB |
			     CONTROLLER_RDMA | CONTROLLER_MISC | CONTROLLER_DMEM
};

int cgroup_clone_refused(const struct cgroup *cgroup, int code, struct error *err)
{
	bool domain = cgroup->wanted & DOMAIN_CONTROLLERS;
	char type[64];

	if (code == EBUSY)
		return fail(err, code,
			"enter cgroup \"%s\": it has controllers for its children, so it can "
			"have "
			"no processes of its own (no internal processes)",
			cgroup->path);
	if (code != EOPNOTSUPP || files_read(cgroup->fd, "cgroup.type", type, sizeof(type)) < 0)
		return fail(err, code, "clone into cgroup \"%s\"", cgroup->path);
	type[strcspn(type, "\n")] = '\0';
	if (!strcmp(type, "domain invalid") && !domain)
		return cgroup_write(cgroup, "cgroup.type", "threaded", err);
	return fail(err, domain ? 0 : code, "cannot enter cgroupv2 \"%s\"%s -- it is in %s",
		cgroup->path, domain ? " with domain controllers" : "",
		!strcmp(type, "domain invalid") ? "an invalid state"
		: !strcmp(type, "threaded")	? "threaded mode"
						: type);
}

/* Is the parent of PATH our own cgroup or above it? Then it is not frozen: we run. */
static bool is_above_us(const struct host *host, const char *path)
{
	size_t parent = (size_t)(strrchr(path, '/') - path);

	return parent == 0 ||
	       (host->own_cgroup && !strncmp(host->own_cgroup, path, parent) &&
		       (host->own_cgroup[parent] == '/' || !host->own_cgroup[parent]));
}

/* Frozen by itself or by an ancestor: a process born here would never run. */
static int check_events(const struct cgroup *cgroup, struct error *err)
{
	int AUTO_FD fd = files_open(cgroup->fd, "cgroup.events", O_RDONLY);
	struct events events;
	size_t count = 0;
	int answer = fd < 0 ? fd : files_read_events(fd, &events);

	if (answer < 0)
		return fail(err, -answer, "read cgroup.events of \"%s\"", cgroup->path);
	if (events.populated && files_count_processes(cgroup->fd, &count) == 0 && count > 0)
		return fail(err, 0, "container's cgroup is not empty: %zu process(es) found",
			count);
	if (events.frozen)
		return fail(err, 0, "container's cgroup unexpectedly frozen");
	return 0;
}

int cgroup_check_free(const struct host *host, const char *path, struct error *err)
{
	struct cgroup cgroup;
	struct error missing;

	if (cgroup_open(&cgroup, host, path, &missing) < 0)
		return 0;

	int done = check_events(&cgroup, err);

	cgroup_close(&cgroup);
	return done;
}

/* The leaf, in its PARENT: 0, -1 with *err, or 1 when the parent has vanished. */
static int make_leaf(struct cgroup *cgroup, const struct host *host, int parent,
	const char *name, struct error *err)
{
	int made = SYS_RESULT(mkdirat(parent, name, 0755));

	if (made < 0 && is_gone(-made))
		return 1;
	if (made < 0 && made != -EEXIST)
		return fail_to_make(host, -made, cgroup->path, err);
	cgroup->fd = files_open(parent, name, O_PATH | O_DIRECTORY);
	if (cgroup->fd < 0) {
		int code = -cgroup->fd;

		cgroup->fd = -1;
		if (made == 0)
			(void)unlinkat(parent, name, AT_REMOVEDIR);
		return fail(err, code, "open cgroup \"%s\"", cgroup->path);
	}
	cgroup->created = made == 0 ? cgroup->created + 1 : 0;
	/* A new one is empty, and frozen only by an ancestor. */
	if (made == 0 && is_above_us(host, cgroup->path))
		return 0;
	return check_events(cgroup, err);
}

/* 0, -1 with *err, or 1 when a parent has vanished. */
static int try_to_create(struct cgroup *cgroup, const struct host *host,
	const char *parent_path, const char *name, struct error *err)
{
	unsigned int others = host->cgroup == CGROUP_UNIFIED ? host->controllers : 0;

	cgroup->created = 0;

	int AUTO_FD parent = open_parent(cgroup->mount, parent_path, &cgroup->created);

	if (parent < 0)
		return is_gone(-parent) ? 1 : fail_to_make(host, -parent, cgroup->path, err);
	if (enable_controllers(
		    cgroup->mount, parent, parent_path, others, cgroup->wanted, err) < 0)
		return is_gone(err->code) ? 1 : -1;
	return make_leaf(cgroup, host, parent, name, err);
}

int cgroup_create(struct cgroup *cgroup, const struct host *host, const char *path,
	unsigned int wanted, struct error *err)
{
	char parent_path[PATH_MAX];
	const char *name;
	int answer = 1;

	*cgroup = (struct cgroup){.fd = -1, .mount = -1, .path = path, .wanted = wanted};
	if (files_split(path, parent_path, &name, err) < 0)
		return -1;
	cgroup->mount = files_open_mount(host, err);
	if (cgroup->mount < 0)
		return -1;
	for (int tries = 0, pause = 0; answer == 1 && tries < TRIES; tries++) {
		if (tries > 0)
			files_pause(&pause);
		answer = try_to_create(cgroup, host, parent_path, name, err);
	}
	if (answer == 0)
		return 0;
	if (answer == 1)
		(void)fail(
			err, ENOENT, "make cgroup \"%s\": its parent is being removed", path);
	if (cgroup->created > 0)
		cgroup_undo(cgroup, 0);
	cgroup_close(cgroup);
	return -1;
}

int cgroup_adopt(struct cgroup *cgroup, const struct host *host, const char *path,
	unsigned int wanted, struct error *err)
{
	char parent_path[PATH_MAX];
	const char *name;

	if (files_split(path, parent_path, &name, err) < 0 ||
		cgroup_open(cgroup, host, path, err) < 0)
		return -1;
	cgroup->wanted = wanted;

	int AUTO_FD parent = files_open(cgroup->mount, parent_path, O_PATH | O_DIRECTORY);
	int result = parent < 0 ? fail(err, -parent, "open cgroup \"/%s\"", parent_path)
				: enable_controllers(
					  cgroup->mount, parent, parent_path, 0, wanted, err);

	if (result < 0)
		cgroup_close(cgroup);
	return result;
}
