/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that other runtimes obey (crun(1)). Podman writes two of them; of the others,
 * what would change what the container is or may is refused, and what is only missed is a
 * warning.
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <string.h>

#define PREFIX "run.oci."

enum obeyed { REFUSED, MISSED, DONE };

struct annotation {
	const char *name; /* behind the prefix */
	enum obeyed obeyed;
	const char *instead;
};

static const struct annotation known[] = {
	{"keep_original_groups", DONE, NULL},
	{"mount_context_type", DONE, NULL},
	{"handler", REFUSED, "mayfly runs programs of this kernel, and nothing else"},
	{"seccomp_bpf_data", REFUSED, "give the profile as linux.seccomp"},
	{"seccomp_fail_unknown_syscall", REFUSED,
		"look at the unknown system calls with \"mayfly plan\""},
	{"seccomp.receiver", REFUSED, "give linux.seccomp.listenerPath"},
	{"seccomp.plugins", REFUSED, "run an agent behind linux.seccomp.listenerPath"},
	{"systemd.force_cgroup_v1", REFUSED, "mayfly knows cgroup v2 only"},
	{"systemd.subgroup", MISSED, NULL},
	{"delegate-cgroup", MISSED, NULL},
	{"hooks.stdout", MISSED, NULL},
	{"hooks.stderr", MISSED, NULL},
	{"pidfd_receiver", MISSED, "--pidfd-socket does it"},
};

static const char *value_of(const struct wanted *wanted, const char *name)
{
	for (size_t i = 0; i < wanted->spec->n_annotations; i++)
		if (strncmp(wanted->spec->annotations[i].key, PREFIX, strlen(PREFIX)) == 0 &&
			strcmp(wanted->spec->annotations[i].key + strlen(PREFIX), name) == 0)
			return wanted->spec->annotations[i].value;
	return NULL;
}

bool keeps_groups(const struct wanted *wanted)
{
	const char *value = value_of(wanted, "keep_original_groups");

	return value && strcmp(value, "1") == 0;
}

const char *mount_context_type(const struct wanted *wanted)
{
	const char *value = value_of(wanted, "mount_context_type");

	return value ? value : "context";
}

static int check_values(const struct wanted *wanted, struct error *err)
{
	static const char *const types[] = {
		"context", "fscontext", "defcontext", "rootcontext"};
	const char *keep = value_of(wanted, "keep_original_groups"),
		   *type = mount_context_type(wanted);
	bool found = false;

	if (keep && strcmp(keep, "0") != 0 && strcmp(keep, "1") != 0)
		return refuse(err, "annotations[\"" PREFIX "keep_original_groups\"]",
			"\"%.32s\" is neither 0 nor 1", keep);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		found = found || strcmp(types[i], type) == 0;
	return found ? 0
		     : refuse(err, "annotations[\"" PREFIX "mount_context_type\"]",
			       "\"%.32s\" is not context, fscontext, defcontext or rootcontext",
			       type);
}

static int plan_annotation(struct plan *plan, const char *key, struct error *err)
{
	static const struct annotation stranger = {"", MISSED, NULL};
	const struct annotation *row = &stranger;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, key + strlen(PREFIX)) == 0)
			row = &known[i];
	if (row->obeyed == REFUSED) {
		error_set(err, 0, "not supported: %s", row->instead);
		return fail_in(err, "annotations[\"%.64s\"]", key);
	}
	if (row->obeyed == DONE)
		return 0;
	return plan_warn(plan, err, "annotations[\"%.64s\"]: not obeyed by mayfly%s%s", key,
		row->instead ? ": " : "", row->instead ? row->instead : "");
}

int plan_annotations(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	for (size_t i = 0; i < wanted->spec->n_annotations; i++) {
		const char *key = wanted->spec->annotations[i].key;

		if (strncmp(key, PREFIX, strlen(PREFIX)) == 0 &&
			plan_annotation(plan, key, err) < 0)
			return -1;
	}
	return check_values(wanted, err);
}
