/* SPDX-License-Identifier: Apache-2.0 */
/* The linux object: namespaces, maps, devices, paths, memory policy, resctrl, personality. */
#include "oci/linux.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

enum {
	/* MPOL_WEIGHTED_INTERLEAVE, since Linux 6.9. The headers have it as an enumerator,
	 * which #ifndef cannot see: so it has a name of its own here. */
	WEIGHTED_INTERLEAVE = 6,
	MAJOR_MAX = 4095,
	MINOR_MAX = 1048575,
	PATHS_MAX = 4096, /* devices, masked and read-only paths */
	INTERFACE_MAX = 15,
};

const struct name oci_namespace_names[] = {
	{"cgroup", CLONE_NEWCGROUP},
	{"ipc", CLONE_NEWIPC},
	{"mount", CLONE_NEWNS},
	{"network", CLONE_NEWNET},
	{"pid", CLONE_NEWPID},
	{"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},
	{"uts", CLONE_NEWUTS},
	{0},
};

/* "u" is an unbuffered character device: mknod(1). */
const struct name oci_device_type_names[] = {
	{"b", 'b'},
	{"c", 'c'},
	{"p", 'p'},
	{"u", 'c'},
	{0},
};

const struct name oci_memory_policy_mode_names[] = {
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_LOCAL", MPOL_LOCAL},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE},
	{0},
};

const struct name oci_memory_policy_flag_names[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
	{0},
};

const struct name oci_personality_names[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	{0},
};

const struct oci_namespace *oci_namespace_find(const struct oci_linux *section, uint32_t type)
{
	for (size_t i = 0; section && i < section->n_namespaces; i++)
		if (section->namespaces[i].type == type)
			return &section->namespaces[i];
	return NULL;
}

int decode_path(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	const char **path = member;

	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->text[0] != '/')
		return fail(err, 0, "\"%.64s\" is not an absolute path", value->text);
	if (oci_normal_path(value->text, decode->arena, path, err) < 0)
		return -1;
	if (text_equal(*path, "/"))
		return fail(err, 0, "\"%.64s\" is the root directory", value->text);
	return 0;
}

static int check_namespace(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_namespace *namespace = object;

	if (namespace->path && namespace->path[0] != '/')
		return fail(err, 0, "the path \"%.64s\" is not absolute", namespace->path);
	if (namespace->path && strlen(namespace->path) > OCI_PATH_MAX)
		return fail(err, 0, "the path is longer than %d bytes", OCI_PATH_MAX);
	return 0;
}

/*
 * Some callers send st_mode as it is, with the type of the file in it. Set-user-ID and the like
 * mean nothing on a device.
 */
static int decode_file_mode(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	uint64_t mode;

	if (decode_unsigned(value, UINT32_MAX, &mode, err) < 0)
		return -1;
	mode &= ~(uint64_t)S_IFMT;
	if (mode & ~(uint64_t)07777)
		return fail(err, 0, "%s has bits other than the permissions 0777", value->text);
	if (mode & ~(uint64_t)0777 &&
		decode_warn(decode, err,
			"the fileMode %s of a device: only the permissions 0777 are taken",
			value->text) < 0)
		return -1;
	mode &= 0777;
	*(struct opt_u32 *)member = (struct opt_u32){.set = true, .value = (uint32_t)mode};
	return 0;
}

static int check_device(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	struct oci_device *device = object;

	if (device->type == 'p') {
		device->major = device->minor = 0;
		return 0;
	}
	if (!json_find(value, "major") || !json_find(value, "minor"))
		return fail(err, 0, "major and minor are missing");
	return 0;
}

/* As dev_valid_name() of the kernel, which also refuses ':'. */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= INTERFACE_MAX && !text_equal(name, ".") &&
	       !text_equal(name, "..") && name[strcspn(name, "/: \t\n\v\f\r")] == '\0';
}

static int check_net_device(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_net_device *device = object;

	/* A pattern says what a new name looks like; as an alternative name a '%' could be
	 * there.
	 */
	if (!is_interface_name(device->host_name) || strchr(device->host_name, '%'))
		return fail(err, 0, "is not the name of a network device");
	if (device->name && !is_interface_name(device->name))
		return fail(
			err, 0, "\"%.32s\" is not the name of a network device", device->name);

	const char *percent = strchr(device->name ? device->name : "", '%');

	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return fail(err, 0, "\"%.32s\": of a pattern only one \"%%d\" is known",
			device->name);
	return 0;
}

static int decode_cgroups_path(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0 || check_line(value->text, err) < 0)
		return -1;
	for (const char *at = value->text; *at; at += strspn(at, "/")) {
		size_t length = strcspn(at, "/");

		if (length == 2 && memcmp(at, "..", 2) == 0)
			return fail(err, 0, "\"%.64s\" contains \"..\"", value->text);
		at += length;
	}
	if (value->count)
		*(const char **)member = value->text;
	return 0;
}

static int check_intel_rdt(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_intel_rdt *rdt = object;
	const char *id = rdt->clos_id;

	if (id && !text_equal(id, "/") &&
		(strchr(id, '/') || text_equal(id, ".") || text_equal(id, "..") ||
			strlen(id) > 255 || check_line(id, err) < 0))
		return fail(err, 0, "closID is neither \"/\" nor the name of a directory");
	for (size_t i = 0; i < rdt->n_schemata; i++)
		if (strchr(rdt->schemata[i], '\n'))
			return fail(err, 0, "schemata[%zu] contains a newline", i);
	return 0;
}

