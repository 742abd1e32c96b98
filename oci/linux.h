/* SPDX-License-Identifier: Apache-2.0 */
/* The linux object (config-linux.md), without resources and seccomp, which have their own. */
#ifndef MAYFLY_OCI_LINUX_H
#define MAYFLY_OCI_LINUX_H

#include "oci/mounts.h"
#include "oci/names.h"
#include "oci/optional.h"
#include "oci/resources.h"
#include "oci/seccomp.h"

/* GNU C defines "linux" as 1; here it is a word of the spec: spec->linux. */
#undef linux

struct oci_namespace {
	uint32_t type;	  /* CLONE_NEW* */
	const char *path; /* absolute: join it; NULL (also when ""): make a new one */
};

struct oci_time_offset {
	int64_t secs;
	uint32_t nanosecs; /* 0..999999999 */
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic;
	struct oci_time_offset *boottime;
};

struct oci_device {
	uint32_t type;		  /* 'c', 'b' or 'p' ("u" in the file is 'c') */
	const char *path;	  /* absolute and normalised */
	uint32_t major, minor;	  /* 0 for 'p' */
	struct opt_u32 file_mode; /* 0..0777 */
	struct opt_u32 uid, gid;  /* 0..4294967294 */
};

struct oci_net_device {
	const char *host_name; /* the key: its name on the host */
	const char *name;      /* inside, maybe with one "%d"; NULL: the same */
};

struct oci_intel_rdt {
	const char *clos_id; /* no '/' unless it is exactly "/"; NULL: the container's id */
	const char *l3_cache_schema;
	const char *mem_bw_schema;
	const char **schemata;
	size_t n_schemata;
	bool enable_monitoring;
};

struct oci_memory_policy {
	uint32_t mode;	   /* MPOL_* */
	const char *nodes; /* list like "0-3,7", syntax checked; NULL also when "" */
	uint32_t flags;	   /* MPOL_F_* */
};

struct oci_personality {
	uint32_t domain;    /* PER_LINUX or PER_LINUX32 */
	const char **flags; /* always none: the spec defines none, so any is refused */
	size_t n_flags;
};

struct oci_linux {
	struct oci_namespace *namespaces; /* no type twice */
	size_t n_namespaces;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_time_offsets *time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	const char *cgroups_path; /* no ".." component; NULL also when "" */
	struct oci_resources *resources;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	/* oci_sysctl_namespace() says which namespace one belongs to */
	struct oci_pair *sysctl; /* keys always in the form "net/ipv4/ip_forward" */
	size_t n_sysctl;
	struct oci_seccomp *seccomp;
	struct opt_u32 rootfs_propagation; /* MS_SHARED …, with MS_REC for r-words */
	const char **masked_paths;	   /* absolute and normalised */
	size_t n_masked_paths;
	const char **readonly_paths; /* absolute and normalised */
	size_t n_readonly_paths;
	const char *mount_label; /* NULL also when "" */
	struct oci_personality *personality;
};

/* The namespace of that type (CLONE_NEW*) that SECTION lists, or NULL. SECTION may be NULL. */
const struct oci_namespace *oci_namespace_find(const struct oci_linux *section, uint32_t type);

extern const struct name oci_namespace_names[]; /* "pid" to CLONE_NEWPID */
extern const struct name oci_device_type_names[];
extern const struct name oci_memory_policy_mode_names[];
extern const struct name oci_memory_policy_flag_names[];
extern const struct name oci_personality_names[];

/* CLONE_NEW* of the namespace that keeps the sysctl PATH ("net/ipv4/ip_forward"); 0: none. */
uint32_t oci_sysctl_namespace(const char *path);

#endif
