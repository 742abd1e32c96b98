/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount option "idmap=uids=C-H-S#C-H-S;gids=C-H-S" of Podman and crun: an id map of the
 * mount in one word. Each triple is that of uidMappings: the id on the file system, the id it
 * becomes, how many. Behind a '@' the second is an id of the container.
 */
#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { TRIPLES_MAX = OCI_ID_MAPPINGS_MAX };

const char *oci_idmap_word(const char *option)
{
	const char *equals = strchr(option, '=');

	return text_starts(option, "idmap=") || text_starts(option, "ridmap=") ? equals + 1
									       : NULL;
}

/* Digits up to one of STOP (or the end), which *AT is moved behind. */
static bool take_number(const char **at, const char *stop, uint32_t *ret)
{
	char digits[16];
	size_t length = strcspn(*at, stop);
	uint64_t number;

	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, *at, length);
	digits[length] = '\0';
	if (!text_unsigned(digits, ID_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	*at += length + ((*at)[length] != '\0');
	return true;
}

/* One triple of LIST, which ends at '#', ';' or the end. */
static bool take_triple(const char **at, struct oci_id_mapping *ret)
{
	const char *end = *at + strcspn(*at, "#;");
	char text[64];
	const char *triple = text;

	if ((size_t)(end - *at) >= sizeof(text))
		return false;
	memcpy(text, *at, (size_t)(end - *at));
	text[end - *at] = '\0';
	*ret = (struct oci_id_mapping){.relative = *triple == '@'};
	triple += ret->relative;
	*at = end + (*end == '#');
	return take_number(&triple, "-", &ret->container_id) &&
	       take_number(&triple, "-", &ret->host_id) &&
	       take_number(&triple, "-", &ret->size) && *triple == '\0';
}

static int take_list(struct decode *decode, const char **at, struct oci_id_mapping **ret,
	size_t *ret_count, struct error *err)
{
	struct oci_id_mapping *list = arena_array(decode->arena, TRIPLES_MAX, sizeof(*list));
	bool relative = **at == '@';

	if (!list)
		return fail(err, ENOMEM, "read the id map of a mount");
	*ret = list;
	for (*ret_count = 0; **at && **at != ';'; (*ret_count)++) {
		if (*ret_count == TRIPLES_MAX || !take_triple(at, &list[*ret_count]))
			return fail(err, 0, "not triples like 0-1000-10, with # between");
		/* crun: one '@' in front of the list is for all of it. */
		list[*ret_count].relative |= relative;
	}
	*at += **at == ';';
	return *ret_count ? 0 : fail(err, 0, "an empty map");
}

int oci_mount_idmap(
	struct decode *decode, struct oci_mount *mount, const char *word, struct error *err)
{
	const char *at = word;

	if (mount->n_uid_mappings || mount->n_gid_mappings)
		return fail(err, 0, "two id maps: of the option and of uidMappings");
	while (*at) {
		int result;

		if (text_starts(at, "uids=") && !mount->n_uid_mappings) {
			at += strlen("uids=");
			result = take_list(
				decode, &at, &mount->uid_mappings, &mount->n_uid_mappings, err);
		} else if (text_starts(at, "gids=") && !mount->n_gid_mappings) {
			at += strlen("gids=");
			result = take_list(
				decode, &at, &mount->gid_mappings, &mount->n_gid_mappings, err);
		} else {
			result = fail(err, 0, "neither uids= nor gids=, once each");
		}
		if (result < 0) {
			error_while(err, "the option \"idmap=%.128s\"", word);
			return -1;
		}
	}
	if (mount->n_uid_mappings && mount->n_gid_mappings)
		return 0;
	return fail(err, 0, "the option \"idmap=%.128s\" must have both uids= and gids=", word);
}

/* The ids of the container that a relative line names become the host's. */
static int resolve(struct oci_id_mapping *list, size_t count,
	const struct oci_id_mapping *container, size_t n_container, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct oci_id_mapping *one = &list[i];
		const struct oci_id_mapping *in = container;
		size_t rest = n_container;

		if (!one->relative)
			continue;
		while (rest && (one->host_id < in->container_id ||
				       (uint64_t)one->host_id + one->size >
					       (uint64_t)in->container_id + in->size)) {
			in++;
			rest--;
		}
		if (!rest)
			return fail(err, 0,
				"the ids %u to %" PRIu64 " of the container are not in one "
				"line of its map",
				one->host_id, (uint64_t)one->host_id + one->size - 1);
		one->host_id += in->host_id - in->container_id;
		one->relative = false;
	}
	return 0;
}

int check_relative_idmaps(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	const struct oci_linux *section = spec->linux;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct oci_mount *mount = &spec->mounts[i];

		if (resolve(mount->uid_mappings, mount->n_uid_mappings, section->uid_mappings,
			    section->n_uid_mappings, err) < 0 ||
			resolve(mount->gid_mappings, mount->n_gid_mappings,
				section->gid_mappings, section->n_gid_mappings, err) < 0 ||
			check_id_mappings(mount->uid_mappings, mount->n_uid_mappings, err) <
				0 ||
			check_id_mappings(mount->gid_mappings, mount->n_gid_mappings, err) < 0)
			return fail_in(err, "mounts[%zu]", i);
	}
	return 0;
}
