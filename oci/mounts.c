/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and their option words. */
#include "oci/mounts.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

/* What a word does, in the upper half of its value; the lower half are the bits. */
enum word {
	WORD_SET = 1,	  /* MS_* */
	WORD_CLEAR,	  /* MS_* */
	WORD_PROPAGATION, /* MS_*, with MS_REC */
	WORD_ATTR_SET,	  /* MOUNT_ATTR_*, recursively */
	WORD_ATTR_CLEAR,  /* MOUNT_ATTR_*, recursively */
	WORD_ATTR_ATIME,  /* one of the MOUNT_ATTR__ATIME values, recursively */
	WORD_NOTHING,	  /* known, and nothing to do */
	WORD_BIND,
	WORD_RBIND,
	WORD_REMOUNT,
	WORD_IDMAP,
	WORD_RIDMAP,
	WORD_TMPCOPYUP,
	WORD_COPY_SYMLINK,
	WORD_SOURCE_NOFOLLOW,
	WORD_TARGET_NOFOLLOW,
};

#define WORD(KIND, BITS) ((uint64_t)(KIND) << 32 | (uint64_t)(BITS))

/* In alphabetical order, as features prints them; a test checks it. */
const struct name oci_mount_option_names[] = {
	{"async", WORD(WORD_CLEAR, MS_SYNCHRONOUS)},
	{"atime", WORD(WORD_CLEAR, MS_NOATIME)},
	{"bind", WORD(WORD_BIND, 0)},
	{"copy-symlink", WORD(WORD_COPY_SYMLINK, 0)},
	{"defaults", WORD(WORD_NOTHING, 0)},
	{"dest-nofollow", WORD(WORD_TARGET_NOFOLLOW, 0)},
	{"dev", WORD(WORD_CLEAR, MS_NODEV)},
	{"diratime", WORD(WORD_CLEAR, MS_NODIRATIME)},
	{"dirsync", WORD(WORD_SET, MS_DIRSYNC)},
	{"exec", WORD(WORD_CLEAR, MS_NOEXEC)},
	{"idmap", WORD(WORD_IDMAP, 0)},
	{"iversion", WORD(WORD_SET, MS_I_VERSION)},
	{"lazytime", WORD(WORD_SET, MS_LAZYTIME)},
	{"loud", WORD(WORD_CLEAR, MS_SILENT)},
	{"mand", WORD(WORD_SET, MS_MANDLOCK)},
	{"noatime", WORD(WORD_SET, MS_NOATIME)},
	{"nodev", WORD(WORD_SET, MS_NODEV)},
	{"nodiratime", WORD(WORD_SET, MS_NODIRATIME)},
	{"noexec", WORD(WORD_SET, MS_NOEXEC)},
	{"noiversion", WORD(WORD_CLEAR, MS_I_VERSION)},
	{"nolazytime", WORD(WORD_CLEAR, MS_LAZYTIME)},
	{"nomand", WORD(WORD_CLEAR, MS_MANDLOCK)},
	{"norelatime", WORD(WORD_CLEAR, MS_RELATIME)},
	{"nostrictatime", WORD(WORD_CLEAR, MS_STRICTATIME)},
	{"nosuid", WORD(WORD_SET, MS_NOSUID)},
	{"nosymfollow", WORD(WORD_SET, MS_NOSYMFOLLOW)},
	{"private", WORD(WORD_PROPAGATION, MS_PRIVATE)},
	{"ratime", WORD(WORD_ATTR_ATIME, MOUNT_ATTR_RELATIME)},
	{"rbind", WORD(WORD_RBIND, 0)},
	{"rdev", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_NODEV)},
	{"rdiratime", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_NODIRATIME)},
	{"relatime", WORD(WORD_SET, MS_RELATIME)},
	{"remount", WORD(WORD_REMOUNT, 0)},
	{"rexec", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_NOEXEC)},
	{"ridmap", WORD(WORD_RIDMAP, 0)},
	{"rnoatime", WORD(WORD_ATTR_ATIME, MOUNT_ATTR_NOATIME)},
	{"rnodev", WORD(WORD_ATTR_SET, MOUNT_ATTR_NODEV)},
	{"rnodiratime", WORD(WORD_ATTR_SET, MOUNT_ATTR_NODIRATIME)},
	{"rnoexec", WORD(WORD_ATTR_SET, MOUNT_ATTR_NOEXEC)},
	/* relatime is the absence of the others: there is no bit to clear */
	{"rnorelatime", WORD(WORD_ATTR_SET, 0)},
	{"rnostrictatime", WORD(WORD_ATTR_ATIME, MOUNT_ATTR_RELATIME)},
	{"rnosuid", WORD(WORD_ATTR_SET, MOUNT_ATTR_NOSUID)},
	{"rnosymfollow", WORD(WORD_ATTR_SET, MOUNT_ATTR_NOSYMFOLLOW)},
	{"ro", WORD(WORD_SET, MS_RDONLY)},
	{"rprivate", WORD(WORD_PROPAGATION, MS_PRIVATE | MS_REC)},
	{"rrelatime", WORD(WORD_ATTR_ATIME, MOUNT_ATTR_RELATIME)},
	{"rro", WORD(WORD_ATTR_SET, MOUNT_ATTR_RDONLY)},
	{"rrw", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_RDONLY)},
	{"rshared", WORD(WORD_PROPAGATION, MS_SHARED | MS_REC)},
	{"rslave", WORD(WORD_PROPAGATION, MS_SLAVE | MS_REC)},
	{"rstrictatime", WORD(WORD_ATTR_ATIME, MOUNT_ATTR_STRICTATIME)},
	{"rsuid", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_NOSUID)},
	{"rsymfollow", WORD(WORD_ATTR_CLEAR, MOUNT_ATTR_NOSYMFOLLOW)},
	{"runbindable", WORD(WORD_PROPAGATION, MS_UNBINDABLE | MS_REC)},
	{"rw", WORD(WORD_CLEAR, MS_RDONLY)},
	{"shared", WORD(WORD_PROPAGATION, MS_SHARED)},
	{"silent", WORD(WORD_SET, MS_SILENT)},
	{"slave", WORD(WORD_PROPAGATION, MS_SLAVE)},
	{"src-nofollow", WORD(WORD_SOURCE_NOFOLLOW, 0)},
	{"strictatime", WORD(WORD_SET, MS_STRICTATIME)},
	{"suid", WORD(WORD_CLEAR, MS_NOSUID)},
	{"symfollow", WORD(WORD_CLEAR, MS_NOSYMFOLLOW)},
	{"sync", WORD(WORD_SET, MS_SYNCHRONOUS)},
	{"tmpcopyup", WORD(WORD_TMPCOPYUP, 0)},
	{"unbindable", WORD(WORD_PROPAGATION, MS_UNBINDABLE)},
	{0},
};

