/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules between fields of different objects, one row each. Rules inside one object are next to
 * its table, in the file of that object.
 */
#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static bool ranges_overlap(
	uint32_t first, uint32_t second, uint32_t first_size, uint32_t second_size)
{
	return first < (uint64_t)second + second_size && second < (uint64_t)first + first_size;
}

int check_id_mappings(const struct oci_id_mapping *mappings, size_t count, struct error *err)
{
	if (count > OCI_ID_MAPPINGS_MAX)
		return fail(err, 0, "%zu lines are more than the kernel's %d", count,
			OCI_ID_MAPPINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct oci_id_mapping *one = &mappings[i];

		if (one->size == 0) {
			(void)fail(err, 0, "the size is 0");
			return fail_in(err, "[%zu]", i);
		}
		if ((uint64_t)one->container_id + one->size > UINT32_MAX ||
			(uint64_t)one->host_id + one->size > UINT32_MAX) {
			(void)fail(err, 0, "the range goes beyond 4294967294");
			return fail_in(err, "[%zu]", i);
		}
		for (size_t j = 0; j < i; j++) {
			const struct oci_id_mapping *other = &mappings[j];

			if (!ranges_overlap(one->container_id, other->container_id, one->size,
				    other->size) &&
				!ranges_overlap(
					one->host_id, other->host_id, one->size, other->size))
				continue;
			(void)fail(err, 0, "the range overlaps with that of [%zu]", j);
			return fail_in(err, "[%zu]", i);
		}
	}
	return 0;
}

static int check_namespaces(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	const struct oci_linux *section = spec->linux;

	for (size_t i = 0; i < section->n_namespaces; i++) {
		uint32_t type = section->namespaces[i].type;

		if (oci_namespace_find(section, type) == &section->namespaces[i])
			continue;
		(void)fail(err, 0, "the namespace \"%s\" appears twice",
			name_of(oci_namespace_names, type));
		return fail_in(err, "linux.namespaces[%zu]", i);
	}
	return 0;
}

static int check_user_namespace(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	const struct oci_linux *section = spec->linux;
	const struct oci_namespace *user = oci_namespace_find(section, CLONE_NEWUSER);

	if (check_id_mappings(section->uid_mappings, section->n_uid_mappings, err) < 0)
		return fail_in(err, "linux.uidMappings");
	if (check_id_mappings(section->gid_mappings, section->n_gid_mappings, err) < 0)
		return fail_in(err, "linux.gidMappings");
	if (!user && (section->n_uid_mappings || section->n_gid_mappings)) {
		(void)fail(err, 0, "id mappings need a user namespace in linux.namespaces");
		return fail_in(err,
			section->n_uid_mappings ? "linux.uidMappings" : "linux.gidMappings");
	}
	if (user && !user->path && (!section->n_uid_mappings || !section->n_gid_mappings)) {
		(void)fail(err, 0,
			"a new user namespace needs linux.uidMappings and linux.gidMappings");
		return fail_in(
			err, "linux.namespaces[%zu]", (size_t)(user - section->namespaces));
	}
	return 0;
}

static int check_idmapped_mounts(
	struct decode *decode, struct oci_spec *spec, struct error *err)
{
	/* A joined user namespace has maps that only the host can tell. */
	bool mapped =
		spec->linux->n_uid_mappings || oci_namespace_find(spec->linux, CLONE_NEWUSER);

	for (size_t i = 0; i < spec->n_mounts && !mapped; i++) {
		struct oci_mount_options options;

		if (spec->mounts[i].n_uid_mappings)
			continue;
		if (oci_mount_options(&spec->mounts[i], &options, decode->arena, err) < 0)
			return fail_in(err, "mounts[%zu]", i);
		if (options.idmap == OCI_IDMAP_NONE)
			continue;
		(void)fail(
			err, 0, "idmap needs uidMappings and gidMappings, or a user namespace");
		return fail_in(err, "mounts[%zu]", i);
	}
	return 0;
}

