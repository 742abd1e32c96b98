/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel parameters of the container's namespaces; oci/sysctl.c has judged which are allowed. */
#include "runtime/plan/rooms.h"

#include <string.h>

int plan_sysctl(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	const char *domainname = wanted->spec->domainname;

	for (size_t i = 0; i < section->n_sysctl; i++) {
		const struct oci_pair *pair = &section->sysctl[i];

		if (domainname && strcmp(pair->key, "kernel/domainname") == 0 &&
			strcmp(pair->value, domainname) != 0)
			return refuse(err, "linux.sysctl",
				"kernel.domainname \"%.64s\" contradicts domainname \"%.64s\"",
				pair->value, domainname);
		if (plan_file(plan, &plan->inside, err, STEP_WRITE_SYSCTL, pair->key,
			    pair->value, "linux.sysctl") < 0)
			return -1;
	}
	return 0;
}
