/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel parameters of the container's namespaces; oci/sysctl.c has judged which are allowed.
 */
#include "runtime/plan/rooms.h"

int plan_sysctl(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;

	for (size_t i = 0; i < section->n_sysctl; i++) {
		const struct oci_pair *pair = &section->sysctl[i];

		if (plan_file(plan, &plan->inside, err, STEP_WRITE_SYSCTL, pair->key,
			    pair->value, "linux.sysctl") < 0)
			return -1;
	}
	return 0;
}
