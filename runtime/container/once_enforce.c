/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a request this host can hold to: asked before one runs, and of each limit alone for
 * `mayfly features`, by the same code that puts the limits of a request into its plan.
 */
#include "runtime/container/once.h"

#include "runtime/plan/resources.h"

#include <string.h>

/* What only we enforce, and with what. */
int once_check_enforceable(struct once *once, struct error *err)
{
	static const char no_cgroup[] =
		"limits.cpu_ns: no cgroup2 file system is mounted on this host";
	struct birth *birth = &once->birth;
	const struct host *host = birth->wanted.host;

	if (once->limits.cpu_ns.value && host->cgroup == CGROUP_NONE) {
		if (!birth->request.allow_missing_controllers)
			return fail(err, 0,
				"%s, so this limit would not hold; mount one at "
				"/sys/fs/cgroup, or run without it by --best-effort",
				no_cgroup);
		once->limits.cpu_ns.value = 0;
		if (plan_unenforced(&birth->plan, err, "%s", no_cgroup) < 0)
			return -1;
	}
	if (host->cgroup == CGROUP_NONE && !birth->plan.has_pid_namespace)
		return fail(err, 0,
			"without cgroup2 on this host only a pid namespace of its own makes "
			"sure that nothing of the container stays");
	if (once->pids_kill && !once->limits.pids.value)
		return fail(err, 0, "--on-pids kill needs a limit: --pids");
	return 0;
}

/* ---- each limit by itself ---- */

/* The least that a limit is put into. */
struct lone {
	struct oci_root root;
	struct oci_process process;
	struct oci_linux section;
	struct oci_spec spec;
	struct once once;
};

static void open_lone(struct lone *lone, const struct host *host)
{
	struct birth *birth = &lone->once.birth;

	*lone = (struct lone){.root = {.path = "/"}};
	lone->spec.root = &lone->root;
	lone->spec.process = &lone->process;
	lone->spec.linux = &lone->section;
	birth->spec = &lone->spec;
	birth->plan.arena = &birth->operation.arena;
	birth->plan.has_pid_namespace = true;
	/* Not an error, but a sentence. */
	birth->request.allow_missing_controllers = true;
	birth->wanted = (struct wanted){.spec = &lone->spec,
		.process = &lone->process,
		.request = &birth->request,
		.host = host};
}

/* "FIELD: why": the field is known. */
static const char *without_field(const char *sentence)
{
	const char *colon = strstr(sentence, ": ");

	return colon ? colon + strlen(": ") : sentence;
}

static const char *partly(const struct lone *lone, const struct oci_limit_row *row)
{
	const struct birth *birth = &lone->once.birth;
	const struct host *host = birth->wanted.host;
	bool by_cgroup = birth->plan.outside.count > 0 || strcmp(row->key, "cpu_ns") == 0;
	bool is_clock = row->kind == LIMIT_DURATION && !by_cgroup;

	if (by_cgroup && (host->euid != 0 || host->in_user_namespace))
		return "only below a cgroup that was delegated to this user";
	if (is_clock && host->cgroup == CGROUP_NONE)
		return "without cgroup2 only a pid namespace of its own makes sure that "
		       "nothing of the container stays";
	return NULL;
}

static int weigh(struct lone *lone, const struct oci_limit_row *row,
	struct oci_feature_limit *ret, struct error *err)
{
	enum { SOME = 1000 * 1000 }; /* a value that every limit takes */
	struct birth *birth = &lone->once.birth;
	unsigned int needed;

	*oci_limit_of(&lone->once.limits, row) = (struct opt_u64){true, SOME};
	if (once_put_limits(&lone->once, err) < 0 ||
		plan_limits(&birth->plan, &birth->wanted, lone->section.resources, &needed,
			err) < 0 ||
		once_check_enforceable(&lone->once, err) < 0)
		return -1;
	*ret = (struct oci_feature_limit){.key = row->key, .status = "enforceable"};
	if (birth->plan.n_unenforced) {
		ret->status = "no";
		ret->reason = without_field(birth->plan.unenforced[0]);
	} else if (partly(lone, row)) {
		ret->status = "partial";
		ret->reason = partly(lone, row);
	}
	return 0;
}

int once_features(const struct host *host, struct arena *arena, struct oci_feature_limit **ret,
	size_t *ret_count, struct error *err)
{
	size_t count = 0;

	while (oci_limit_rows[count].key)
		count++;
	*ret_count = count;
	*ret = arena_array(arena, count, sizeof(**ret));
	if (!*ret)
		return fail(err, ENOMEM, "print the features");
	for (size_t i = 0; i < count; i++) {
		struct lone lone;
		int result;

		open_lone(&lone, host);
		result = weigh(&lone, &oci_limit_rows[i], &(*ret)[i], err);
		if (result == 0 && (*ret)[i].reason)
			(*ret)[i].reason = arena_text(arena, (*ret)[i].reason);
		arena_free(&lone.once.birth.operation.arena);
		if (result < 0)
			return -1;
	}
	return 0;
}