/* linux.rootfsPropagation; containerd sends the r-words, which the spec does not list. */
const struct name oci_propagation_names[] = {
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"rshared", MS_SHARED | MS_REC},
	{"rslave", MS_SLAVE | MS_REC},
	{"runbindable", MS_UNBINDABLE | MS_REC},
	{"shared", MS_SHARED},
	{"slave", MS_SLAVE},
	{"unbindable", MS_UNBINDABLE},
	{0},
};

/* Words that only turn something on. */
static bool *switch_of(struct oci_mount_options *options, enum word word)
{
	if (word == WORD_REMOUNT)
		return &options->remount;
	if (word == WORD_TMPCOPYUP)
		return &options->tmpcopyup;
	if (word == WORD_COPY_SYMLINK)
		return &options->copy_symlink;
	if (word == WORD_SOURCE_NOFOLLOW)
		return &options->source_nofollow;
	return &options->target_nofollow;
}

static void apply_word(struct oci_mount_options *options, enum word word, uint32_t bits)
{
	switch (word) {
	case WORD_SET:
		options->set |= bits;
		options->clear &= ~(uint64_t)bits;
		return;
	case WORD_CLEAR:
		options->clear |= bits;
		options->set &= ~(uint64_t)bits;
		return;
	case WORD_PROPAGATION:
		options->propagation[options->n_propagation++] = bits;
		return;
	case WORD_ATTR_SET:
		options->has_recursive_attributes = true;
		options->attr_set |= bits;
		options->attr_clear &= ~(uint64_t)bits;
		return;
	case WORD_ATTR_CLEAR:
		options->has_recursive_attributes = true;
		options->attr_clear |= bits;
		options->attr_set &= ~(uint64_t)bits;
		return;
	case WORD_ATTR_ATIME:
		/* The kernel wants the whole field cleared before one of its values is set. */
		options->has_recursive_attributes = true;
		options->attr_clear |= MOUNT_ATTR__ATIME;
		options->attr_set = (options->attr_set & ~(uint64_t)MOUNT_ATTR__ATIME) | bits;
		return;
	case WORD_NOTHING:
		return;
	case WORD_RBIND:
		options->recursive = true;
		options->bind = true;
		return;
	case WORD_BIND:
		options->bind = true;
		return;
	case WORD_IDMAP:
		if (options->idmap == OCI_IDMAP_NONE)
			options->idmap = OCI_IDMAP;
		return;
	case WORD_RIDMAP:
		options->idmap = OCI_IDMAP_RECURSIVE;
		return;
	case WORD_REMOUNT:
	case WORD_TMPCOPYUP:
	case WORD_COPY_SYMLINK:
	case WORD_SOURCE_NOFOLLOW:
	case WORD_TARGET_NOFOLLOW:
		*switch_of(options, word) = true;
		return;
	}
}

