/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on top of limits, as `update` means them, and written as the JSON they are read from.
 */
#include "oci/json_write.h"
#include "oci/resources.h"

#include <errno.h>
#include <string.h>

/* ---- merge: what the update says, on top of what was said before ---- */

#define TAKE(into, from, member)                                                               \
	do                                                                                     \
		if ((from)->member.set)                                                        \
			(into)->member = (from)->member;                                       \
	while (0)

#define TAKE_LIST(into, from, member)                                                          \
	do                                                                                     \
		if ((from)->n_##member) {                                                      \
			(into)->member = (from)->member;                                       \
			(into)->n_##member = (from)->n_##member;                               \
		}                                                                              \
	while (0)

static void merge_memory(struct oci_memory *into, const struct oci_memory *from)
{
	TAKE(into, from, limit);
	TAKE(into, from, reservation);
	TAKE(into, from, swap);
	TAKE(into, from, kernel);
	TAKE(into, from, kernel_tcp);
	TAKE(into, from, swappiness);
	TAKE(into, from, disable_oom_killer);
	TAKE(into, from, use_hierarchy);
}

static void merge_cpu(struct oci_cpu *into, const struct oci_cpu *from)
{
	TAKE(into, from, shares);
	TAKE(into, from, quota);
	TAKE(into, from, burst);
	TAKE(into, from, period);
	TAKE(into, from, realtime_runtime);
	TAKE(into, from, realtime_period);
	TAKE(into, from, idle);
	if (from->cpus)
		into->cpus = from->cpus;
	if (from->mems)
		into->mems = from->mems;
}

static void merge_io(struct oci_block_io *into, const struct oci_block_io *from)
{
	TAKE(into, from, weight);
	TAKE(into, from, leaf_weight);
	TAKE_LIST(into, from, weight_device);
	TAKE_LIST(into, from, throttle_read_bps_device);
	TAKE_LIST(into, from, throttle_write_bps_device);
	TAKE_LIST(into, from, throttle_read_iops_device);
	TAKE_LIST(into, from, throttle_write_iops_device);
}

/* The objects of INTO are copied before they are changed: BASE stays as it is. */
#define MERGE_OBJECT(into, from, member, merge)                                                \
	do                                                                                     \
		if ((from)->member) {                                                          \
			void *copy = arena_alloc(arena, sizeof(*(from)->member));              \
                                                                                               \
			if (!copy)                                                             \
				return fail(err, ENOMEM, "put limits together");               \
			if ((into)->member)                                                    \
				memcpy(copy, (into)->member, sizeof(*(from)->member));         \
			(into)->member = copy;                                                 \
			merge((into)->member, (from)->member);                                 \
		}                                                                              \
	while (0)

static void merge_pids(struct oci_pids *into, const struct oci_pids *from)
{
	TAKE(into, from, limit);
}

static void merge_network(struct oci_network *into, const struct oci_network *from)
{
	TAKE(into, from, class_id);
	TAKE_LIST(into, from, priorities);
}

int oci_resources_merge(const struct oci_resources *base, const struct oci_resources *update,
	struct arena *arena, struct oci_resources **ret, struct error *err)
{
	struct oci_resources *into = arena_alloc(arena, sizeof(*into));

	if (!into)
		return fail(err, ENOMEM, "put limits together");
	if (base)
		*into = *base;
	MERGE_OBJECT(into, update, memory, merge_memory);
	MERGE_OBJECT(into, update, cpu, merge_cpu);
	MERGE_OBJECT(into, update, pids, merge_pids);
	MERGE_OBJECT(into, update, block_io, merge_io);
	MERGE_OBJECT(into, update, network, merge_network);
	TAKE_LIST(into, update, hugepage_limits);
	TAKE_LIST(into, update, rdma);
	TAKE_LIST(into, update, unified);
	*ret = into;
	return 0;
}

/* ---- print ---- */

#define PUT_SIGNED(key, object, member)                                                        \
	do                                                                                     \
		if ((object)->member.set)                                                      \
			json_put_signed(writer, key, (object)->member.value);                  \
	while (0)
#define PUT_UNSIGNED(key, object, member)                                                      \
	do                                                                                     \
		if ((object)->member.set)                                                      \
			json_put_unsigned(writer, key, (object)->member.value);                \
	while (0)
#define PUT_BOOL(key, object, member)                                                          \
	do                                                                                     \
		if ((object)->member.set)                                                      \
			json_put_bool(writer, key, (object)->member.value);                    \
	while (0)

static void put_memory(struct json_writer *writer, const struct oci_memory *memory)
{
	if (!memory)
		return;
	json_open(writer, "memory", '{');
	PUT_SIGNED("limit", memory, limit);
	PUT_SIGNED("reservation", memory, reservation);
	PUT_SIGNED("swap", memory, swap);
	PUT_SIGNED("kernel", memory, kernel);
	PUT_SIGNED("kernelTCP", memory, kernel_tcp);
	PUT_UNSIGNED("swappiness", memory, swappiness);
	PUT_BOOL("disableOOMKiller", memory, disable_oom_killer);
	PUT_BOOL("useHierarchy", memory, use_hierarchy);
	PUT_BOOL("checkBeforeUpdate", memory, check_before_update);
	json_close(writer, '}');
}

