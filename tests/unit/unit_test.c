/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's view of a container: values of annotations, limits as properties, names of units.
 */
#include "runtime/plan/unit.h"

#include "oci/base/text.h"
#include "oci/spec.h"
#include "tests/unit/tap.h"

/* "a b c", or the error. */
static const char *joined(struct arena *arena, const char *const *words, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_format(arena, "%s%s%s", text, i ? " " : "", words[i]);
	return text;
}

static void test_values(void)
{
	static const struct {
		const char *type, *value, *wanted; /* NULL: refused */
	} rows[] = {
		{"s", "'process'", "process"},
		{"s", "\"it's\"", "it's"},
		{"s", "'a\\'b\\\\'", "a'b\\"},
		{"s", " string 'x' ", "x"},
		{"s", "process", NULL},
		{"s", "'open", NULL},
		{"s", "'a' 'b'", NULL},
		{"s", "'\\n'", NULL},
		{"b", "true", "true"},
		{"b", "boolean false", "false"},
		{"b", "1", NULL},
		{"t", "5", "5"},
		{"t", "uint64 18446744073709551615", "18446744073709551615"},
		{"t", "18446744073709551616", NULL},
		{"t", "-1", NULL},
		{"t", "int32 5", NULL},
		{"t", "@t 7", "7"},
		{"t", "@u 7", NULL},
		{"t", "", NULL},
		{"i", "-15", "-15"},
		{"i", "-2147483648", "-2147483648"},
		{"i", "2147483648", NULL},
		{"u", "4294967296", NULL},
		{"as", "['a', 'b']", "2 a b"},
		{"as", "[]", "0"},
		{"as", "@as []", "0"},
		{"as", "['a' 'b']", NULL},
		{"as", "['a'", NULL},
		{"as", "'a'", NULL},
		{"ay", "[byte 255, 1]", "2 255 1"},
		{"ay", "[256]", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct error err = {0};
		const char *const *words;
		size_t count;
		char name[128];
		int result = gvariant_words(
			&arena, rows[i].value, rows[i].type, &words, &count, &err);

		snprintf(name, sizeof(name), "%s as %s", rows[i].value, rows[i].type);
		if (rows[i].wanted)
			is_text(result < 0 ? err.what : joined(&arena, words, count),
				rows[i].wanted, name);
		else
			is_result(result, &err, "~is no value of the type", name);
		arena_free(&arena);
	}
}

/* "Name=words Name=words" of one cgroup file, or "!" for a refusal. */
static const char *property_of(struct arena *arena, const char *file, const char *text)
{
	struct step step = {.kind = STEP_WRITE_CGROUP,
		.origin = "here",
		.file = {.path = file, .text = text}};
	const struct step_list list = {.steps = &step, .count = 1};
	struct error err = {0};
	struct unit_properties properties = {.arena = arena, .err = &err};
	const char *found = "";

	if (plan_unit_properties(&properties, &list, 0) < 0)
		return strcmp(err.where, "here") ? "an error without its place" : "!";
	for (size_t i = 0; i < properties.count; i++)
		found = arena_format(arena, "%s%s%s=%s", found, i ? ", " : "",
			properties.list[i].name,
			joined(arena, properties.list[i].words, properties.list[i].n_words));
	return found;
}

static void test_limits(void)
{
	static const struct {
		const char *file, *text, *wanted;
	} rows[] = {
		{"memory.max", "max", "MemoryMax=18446744073709551615"},
		{"memory.max", "4096", "MemoryMax=4096"},
		{"memory.high", "3m", "MemoryHigh=3145728"},
		{"memory.high", "16E", "!"},
		{"memory.low", "2G", "MemoryLow=2147483648"},
		{"memory.min", "1kB", "!"},
		{"memory.swap.max", "0", "MemorySwapMax=0"},
		{"memory.zswap.max", "0", "MemoryZSwapMax=0"},
		{"memory.oom.group", "1", "OOMPolicy=kill"},
		{"memory.oom.group", "0", "OOMPolicy=continue"},
		{"pids.max", "max", "TasksMax=18446744073709551615"},
		{"pids.max", "many", "!"},
		{"cpu.weight", "59", "CPUWeight=59"},
		{"cpu.idle", "1", "CPUWeight=0"},
		{"cpu.idle", "0", "CPUWeight=100"},
		{"cpu.idle", "2", "!"},
		{"cpu.max", "50000 100000",
			"CPUQuotaPerSecUSec=500000, CPUQuotaPeriodUSec=100000"},
		{"cpu.max", "12345 100000",
			"CPUQuotaPerSecUSec=130000, CPUQuotaPeriodUSec=100000"},
		{"cpu.max", "max 5000",
			"CPUQuotaPerSecUSec=18446744073709551615, CPUQuotaPeriodUSec=5000"},
		{"cpu.max", "max", "CPUQuotaPerSecUSec=18446744073709551615"},
		{"cpu.max", "20000", "CPUQuotaPerSecUSec=200000"},
		{"cpu.max", "1 0", "!"},
		{"cpu.max", "1 2 3", "!"},
		{"cpuset.cpus", "0", "AllowedCPUs=1 1"},
		{"cpuset.cpus", "0-3,9", "AllowedCPUs=2 15 2"},
		{"cpuset.cpus", "8191", NULL},
		{"cpuset.cpus", "8192", "!"},
		{"cpuset.cpus", "3-1", "!"},
		{"cpuset.cpus", "0-", "!"},
		{"cpuset.mems", "1", "AllowedMemoryNodes=1 2"},
		{"io.weight", "200", "IOWeight=200"},
		{"io.weight", "default 200", "IOWeight=200"},
		{"io.weight", "8:16 200", "IODeviceWeight=1 /dev/block/8:16 200"},
		{"io.weight", "default 20000", "!"},
		{"io.bfq.weight", "100", "IOWeight=100"},
		{"io.bfq.weight", "1000", "IOWeight=10000"},
		{"io.max", "8:0 rbps=5 wiops=max",
			"IOReadBandwidthMax=1 /dev/block/8:0 5, "
			"IOWriteIOPSMax=1 /dev/block/8:0 18446744073709551615"},
		{"io.max", "8:0 speed=5", "!"},
		{"io.max", "8:0 rbps=5\n8:1 wbps=6",
			"IOReadBandwidthMax=1 /dev/block/8:0 5, "
			"IOWriteBandwidthMax=1 /dev/block/8:1 6"},
		{"hugetlb.2MB.max", "0", ""},
		{"misc.max", "x 1", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		const char *found = property_of(&arena, rows[i].file, rows[i].text);
		char name[128];

		snprintf(name, sizeof(name), "%s: %.40s", rows[i].file, rows[i].text);
		name[strcspn(name, "\n")] = '\0';
		if (rows[i].wanted)
			is_text(found, rows[i].wanted, name);
		else
			is_true(text_starts(found, "AllowedCPUs=1024 "), "%s", name);
		arena_free(&arena);
	}
}

/* Path and unit for a cgroupsPath; the id is "abc". */
static void test_names(void)
{
	static const struct {
		const char *path, *unit, *cgroup; /* no unit: cgroup is a part of the error */
	} rows[] = {
		{NULL, "mayfly-abc.scope", "/system.slice/mayfly-abc.scope"},
		{"", "mayfly-abc.scope", "/system.slice/mayfly-abc.scope"},
		{"::x", "x.scope", "/system.slice/x.scope"},
		{":p:x", "p-x.scope", "/system.slice/p-x.scope"},
		{"a-b-c.slice:p:x", "p-x.scope", "/a.slice/a-b.slice/a-b-c.slice/p-x.scope"},
		{"-.slice:p:x", "p-x.scope", "/p-x.scope"},
		{"s.slice:p:a-b.slice", "a-b.slice", "/a.slice/a-b.slice"},
		{"system.slice:p:x:y", NULL, "expected cgroupsPath to be of format"},
		{"/x", NULL, "expected cgroupsPath to be of format"},
		{"system.slice:p:", NULL, "the name of a systemd unit is missing"},
		{"system:p:x", NULL, "invalid slice name"},
		{"a/b.slice:p:x", NULL, "invalid slice name"},
		{"a-.slice:p:x", NULL, "invalid slice name"},
		{".slice:p:x", NULL, "invalid slice name"},
		{"s.slice:p:../x", NULL, "is no name of a systemd unit"},
		{"s.slice:p:x\ty", NULL, "is no name of a systemd unit"},
		{"s.slice:p:-.slice", NULL, "cannot have the root cgroup"},
		{"bad.service:p:a-b.slice", NULL, "invalid slice name"},
		{"s.slice/x:p:a-b.slice", NULL, "invalid slice name"},
	};
	static const struct host host = {
		.cgroup = CGROUP_UNIFIED, .systemd = {.booted = true, .cgroup = ""}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct error err = {0};
		struct oci_linux section = {.cgroups_path = (char *)(uintptr_t)rows[i].path};
		struct oci_spec spec = {.linux = &section};
		const struct request request = {.id = "abc"};
		const struct wanted wanted = {
			.spec = &spec, .request = &request, .host = &host};
		struct plan plan = {.arena = &arena};
		int result = plan_unit(&plan, &wanted, &err);

		if (!rows[i].unit) {
			is_true(result < 0 && strstr(err.what, rows[i].cgroup), "%s: %s",
				rows[i].path, err.what);
		} else {
			is_result(result, &err, NULL, rows[i].path ? rows[i].path : "none");
			is_text(plan.unit, rows[i].unit, "its unit");
			is_text(plan.cgroup, rows[i].cgroup, "its cgroup");
		}
		arena_free(&arena);
	}
}

/* What is written to pids.max, or "". */
static const char *pids_max(const struct step_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].kind == STEP_WRITE_CGROUP &&
			!strcmp(list->steps[i].file.path, "pids.max"))
			return list->steps[i].file.text;
	return "";
}

