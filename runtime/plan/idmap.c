/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps: of a new user namespace, and of idmapped mounts (config-linux.md, User namespace
 * mappings; config.md, Mounts).
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>

bool map_id(const struct oci_id_mapping *maps, size_t count, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (id < maps[i].container_id || id - maps[i].container_id >= maps[i].size)
			continue;
		*ret = maps[i].host_id + (id - maps[i].container_id);
		return true;
	}
	return false;
}

bool plan_host_uid(const struct oci_spec *spec, uint32_t uid, uint32_t *ret)
{
	if (spec->linux->n_uid_mappings)
		return map_id(spec->linux->uid_mappings, spec->linux->n_uid_mappings, uid, ret);
	*ret = uid;
	return !oci_namespace_find(spec->linux, CLONE_NEWUSER);
}

static const struct id_map *copy_maps(
	struct plan *plan, const struct oci_id_mapping *from, size_t count)
{
	struct id_map *maps = arena_array(plan->arena, count, sizeof(*maps));

	for (size_t i = 0; maps && i < count; i++)
		maps[i] = (struct id_map){from[i].container_id, from[i].host_id, from[i].size};
	return maps;
}

static int copy_both(struct plan *plan, struct step_maps *ret,
	const struct oci_id_mapping *uids, size_t n_uids, const struct oci_id_mapping *gids,
	size_t n_gids, struct error *err)
{
	ret->uids = copy_maps(plan, uids, n_uids);
	ret->gids = copy_maps(plan, gids, n_gids);
	ret->n_uids = n_uids;
	ret->n_gids = n_gids;
	return ret->uids && ret->gids ? 0 : no_memory(err);
}

int plan_joined_maps(struct plan *plan, const struct wanted *wanted, struct step_maps *ret,
	struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;

	if (!section->n_uid_mappings && !section->n_gid_mappings)
		return 0;
	return copy_both(plan, ret, section->uid_mappings, section->n_uid_mappings,
		section->gid_mappings, section->n_gid_mappings, err);
}

static bool only_maps(const struct oci_id_mapping *maps, size_t count, uint32_t id)
{
	return count == 1 && maps->size == 1 && maps->host_id == id;
}

/* Without CAP_SETUID and CAP_SETGID the kernel lets us map our own ids and nothing else. */
static bool maps_only_us(const struct wanted *wanted)
{
	const struct oci_linux *section = wanted->spec->linux;

	return only_maps(section->uid_mappings, section->n_uid_mappings, wanted->host->euid) &&
	       only_maps(section->gid_mappings, section->n_gid_mappings, wanted->host->egid);
}

bool denies_setgroups(const struct wanted *wanted)
{
	return !wanted->host->can_set_ids && has_namespace(wanted, CLONE_NEWUSER) &&
	       maps_only_us(wanted);
}

/* A mount that borrows the container's maps waits for the container's user namespace. */
static bool maps_trees(const struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->spec->n_mounts; i++) {
		const struct oci_mount *mount = &wanted->spec->mounts[i];

		if (mount->n_uid_mappings)
			return true;
		for (size_t j = 0; j < mount->n_options; j++)
			if (!strcmp(mount->options[j], "idmap") ||
				!strcmp(mount->options[j], "ridmap"))
				return true;
	}
	return false;
}

static bool needs_mapped(const struct wanted *wanted)
{
	return has_new_namespace(wanted, CLONE_NEWUSER) ||
	       (has_namespace(wanted, CLONE_NEWUSER) && maps_trees(wanted));
}

int plan_idmap(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	uint32_t id;

	if (needs_mapped(wanted) &&
		plan_message(plan, &plan->inside, err, STEP_AWAIT, MESSAGE_MAPPED) < 0)
		return -1;
	if (!has_new_namespace(wanted, CLONE_NEWUSER))
		return 0;
	if (!map_id(section->uid_mappings, section->n_uid_mappings, 0, &id))
		return refuse(err, "linux.uidMappings", "uid 0 of the container is not mapped");
	if (!map_id(section->gid_mappings, section->n_gid_mappings, 0, &id))
		return refuse(err, "linux.gidMappings", "gid 0 of the container is not mapped");

	struct step *step =
		plan_step(plan, &plan->after_clone, err, STEP_MAP_IDS, "linux.uidMappings");

	if (!step)
		return -1;
	step->maps.helpers = !wanted->host->can_set_ids && !maps_only_us(wanted);
	/* Else a member could drop a group that a file's mode shuts out: user_namespaces(7). */
	step->maps.deny_setgroups = denies_setgroups(wanted);
	if (copy_both(plan, &step->maps, section->uid_mappings, section->n_uid_mappings,
		    section->gid_mappings, section->n_gid_mappings, err) < 0)
		return -1;
	return plan_bare(plan, &plan->inside, err, STEP_BECOME_ROOT, "linux.uidMappings");
}

int plan_mapped(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (!needs_mapped(wanted))
		return 0;
	return plan_message(plan, &plan->after_clone, err, STEP_TELL, MESSAGE_MAPPED);
}

static bool same_maps(
	const struct oci_id_mapping *a, size_t n_a, const struct oci_id_mapping *b, size_t n_b)
{
	for (size_t i = 0; n_a == n_b && i < n_a; i++)
		if (a[i].container_id != b[i].container_id || a[i].host_id != b[i].host_id ||
			a[i].size != b[i].size)
			return false;
	return n_a == n_b;
}

int plan_map_tree(struct plan *plan, const struct wanted *wanted, const struct oci_mount *mount,
	int slot, bool recursive, const char *origin, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	bool own = mount->n_uid_mappings || mount->n_gid_mappings;
	bool user = has_namespace(wanted, CLONE_NEWUSER);

	if (!wanted->host->has_mount_setattr)
		return fail(err, 0,
			"idmapped mounts need mount_setattr(2), which this kernel lacks (Linux "
			"5.12 has it)");

	if (wanted->host->euid != 0)
		return fail(err, 0, "only root can idmap a mount");

	/* Kubernetes repeats the container's maps on each mount: no second namespace for those.
	 */
	bool of_container =
		user &&
		(!own || (has_new_namespace(wanted, CLONE_NEWUSER) &&
				 same_maps(mount->uid_mappings, mount->n_uid_mappings,
					 section->uid_mappings, section->n_uid_mappings) &&
				 same_maps(mount->gid_mappings, mount->n_gid_mappings,
					 section->gid_mappings, section->n_gid_mappings)));
	struct step *step = plan_step(plan, of_container ? &plan->after_clone : &plan->outside,
		err, STEP_MAP_TREE, "%s", origin);

	if (!step)
		return -1;
	step->map_tree.slot = slot;
	step->map_tree.recursive = recursive;
	step->map_tree.of_container = of_container;
	if (of_container)
		return 0;
	return copy_both(plan, &step->map_tree.maps, mount->uid_mappings, mount->n_uid_mappings,
		mount->gid_mappings, mount->n_gid_mappings, err);
}
