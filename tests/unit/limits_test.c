/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as writes to cgroup v2 files: every conversion, by its exact file and text.
 */
#include "oci/resources.h"
#include "runtime/plan/resources.h"
#include "tests/unit/tap.h"

enum { EVERY = 0x1ff };

static const struct host unified = {
	.cgroup = CGROUP_UNIFIED, .controllers = EVERY, .has_swap_accounting = true};
static const struct host with_bfq = {
	.cgroup = CGROUP_UNIFIED, .controllers = EVERY, .bfq_weight = true};
static const struct host hybrid = {.cgroup = CGROUP_HYBRID, .controllers = CONTROLLER_HUGETLB};
static const struct host none = {.cgroup = CGROUP_NONE};
static const struct host few = {
	.cgroup = CGROUP_UNIFIED, .controllers = CONTROLLER_MEMORY | CONTROLLER_PIDS};

/* A write is "file=text;", with "?" after the file when it may be missing. */
static const struct {
	const char *name, *json;
	const struct host *host;
	const char *wanted; /* writes, or "!" and a part of the error */
} rows[] = {
	{"nothing asked, nothing written", "{}", &unified, ""},
	{"pids: a number", "{\"pids\":{\"limit\":32}}", &unified, "pids.max=32;"},
	{"pids: 0 is the first process only", "{\"pids\":{\"limit\":0}}", &unified,
		"pids.max=1;"},
	{"pids: -1 is no limit", "{\"pids\":{\"limit\":-1}}", &unified, "pids.max=max;"},

	{"memory: a number", "{\"memory\":{\"limit\":65536}}", &unified, "memory.max=65536;"},
	{"memory: -1", "{\"memory\":{\"limit\":-1}}", &unified, "memory.max=max;"},
	{"memory: 0 is not written", "{\"memory\":{\"limit\":0}}", &unified, ""},
	{"memory: reservation is memory.low", "{\"memory\":{\"reservation\":4096}}", &unified,
		"memory.low=4096;"},
	{"memory: reservation -1", "{\"memory\":{\"reservation\":-1}}", &unified,
		"memory.low=max;"},

	{"swap: the difference, before memory.max",
		"{\"memory\":{\"limit\":64,\"swap\":128,\"reservation\":32}}", &unified,
		"memory.swap.max=64;memory.max=64;memory.low=32;"},
	{"swap: equal is none", "{\"memory\":{\"limit\":64,\"swap\":64}}", &unified,
		"memory.swap.max?=0;memory.max=64;"},
	{"swap: -1", "{\"memory\":{\"limit\":64,\"swap\":-1}}", &unified,
		"memory.swap.max?=max;memory.max=64;"},
	{"swap: 0 is left alone", "{\"memory\":{\"limit\":64,\"swap\":0}}", &unified,
		"memory.max=64;"},
	{"swap: 0 without a memory limit is none", "{\"memory\":{\"limit\":-1,\"swap\":0}}",
		&unified, "memory.swap.max?=max;memory.max=max;"},
	{"swap: memory -1, swap as it is", "{\"memory\":{\"limit\":-1,\"swap\":100}}", &unified,
		"memory.swap.max=100;memory.max=max;"},
	{"swap: without memory", "{\"memory\":{\"swap\":100}}", &unified,
		"!memory.swap: unable to set swap limit without memory limit"},
	{"swap: below memory", "{\"memory\":{\"limit\":64,\"swap\":63}}", &unified,
		"!memory+swap limit should be >= memory limit"},
	{"swap: a kernel that does not count it", "{\"memory\":{\"limit\":64,\"swap\":128}}",
		&few, "!memory.swap: this kernel does not count swap"},
	{"swap: none, by a kernel that does not count it",
		"{\"memory\":{\"limit\":64,\"swap\":64}}", &few,
		"memory.swap.max?=0;memory.max=64;"},

	{"cpu: shares", "{\"cpu\":{\"shares\":1024}}", &unified, "cpu.weight=100;"},
	{"cpu: shares 0", "{\"cpu\":{\"shares\":0}}", &unified, ""},
	{"cpu: quota and period", "{\"cpu\":{\"quota\":50000,\"period\":200000}}", &unified,
		"cpu.max=50000 200000;"},
	{"cpu: quota alone", "{\"cpu\":{\"quota\":50000}}", &unified, "cpu.max=50000 100000;"},
	{"cpu: quota -1", "{\"cpu\":{\"quota\":-1,\"period\":50000}}", &unified,
		"cpu.max=max 50000;"},
	{"cpu: period alone", "{\"cpu\":{\"period\":50000}}", &unified, "cpu.max=max 50000;"},
	{"cpu: both 0", "{\"cpu\":{\"quota\":0,\"period\":0}}", &unified, ""},
	{"cpu: never a burst above the quota", "{\"cpu\":{\"quota\":50000,\"burst\":20000}}",
		&unified, "cpu.max.burst=0;cpu.max=50000 100000;cpu.max.burst=20000;"},
	{"cpu: burst alone", "{\"cpu\":{\"burst\":7}}", &unified, "cpu.max.burst=7;"},
	{"cpu: idle has no weight", "{\"cpu\":{\"idle\":1,\"shares\":512}}", &unified,
		"cpu.idle=1;"},
	{"cpu: not idle, before the weight", "{\"cpu\":{\"idle\":0,\"shares\":512}}", &unified,
		"cpu.idle=0;cpu.weight=59;"},
	{"cpuset", "{\"cpu\":{\"cpus\":\"0-1,3\",\"mems\":\"0\"}}", &unified,
		"cpuset.cpus=0-1,3;cpuset.mems=0;"},

	{"io: weight", "{\"blockIO\":{\"weight\":10}}", &unified, "io.weight=1;"},
	{"io: weight 1000", "{\"blockIO\":{\"weight\":1000}}", &unified, "io.weight=10000;"},
	{"io: weight 500", "{\"blockIO\":{\"weight\":500}}", &unified, "io.weight=4950;"},
	{"io: bfq", "{\"blockIO\":{\"weight\":500}}", &with_bfq, "io.bfq.weight=500;"},
	{"io: weight 0", "{\"blockIO\":{\"weight\":0}}", &unified, ""},
	{"io: a device's weight",
		"{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500}]}}",
		&with_bfq, "io.bfq.weight=8:0 500;"},
	{"io: a device's weight without bfq",
		"{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}}",
		&unified, "io.weight=8:0 1;"},
	{"io: throttles",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":5}]"
		","
		"\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":6}],"
		"\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":7}],"
		"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":0}]}}",
		&unified,
		"io.max=8:1 rbps=5;io.max=8:2 wbps=6;io.max=8:3 riops=7;io.max=8:4 wiops=max;"},

	{"hugetlb: both files",
		"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}", &unified,
		"hugetlb.2MB.max=4194304;hugetlb.2MB.rsvd.max?=4194304;"},
	{"hugetlb: above INT64_MAX",
		"{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":18446744073709551615}]}",
		&unified, "hugetlb.1GB.max=max;hugetlb.1GB.rsvd.max?=max;"},
	{"rdma: both", "{\"rdma\":{\"mlx5_0\":{\"hcaHandles\":3,\"hcaObjects\":100}}}",
		&unified, "rdma.max=mlx5_0 hca_handle=3 hca_object=100;"},
	{"rdma: one", "{\"rdma\":{\"mlx5_0\":{\"hcaObjects\":100}}}", &unified,
		"rdma.max=mlx5_0 hca_object=100;"},

	{"unified: last", "{\"unified\":{\"memory.high\":\"5\"},\"pids\":{\"limit\":3}}",
		&unified, "pids.max=3;memory.high=5;"},
	{"unified: several lines stay one write step",
		"{\"unified\":{\"io.max\":\"8:0 rbps=1\\n8:0 wbps=2\"}}", &unified,
		"io.max=8:0 rbps=1\n8:0 wbps=2;"},
	{"unified: empty", "{\"unified\":{\"memory.high\":\"\"}}", &unified, ""},
	{"unified: a controller nobody knows is the kernel's to refuse",
		"{\"unified\":{\"foo.max\":\"1\"}}", &unified, "foo.max=1;"},
	{"unified: no dot", "{\"unified\":{\"memory\":\"1\"}}", &unified,
		"!unified.memory: must be in the form CONTROLLER.PARAMETER"},
	{"unified: what acts on processes", "{\"unified\":{\"cgroup.procs\":\"1\"}}", &unified,
		"!unified.cgroup.procs: is no limit"},
	{"unified: the depth of the tree", "{\"unified\":{\"cgroup.max.depth\":\"1\"}}",
		&hybrid, "cgroup.max.depth=1;"},

	{"hybrid: refused by name", "{\"memory\":{\"limit\":64}}", &hybrid,
		"!linux.resources.memory.limit: the memory controller of this host is with "
		"cgroup v1, so this limit would not hold; "},
	{"hybrid: a left-over controller is not used",
		"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]}", &hybrid,
		"!hugepageLimits[0]: the hugetlb controller of this host is with cgroup v1"},
	{"hybrid: no limit needs no controller",
		"{\"memory\":{\"limit\":-1,\"swap\":-1},\"pids\":{\"limit\":-1},"
		"\"cpu\":{\"quota\":-1}}",
		&hybrid, ""},
	{"no cgroup2 at all", "{\"pids\":{\"limit\":64}}", &none,
		"!linux.resources.pids.limit: no cgroup2 file system is mounted"},
	{"no cgroup2 at all: unified", "{\"unified\":{\"cgroup.max.depth\":\"1\"}}", &none,
		"!unified.cgroup.max.depth: no cgroup2 file system is mounted"},
	{"not delegated", "{\"cpu\":{\"shares\":512}}", &few,
		"!cpu.shares: the controller \"cpu\" is not available in cgroup v2"},
	{"not delegated: unified", "{\"unified\":{\"cpu.max\":\"1 2\"}}", &few,
		"!unified.cpu.max: the controller \"cpu\" is not available"},
	{"the way out is named", "{\"cpu\":{\"shares\":512}}", &few,
		"!run without it by --allow-missing-controllers"},
};