/* While systemd's process stands in there is one more; the kernel takes 4194304 at most. */
static void test_room(void)
{
	static const struct {
		int64_t limit;
		const char *before, *after; /* the program is there */
	} rows[] = {
		{-1, "max", ""},
		{0, "2", "1"},
		{1, "2", "1"},
		{100, "101", "100"},
		{4194303, "4194304", "4194303"},
		{4194304, "4194304", ""},
	};
	static const struct host host = {.cgroup = CGROUP_UNIFIED,
		.controllers = CONTROLLER_PIDS,
		.systemd = {.booted = true, .cgroup = ""}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct error err = {0};
		struct oci_pids pids = {.limit = {.set = true, .value = rows[i].limit}};
		struct oci_resources resources = {.pids = &pids};
		struct oci_linux section = {.resources = &resources};
		struct oci_spec spec = {.linux = &section};
		const struct request request = {.id = "abc"};
		const struct wanted wanted = {
			.spec = &spec, .request = &request, .host = &host};
		struct plan plan = {.arena = &arena};
		char name[64];

		snprintf(name, sizeof(name), "pids.limit %" PRId64, rows[i].limit);
		is_result(plan_unit(&plan, &wanted, &err), &err, NULL, name);
		is_text(pids_max(&plan.outside), rows[i].before, "with the stand-in");
		is_result(plan_release_unit(&plan, &err), &err, NULL, "it is released");
		is_text(pids_max(&plan.after_clone), rows[i].after, "without it");
		arena_free(&arena);
	}
}

int main(void)
{
	test_room();
	test_values();
	test_limits();
	test_names();
	return tap_end();
}
