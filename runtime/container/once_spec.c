/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to a spec: the template or the bundle is read as any config.json is, and what
 * the request says is put over it. Everything is checked before anything is made.
 */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/path.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char default_template[] = "strict";

/* ---- where it comes from ---- */

static int read_template(struct once *once, const char *name, struct error *err)
{
	struct birth *birth = &once->birth;
	struct arena *arena = &birth->operation.arena;

	if (once_read_template(name, arena, &birth->config, &birth->config_length, err) < 0)
		return -1;
	if (oci_spec_parse(birth->config, birth->config_length, arena, &birth->spec, err) < 0) {
		error_while(err, "the template \"%s\"", name);
		return -1;
	}
	return 0;
}

/* The root is given as a path of the host: of the image nothing else is asked. */
static int set_root(struct once *once, struct error *err)
{
	struct birth *birth = &once->birth;
	const char *rootfs = once->request->rootfs;
	char *absolute = realpath(rootfs, NULL);
	struct stat info;

	if (!absolute)
		return fail(err, errno, "--rootfs \"%s\"", rootfs);
	birth->spec->root->path = arena_text(&birth->operation.arena, absolute);
	free(absolute);
	if (!birth->spec->root->path)
		return fail(err, ENOMEM, "read the request");
	if (stat(birth->spec->root->path, &info) < 0 || !S_ISDIR(info.st_mode))
		return fail(err, ENOTDIR, "--rootfs \"%s\"", rootfs);
	birth->request.bundle = birth->spec->root->path;
	return 0;
}

static int read_base(struct once *once, struct error *err)
{
	const struct oci_request *request = once->request;
	const struct mayfly_create create = {.size = sizeof(create), .bundle = request->bundle};

	if (request->bundle && (request->template || request->rootfs))
		return fail(err, 0,
			"a bundle has its own configuration and root: neither --template nor "
			"--rootfs may stand beside --bundle");
	if (request->bundle)
		return birth_read(&once->birth, &create, err);
	if (!request->rootfs)
		return fail(
			err, 0, "no root file system was given: --rootfs DIR, or --bundle DIR");
	if (read_template(once, request->template ? request->template : default_template, err) <
		0)
		return -1;
	return set_root(once, err);
}

/* ---- the program ---- */

static int set_environment(struct once *once, struct oci_process *process, struct error *err)
{
	const struct oci_request *request = once->request;
	struct arena *arena = &once->birth.operation.arena;
	const char **env =
		arena_array(arena, process->n_env + request->n_env + 1, sizeof(*env));

	if (!env)
		return fail(err, ENOMEM, "read the request");
	for (size_t i = 0; i < process->n_env; i++)
		env[i] = process->env[i];
	for (size_t i = 0; i < request->n_env; i++) {
		const struct oci_pair *pair = &request->env[i];

		if (!*pair->key || strchr(pair->key, '='))
			return fail(err, 0, "env: \"%.100s\" is no name", pair->key);
		env[process->n_env] = arena_format(arena, "%s=%s", pair->key, pair->value);
		if (!env[process->n_env++])
			return fail(err, ENOMEM, "read the request");
	}
	process->env = env;
	return 0;
}

static int set_program(struct once *once, struct error *err)
{
	const struct oci_request *request = once->request;
	struct oci_process *process = once->birth.spec->process;

	if (!process)
		return fail(err, 0, "process: must be set to start a program");
	if (process->terminal) {
		error_set(err, 0,
			"must be false: mayfly once passes its own descriptors through");
		return fail_in(err, "process.terminal");
	}
	if (request->n_args) {
		process->args = request->args;
		process->n_args = request->n_args;
	} else if (!request->bundle) {
		return fail(err, 0, "no program was given: -- PROGRAM [ARGUMENT...]");
	}
	if (request->cwd && request->cwd[0] != '/')
		return fail(err, 0, "cwd: \"%.100s\" is not an absolute path", request->cwd);
	if (request->cwd)
		process->cwd = request->cwd;
	return set_environment(once, process, err);
}

/* ---- isolation ---- */