static void writes_text(const struct plan *plan, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < plan->outside.count; i++) {
		const struct step *step = &plan->outside.steps[i];

		used += (size_t)snprintf(buffer + used, size - used, "%s%s=%s;",
			step->file.path, step->file.optional ? "?" : "", step->file.text);
	}
}

static struct plan plan_of(struct arena *arena, const char *json, const struct host *host,
	bool allow, int *ret_result, unsigned int *ret_needed, struct error *err)
{
	struct plan plan = {.arena = arena};
	struct request request = {.allow_missing_controllers = allow};
	struct wanted wanted = {.host = host, .request = &request};
	struct oci_resources *resources;

	*ret_result = oci_resources_parse(json, strlen(json), arena, &resources, err);
	if (*ret_result == 0)
		*ret_result = plan_limits(&plan, &wanted, resources, ret_needed, err);
	return plan;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct error err;
		unsigned int needed;
		char text[1024];
		int result;
		struct plan plan = plan_of(
			&arena, rows[i].json, rows[i].host, false, &result, &needed, &err);

		if (rows[i].wanted[0] == '!') {
			snprintf(text, sizeof(text), "~%s", rows[i].wanted + 1);
			is_result(result, &err, text, rows[i].name);
		} else if (is_result(result, &err, NULL, rows[i].name)) {
			writes_text(&plan, text, sizeof(text));
			is_text(text, rows[i].wanted, rows[i].name);
		}
		arena_free(&arena);
	}
}