static void put_cpu(struct json_writer *writer, const struct oci_cpu *cpu)
{
	if (!cpu)
		return;
	json_open(writer, "cpu", '{');
	PUT_UNSIGNED("shares", cpu, shares);
	PUT_SIGNED("quota", cpu, quota);
	PUT_UNSIGNED("burst", cpu, burst);
	PUT_UNSIGNED("period", cpu, period);
	PUT_SIGNED("realtimeRuntime", cpu, realtime_runtime);
	PUT_UNSIGNED("realtimePeriod", cpu, realtime_period);
	if (cpu->cpus)
		json_put_text(writer, "cpus", cpu->cpus);
	if (cpu->mems)
		json_put_text(writer, "mems", cpu->mems);
	PUT_SIGNED("idle", cpu, idle);
	json_close(writer, '}');
}

static void put_weights(struct json_writer *writer, const struct oci_block_io *io)
{
	json_open(writer, "weightDevice", '[');
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		json_open(writer, NULL, '{');
		json_put_signed(writer, "major", device->major);
		json_put_signed(writer, "minor", device->minor);
		PUT_UNSIGNED("weight", device, weight);
		PUT_UNSIGNED("leafWeight", device, leaf_weight);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void put_throttles(struct json_writer *writer, const char *key,
	const struct oci_throttle_device *devices, size_t count)
{
	json_open(writer, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(writer, NULL, '{');
		json_put_signed(writer, "major", devices[i].major);
		json_put_signed(writer, "minor", devices[i].minor);
		json_put_unsigned(writer, "rate", devices[i].rate);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void put_io(struct json_writer *writer, const struct oci_block_io *io)
{
	if (!io)
		return;
	json_open(writer, "blockIO", '{');
	PUT_UNSIGNED("weight", io, weight);
	PUT_UNSIGNED("leafWeight", io, leaf_weight);
	put_weights(writer, io);
	put_throttles(writer, "throttleReadBpsDevice", io->throttle_read_bps_device,
		io->n_throttle_read_bps_device);
	put_throttles(writer, "throttleWriteBpsDevice", io->throttle_write_bps_device,
		io->n_throttle_write_bps_device);
	put_throttles(writer, "throttleReadIOPSDevice", io->throttle_read_iops_device,
		io->n_throttle_read_iops_device);
	put_throttles(writer, "throttleWriteIOPSDevice", io->throttle_write_iops_device,
		io->n_throttle_write_iops_device);
	json_close(writer, '}');
}

static void put_network(struct json_writer *writer, const struct oci_network *network)
{
	if (!network)
		return;
	json_open(writer, "network", '{');
	PUT_UNSIGNED("classID", network, class_id);
	json_open(writer, "priorities", '[');
	for (size_t i = 0; i < network->n_priorities; i++) {
		json_open(writer, NULL, '{');
		json_put_text(writer, "name", network->priorities[i].name);
		json_put_unsigned(writer, "priority", network->priorities[i].priority);
		json_close(writer, '}');
	}
	json_close(writer, ']');
	json_close(writer, '}');
}

static void put_lists(struct json_writer *writer, const struct oci_resources *resources)
{
	json_open(writer, "hugepageLimits", '[');
	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		json_open(writer, NULL, '{');
		json_put_text(writer, "pageSize", resources->hugepage_limits[i].page_size);
		json_put_unsigned(writer, "limit", resources->hugepage_limits[i].limit);
		json_close(writer, '}');
	}
	json_close(writer, ']');
	json_open(writer, "rdma", '{');
	for (size_t i = 0; i < resources->n_rdma; i++) {
		json_open(writer, resources->rdma[i].device, '{');
		PUT_UNSIGNED("hcaHandles", &resources->rdma[i], hca_handles);
		PUT_UNSIGNED("hcaObjects", &resources->rdma[i], hca_objects);
		json_close(writer, '}');
	}
	json_close(writer, '}');
	json_put_pairs(writer, "unified", resources->unified, resources->n_unified);
}

int oci_resources_print(const struct oci_resources *resources, struct arena *arena,
	const char **ret, size_t *ret_length, struct error *err)
{
	struct json_writer all, *writer = &all;

	json_start(writer, arena, NULL);
	json_open(writer, NULL, '{');
	put_memory(writer, resources->memory);
	put_cpu(writer, resources->cpu);
	if (resources->pids) {
		json_open(writer, "pids", '{');
		PUT_SIGNED("limit", resources->pids, limit);
		json_close(writer, '}');
	}
	put_io(writer, resources->block_io);
	put_network(writer, resources->network);
	put_lists(writer, resources);
	json_close(writer, '}');
	return json_finish_length(writer, ret, ret_length, err);
}
