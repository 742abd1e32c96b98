/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as cgroup v2 files (config-linux.md, Control groups). The spec speaks cgroup
 * v1; every conversion to v2 is here and nowhere else. What v2 does not have is a warning.
 */
#include "runtime/plan/resources.h"

#include "runtime/plan/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct limits {
	struct plan *plan;
	const struct wanted *wanted;
	const struct oci_resources *resources;
	struct error *err;
	unsigned int needed; /* enum controller */
};

/* How a limit is written. */
enum { LIMIT_OPTIONAL = 1 << 0 /* a kernel without that file has nothing to limit */ };

static const char *controller_name(unsigned int bit)
{
	for (const struct controller_name *row = host_controllers; row->name; row++)
		if (row->bit == bit)
			return row->name;
	return "unknown";
}

/* In the hybrid layout the resources are cgroup v1's, even if one controller was left over. */
static bool is_offered(const struct host *host, unsigned int bit)
{
	return host->cgroup == CGROUP_UNIFIED && (host->controllers & bit) == bit;
}

static int controller_missing(struct limits *limits, unsigned int bit, const char *field)
{
	const struct host *host = limits->wanted->host;
	const char *name = controller_name(bit);
	const char *why, *remedy;
	char text[160];

	switch (host->cgroup) {
	case CGROUP_NONE:
		why = "no cgroup2 file system is mounted on this host";
		remedy = "mount one at /sys/fs/cgroup";
		break;
	case CGROUP_HYBRID:
		snprintf(text, sizeof(text), "the %s controller of this host is with cgroup v1",
			name);
		why = text;
		remedy = "boot the host with cgroup v2 only (cgroup_no_v1=all)";
		break;
	default:
		snprintf(text, sizeof(text),
			"the controller \"%s\" is not available in cgroup v2", name);
		why = text;
		remedy = "enable it in the kernel, or delegate it (systemd: Delegate=)";
		break;
	}
	return plan_cannot_enforce(
		limits->plan, limits->wanted, field, why, remedy, limits->err);
}

/* The one place that appends a limit. FIELD is below linux.resources. */
static int append_limit(struct limits *limits, unsigned int bit, const char *field,
	const char *file, unsigned int flags, const char *text)
{
	const struct host *host = limits->wanted->host;
	struct arena *arena = limits->plan->arena;
	char origin[320];

	snprintf(origin, sizeof(origin), "linux.resources.%s", field);
	if (host->cgroup == CGROUP_NONE || (bit && !is_offered(host, bit))) {
		/* Where nothing can be limited, nothing is. */
		if (!strcmp(text, "max") || !strncmp(text, "max ", 4))
			return 0;
		return controller_missing(limits, bit, origin);
	}
	limits->needed |= bit;

	struct step *step = plan_step(limits->plan, &limits->plan->outside, limits->err,
		STEP_WRITE_CGROUP, "%s", origin);

	if (!step)
		return -1;
	step->file.path = arena_text(arena, file);
	step->file.text = arena_text(arena, text);
	step->file.optional = flags & LIMIT_OPTIONAL;
	if (!step->file.path || !step->file.text)
		return fail(limits->err, ENOMEM, "plan the limits");
	return 0;
}

/* The same with a short text made of numbers. */
__attribute__((format(printf, 6, 7))) static int set_limit(struct limits *limits,
	unsigned int bit, const char *field, const char *file, unsigned int flags,
	const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return append_limit(limits, bit, field, file, flags, text);
}

static int not_in_v2(struct limits *limits, bool asked, const char *field)
{
	if (!asked)
		return 0;
	return plan_warn(limits->plan, limits->err,
		"linux.resources.%s: cgroup v2 has no such limit; ignored", field);
}

__attribute__((format(printf, 3, 4))) static int refuse_limit(
	struct limits *limits, const char *field, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_set(limits->err, 0, "%s", text);
	return fail_in(limits->err, "linux.resources.%s", field);
}

static int limit_pids(struct limits *limits)
{
	const struct oci_pids *pids = limits->resources->pids;

	if (!pids || !pids->limit.set)
		return 0;
	if (pids->limit.value < 0)
		return set_limit(limits, CONTROLLER_PIDS, "pids.limit", "pids.max", 0, "max");
	/* 0 would refuse the container's own first process; with 1 it has that and no other. */
	return set_limit(limits, CONTROLLER_PIDS, "pids.limit", "pids.max", 0, "%" PRId64,
		pids->limit.value ? pids->limit.value : 1);
}