/*
 * A bind with "mode=755" or "size=1k" is what callers make of a mount that was a file system;
 * it changes nothing, as under crun (decision 101). A bare word may be a misspelt "nosuid".
 */
static bool all_are_assignments(const char *data)
{
	size_t length;

	for (; *data; data += length + (data[length] == ',')) {
		length = strcspn(data, ",");
		if (!memchr(data, '=', length))
			return false;
	}
	return true;
}

static int check_options(const struct oci_mount *mount, const struct oci_mount_options *options,
	struct error *err)
{
	if (options->bind && options->data && !all_are_assignments(options->data))
		return fail(err, 0,
			"bind mounts cannot have any filesystem-specific options applied: "
			"\"%.128s\"",
			options->data);
	if (options->tmpcopyup &&
		(options->bind || !mount->type || !text_equal(mount->type, "tmpfs")))
		return fail(err, 0, "\"tmpcopyup\" is only for a mount of type tmpfs");
	return 0;
}

int oci_mount_options(const struct oci_mount *mount, struct oci_mount_options *ret,
	struct arena *arena, struct error *err)
{
	struct oci_mount_options options = {0};
	size_t size = 1;

	for (size_t i = 0; i < mount->n_options; i++)
		size += strlen(mount->options[i]) + 1;

	char *data = arena_alloc(arena, size);
	char *end = data;

	options.propagation =
		arena_array(arena, mount->n_options, sizeof(*options.propagation));
	if (!data || !options.propagation)
		return fail(err, ENOMEM, "read the mount options");
	for (size_t i = 0; i < mount->n_options; i++) {
		const char *option = mount->options[i];
		const struct name *name = name_find(oci_mount_option_names, option);

		if (name) {
			apply_word(&options, (enum word)(name->value >> 32),
				(uint32_t)name->value);
			continue;
		}
		if (oci_idmap_word(option)) { /* mount_check() has read the map */
			apply_word(&options, *option == 'r' ? WORD_RIDMAP : WORD_IDMAP, 0);
			continue;
		}
		if (*option) {
			if (end > data)
				*end++ = ',';
			end = stpcpy(end, option);
		}
	}
	if (end > data)
		options.data = data;
	if (options.idmap == OCI_IDMAP_NONE && mount->n_uid_mappings)
		options.idmap = OCI_IDMAP;
	if (check_options(mount, &options, err) < 0)
		return -1;
	*ret = options;
	return 0;
}