static void test_weights(void)
{
	static const struct {
		uint64_t shares, weight;
	} known[] = {{1, 1}, {2, 1}, {10, 4}, {102, 17}, {256, 35}, {512, 59}, {1024, 100},
		{2048, 174}, {4096, 303}, {65536, 3023}, {262144, 10000}, {UINT64_MAX, 10000}};
	uint64_t last = 0;
	bool rises = true;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		is_number(plan_cpu_weight(known[i].shares), known[i].weight, "cpu.weight");
	for (uint64_t shares = 0; shares < 262200; shares++) {
		uint64_t weight = plan_cpu_weight(shares);

		rises = rises && weight >= last && weight <= 10000 && weight >= 1;
		last = weight;
	}
	is_true(rises, "more shares are never less weight");
}

static void test_allowed_to_miss(void)
{
	struct arena arena = {0};
	struct error err;
	unsigned int needed;
	int result;
	struct plan plan = plan_of(&arena,
		"{\"memory\":{\"limit\":64,\"swap\":128},\"cpu\":{\"shares\":2}}", &few, true,
		&result, &needed, &err);
	char text[256];

	is_result(result, &err, NULL, "--allow-missing-controllers");
	writes_text(&plan, text, sizeof(text));
	is_text(text, "memory.max=64;", "what can be limited still is");
	is_number(needed, CONTROLLER_MEMORY, "only what is written needs its controller");
	if (is_number(plan.n_unenforced, 2, "what is left out is counted")) {
		is_text(plan.unenforced[0],
			"linux.resources.memory.swap: this kernel does not count "
			"swap (there is no memory.swap.max)",
			"and named");
		is_text(plan.unenforced[1],
			"linux.resources.cpu.shares: the controller \"cpu\" is "
			"not "
			"available in cgroup v2",
			"and named");
	}
	arena_free(&arena);
}

static void test_warnings(void)
{
	struct arena arena = {0};
	struct error err;
	unsigned int needed;
	int result;
	struct plan plan = plan_of(&arena,
		"{\"memory\":{\"kernel\":1,\"kernelTCP\":1,\"swappiness\":0,"
		"\"disableOOMKiller\":true,\"useHierarchy\":false},"
		"\"cpu\":{\"realtimeRuntime\":1,\"realtimePeriod\":1},"
		"\"blockIO\":{\"leafWeight\":10},"
		"\"network\":{\"classID\":1,\"priorities\":[{\"name\":\"lo\",\"priority\":1}]}"
		"}",
		&unified, false, &result, &needed, &err);
	struct plan quiet = plan_of(&arena,
		"{\"memory\":{\"kernel\":-1,\"kernelTCP\":-1,\"disableOOMKiller\":false,"
		"\"useHierarchy\":true},\"cpu\":{\"realtimeRuntime\":0,\"realtimePeriod\":0},"
		"\"blockIO\":{\"leafWeight\":0},\"network\":{}}",
		&unified, false, &result, &needed, &err);

	is_number(plan.n_warnings, 10, "what cgroup v2 does not have is a warning each");
	is_number(plan.outside.count, 0, "and no write");
	is_number(quiet.n_warnings, 0, "asking for nothing warns of nothing");
	if (plan.n_warnings)
		is_text(plan.warnings[0],
			"linux.resources.memory.kernel: cgroup v2 has no such limit; ignored",
			"the field is named");
	arena_free(&arena);
}

int main(void)
{
	test_rows();
	test_weights();
	test_allowed_to_miss();
	test_warnings();
	return tap_end();
}
