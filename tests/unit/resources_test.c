/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, in a config and as the bare object of update. */
#include "tests/unit/config.h"

#define LIMITS(MORE) LINUX("\"resources\":{" MORE "}")
#define RULE(MORE)   LIMITS("\"devices\":[{" MORE "}]")

static const struct config_case cases[] = {
	{"nothing", LIMITS("")},
	{"empty objects", LIMITS("\"memory\":{},\"cpu\":{},\"pids\":{},\"blockIO\":{}")},
	{"nulls", LIMITS("\"devices\":null,\"pids\":{\"limit\":null},\"memory\":{\"swap\":"
			 "null}")},
	{"a rule for all", RULE("\"allow\":false,\"access\":\"rwm\"")},
	{"allow is required", RULE("\"access\":\"rwm\""),
		"linux.resources.devices[0].allow: is missing"},
	{"access is required", RULE("\"allow\":true"),
		"linux.resources.devices[0]: access is missing: a combination of r, w and m"},
	{"access is not empty", RULE("\"allow\":true,\"access\":\"\""), "~access is missing"},
	{"access has other letters", RULE("\"allow\":true,\"access\":\"rx\""),
		"linux.resources.devices[0].access: \"rx\" has letters other than r, w and m"},
	{"a rule of type p", RULE("\"allow\":true,\"access\":\"r\",\"type\":\"p\""),
		"linux.resources.devices[0].type: unknown name \"p\""},
	{"any number", RULE("\"allow\":true,\"access\":\"r\",\"type\":\"c\",\"major\":-1")},
	{"a number below -1", RULE("\"allow\":true,\"access\":\"r\",\"major\":-2"),
		"linux.resources.devices[0].major: -2 is not between -1 and 4095"},
	{"memory", LIMITS("\"memory\":{\"limit\":-1,\"swap\":-1}")},
	{"memory below -1", LIMITS("\"memory\":{\"limit\":-2}"),
		"linux.resources.memory: limit is below -1"},
	{"reservation below -1", LIMITS("\"memory\":{\"reservation\":-2}"),
		"linux.resources.memory: reservation is below -1"},
	{"swap below -1", LIMITS("\"memory\":{\"swap\":-2}"),
		"linux.resources.memory: swap is below -1"},
	{"unified with a control character", LIMITS("\"unified\":{\"a\\nb\":\"\"}"),
		"linux.resources.unified[\"a?b\"]: contains a control character"},
	{"memory as text", LIMITS("\"memory\":{\"limit\":\"64m\"}"),
		"linux.resources.memory.limit: expected a number, found a string"},
	{"pids as a number", LIMITS("\"pids\":64"),
		"linux.resources.pids: expected an object, found a number"},
	{"idle", LIMITS("\"cpu\":{\"idle\":2}"),
		"linux.resources.cpu.idle: 2 is not between 0 and 1"},
	{"cpus", LIMITS("\"cpu\":{\"cpus\":\"0-3\",\"mems\":\"\"}")},
	{"bad cpus", LIMITS("\"cpu\":{\"cpus\":\"0-3\\n\"}"), "~is not a list"},
	{"weight 0", LIMITS("\"blockIO\":{\"weight\":0}")},
	{"weight 9", LIMITS("\"blockIO\":{\"weight\":9}"),
		"linux.resources.blockIO.weight: 9 is not between 10 and 1000"},
	{"weight 1001", LIMITS("\"blockIO\":{\"weight\":1001}"),
		"linux.resources.blockIO.weight: 1001 is not between 0 and 1000"},
	{"a device without a rate",
		LIMITS("\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0}]}"),
		"linux.resources.blockIO.throttleReadIOPSDevice[0].rate: is missing"},
	{"a page size", LIMITS("\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]")},
	{"a page size that is a path",
		LIMITS("\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]"),
		"linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not a size like "
		"\"64KB\", "
		"\"2MB\" or \"1GB\""},
	{"a page size without a unit",
		LIMITS("\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]"),
		"~is not a size"},
	{"rdma", LIMITS("\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}")},
	{"rdma with a space", LIMITS("\"rdma\":{\"mlx5_1 x\":{\"hcaHandles\":3}}"),
		"linux.resources.rdma[\"mlx5_1 x\"]: is not the name of a device"},
	{"unified", LIMITS("\"unified\":{\"memory.high\":\"1\\n2\"}")},
	{"unified with a path", LIMITS("\"unified\":{\"../memory.high\":\"1\"}"),
		"linux.resources.unified[\"../memory.high\"]: is not the name of a cgroup "
		"file"},
	{"unified with ..", LIMITS("\"unified\":{\"..\":\"1\"}"),
		"linux.resources.unified[\"..\"]: is not the name of a cgroup file"},
	{"unified with a number", LIMITS("\"unified\":{\"memory.high\":1}"),
		"linux.resources.unified[\"memory.high\"]: expected a string, found a number"},
};

