/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp section (config-linux.md, Seccomp), decoded; nothing here knows libseccomp. */
#ifndef MAYFLY_OCI_SECCOMP_H
#define MAYFLY_OCI_SECCOMP_H

#include "oci/names.h"
#include "oci/optional.h"

/*
 * Actions are the kernel's SECCOMP_RET_* without data, which libseccomp uses as well
 * (SCMP_ACT_ERRNO(n) is OCI_SECCOMP_ERRNO | n). KILL is KILL_THREAD.
 */
#define OCI_SECCOMP_KILL_PROCESS 0x80000000u
#define OCI_SECCOMP_KILL_THREAD	 0x00000000u
#define OCI_SECCOMP_TRAP	 0x00030000u
#define OCI_SECCOMP_ERRNO	 0x00050000u
#define OCI_SECCOMP_NOTIFY	 0x7fc00000u
#define OCI_SECCOMP_TRACE	 0x7ff00000u
#define OCI_SECCOMP_LOG		 0x7ffc0000u
#define OCI_SECCOMP_ALLOW	 0x7fff0000u

/* The numbers of libseccomp's enum scmp_compare. */
enum {
	OCI_SECCOMP_NE = 1,
	OCI_SECCOMP_LT,
	OCI_SECCOMP_LE,
	OCI_SECCOMP_EQ,
	OCI_SECCOMP_GE,
	OCI_SECCOMP_GT,
	OCI_SECCOMP_MASKED_EQ,
};

struct oci_seccomp_arg {
	uint32_t index;	    /* 0..5 */
	uint32_t op;	    /* OCI_SECCOMP_NE … */
	uint64_t value;	    /* for MASKED_EQ the mask */
	uint64_t value_two; /* for MASKED_EQ what the masked argument must equal */
};

struct oci_seccomp_rule {
	const char **names; /* system calls, at least one */
	size_t n_names;
	uint32_t action;	      /* OCI_SECCOMP_* */
	struct opt_u32 errno_ret;     /* 0..4095; only with ERRNO and TRACE; absent: EPERM */
	struct oci_seccomp_arg *args; /* at most 6 */
	size_t n_args;
};

struct oci_seccomp {
	uint32_t default_action;
	struct opt_u32 default_errno_ret;
	uint32_t *architectures; /* AUDIT_ARCH_* (x32: AUDIT_ARCH_X86_64 without the 64-bit
				    flag) */
	size_t n_architectures;
	uint32_t *flags; /* SECCOMP_FILTER_FLAG_*; NULL when absent, which is not the same as []
			  */
	size_t n_flags;
	const char *listener_path; /* NULL also when "" */
	const char *listener_metadata;
	struct oci_seccomp_rule *syscalls;
	size_t n_syscalls;
};

/* Does any rule, or the default, notify? */
bool oci_seccomp_notifies(const struct oci_seccomp *seccomp);

extern const struct name oci_seccomp_action_names[]; /* "SCMP_ACT_ERRNO" */
extern const struct name oci_seccomp_op_names[];     /* "SCMP_CMP_EQ" */
extern const struct name oci_seccomp_arch_names[]; /* "SCMP_ARCH_X86_64" to AUDIT_ARCH_X86_64 */
extern const struct name oci_seccomp_flag_names[]; /* "SECCOMP_FILTER_FLAG_LOG" */

#endif
