/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: decoded and checked for what needs no host; the plan converts them to cgroup files.
 */
#include "oci/resources.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <string.h>

const struct name oci_device_rule_type_names[] = {
	{"a", 'a'},
	{"b", 'b'},
	{"c", 'c'},
	{0},
};

/* dev_t of the kernel: 12 bits and 20 bits. */
enum { MAJOR_MAX = 4095, MINOR_MAX = 1048575 };

static int decode_access(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	uint32_t access = 0;

	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	for (const char *letter = value->text; *letter; letter++) {
		if (*letter == 'm')
			access |= OCI_DEVICE_MKNOD;
		else if (*letter == 'r')
			access |= OCI_DEVICE_READ;
		else if (*letter == 'w')
			access |= OCI_DEVICE_WRITE;
		else
			return fail(err, 0, "\"%.16s\" has letters other than r, w and m",
				value->text);
	}
	*(uint32_t *)member = access;
	return 0;
}

/* Absent and -1 both mean any. */
static int decode_device_number(
	const struct json *value, int64_t max, struct opt_i64 *ret, struct error *err)
{
	int64_t number;

	if (decode_signed(value, -1, max, &number, err) < 0)
		return -1;
	*ret = (struct opt_i64){.set = number >= 0, .value = number};
	return 0;
}

static int decode_major(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	return decode_device_number(value, MAJOR_MAX, member, err);
}

static int decode_minor(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	return decode_device_number(value, MINOR_MAX, member, err);
}

static int decode_rule_type(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;

	const struct name *name = name_find(oci_device_rule_type_names, value->text);

	if (!name && value->count)
		return fail(err, 0, "unknown name \"%.16s\"", value->text);
	*(uint32_t *)member = name ? (uint32_t)name->value : 'a';
	return 0;
}

static int check_device_rule(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	struct oci_device_rule *rule = object;

	if (rule->type == 0)
		rule->type = 'a';
	/* An empty mask would have to mean either nothing or everything: both are traps. */
	if (rule->access == 0)
		return fail(err, 0, "access is missing: a combination of r, w and m");
	return 0;
}

static int check_memory(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_memory *memory = object;

	if (memory->limit.value < -1)
		return fail(err, 0, "limit is below -1");
	if (memory->reservation.value < -1)
		return fail(err, 0, "reservation is below -1");
	if (memory->swap.value < -1)
		return fail(err, 0, "swap is below -1");
	return 0;
}

/* Below 10 the formula to io.weight gives 0 or wraps around. */
static int decode_weight(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	uint64_t weight;

	if (decode_unsigned(value, 1000, &weight, err) < 0)
		return -1;
	if (weight > 0 && weight < 10)
		return fail(err, 0, "%s is not between 10 and 1000", value->text);
	*(struct opt_u32 *)member = (struct opt_u32){.set = true, .value = (uint32_t)weight};
	return 0;
}

/* It becomes a part of a file's name: hugetlb.2MB.max. */
static int decode_page_size(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;

	size_t digits = strspn(value->text, "0123456789");
	const char *unit = value->text + digits;

	if (digits == 0 || digits > 10 || value->text[0] == '0' ||
		(!text_equal(unit, "KB") && !text_equal(unit, "MB") && !text_equal(unit, "GB")))
		return fail(err, 0, "\"%.32s\" is not a size like \"64KB\", \"2MB\" or \"1GB\"",
			value->text);
	*(const char **)member = value->text;
	return 0;
}

static int check_rdma(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_rdma *rdma = object;

	/* The name is the first word of a line written to rdma.max. */
	if (check_line(rdma->device, err) < 0)
		return -1;
	if (rdma->device[0] == '\0' || rdma->device[strcspn(rdma->device, " \t/")])
		return fail(err, 0, "is not the name of a device");
	return 0;
}

int resources_check(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_resources *resources = object;

	for (size_t i = 0; i < resources->n_unified; i++) {
		const char *key = resources->unified[i].key;

		if (check_line(key, err) < 0)
			return fail_in(err, "unified[\"%.64s\"]", key);
		if (*key && !strchr(key, '/') && !text_equal(key, ".") &&
			!text_equal(key, ".."))
			continue;
		(void)fail(err, 0, "is not the name of a cgroup file");
		return fail_in(err, "unified[\"%.64s\"]", key);
	}
	return 0;
}

/* clang-format off */
static const struct field device_rule_fields[] = {
	FIELD(struct oci_device_rule, "allow", allow, .required = true),
	CUSTOM(struct oci_device_rule, "type", type, decode_rule_type, .why = "word: a b c"),
	CUSTOM(struct oci_device_rule, "major", major, decode_major,
		.why = "number: -1 to 4095"),
	CUSTOM(struct oci_device_rule, "minor", minor, decode_minor,
		.why = "number: -1 to 1048575"),
	CUSTOM(struct oci_device_rule, "access", access, decode_access,
		.why = "letters: r w m"),
	{ 0 },
};

static const struct field memory_fields[] = {
	FIELD(struct oci_memory, "limit", limit),
	FIELD(struct oci_memory, "reservation", reservation),
	FIELD(struct oci_memory, "swap", swap),
	FIELD(struct oci_memory, "kernel", kernel),
	FIELD(struct oci_memory, "kernelTCP", kernel_tcp),
	FIELD(struct oci_memory, "swappiness", swappiness),
	FIELD(struct oci_memory, "disableOOMKiller", disable_oom_killer),
	FIELD(struct oci_memory, "useHierarchy", use_hierarchy),
	FIELD(struct oci_memory, "checkBeforeUpdate", check_before_update),
	{ 0 },
};

