/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions in front of compiled filters: they answer ENOSYS to unheard-of system calls,
 * and lead to the filter of the call's architecture. */
#ifndef MAYFLY_SECCOMP_STUB_H
#define MAYFLY_SECCOMP_STUB_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* The largest system call number that a profile names, for one architecture. */
struct seccomp_newest {
	uint32_t arch;	 /* AUDIT_ARCH_*; x32 is AUDIT_ARCH_X86_64 without the 64-bit flag */
	int64_t largest; /* with the x32 bit where there is one; -1: the profile names none */
};

enum { SECCOMP_ARCHES_MAX = 32, SECCOMP_STUB_MAX = 6 * SECCOMP_ARCHES_MAX + 3 };

/* A filter of one architecture. */
struct seccomp_program {
	uint32_t arch; /* as above */
	struct sock_filter *instructions;
	size_t count;
};

/* What leads to them: at most five instructions for each but the first. */
enum { SECCOMP_DISPATCH_MAX = 5 * SECCOMP_ARCHES_MAX };

/*
 * Write what leads to each of COUNT programs that follow it one after another. The first
 * program gets every call that is of none of the others: each refuses other architectures
 * itself. The number of instructions.
 */
size_t seccomp_dispatch(const struct seccomp_program *programs, size_t count,
	struct sock_filter ret[SECCOMP_DISPATCH_MAX]);

/* Write the stub for the COUNT architectures, each once; the number of instructions. */
size_t seccomp_stub(const struct seccomp_newest *newest, size_t count,
	struct sock_filter ret[SECCOMP_STUB_MAX]);

#endif