static int limit_bytes(
	struct limits *limits, struct opt_i64 bytes, const char *field, const char *file)
{
	if (!bytes.set || bytes.value == 0)
		return 0;
	if (bytes.value == -1)
		return set_limit(limits, CONTROLLER_MEMORY, field, file, 0, "max");
	return set_limit(limits, CONTROLLER_MEMORY, field, file, 0, "%" PRId64, bytes.value);
}

/* The spec's swap is memory and swap together; the kernel's file is swap alone. */
static int limit_swap(struct limits *limits)
{
	const struct oci_memory *memory = limits->resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.value;
	const char *field = "memory.swap", *file = "memory.swap.max";

	if (!memory->swap.set || (swap == 0 && limit != -1))
		return 0;
	if (swap == -1 || swap == 0)
		return set_limit(limits, CONTROLLER_MEMORY, field, file, LIMIT_OPTIONAL, "max");
	if (limit == 0)
		return refuse_limit(
			limits, field, "unable to set swap limit without memory limit");
	if (limit > 0 && swap < limit)
		return refuse_limit(
			limits, field, "memory+swap limit should be >= memory limit");
	if (limit > 0)
		swap -= limit;
	if (swap == 0)
		return set_limit(limits, CONTROLLER_MEMORY, field, file, LIMIT_OPTIONAL, "0");
	if (is_offered(limits->wanted->host, CONTROLLER_MEMORY) &&
		!limits->wanted->host->has_swap_accounting)
		return plan_cannot_enforce(limits->plan, limits->wanted,
			"linux.resources.memory.swap",
			"this kernel does not count swap (there is no memory.swap.max)",
			"use a kernel that does", limits->err);
	return set_limit(limits, CONTROLLER_MEMORY, field, file, 0, "%" PRId64, swap);
}

static int limit_memory(struct limits *limits)
{
	const struct oci_memory *memory = limits->resources->memory;

	if (!memory)
		return 0;
	if (limit_swap(limits) < 0 ||
		limit_bytes(limits, memory->limit, "memory.limit", "memory.max") < 0 ||
		limit_bytes(limits, memory->reservation, "memory.reservation", "memory.low") <
			0)
		return -1;

	const struct {
		bool asked;
		const char *field;
	} v1[] = {
		{memory->kernel.set && memory->kernel.value > 0, "memory.kernel"},
		{memory->kernel_tcp.set && memory->kernel_tcp.value > 0, "memory.kernelTCP"},
		{memory->swappiness.set, "memory.swappiness"},
		{memory->disable_oom_killer.set && memory->disable_oom_killer.value,
			"memory.disableOOMKiller"},
		{memory->use_hierarchy.set && !memory->use_hierarchy.value,
			"memory.useHierarchy"},
	};

	for (size_t i = 0; i < sizeof(v1) / sizeof(*v1); i++)
		if (not_in_v2(limits, v1[i].asked, v1[i].field) < 0)
			return -1;
	return 0;
}

/* 10 … 1000 of the spec (bfq's range) as 1 … 10000 of io.weight. */
static uint64_t io_weight(uint32_t weight)
{
	return 1 + ((uint64_t)weight - 10) * 9999 / 990;
}

static int limit_io_weights(struct limits *limits)
{
	const struct oci_block_io *io = limits->resources->block_io;
	bool bfq = limits->wanted->host->bfq_weight;
	const char *file = bfq ? "io.bfq.weight" : "io.weight";

	if (io->weight.set && io->weight.value != 0) {
		if (set_limit(limits, CONTROLLER_IO, "blockIO.weight", file, 0, "%" PRIu64,
			    bfq ? io->weight.value : io_weight(io->weight.value)) < 0)
			return -1;
	}
	if (not_in_v2(limits, io->leaf_weight.set && io->leaf_weight.value,
		    "blockIO.leafWeight") < 0)
		return -1;
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];
		uint32_t weight = device->weight.value;
		char field[64];

		snprintf(field, sizeof(field), "blockIO.weightDevice[%zu]", i);
		if (not_in_v2(limits, device->leaf_weight.set && device->leaf_weight.value,
			    field) < 0)
			return -1;
		if (!device->weight.set || weight == 0)
			continue;
		if (set_limit(limits, CONTROLLER_IO, field, file, 0,
			    "%" PRId64 ":%" PRId64 " %" PRIu64, device->major, device->minor,
			    bfq ? weight : io_weight(weight)) < 0)
			return -1;
	}
	return 0;
}

