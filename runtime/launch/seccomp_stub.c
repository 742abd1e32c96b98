/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile can only speak of system calls that its author knew. A newer C library tries a
 * newer call first and falls back on ENOSYS, but not on the EPERM of a default action: so a
 * number above all that the profile names is "not implemented" here.
 */
#include "runtime/launch/seccomp_stub.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#define X32_ARCH (AUDIT_ARCH_X86_64 & ~__AUDIT_ARCH_64BIT)
#define X32_BIT	 0x40000000u

/* Jump targets that are known only when everything is written. */
enum { TO_REFUSE = 0xff };
#define TO_FILTER UINT32_MAX

struct writer {
	struct sock_filter *at;
	size_t count;
};

static void put(struct writer *writer, uint16_t code, uint8_t yes, uint8_t no, uint32_t value)
{
	writer->at[writer->count++] =
		(struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

static void put_limit(struct writer *writer, int64_t largest)
{
	if (largest >= 0)
		put(writer, BPF_JMP | BPF_JGT | BPF_K, TO_REFUSE, 0, (uint32_t)largest);
	put(writer, BPF_JMP | BPF_JA, 0, 0, TO_FILTER);
}

/* x86_64 and x32 have the same AUDIT_ARCH; one bit of the number tells them apart. */
static void put_x86_64(struct writer *writer, int64_t largest, int64_t x32)
{
	uint8_t length = largest >= 0 ? 2 : 1;

	put(writer, BPF_JMP | BPF_JGE | BPF_K, length, 0, X32_BIT);
	put_limit(writer, largest);
	/* Not among the profile's architectures: the filter itself says what happens to it. */
	put_limit(writer, x32);
}

static int64_t largest_of(const struct seccomp_newest *newest, size_t count, uint32_t arch)
{
	for (size_t i = 0; i < count; i++)
		if (newest[i].arch == arch)
			return newest[i].largest;
	return -1;
}

static void put_arch(
	struct writer *writer, const struct seccomp_newest *newest, size_t count, uint32_t arch)
{
	size_t start = writer->count;
	int64_t largest = largest_of(newest, count, arch);

	put(writer, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, arch);
	put(writer, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	if (arch == AUDIT_ARCH_X86_64)
		put_x86_64(writer, largest, largest_of(newest, count, X32_ARCH));
	else
		put_limit(writer, largest);
	writer->at[start].jf = (uint8_t)(writer->count - start - 1);
}

static void resolve_jumps(struct writer *writer, size_t refuse)
{
	for (size_t i = 0; i < refuse; i++) {
		struct sock_filter *at = &writer->at[i];

		if (at->code == (BPF_JMP | BPF_JGT | BPF_K))
			at->jt = (uint8_t)(refuse - i - 1);
		if (at->code == (BPF_JMP | BPF_JA))
			at->k = (uint32_t)(refuse - i);
	}
}

size_t seccomp_stub(const struct seccomp_newest *newest, size_t count,
	struct sock_filter ret[SECCOMP_STUB_MAX])
{
	struct writer writer = {.at = ret};

	put(&writer, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < count; i++)
		if (newest[i].arch !=
			X32_ARCH) /* x86_64, which is always there, does it as well */
			put_arch(&writer, newest, count, newest[i].arch);
	put(&writer, BPF_JMP | BPF_JA, 0, 0, TO_FILTER);

	size_t refuse = writer.count;

	put(&writer, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	resolve_jumps(&writer, refuse);
	return writer.count;
}

/* ---- to the program of an architecture ---- */

static void put_way(struct writer *writer, uint32_t arch)
{
	bool x32 = arch == X32_ARCH;

	put(writer, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	put(writer, BPF_JMP | BPF_JEQ | BPF_K, 0, x32 ? 3 : 1, x32 ? AUDIT_ARCH_X86_64 : arch);
	if (x32) {
		put(writer, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
		put(writer, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
	}
	put(writer, BPF_JMP | BPF_JA, 0, 0, 0);
}

size_t seccomp_dispatch(const struct seccomp_program *programs, size_t count,
	struct sock_filter ret[SECCOMP_DISPATCH_MAX])
{
	struct writer writer = {.at = ret};
	size_t jumps[SECCOMP_ARCHES_MAX], start = 0;

	for (size_t i = 1; i < count; i++) {
		put_way(&writer, programs[i].arch);
		jumps[i] = writer.count - 1;
	}
	for (size_t i = 1; i < count; i++) {
		start += programs[i - 1].count;
		ret[jumps[i]].k = (uint32_t)(writer.count - jumps[i] - 1 + start);
	}
	return writer.count;
}