static int check_memory_policy(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_memory_policy *policy = object;
	const char *mode = name_of(oci_memory_policy_mode_names, policy->mode);
	const uint32_t both = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
	bool without = policy->mode == MPOL_DEFAULT || policy->mode == MPOL_LOCAL;

	if (without && policy->nodes)
		return fail(err, 0, "%s takes no nodes", mode);
	if (without && policy->flags)
		return fail(err, 0, "%s takes no flags", mode);
	if (!without && policy->mode != MPOL_PREFERRED && !policy->nodes)
		return fail(err, 0, "%s needs nodes", mode);
	if ((policy->flags & both) == both)
		return fail(err, 0,
			"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

static int check_personality(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_personality *personality = object;

	if (personality->n_flags)
		return fail(err, 0, "flags must be empty: the specification defines none");
	return 0;
}

/* clang-format off */
static const struct field namespace_fields[] = {
	NAME(struct oci_namespace, "type", type, oci_namespace_names, .required = true),
	FIELD(struct oci_namespace, "path", path, .empty_is_null = true),
	{ 0 },
};

static const struct field time_offset_fields[] = {
	FIELD(struct oci_time_offset, "secs", secs),
	FIELD(struct oci_time_offset, "nanosecs", nanosecs, .max = 999999999),
	{ 0 },
};

static const struct field time_offsets_fields[] = {
	OBJECT(struct oci_time_offsets, "monotonic", monotonic, time_offset_fields),
	OBJECT(struct oci_time_offsets, "boottime", boottime, time_offset_fields),
	{ 0 },
};

static const struct field device_fields[] = {
	NAME(struct oci_device, "type", type, oci_device_type_names, .required = true),
	CUSTOM(struct oci_device, "path", path, decode_path,
		.why = "text: an absolute path", .required = true),
	FIELD(struct oci_device, "major", major, .max = MAJOR_MAX),
	FIELD(struct oci_device, "minor", minor, .max = MINOR_MAX),
	CUSTOM(struct oci_device, "fileMode", file_mode, decode_file_mode,
		.why = "number: permissions 0777 are taken"),
	FIELD(struct oci_device, "uid", uid, .id = true),
	FIELD(struct oci_device, "gid", gid, .id = true),
	{ 0 },
};

static const struct field net_device_fields[] = {
	FIELD(struct oci_net_device, "name", name, .empty_is_null = true),
	{ 0 },
};

static const struct field intel_rdt_fields[] = {
	FIELD(struct oci_intel_rdt, "closID", clos_id, .empty_is_null = true),
	FIELD(struct oci_intel_rdt, "l3CacheSchema", l3_cache_schema, .empty_is_null = true),
	FIELD(struct oci_intel_rdt, "memBwSchema", mem_bw_schema, .empty_is_null = true),
	TEXTS(struct oci_intel_rdt, "schemata", schemata),
	FIELD(struct oci_intel_rdt, "enableMonitoring", enable_monitoring),
	IGNORED("enableCMT", "removed from the specification in 1.3"),
	IGNORED("enableMBM", "removed from the specification in 1.3"),
	{ 0 },
};

static const struct field memory_policy_fields[] = {
	NAME(struct oci_memory_policy, "mode", mode, oci_memory_policy_mode_names,
		.required = true),
	CUSTOM(struct oci_memory_policy, "nodes", nodes, decode_list,
		.why = "text: a list like 0-3,7"),
	FLAGS(struct oci_memory_policy, "flags", flags, oci_memory_policy_flag_names),
	{ 0 },
};

static const struct field personality_fields[] = {
	NAME(struct oci_personality, "domain", domain, oci_personality_names, .required = true),
	TEXTS(struct oci_personality, "flags", flags),
	{ 0 },
};

const struct field linux_fields[] = {
	LIST(struct oci_linux, "namespaces", namespaces, namespace_fields,
		.function = check_namespace),
	LIST(struct oci_linux, "uidMappings", uid_mappings, id_mapping_fields),
	LIST(struct oci_linux, "gidMappings", gid_mappings, id_mapping_fields),
	OBJECT(struct oci_linux, "timeOffsets", time_offsets, time_offsets_fields, .closed = true),
	LIST(struct oci_linux, "devices", devices, device_fields, .function = check_device,
		.max_count = PATHS_MAX),
	MAP(struct oci_linux, "netDevices", net_devices, struct oci_net_device, host_name,
		net_device_fields, .function = check_net_device, .max_count = 256),
	CUSTOM(struct oci_linux, "cgroupsPath", cgroups_path, decode_cgroups_path,
		.why = "text: a path without .."),
	OBJECT(struct oci_linux, "resources", resources, resources_fields,
		.function = resources_check),
	OBJECT(struct oci_linux, "intelRdt", intel_rdt, intel_rdt_fields,
		.function = check_intel_rdt),
	OBJECT(struct oci_linux, "memoryPolicy", memory_policy, memory_policy_fields,
		.function = check_memory_policy),
	PAIRS(struct oci_linux, "sysctl", sysctl),
	CUSTOM(struct oci_linux, "seccomp", seccomp, decode_seccomp, .fields = seccomp_fields),
	NAME(struct oci_linux, "rootfsPropagation", rootfs_propagation, oci_propagation_names,
		.empty_is_null = true),
	TEXTS(struct oci_linux, "maskedPaths", masked_paths, .function = decode_path,
		.max_count = PATHS_MAX),
	TEXTS(struct oci_linux, "readonlyPaths", readonly_paths, .function = decode_path,
		.max_count = PATHS_MAX),
	CUSTOM(struct oci_linux, "mountLabel", mount_label, decode_label,
		.why = "text: one line"),
	OBJECT(struct oci_linux, "personality", personality, personality_fields,
		.function = check_personality),
	{ 0 },
};
/* clang-format on */
