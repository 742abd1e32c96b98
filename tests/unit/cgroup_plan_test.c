/* SPDX-License-Identifier: Apache-2.0 */
/* Where the cgroup is, who owns it, and which device rules it gets: by spec and host facts. */
#include "oci/spec.h"
#include "runtime/plan/plan.h"
#include "tests/unit/tap.h"

static const struct host root_host = {.cgroup = CGROUP_UNIFIED,
	.cgroup_mount = "/sys/fs/cgroup",
	.own_cgroup = "/system.slice/shim.service",
	.controllers = 0x1ff};

struct outcome {
	struct arena arena;
	struct plan plan;
	struct error err;
	int result;
};

/* The whole of both rooms for a spec whose linux object is JSON, with MORE behind it. */
static struct outcome plan(
	const char *json, const char *more, const struct host *host, struct request request)
{
	struct outcome outcome = {0};
	struct oci_spec *spec = NULL;
	char text[2048];

	snprintf(text, sizeof(text),
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"],\"user\":{\"uid\":5,\"gid\":0}},"
		"\"linux\":%s%s}",
		json, more);
	outcome.result =
		oci_spec_parse(text, strlen(text), &outcome.arena, &spec, &outcome.err);
	if (outcome.result < 0)
		return outcome;
	request.id = request.id ? request.id : "abc";

	struct wanted wanted = {spec, spec->process, &request, host};

	outcome.plan = (struct plan){.arena = &outcome.arena};
	outcome.result = plan_cgroup(&outcome.plan, &wanted, &outcome.err);
	if (outcome.result == 0)
		outcome.result = plan_devices_cgroup(&outcome.plan, &wanted, &outcome.err);
	return outcome;
}

static const struct step *find(const struct outcome *outcome, enum step_kind kind)
{
	const struct step_list *const lists[] = {
		&outcome->plan.outside, &outcome->plan.after_clone};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->count; i++)
			if (lists[k]->steps[i].kind == kind)
				return &lists[k]->steps[i];
	return NULL;
}