static int limit_io(struct limits *limits)
{
	const struct oci_block_io *io = limits->resources->block_io;

	if (!io)
		return 0;
	if (limit_io_weights(limits) < 0)
		return -1;

	const struct {
		const struct oci_throttle_device *devices;
		size_t count;
		const char *field, *key;
	} rows[] = {
		{io->throttle_read_bps_device, io->n_throttle_read_bps_device,
			"throttleReadBpsDevice", "rbps"},
		{io->throttle_write_bps_device, io->n_throttle_write_bps_device,
			"throttleWriteBpsDevice", "wbps"},
		{io->throttle_read_iops_device, io->n_throttle_read_iops_device,
			"throttleReadIOPSDevice", "riops"},
		{io->throttle_write_iops_device, io->n_throttle_write_iops_device,
			"throttleWriteIOPSDevice", "wiops"},
	};

	for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		for (size_t i = 0; i < rows[row].count; i++) {
			const struct oci_throttle_device *device = &rows[row].devices[i];
			char field[64], rate[24] = "max";

			snprintf(field, sizeof(field), "blockIO.%s[%zu]", rows[row].field, i);
			if (device->rate)
				snprintf(rate, sizeof(rate), "%" PRIu64, device->rate);
			if (set_limit(limits, CONTROLLER_IO, field, "io.max", 0,
				    "%" PRId64 ":%" PRId64 " %s=%s", device->major,
				    device->minor, rows[row].key, rate) < 0)
				return -1;
		}
	}
	return 0;
}

static int limit_cpu_time(struct limits *limits)
{
	const struct oci_cpu *cpu = limits->resources->cpu;
	int64_t quota = cpu->quota.set ? cpu->quota.value : 0;
	uint64_t period = cpu->period.set ? cpu->period.value : 0;
	bool has_burst = cpu->burst.set;
	bool has_max = quota != 0 || period != 0;

	/* At no time may the burst be above the quota, and both may have been set before. */
	if (has_burst && has_max && cpu->burst.value != 0 &&
		set_limit(limits, CONTROLLER_CPU, "cpu.burst", "cpu.max.burst", 0, "0") < 0)
		return -1;
	if (period == 0)
		period = 100000;
	if (has_max && quota > 0 &&
		set_limit(limits, CONTROLLER_CPU, "cpu.quota", "cpu.max", 0,
			"%" PRId64 " %" PRIu64, quota, period) < 0)
		return -1;
	if (has_max && quota <= 0 &&
		set_limit(limits, CONTROLLER_CPU, quota ? "cpu.quota" : "cpu.period", "cpu.max",
			0, "max %" PRIu64, period) < 0)
		return -1;
	if (has_burst && set_limit(limits, CONTROLLER_CPU, "cpu.burst", "cpu.max.burst", 0,
				 "%" PRIu64, cpu->burst.value) < 0)
		return -1;
	return 0;
}

static int limit_cpu(struct limits *limits)
{
	const struct oci_cpu *cpu = limits->resources->cpu;

	if (!cpu)
		return 0;
	if (cpu->idle.set && set_limit(limits, CONTROLLER_CPU, "cpu.idle", "cpu.idle", 0,
				     "%" PRId64, cpu->idle.value) < 0)
		return -1;
	/* An idle cgroup has a weight of its own, and the kernel refuses another. */
	if (cpu->shares.set && cpu->shares.value && !(cpu->idle.set && cpu->idle.value == 1) &&
		set_limit(limits, CONTROLLER_CPU, "cpu.shares", "cpu.weight", 0, "%" PRIu64,
			plan_cpu_weight(cpu->shares.value)) < 0)
		return -1;
	if (limit_cpu_time(limits) < 0 ||
		not_in_v2(limits, cpu->realtime_runtime.set && cpu->realtime_runtime.value,
			"cpu.realtimeRuntime") < 0 ||
		not_in_v2(limits, cpu->realtime_period.set && cpu->realtime_period.value,
			"cpu.realtimePeriod") < 0)
		return -1;
	return 0;
}

static int limit_cpuset(struct limits *limits)
{
	const struct oci_cpu *cpu = limits->resources->cpu;

	if (cpu && cpu->cpus && *cpu->cpus &&
		append_limit(
			limits, CONTROLLER_CPUSET, "cpu.cpus", "cpuset.cpus", 0, cpu->cpus) < 0)
		return -1;
	if (cpu && cpu->mems && *cpu->mems &&
		append_limit(
			limits, CONTROLLER_CPUSET, "cpu.mems", "cpuset.mems", 0, cpu->mems) < 0)
		return -1;
	return 0;
}