static int check_time(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	const struct oci_namespace *time = oci_namespace_find(spec->linux, CLONE_NEWTIME);
	const struct oci_time_offsets *offsets = spec->linux->time_offsets;

	if (!offsets || (!offsets->monotonic && !offsets->boottime))
		return 0;
	if (!time) {
		(void)fail(err, 0, "time offsets need a time namespace in linux.namespaces");
		return fail_in(err, "linux.timeOffsets");
	}
	if (time->path) {
		(void)fail(
			err, 0, "a time namespace that is joined by path has its own offsets");
		return fail_in(err, "linux.timeOffsets");
	}
	return 0;
}

static int check_names(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	if (oci_namespace_find(spec->linux, CLONE_NEWUTS))
		return 0;
	if (spec->hostname) {
		(void)fail(err, 0, "unable to set hostname without a private UTS namespace");
		return fail_in(err, "hostname");
	}
	if (spec->domainname) {
		(void)fail(err, 0, "unable to set domainname without a private UTS namespace");
		return fail_in(err, "domainname");
	}
	return 0;
}

static int check_net_devices(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	const struct oci_linux *section = spec->linux;

	if (section->n_net_devices && !oci_namespace_find(section, CLONE_NEWNET)) {
		(void)fail(err, 0, "unable to move network devices without a NET namespace");
		return fail_in(err, "linux.netDevices");
	}
	for (size_t i = 0; i < section->n_net_devices; i++) {
		const struct oci_net_device *one = &section->net_devices[i];
		const char *name = one->name ? one->name : one->host_name;

		for (size_t j = 0; j < i; j++) {
			const struct oci_net_device *other = &section->net_devices[j];

			/* "eth%d" lets the kernel choose a number: it may be used twice */
			if (strchr(name, '%') ||
				!text_equal(name, other->name ? other->name : other->host_name))
				continue;
			(void)fail(err, 0, "the name \"%s\" is given twice", name);
			return fail_in(err, "linux.netDevices[\"%.64s\"]", one->host_name);
		}
	}
	return 0;
}

static int check_paths(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	if (oci_namespace_find(spec->linux, CLONE_NEWNS))
		return 0;
	if (spec->linux->n_masked_paths) {
		(void)fail(
			err, 0, "paths can only be masked in a mount namespace of their own");
		return fail_in(err, "linux.maskedPaths");
	}
	if (spec->linux->n_readonly_paths) {
		(void)fail(err, 0,
			"paths can only be made read-only in a mount namespace of their own");
		return fail_in(err, "linux.readonlyPaths");
	}
	return 0;
}

static int check_annotations(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->n_annotations; i++) {
		if (spec->annotations[i].key[0])
			continue;
		(void)fail(err, 0, "a key is empty");
		return fail_in(err, "annotations");
	}
	return 0;
}

/* clang-format off */
const struct rule spec_rules[] = {
	{ "config.md, Annotations", "keys are not empty", check_annotations },
	{ "config-linux.md, Namespaces", "no type appears twice", check_namespaces },
	{ "config-linux.md, User namespace mappings",
	  "maps need a user namespace, a new one needs maps; ranges do not overlap",
	  check_user_namespace },
	{ "config.md, Mounts", "an idmapped mount has a map to use", check_idmapped_mounts },
	{ "config.md, Mounts", "ids of the container in an idmap are in its map", check_relative_idmaps },
	{ "config-linux.md, Offset for Time Namespace",
	  "offsets need a time namespace that is made, not joined", check_time },
	{ "config.md, Hostname", "names need a UTS namespace", check_names },
	{ "config-linux.md, Network Devices",
	  "devices need a network namespace, and different names", check_net_devices },
	{ "config-linux.md, Masked Paths", "paths need a mount namespace", check_paths },
	{ "config-linux.md, Sysctl", "each belongs to a namespace of the container", check_sysctl },
	{ 0 },
};
/* clang-format on */
