/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of our own for system calls whose rules libseccomp confuses: docs/decisions/020.
 */
#ifndef MAYFLY_SECCOMP_RULES_H
#define MAYFLY_SECCOMP_RULES_H

#include "oci/base/error.h"
#include "oci/seccomp.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two of the conditions are on one argument: libseccomp can say no "and" of them, and "or" is
 * meant. */
bool seccomp_index_twice(const struct oci_seccomp_rule *rule);

/* What a rule answers, as the kernel takes it (SECCOMP_RET_*). */
uint32_t seccomp_answer(uint32_t action, struct opt_u32 number);

/* The same of the default. */
uint32_t seccomp_default(const struct oci_seccomp *profile);

/*
 * Calls for which a profile has several rules that say something else than its default, one of
 * them with conditions; a rule with two conditions on one argument is several. NAMES has room
 * for all names of the profile.
 */
struct seccomp_confused {
	const char **names;
	size_t count;
};

/* Fails, with the rule, when two rules for such a call have the same conditions and different
 * actions. */
int seccomp_find_confused(
	const struct oci_seccomp *profile, struct seccomp_confused *ret, struct error *err);
bool seccomp_among(const struct seccomp_confused *confused, const char *name);

/* Such a clash, as the library finds it among the rules of other calls. -1. */
int seccomp_fail_twice(const char *name, struct error *err);

/* How many instructions seccomp_put_rules() writes at most. */
size_t seccomp_rules_room(const struct oci_seccomp *profile);

/*
 * Write the rules of PROFILE for NAME, which has NUMBER on ARCH (x32: with its bit, and without
 * the 64-bit flag): a call of that number is answered, others go on behind what is written. A
 * rule without conditions counts first, else the first rule that holds, else the default. The
 * number of instructions.
 */
size_t seccomp_put_rules(const struct oci_seccomp *profile, const char *name, uint32_t arch,
	uint32_t number, struct sock_filter *ret);

/*
 * seccomp_flags.c: SECCOMP_FILTER_FLAG_* for PROFILE. Without flags of its own it gets
 * SPEC_ALLOW where the kernel has that; flags that it names and the kernel has not are refused.
 */
int seccomp_choose_flags(
	const struct oci_seccomp *profile, unsigned int *ret_flags, struct error *err);

#endif
