/* SPDX-License-Identifier: Apache-2.0 */
/* Limits (config-linux.md, Control groups). Written as in the file: conversions are the plan's.
 */
#ifndef MAYFLY_OCI_RESOURCES_H
#define MAYFLY_OCI_RESOURCES_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/names.h"
#include "oci/optional.h"

/* Bytes; -1 is no limit. */
struct oci_memory {
	struct opt_i64 limit, reservation, swap; /* swap is memory plus swap */
	struct opt_i64 kernel, kernel_tcp;	 /* only to warn: cgroup v1 */
	struct opt_u64 swappiness;		 /* only to warn: cgroup v1 */
	struct opt_bool disable_oom_killer;	 /* only to warn: cgroup v1 */
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

/* Microseconds where it is a time. */
struct oci_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;
	struct opt_u64 burst;
	struct opt_u64 period;
	struct opt_i64 realtime_runtime; /* only to warn: cgroup v1 */
	struct opt_u64 realtime_period;
	const char *cpus, *mems; /* lists, syntax checked; NULL also when "" */
	struct opt_i64 idle;	 /* 0 or 1 */
};

struct oci_pids {
	struct opt_i64 limit; /* -1: no limit */
};

struct oci_weight_device {
	int64_t major, minor;
	struct opt_u32 weight, leaf_weight; /* 0, or 10..1000 */
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations a second */
};

struct oci_block_io {
	struct opt_u32 weight, leaf_weight; /* 0, or 10..1000 */
	struct oci_weight_device *weight_device;
	size_t n_weight_device;
	struct oci_throttle_device *throttle_read_bps_device;
	size_t n_throttle_read_bps_device;
	struct oci_throttle_device *throttle_write_bps_device;
	size_t n_throttle_write_bps_device;
	struct oci_throttle_device *throttle_read_iops_device;
	size_t n_throttle_read_iops_device;
	struct oci_throttle_device *throttle_write_iops_device;
	size_t n_throttle_write_iops_device;
};

struct oci_hugepage_limit {
	const char *page_size; /* "2MB": digits and KB, MB or GB */
	uint64_t limit;	       /* bytes */
};

struct oci_rdma {
	const char *device; /* "mlx5_1" */
	struct opt_u32 hca_handles, hca_objects;
};

/* cgroup v1 only: the plan warns. */
struct oci_network_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network {
	struct opt_u32 class_id;
	struct oci_network_priority *priorities;
	size_t n_priorities;
};

/* Bits of oci_device_rule.access: BPF_DEVCG_ACC_* of linux/bpf.h. */
enum { OCI_DEVICE_MKNOD = 1, OCI_DEVICE_READ = 2, OCI_DEVICE_WRITE = 4 };

struct oci_device_rule {
	bool allow;
	uint32_t type;		     /* 'a' (also when absent), 'b' or 'c' */
	struct opt_i64 major, minor; /* unset: any (absent or -1 in the file) */
	uint32_t access;	     /* OCI_DEVICE_*; never 0 */
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_pair *unified; /* cgroup file name without '/' to its text */
	size_t n_unified;
	struct oci_warnings
		warnings; /* of oci_resources_parse(); inside a spec they are there */
};

/*
 * Decode the bare linux.resources object that update reads. *ret lives in ARENA, which the
 * caller frees also after an error. Fails with the field in err->where ("memory.limit").
 */
int oci_resources_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_resources **ret, struct error *err);

/*
 * What UPDATE says on top of BASE (may be NULL): numbers and lists that are absent stay, lists
 * and maps that are there replace. Devices are BASE's, because `update` never changes them.
 * *ret shares what it did not change.
 */
int oci_resources_merge(const struct oci_resources *base, const struct oci_resources *update,
	struct arena *arena, struct oci_resources **ret, struct error *err);

/* As oci_resources_parse() reads it, on one line, without the devices. */
int oci_resources_print(const struct oci_resources *resources, struct arena *arena,
	const char **ret, size_t *ret_length, struct error *err);

extern const struct name oci_device_rule_type_names[]; /* "a", "b", "c" */

#endif