/* What update remembers is read again, and says the same. */
static void test_remember(void)
{
	static const char before[] =
		"{\"memory\":{\"limit\":64,\"swap\":-1,\"useHierarchy\":false},"
		"\"cpu\":{\"shares\":512,\"cpus\":\"0-1\"},\"pids\":{\"limit\":5},"
		"\"devices\":[{\"allow\":true,\"access\":\"r\"}],"
		"\"unified\":{\"memory.high\":\"1\\n2\"}}";
	static const char change[] =
		"{\"memory\":{\"limit\":32,\"checkBeforeUpdate\":true},"
		"\"cpu\":{\"quota\":-1,\"idle\":1},"
		"\"blockIO\":{\"weight\":10,\"weightDevice\":[{\"major\":8,\"minor\":0,"
		"\"weight\":20}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":16,"
		"\"rate\":18446744073709551615}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}],"
		"\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}},"
		"\"network\":{\"classID\":9,\"priorities\":[{\"name\":\"e\",\"priority\":1}]}}";
	static const char after[] =
		"{\"memory\":{\"limit\":32,\"swap\":-1,\"useHierarchy\":false},"
		"\"cpu\":{\"shares\":512,\"quota\":-1,\"cpus\":\"0-1\",\"idle\":1},"
		"\"pids\":{\"limit\":5},"
		"\"blockIO\":{\"weight\":10,\"weightDevice\":[{\"major\":8,\"minor\":0,"
		"\"weight\":20}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":16,"
		"\"rate\":18446744073709551615}],\"throttleWriteBpsDevice\":[],"
		"\"throttleReadIOPSDevice\":[],\"throttleWriteIOPSDevice\":[]},"
		"\"network\":{\"classID\":9,\"priorities\":[{\"name\":\"e\",\"priority\":1}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}],"
		"\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}},"
		"\"unified\":{\"memory.high\":\"1\\n2\"}}";
	struct arena arena = {0};
	struct error err = {0};
	struct oci_resources *old, *new, *both, *again;
	const char *text = NULL;
	size_t length = 0;

	is_true(oci_resources_parse(before, strlen(before), &arena, &old, &err) == 0 &&
			oci_resources_parse(change, strlen(change), &arena, &new, &err) == 0,
		"limits and an update of them");
	is_result(oci_resources_merge(old, new, &arena, &both, &err), &err, NULL,
		"are put together");
	oci_resources_print(both, &arena, &text, &length, &err);
	is_text(text, after, "what the update names is changed, and the rest stays");
	is_number(both->n_devices, 1, "the devices too");
	is_number((uint64_t)old->memory->limit.value, 64, "the old limits are as they were");
	is_result(oci_resources_parse(text, length, &arena, &again, &err), &err, NULL,
		"the text can be read");
	oci_resources_print(again, &arena, &text, &length, &err);
	is_text(text, after, "and says the same again");
	is_result(oci_resources_merge(NULL, new, &arena, &both, &err), &err, NULL,
		"there may have been none");
	is_number((uint64_t)both->memory->limit.value, 32, "then the update is all");
	arena_free(&arena);
}

int main(void)
{
	static const char text[] =
		"{\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000},"
		"\"memory\":{\"limit\":67108864,\"swap\":67108864},\"pids\":{\"limit\":0},"
		"\"devices\":[{\"allow\":true,\"type\":\"b\",\"minor\":-1,\"major\":8,"
		"\"access\":\"mr\"}],"
		"\"unified\":{\"memory.high\":\"60000000\"}}";
	static const char wrong[] = "{\"unified\":{\"a/b\":\"\"}}";
	struct arena arena = {0};
	struct error err = {0};
	struct oci_resources *resources;

	RUN_CONFIG_CASES(cases);
	test_remember();
	if (is_result(oci_resources_parse(text, strlen(text), &arena, &resources, &err), &err,
		    NULL, "the bare object")) {
		is_number(resources->cpu->shares.value, 512, "shares");
		is_true(resources->pids->limit.set && !resources->pids->limit.value,
			"pids 0 is set");
		is_text(resources->unified[0].value, "60000000", "unified");
		is_number(resources->devices[0].access, OCI_DEVICE_MKNOD | OCI_DEVICE_READ,
			"access");
		is_true(resources->devices[0].major.set, "a number");
		is_true(!resources->devices[0].minor.set, "-1 is any");
		is_true(!resources->block_io && !resources->network, "absent objects are NULL");
	}
	is_result(oci_resources_parse(wrong, strlen(wrong), &arena, &resources, &err), &err,
		"unified[\"a/b\"]: is not the name of a cgroup file", "rules also hold there");
	arena_free(&arena);
	return tap_end();
}