static void drop_namespace(struct oci_linux *section, uint32_t type)
{
	size_t kept = 0;

	for (size_t i = 0; i < section->n_namespaces; i++)
		if (section->namespaces[i].type != type)
			section->namespaces[kept++] = section->namespaces[i];
	section->n_namespaces = kept;
}

static int add_namespace(struct once *once, uint32_t type, const char *path, struct error *err)
{
	struct oci_linux *section = once->birth.spec->linux;
	struct oci_namespace *longer =
		arena_grow(&once->birth.operation.arena, section->namespaces,
			section->n_namespaces, section->n_namespaces + 1, sizeof(*longer));

	if (!longer)
		return fail(err, ENOMEM, "read the request");
	longer[section->n_namespaces++] = (struct oci_namespace){.type = type, .path = path};
	section->namespaces = longer;
	return 0;
}

static int set_net(struct once *once, struct error *err)
{
	const char *net = once->request->net;

	if (!net)
		return 0;
	drop_namespace(once->birth.spec->linux, CLONE_NEWNET);
	if (strcmp(net, "host") == 0)
		return 0;
	if (strcmp(net, "none") == 0)
		return add_namespace(once, CLONE_NEWNET, NULL, err);
	if (net[0] != '/')
		return fail(err, 0,
			"invalid value \"%.100s\" for --net: not none, host, or the absolute "
			"path of a network namespace",
			net);
	return add_namespace(once, CLONE_NEWNET, net, err);
}

static const char *annotation(const struct oci_spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->n_annotations; i++)
		if (strcmp(spec->annotations[i].key, key) == 0)
			return spec->annotations[i].value;
	return NULL;
}

static int map_ids(struct once *once, uint32_t first, uint32_t first_gid, uint32_t count,
	struct error *err)
{
	struct oci_linux *section = once->birth.spec->linux;
	struct oci_id_mapping *maps =
		arena_array(&once->birth.operation.arena, 2, sizeof(*maps));

	if (!maps)
		return fail(err, ENOMEM, "map the user ids");
	maps[0] = (struct oci_id_mapping){.host_id = first, .size = count};
	maps[1] = (struct oci_id_mapping){.host_id = first_gid, .size = count};
	section->uid_mappings = &maps[0];
	section->gid_mappings = &maps[1];
	section->n_uid_mappings = section->n_gid_mappings = 1;
	return 0;
}

/*
 * dev.mayfly.ids: private. Its own ids for every container, because the kernel counts much
 * (processes, keys, pipes, inotify) for each user. Without root there is only the caller's.
 */
static int set_ids(struct once *once, struct error *err)
{
	struct birth *birth = &once->birth;
	struct oci_process *process = birth->spec->process;
	const char *ids = annotation(birth->spec, "dev.mayfly.ids");
	uint32_t first;

	if (!ids)
		return 0;
	if (strcmp(ids, "private") != 0)
		return fail(err, 0, "annotations[dev.mayfly.ids]: \"%.60s\" is not \"private\"",
			ids);
	if (geteuid() != 0) {
		process->user.uid = process->user.gid = 0;
		return map_ids(once, geteuid(), getegid(), 1, err);
	}
	if (store_open(&birth->operation.store, once->global, true, &birth->operation.arena,
		    err) < 0 ||
		once_take_ids(&birth->operation.store, &once->ids, &first, err) < 0)
		return -1;
	return map_ids(once, first, first, ONCE_IDS, err);
}

/* Two requests for one bundle at a time must not meet in one cgroup. */
static int set_cgroup(struct once *once, struct error *err)
{
	struct oci_linux *section = once->birth.spec->linux;

	if (!section->cgroups_path)
		return 0;
	section->cgroups_path = arena_format(
		&once->birth.operation.arena, "%s-%s", section->cgroups_path, once->id);
	return section->cgroups_path ? 0 : fail(err, ENOMEM, "read the request");
}

/* ---- where the template's file systems go ---- */

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return strncmp(path, above, length) == 0 && (path[length] == '/' || !path[length]);
}

/* Below a mount that comes before it: then the image is not asked. */
static bool is_covered(const struct oci_spec *spec, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (is_below(spec->mounts[number].destination, spec->mounts[i].destination))
			return true;
	return false;
}