static const struct field cpu_fields[] = {
	FIELD(struct oci_cpu, "shares", shares),
	FIELD(struct oci_cpu, "quota", quota),
	FIELD(struct oci_cpu, "burst", burst),
	FIELD(struct oci_cpu, "period", period),
	FIELD(struct oci_cpu, "realtimeRuntime", realtime_runtime),
	FIELD(struct oci_cpu, "realtimePeriod", realtime_period),
	CUSTOM(struct oci_cpu, "cpus", cpus, decode_list, .why = "text: a list like 0-3,7"),
	CUSTOM(struct oci_cpu, "mems", mems, decode_list, .why = "text: a list like 0-3,7"),
	FIELD(struct oci_cpu, "idle", idle, .max = 1),
	{ 0 },
};

static const struct field pids_fields[] = {
	FIELD(struct oci_pids, "limit", limit),
	{ 0 },
};

static const struct field weight_device_fields[] = {
	FIELD(struct oci_weight_device, "major", major, .required = true, .max = MAJOR_MAX),
	FIELD(struct oci_weight_device, "minor", minor, .required = true, .max = MINOR_MAX),
	CUSTOM(struct oci_weight_device, "weight", weight, decode_weight,
		.why = "number: 0, or 10 to 1000"),
	CUSTOM(struct oci_weight_device, "leafWeight", leaf_weight, decode_weight,
		.why = "number: 0, or 10 to 1000"),
	{ 0 },
};

static const struct field throttle_device_fields[] = {
	FIELD(struct oci_throttle_device, "major", major, .required = true, .max = MAJOR_MAX),
	FIELD(struct oci_throttle_device, "minor", minor, .required = true, .max = MINOR_MAX),
	FIELD(struct oci_throttle_device, "rate", rate, .required = true),
	{ 0 },
};

static const struct field block_io_fields[] = {
	CUSTOM(struct oci_block_io, "weight", weight, decode_weight,
		.why = "number: 0, or 10 to 1000"),
	CUSTOM(struct oci_block_io, "leafWeight", leaf_weight, decode_weight,
		.why = "number: 0, or 10 to 1000"),
	LIST(struct oci_block_io, "weightDevice", weight_device, weight_device_fields),
	LIST(struct oci_block_io, "throttleReadBpsDevice", throttle_read_bps_device,
		throttle_device_fields),
	LIST(struct oci_block_io, "throttleWriteBpsDevice", throttle_write_bps_device,
		throttle_device_fields),
	LIST(struct oci_block_io, "throttleReadIOPSDevice", throttle_read_iops_device,
		throttle_device_fields),
	LIST(struct oci_block_io, "throttleWriteIOPSDevice", throttle_write_iops_device,
		throttle_device_fields),
	{ 0 },
};

static const struct field hugepage_limit_fields[] = {
	CUSTOM(struct oci_hugepage_limit, "pageSize", page_size, decode_page_size,
		.why = "text: like 2MB", .required = true),
	FIELD(struct oci_hugepage_limit, "limit", limit, .required = true),
	{ 0 },
};

static const struct field network_priority_fields[] = {
	FIELD(struct oci_network_priority, "name", name, .required = true),
	FIELD(struct oci_network_priority, "priority", priority, .required = true),
	{ 0 },
};

static const struct field network_fields[] = {
	FIELD(struct oci_network, "classID", class_id),
	LIST(struct oci_network, "priorities", priorities, network_priority_fields),
	{ 0 },
};

static const struct field rdma_fields[] = {
	FIELD(struct oci_rdma, "hcaHandles", hca_handles),
	FIELD(struct oci_rdma, "hcaObjects", hca_objects),
	{ 0 },
};

const struct field resources_fields[] = {
	LIST(struct oci_resources, "devices", devices, device_rule_fields,
		.function = check_device_rule),
	OBJECT(struct oci_resources, "memory", memory, memory_fields, .function = check_memory),
	OBJECT(struct oci_resources, "cpu", cpu, cpu_fields),
	OBJECT(struct oci_resources, "pids", pids, pids_fields),
	OBJECT(struct oci_resources, "blockIO", block_io, block_io_fields),
	LIST(struct oci_resources, "hugepageLimits", hugepage_limits, hugepage_limit_fields),
	OBJECT(struct oci_resources, "network", network, network_fields),
	MAP(struct oci_resources, "rdma", rdma, struct oci_rdma, device, rdma_fields,
		.function = check_rdma),
	PAIRS(struct oci_resources, "unified", unified),
	{ 0 },
};
/* clang-format on */

int oci_resources_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_resources **ret, struct error *err)
{
	struct oci_resources *resources = arena_alloc(arena, sizeof(*resources));
	struct decode decode = {.arena = arena};

	if (!resources)
		return fail(err, ENOMEM, "read the limits");
	decode.warnings = &resources->warnings;
	if (decode_bytes(&decode, bytes, length, resources_fields, resources, err) < 0)
		return -1;
	if (resources_check(&decode, NULL, resources, err) < 0)
		return -1;
	*ret = resources;
	return 0;
}