static int limit_hugetlb(struct limits *limits)
{
	for (size_t i = 0; i < limits->resources->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *page = &limits->resources->hugepage_limits[i];
		char field[64], file[64], reserved[64], text[24] = "max";

		snprintf(field, sizeof(field), "hugepageLimits[%zu]", i);
		if (strlen(page->page_size) > 24 || strchr(page->page_size, '/'))
			return refuse_limit(
				limits, field, "\"%.32s\" is no page size", page->page_size);
		snprintf(file, sizeof(file), "hugetlb.%s.max", page->page_size);
		/* Pages that are reserved and not yet used: since Linux 5.7 */
		snprintf(reserved, sizeof(reserved), "hugetlb.%s.rsvd.max", page->page_size);
		if (page->limit <= INT64_MAX)
			snprintf(text, sizeof(text), "%" PRIu64, page->limit);
		if (append_limit(limits, CONTROLLER_HUGETLB, field, file, 0, text) < 0)
			return -1;
		if (is_offered(limits->wanted->host, CONTROLLER_HUGETLB) &&
			append_limit(limits, CONTROLLER_HUGETLB, field, reserved,
				LIMIT_OPTIONAL, text) < 0)
			return -1;
	}
	return 0;
}

static int limit_rdma(struct limits *limits)
{
	for (size_t i = 0; i < limits->resources->n_rdma; i++) {
		const struct oci_rdma *rdma = &limits->resources->rdma[i];
		char field[128], handles[40] = "", objects[40] = "";

		snprintf(field, sizeof(field), "rdma.%s", rdma->device);
		if (rdma->hca_handles.set)
			snprintf(handles, sizeof(handles), " hca_handle=%u",
				rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			snprintf(objects, sizeof(objects), " hca_object=%u",
				rdma->hca_objects.value);
		if (!*handles && !*objects)
			continue;
		if (set_limit(limits, CONTROLLER_RDMA, field, "rdma.max", 0, "%s%s%s",
			    rdma->device, handles, objects) < 0)
			return -1;
	}
	return 0;
}

static int limit_network(struct limits *limits)
{
	const struct oci_network *network = limits->resources->network;

	if (!network)
		return 0;
	if (not_in_v2(limits, network->class_id.set && network->class_id.value,
		    "network.classID") < 0)
		return -1;
	return not_in_v2(limits, network->n_priorities > 0, "network.priorities");
}

/* A file of the unified map: which controller is it of, and is it a limit at all? */
static int check_unified(
	struct limits *limits, const char *key, const char *field, unsigned int *ret_bit)
{
	/* These act on processes, or on the tree: the runtime's own business. */
	static const char *const ours[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill",
		"cgroup.freeze", "cgroup.subtree_control", "cgroup.type"};
	const char *dot = strchr(key, '.');

	*ret_bit = 0;
	if (strchr(key, '/'))
		return refuse_limit(
			limits, field, "a file of the cgroup has no '/' in its name");
	if (!dot || dot == key || !dot[1])
		return refuse_limit(limits, field, "must be in the form CONTROLLER.PARAMETER");
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!strcmp(key, ours[i]))
			return refuse_limit(
				limits, field, "is no limit, and the runtime's to write");
	for (const struct controller_name *row = host_controllers; row->name; row++)
		if (!strncmp(row->name, key, (size_t)(dot - key)) && !row->name[dot - key])
			*ret_bit = row->bit;
	return 0;
}

/* Last, because it says exactly which file gets which text: it wins. */
static int limit_unified(struct limits *limits)
{
	for (size_t i = 0; i < limits->resources->n_unified; i++) {
		const struct oci_pair *pair = &limits->resources->unified[i];
		unsigned int bit;
		char field[288];

		snprintf(field, sizeof(field), "unified.%s", pair->key);
		if (check_unified(limits, pair->key, field, &bit) < 0)
			return -1;
		if (!pair->value || !*pair->value)
			continue;
		if (append_limit(limits, bit, field, pair->key, 0, pair->value) < 0)
			return -1;
	}
	return 0;
}

int plan_limits(struct plan *plan, const struct wanted *wanted,
	const struct oci_resources *resources, unsigned int *ret_controllers, struct error *err)
{
	static int (*const rows[])(struct limits *) = {limit_pids, limit_memory, limit_io,
		limit_cpu, limit_cpuset, limit_hugetlb, limit_rdma, limit_network,
		limit_unified};
	struct limits limits = {plan, wanted, resources, err, 0};

	for (size_t i = 0; resources && i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i](&limits) < 0)
			return -1;
	*ret_controllers = limits.needed;
	return 0;
}
