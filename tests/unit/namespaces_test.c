/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many processes, and what each makes, joins and unshares: every mix of new and joined
 * namespaces that decides something. The steps are compared as text.
 */
#define _GNU_SOURCE
#include "runtime/plan/plan.h"
#include "tests/golden/meetings.h"
#include "tests/unit/tap.h"

#include <linux/sched.h>

static const struct row {
	const char *fresh, *joined;
	bool offsets;
	const char *steps;
} rows[] = {
	/* nothing, or only new ones: one clone() */
	{"", "", false, "clone without new namespaces"},
	{"mount", "", false, "clone mount"},
	{"pid", "", false, "clone pid"},
	{"cgroup", "", false, "clone without new namespaces; unshare cgroup"},
	{"cgroup mount", "", false, "clone mount; unshare cgroup"},
	{"ipc mount network pid uts", "", false, "clone ipc mount network pid uts"},
	{"user", "", false, "clone user"},
	{"mount pid user", "", false, "clone mount pid user"},
	{"time", "", false, "clone time"},
	{"pid time user", "", false, "clone pid time user"},
	{"cgroup ipc mount network pid time user uts", "", false,
		"clone ipc mount network pid time user uts; unshare cgroup"},

	/* joins that the process can make itself */
	{"", "network", false, "clone without new namespaces; join network"},
	{"mount pid", "network", false, "clone mount pid; join network"},
	{"mount pid", "ipc network uts", false, "clone mount pid; join ipc network uts"},
	{"cgroup mount pid", "ipc network", false,
		"clone mount pid; join ipc network; unshare cgroup"},
	{"pid", "mount", false, "clone pid; join mount"},
	{"mount pid", "cgroup", false, "clone mount pid; join cgroup"},
	{"mount pid", "time", false, "clone mount pid; join time"},
	{"mount time", "network", false, "clone mount time; join network"},

	/* a joined pid namespace holds for children only */
	{"", "pid", false,
		"clone without new namespaces; join pid; fork without new namespaces"},
	{"mount", "pid", false, "clone without new namespaces; join pid; fork mount"},
	{"cgroup mount", "pid", false,
		"clone without new namespaces; join pid; fork mount; unshare cgroup"},
	{"ipc mount uts", "network pid", false,
		"clone without new namespaces; join network pid; fork ipc mount uts"},
	{"mount time", "pid", false, "clone without new namespaces; join pid; fork mount time"},

	/* what is new beside a joined user namespace belongs to it */
	{"", "user", false,
		"clone without new namespaces; join user; fork without new namespaces"},
	{"mount pid", "user", false, "clone without new namespaces; join user; fork mount pid"},
	{"mount", "network user", false,
		"clone without new namespaces; join network user; fork mount"},
	{"", "ipc mount network pid user uts", false,
		"clone without new namespaces; join ipc mount network pid user uts; "
		"fork without new namespaces"},
	{"cgroup mount", "pid user", false,
		"clone without new namespaces; join pid user; fork mount; unshare cgroup"},

	/* a new user namespace is made after the joins */
	{"user", "network", false, "clone without new namespaces; join network; fork user"},
	{"mount pid user", "network", false,
		"clone without new namespaces; join network; fork mount pid user"},
	{"mount user", "pid", false, "clone without new namespaces; join pid; fork mount user"},
	{"mount user", "time", false,
		"clone without new namespaces; join time; fork mount user"},

	/* clock offsets are written before somebody lives there */
	{"time", "", true,
		"clone without new namespaces; unshare time; write; fork without new "
		"namespaces"},
	{"mount pid time", "", true,
		"clone without new namespaces; unshare time; write; fork mount pid"},
	{"cgroup mount time", "", true,
		"clone without new namespaces; unshare time; write; fork mount; unshare "
		"cgroup"},
	{"mount pid time user", "", true,
		"clone without new namespaces; unshare time; write; fork mount pid user"},
	{"mount time", "network", true,
		"clone without new namespaces; join network; unshare time; write; fork mount"},
	{"mount time", "pid user", true,
		"clone without new namespaces; join pid user; unshare time; write; fork mount"},
};

static void add(struct oci_linux *section, const char *words, bool joined)
{
	for (const struct name *name = oci_namespace_names; name->name; name++) {
		const char *at = strstr(words, name->name);

		if (!at)
			continue;
		section->namespaces[section->n_namespaces++] = (struct oci_namespace){
			.type = (uint32_t)name->value,
			.path = joined ? "/run/ns" : NULL,
		};
	}
}

/* The steps that make, join and unshare, without slots: "clone mount; join network". */
static void describe(const struct plan *plan, char *text, size_t size)
{
	const struct step_list *lists[] = {&plan->outside, &plan->inside};
	char line[512];

	*text = '\0';
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct step *step = &lists[l]->steps[i];

			if (step->kind != STEP_CLONE && step->kind != STEP_JOIN &&
				step->kind != STEP_UNSHARE && step->kind != STEP_WRITE_SELF &&
				step->kind != STEP_FORK)
				continue;
			step_print(step, line, sizeof(line));
			if (step->kind == STEP_WRITE_SELF)
				strcpy(line, "write");
			for (char *at; (at = strstr(line, " #"));)
				memmove(at, at + 2 + strspn(at + 2, "0123456789"),
					strlen(at + 2 + strspn(at + 2, "0123456789")) + 1);
			snprintf(text + strlen(text), size - strlen(text), "%s%s",
				*text ? "; " : "", line);
		}
}

static void try_row(const struct row *row)
{
	struct oci_namespace namespaces[8];
	struct oci_id_mapping map = {0, 100000, 65536};
	struct oci_time_offset offset = {.secs = 1};
	struct oci_time_offsets offsets = {.monotonic = &offset};
	struct oci_linux section = {.namespaces = namespaces};
	struct oci_root root = {.path = "/root"};
	struct oci_process process = {.args = (const char *[]){"x"}, .n_args = 1, .cwd = "/"};
	struct oci_spec spec = {.root = &root, .process = &process};
	struct request request = {.verb = REQUEST_RUN, .id = "x", .bundle = "/b"};
	struct host host = {.can_set_ids = true, .can_mknod = true, .has_time_namespace = true};
	struct wanted wanted = {&spec, &process, &request, &host};
	struct arena arena = {0};
	struct error err = {0};
	struct plan plan;
	char text[1024], name[256];

	spec.linux = &section;
	add(&section, row->fresh, false);
	add(&section, row->joined, true);
	if (strstr(row->fresh, "user")) {
		section.uid_mappings = section.gid_mappings = &map;
		section.n_uid_mappings = section.n_gid_mappings = 1;
	}
	if (row->offsets)
		section.time_offsets = &offsets;
	snprintf(name, sizeof(name), "new (%s) joined (%s)%s", row->fresh, row->joined,
		row->offsets ? " with offsets" : "");
	if (is_result(plan_build(&plan, &wanted, &arena, &err), &err, NULL, name)) {
		describe(&plan, text, sizeof(text));
		is_text(text, row->steps, name);
		is_result(check_meetings(&plan, &err), &err, NULL, "its sides meet");
		is_result(check_slots(&plan, &err), &err, NULL, "its slots are filled");
		is_true(plan.has_pid_namespace == (strstr(row->fresh, "pid") != NULL),
			"it knows whether the pid namespace is its own");
	}
	arena_free(&arena);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		try_row(&rows[i]);
	return tap_end();
}
