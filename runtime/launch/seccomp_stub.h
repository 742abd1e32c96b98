/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions in front of a compiled filter that answer ENOSYS to unheard-of system calls.
 */
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

/* Write the stub for the COUNT architectures, each once; the number of instructions. */
size_t seccomp_stub(const struct seccomp_newest *newest, size_t count,
	struct sock_filter ret[SECCOMP_STUB_MAX]);

#endif
