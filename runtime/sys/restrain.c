/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock; see restrain.h. The numbers are the kernel's, as old headers lack them. */
#include "runtime/sys/restrain.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

enum { RULE_PATH_BENEATH = 1 };

/* All of the first version's but to read a file (4) and to list a directory (8). */
#define EXECUTE UINT64_C(1)
#define CHANGE	(UINT64_C(0x1fff) & ~(UINT64_C(4) | UINT64_C(8) | EXECUTE))

/* linux/landlock.h */
struct ruleset_attributes {
	uint64_t handled_access_fs;
};

struct path_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

void restrain_to(const int directories[], size_t count, bool execute)
{
	const struct ruleset_attributes attributes = {
		.handled_access_fs = execute ? CHANGE : CHANGE | EXECUTE};
	int AUTO_FD ruleset = SYS_RESULT(
		syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0U));

	if (ruleset < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct path_beneath rule = {
			.allowed_access = CHANGE, .parent_fd = directories[i]};

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0U) < 0)
			return; /* without its place the command would fail */
	}
	/* Root needs nothing for it; anybody else has to promise to gain nothing by exec. */
	if (syscall(SYS_landlock_restrict_self, ruleset, 0U) == 0 || errno != EPERM)
		return;
	if (sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)syscall(SYS_landlock_restrict_self, ruleset, 0U);
}