static void test_paths(void)
{
	static const struct {
		const char *own, *json, *wanted;
	} rows[] = {
		{"/", "{}", "/abc"},
		{"/a.slice/b.service", "{}", "/a.slice/abc"},
		{"/a", "{}", "/abc"},
		{"/a/b", "{\"cgroupsPath\":\"x/y\"}", "/a/x/y"},
		{"/", "{\"cgroupsPath\":\"x/y\"}", "/x/y"},
		{"/a/b", "{\"cgroupsPath\":\"/x/y\"}", "/x/y"},
		{"/a/b", "{\"cgroupsPath\":\"//x/./y//\"}", "/x/y"},
		{"/a/b", "{\"cgroupsPath\":\"\"}", "/a/abc"},
		{"/a/b", "{\"cgroupsPath\":\"/\"}",
			"!linux.cgroupsPath: a container cannot have the root cgroup"},
		{"/a/b", "{\"cgroupsPath\":\".\"}",
			"!linux.cgroupsPath: a container cannot have the root cgroup"},
		{"/a/b", "{\"cgroupsPath\":\"/x/../y\"}", "!~cgroupsPath"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct host host = root_host;

		host.own_cgroup = rows[i].own;

		struct outcome outcome = plan(rows[i].json, "", &host, (struct request){0});

		if (rows[i].wanted[0] == '!') {
			is_result(
				outcome.result, &outcome.err, rows[i].wanted + 1, rows[i].json);
		} else if (is_result(outcome.result, &outcome.err, NULL, rows[i].json)) {
			is_text(outcome.plan.cgroup, rows[i].wanted, rows[i].json);
			is_text(find(&outcome, STEP_CREATE_CGROUP)->cgroup.path, rows[i].wanted,
				"and the step says so");
		}
		arena_free(&outcome.arena);
	}
}

static void test_hosts(void)
{
	struct host user = root_host, none = root_host, root = root_host;
	struct outcome outcome;

	user.euid = 1000;
	none.cgroup = CGROUP_NONE;
	outcome = plan("{}", "", &user, (struct request){0});
	is_true(outcome.result == 0 && find(&outcome, STEP_CREATE_CGROUP)->cgroup.optional,
		"a user who asks for nothing may go without");
	is_true(!find(&outcome, STEP_LIMIT_DEVICES), "and loads no program");
	arena_free(&outcome.arena);

	outcome = plan(
		"{\"resources\":{\"pids\":{\"limit\":3}}}", "", &user, (struct request){0});
	is_true(outcome.result == 0 && !find(&outcome, STEP_CREATE_CGROUP)->cgroup.optional,
		"one who asks for a limit may not");
	is_number(find(&outcome, STEP_CREATE_CGROUP)->cgroup.controllers, CONTROLLER_PIDS,
		"and needs its controller");
	arena_free(&outcome.arena);

	outcome = plan("{\"cgroupsPath\":\"x\"}", "", &user, (struct request){0});
	is_true(outcome.result == 0 && !find(&outcome, STEP_CREATE_CGROUP)->cgroup.optional,
		"nor one who asks for a path");
	arena_free(&outcome.arena);

	outcome = plan("{}", "", &root, (struct request){0});
	is_true(outcome.result == 0 && !find(&outcome, STEP_CREATE_CGROUP)->cgroup.optional,
		"nor root");
	arena_free(&outcome.arena);

	outcome = plan("{}", "", &none, (struct request){0});
	is_true(outcome.result == 0 && !outcome.plan.cgroup && !outcome.plan.outside.count,
		"no cgroup2: no cgroup, no step");
	is_number(outcome.plan.n_warnings, 1, "and a warning");
	arena_free(&outcome.arena);

	outcome = plan("{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}}",
		"", &none, (struct request){0});
	is_result(outcome.result, &outcome.err, "~linux.resources.devices: no cgroup2",
		"no cgroup2: denied devices are refused");
	arena_free(&outcome.arena);

	outcome = plan("{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}}",
		"", &none, (struct request){.allow_missing_controllers = true});
	is_result(outcome.result, &outcome.err, NULL, "unless that was allowed");
	is_number(outcome.plan.n_unenforced, 1, "and it is said");
	arena_free(&outcome.arena);

	outcome = plan("{}", "", &root, (struct request){.systemd_cgroup = true});
	is_result(outcome.result, &outcome.err, "~systemd is not running on this host",
		"the other driver");
	arena_free(&outcome.arena);
}

static void test_devices(void)
{
	struct host nested = root_host;
	struct outcome outcome = plan("{}", "", &root_host, (struct request){0});
	const struct step *step = find(&outcome, STEP_LIMIT_DEVICES);

	nested.in_user_namespace = true;
	is_true(step && step->device_rules.count == 12, "no list: the defaults");
	arena_free(&outcome.arena);

	outcome = plan("{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
		       "{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,"
		       "\"access\":\"rw\"}]}}",
		"", &root_host, (struct request){0});
	step = find(&outcome, STEP_LIMIT_DEVICES);
	if (is_true(step && step->device_rules.count == 14, "the user's, then the defaults")) {
		const struct step_device_rule *rules = step->device_rules.rules;

		is_true(!rules[0].allow && rules[0].type == 'a', "deny all");
		is_true(rules[1].allow && rules[1].type == 'c' && rules[1].major == 10 &&
				rules[1].minor == 229 && rules[1].access == 6,
			"allow one");
		is_true(rules[13].major == 10 && rules[13].minor == 200, "/dev/net/tun last");
	}
	arena_free(&outcome.arena);

	outcome = plan("{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}}",
		"", &root_host, (struct request){0});
	is_true(outcome.result == 0 && !find(&outcome, STEP_LIMIT_DEVICES),
		"all allowed: no program");
	is_number(outcome.plan.n_warnings, 0, "and nothing to say");
	arena_free(&outcome.arena);

	outcome = plan("{\"resources\":{\"devices\":[{\"allow\":true,\"major\":10,"
		       "\"minor\":200,\"access\":\"rwm\"},"
		       "{\"allow\":false,\"type\":\"c\",\"major\":1,\"access\":\"w\"}]}}",
		"", &root_host, (struct request){0});
	is_true(find(&outcome, STEP_LIMIT_DEVICES) != NULL, "all but one: a program");
	is_number(outcome.plan.n_warnings, 1, "type \"a\" with a number is a trap");
	arena_free(&outcome.arena);

	outcome = plan("{}", "", &nested, (struct request){0});
	is_true(outcome.result == 0 && !find(&outcome, STEP_LIMIT_DEVICES),
		"in a user namespace: none");
	arena_free(&outcome.arena);
}

static void test_owner(void)
{
	static const char mount[] =
		",\"mounts\":[{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\","
		"\"options\":[\"%s\"]}]";
	static const char with_user[] =
		"{\"namespaces\":[{\"type\":\"cgroup\"},{\"type\":\"user\"}],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10}]}";
	static const struct {
		const char *name, *json, *option;
		uint32_t owner; /* 0: none */
	} rows[] = {
		{"writable, own cgroup namespace", "{\"namespaces\":[{\"type\":\"cgroup\"}]}",
			"rw", 5},
		{"mapped", with_user, "rw", 1005},
		{"read-only", with_user, "ro", 0},
		{"no cgroup namespace", "{}", "rw", 0},
		{"a joined cgroup namespace",
			"{\"namespaces\":[{\"type\":\"cgroup\",\"path\":\"/x\"}]}", "rw", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char more[256];

		snprintf(more, sizeof(more), mount, rows[i].option);

		struct outcome outcome =
			plan(rows[i].json, more, &root_host, (struct request){0});
		const struct step *step = find(&outcome, STEP_OWN_CGROUP);

		is_result(outcome.result, &outcome.err, NULL, rows[i].name);
		is_number(step ? step->owner.uid : 0, rows[i].owner, rows[i].name);
		if (step)
			is_true(step == &outcome.plan.outside
						 .steps[outcome.plan.outside.count - 1],
				"when all limits hold");
		arena_free(&outcome.arena);
	}
}

int main(void)
{
	test_paths();
	test_hosts();
	test_devices();
	test_owner();
	return tap_end();
}
