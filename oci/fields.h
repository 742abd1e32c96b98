/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of every object, and the rules between fields. Only for the files of oci/ and for
 * the test that prints docs/spec-coverage.md from the tables.
 */
#ifndef MAYFLY_OCI_FIELDS_H
#define MAYFLY_OCI_FIELDS_H

#include "oci/decode.h"
#include "oci/spec.h"

extern const struct field spec_fields[];
extern const struct field process_fields[];
extern const struct field mount_fields[];
extern const struct field id_mapping_fields[];
extern const struct field hooks_fields[];
extern const struct field linux_fields[];
extern const struct field resources_fields[];
extern const struct field seccomp_fields[];
extern const struct field state_fields[];

/* After the object was filled: the rules inside it. */
field_function resources_check;
field_function mount_check;
field_function process_check;

/* Members that are paths inside the container: absolute and normalised, "/" is refused. */
field_function decode_path;

/* Lists of CPUs or memory nodes; "" is absent. */
field_function decode_list;

/* Labels and profiles, which end up in one line the kernel parses; "" is absent. */
field_function decode_label;

/* An empty object is no seccomp at all. */
field_function decode_seccomp;

/* A rule between fields; it may also put a value into its one canonical form. */
struct rule {
	const char *section; /* of the spec, or of our own limits */
	const char *sentence;
	int (*check)(struct decode *decode, struct oci_spec *spec, struct error *err);
};

extern const struct rule spec_rules[];

/* The rule of linux.sysctl, which has a file of its own; keys become paths below /proc/sys. */
int check_sysctl(struct decode *decode, struct oci_spec *spec, struct error *err);

/* What is true of every map of ids; the error is without a place. */
int check_id_mappings(const struct oci_id_mapping *mappings, size_t count, struct error *err);

/* idmap.c: the map behind "idmap=" or "ridmap=", or NULL for another word; read it into MOUNT;
 * a rule puts the host's ids in place of the container's. */
const char *oci_idmap_word(const char *option);
int oci_mount_idmap(
	struct decode *decode, struct oci_mount *mount, const char *word, struct error *err);
int check_relative_idmaps(struct decode *decode, struct oci_spec *spec, struct error *err);

/* Every entry is NAME=value; the place of the error is "env[N]". */
int check_environment(const char *const *env, size_t count, struct error *err);

/* Printable, and not longer than a page: what is safe to write to a kernel file. */
int check_line(const char *text, struct error *err);

#endif