/* May the container's root make a directory in one that is like INFO? */
static bool may_make(const struct oci_spec *spec, const struct stat *info)
{
	const struct oci_linux *section = spec->linux;

	if (!oci_namespace_find(section, CLONE_NEWUSER) || info->st_mode & S_IWOTH)
		return true;
	for (size_t i = 0; i < section->n_uid_mappings; i++) {
		const struct oci_id_mapping *map = &section->uid_mappings[i];

		if (info->st_uid >= map->host_id && info->st_uid - map->host_id < map->size)
			return true;
	}
	return false;
}

/*
 * A first root is often only a program. With ids of its own the container cannot make the
 * directories that are missing, and we do not write into the caller's: all of them are told.
 */
static int check_places(struct once *once, struct error *err)
{
	const struct oci_spec *spec = once->birth.spec;
	struct arena *arena = &once->birth.operation.arena;
	const char *root = spec->root->path, *missing = "";
	int AUTO_FD dir = sys_openat(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);
	struct stat info;

	if (dir < 0 || fstat(dir, &info) < 0)
		return fail(err, dir < 0 ? -dir : errno, "--rootfs \"%s\"", root);
	if (may_make(spec, &info))
		return 0;
	for (size_t i = 0; i < spec->n_mounts && missing; i++) {
		const char *place = spec->mounts[i].destination;
		struct error ignored;
		int AUTO_FD found = -1;

		if (is_covered(spec, i))
			continue;
		found = path_open(dir, place, PATH_ANY, 0, &ignored);
		if (found < 0 && ignored.code == ENOENT)
			missing = arena_format(arena, "%s %s%s", missing, root, place);
	}
	if (!missing)
		return fail(err, ENOMEM, "read the request");
	return *missing ? fail(err, 0,
				  "the root file system lacks directories to mount on, and the "
				  "container may not make them: mkdir -p%s",
				  missing)
			: 0;
}

/* ---- limits ---- */

static int merge_limits(struct once *once, struct error *err)
{
	const struct oci_request *request = once->request;
	struct oci_limits ceiling = {0};
	const char *over;

	/* Without a name, "strict" is how it is shut in, and the limits are what was asked. */
	if ((request->template || request->bundle) &&
		once_read_annotations(once->birth.spec, &ceiling, err) < 0)
		return -1;
	once->limits = request->limits;
	oci_limits_tighten(&once->limits, &ceiling, &over);
	once->asked = once->limits;
	if (over)
		return fail(err, 0,
			"limits.%s: more than the %s allows; a request can only ask for less",
			over, request->bundle ? "bundle" : "template");
	return 0;
}

static void set_policies(struct once *once)
{
	const struct oci_on *on = &once->request->on;

	once->pids_kill = on->pids.set && on->pids.value == ON_LIMIT_KILL;
	once->syscalls_recorded = on->syscall.set && on->syscall.value == ON_LIMIT_RECORD;
	once->oom_group = !on->oom.set || on->oom.value == ON_OOM_GROUP;
	once->result.on_output =
		on->output.set ? (enum on_output)on->output.value : ON_OUTPUT_KILL;
}

static int set_calls(struct once *once)
{
	struct oci_seccomp *seccomp = once->birth.spec->linux->seccomp;

	once->birth.keep_listener = seccomp && once_watch_calls(seccomp);
	return 0;
}

/* The first process of a pid namespace hears no signal that it does not handle, not even its
 * own: abort() would be a segmentation fault, and a deadline's SIGTERM nothing. */
static void set_reaper(struct once *once)
{
	const struct oci_namespace *pid =
		oci_namespace_find(once->birth.spec->linux, CLONE_NEWPID);

	once->birth.request.reaper = pid && !pid->path;
}

int once_read_spec(struct once *once, struct error *err)
{
	set_policies(once);
	if (read_base(once, err) < 0)
		return -1;
	set_reaper(once);
	if (set_program(once, err) < 0 || set_net(once, err) < 0 || set_ids(once, err) < 0 ||
		set_cgroup(once, err) < 0 || merge_limits(once, err) < 0 ||
		once_put_limits(once, err) < 0)
		return -1;
	if (!once->request->bundle && check_places(once, err) < 0)
		return -1;
	return set_calls(once);
}