int oci_normal_path(const char *path, struct arena *arena, const char **ret, struct error *err)
{
	if (strlen(path) > OCI_PATH_MAX)
		return fail(err, 0, "a path is longer than %d bytes", OCI_PATH_MAX);

	char *normal = arena_alloc(arena, strlen(path) + 2);
	size_t used = 0;

	if (!normal)
		return fail(err, ENOMEM, "read a path");
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && memcmp(path, "..", 2) == 0) {
			while (used && normal[--used] != '/')
				;
		} else if (length && !(length == 1 && *path == '.')) {
			normal[used++] = '/';
			memcpy(normal + used, path, length);
			used += length;
		}
		path += length + (path[length] == '/');
	}
	if (used == 0)
		normal[used++] = '/';
	normal[used] = '\0';
	*ret = normal;
	return 0;
}

static int decode_destination(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	const char **destination = member;

	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->count == 0)
		return fail(err, 0, "is empty");
	if (value->text[0] != '/' &&
		decode_warn(decode, err,
			"the mount destination \"%.64s\" is relative; /%.64s is used",
			value->text, value->text) < 0)
		return -1;
	if (oci_normal_path(value->text, decode->arena, destination, err) < 0)
		return -1;
	if (text_equal(*destination, "/"))
		return fail(err, 0, "a mount on / would hide the root filesystem");
	return 0;
}

/*
 * What is mounted on /proc decides what the runtime and every program inside believe about
 * processes, so only these files may be covered: LXCFS shows the container's own numbers there.
 */
static int check_proc(const struct oci_mount *mount, bool bind, struct error *err)
{
	static const struct name allowed[] = {
		{"/proc/cpuinfo"},
		{"/proc/diskstats"},
		{"/proc/loadavg"},
		{"/proc/meminfo"},
		{"/proc/slabinfo"},
		{"/proc/stat"},
		{"/proc/swaps"},
		{"/proc/sys/crypto/fips_enabled"},
		{"/proc/sys/kernel/ns_last_pid"},
		{"/proc/uptime"},
		{0},
	};
	bool proc = !bind && mount->type && text_equal(mount->type, "proc");

	if (text_equal(mount->destination, "/proc")) {
		if (proc || bind)
			return 0;
		return fail(err, 0, "only a mount of type proc or a bind may be on /proc");
	}
	if (proc)
		return fail(err, 0, "a mount of type proc may only be on /proc");
	if (!text_starts(mount->destination, "/proc/") ||
		(bind && name_find(allowed, mount->destination)))
		return 0;
	return fail(err, 0, "a mount on \"%.256s\" is not allowed, because it is inside /proc",
		mount->destination);
}

int mount_check(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	struct oci_mount *mount = object;
	struct oci_mount_options options;

	for (size_t i = 0; i < mount->n_options; i++) {
		const char *word = oci_idmap_word(mount->options[i]);

		if (word && oci_mount_idmap(decode, mount, word, err) < 0)
			return -1;
	}
	if (oci_mount_options(mount, &options, decode->arena, err) < 0)
		return -1;
	if (!mount->n_uid_mappings != !mount->n_gid_mappings)
		return fail(err, 0, "uidMappings and gidMappings must be given together");
	if (check_id_mappings(mount->uid_mappings, mount->n_uid_mappings, err) < 0)
		return fail_in(err, "uidMappings");
	if (check_id_mappings(mount->gid_mappings, mount->n_gid_mappings, err) < 0)
		return fail_in(err, "gidMappings");
	return check_proc(mount, options.bind, err);
}

/* clang-format off */
const struct field id_mapping_fields[] = {
	FIELD(struct oci_id_mapping, "containerID", container_id, .required = true, .id = true),
	FIELD(struct oci_id_mapping, "hostID", host_id, .required = true, .id = true),
	FIELD(struct oci_id_mapping, "size", size, .required = true),
	{ 0 },
};

const struct field mount_fields[] = {
	CUSTOM(struct oci_mount, "destination", destination, decode_destination,
		.why = "text: a path, taken from /", .required = true),
	FIELD(struct oci_mount, "type", type, .empty_is_null = true),
	FIELD(struct oci_mount, "source", source, .empty_is_null = true),
	TEXTS(struct oci_mount, "options", options),
	LIST(struct oci_mount, "uidMappings", uid_mappings, id_mapping_fields),
	LIST(struct oci_mount, "gidMappings", gid_mappings, id_mapping_fields),
	{ 0 },
};
/* clang-format on */
