/* SPDX-License-Identifier: Apache-2.0 */
/* Which flags this kernel takes with a filter: it is asked without one. */
#include "runtime/launch/seccomp_rules.h"

#include "runtime/launch/launch.h"
#include "runtime/sys/sys.h"

#include <linux/seccomp.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* EFAULT is the kernel's word for flags that it knows, before it looks for a filter. */
static int ask_kernel(unsigned int flags)
{
	int answer = SYS_RESULT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL));

	return answer == -EFAULT ? 0 : answer;
}

int seccomp_choose_flags(
	const struct oci_seccomp *seccomp, unsigned int *ret_flags, struct error *err)
{
	unsigned int flags = seccomp->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	for (size_t i = 0; seccomp->flags && i < seccomp->n_flags; i++)
		flags |= seccomp->flags[i];
	/* There is one thread, and before Linux 5.7 this excludes a listener. */
	flags &= ~SECCOMP_FILTER_FLAG_TSYNC;
	if (oci_seccomp_notifies(seccomp))
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;

	int known = ask_kernel(flags);

	if (known == -EINVAL && !seccomp->flags)
		flags &= ~SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	else if (known < 0) {
		(void)fail(
			err, -known, "this kernel does not take all of the flags (%#x)", flags);
		return fail_in(err, "flags");
	}
	*ret_flags = flags;
	return 0;
}

unsigned long launch_seccomp_flags(void)
{
	static const unsigned int flags[] = {
		SECCOMP_FILTER_FLAG_TSYNC,
		SECCOMP_FILTER_FLAG_LOG,
		SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER,
	};
	unsigned long taken = 0;

	/* Without a listener there is nothing to wait killably for. */
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (ask_kernel(flags[i]) == 0)
			taken |= flags[i] & ~(unsigned long)SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return taken;
}
