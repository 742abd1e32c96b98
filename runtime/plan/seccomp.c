/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the filter is loaded (config-linux.md, Seccomp). Without no_new_privs that needs
 * CAP_SYS_ADMIN, so it is early; with it, it is the last thing before the program, unless
 * somebody outside must be given the listener first.
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <string.h>

/* What we still call between loading a filter with a listener and the agent having it. */
static const char *const handshake[] = {
	"sendmsg",
	"sendto",
	"write",
	"recvmsg",
	"recvfrom",
	"read",
	"poll",
	"ppoll",
};

static int check_notify_rule(const struct oci_seccomp_rule *rule, struct error *err)
{
	for (size_t i = 0; i < rule->n_names; i++)
		for (size_t j = 0; j < sizeof(handshake) / sizeof(*handshake); j++)
			if (strcmp(rule->names[i], handshake[j]) == 0)
				return fail(err, 0,
					"SCMP_ACT_NOTIFY cannot be used for the %s syscall: "
					"the runtime needs it to hand over the listener",
					handshake[j]);
	return 0;
}

static int check_notify(const struct oci_seccomp *seccomp, struct error *err)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		if (seccomp->syscalls[i].action != OCI_SECCOMP_NOTIFY)
			continue;
		if (check_notify_rule(&seccomp->syscalls[i], err) < 0)
			return fail_in(err, "linux.seccomp.syscalls[%zu]", i);
	}
	return 0;
}

static struct step *load_here(struct plan *plan, struct error *err)
{
	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_LOAD_SECCOMP, "linux.seccomp");

	if (step)
		step->seccomp.listener = plan->seccomp_listens;
	return step;
}

static int load(struct plan *plan, struct error *err)
{
	if (!load_here(plan, err))
		return -1;
	if (!plan->seccomp_listens)
		return 0;
	if (plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_LISTENER) < 0)
		return -1;
	return plan_message(plan, &plan->after_clone, err, STEP_TELL, MESSAGE_LISTENER_SENT);
}

bool filter_before_fork(const struct wanted *wanted)
{
	const struct oci_seccomp *seccomp = wanted->spec->linux->seccomp;

	/* A listener's agent is told who listens, and that is known after the fork only. */
	return wanted->request->verb == REQUEST_EXEC && seccomp &&
	       !wanted->process->no_new_privileges && !oci_seccomp_notifies(seccomp);
}

int plan_seccomp_early(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_seccomp *seccomp = wanted->spec->linux->seccomp;

	if (!seccomp)
		return 0;
	plan->seccomp = seccomp;
	plan->seccomp_listens = oci_seccomp_notifies(seccomp);
	if (plan->seccomp_listens && check_notify(seccomp, err) < 0)
		return -1;
	if (wanted->process->no_new_privileges)
		return 0;
	if (load(plan, err) < 0)
		return -1;
	if (!filter_before_fork(wanted))
		return 0;
	if (plan_shed_filtered(plan, wanted, err) < 0 || plan_fork(plan, wanted, err) < 0)
		return -1;
	return plan_session(plan, wanted, err);
}

int plan_seccomp_listening(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	/* With a reaper the program's process hands it over itself, as the last of all. */
	if (!plan->seccomp_listens || !wanted->process->no_new_privileges ||
		wanted->request->reaper)
		return 0;
	return load(plan, err);
}

int plan_seccomp_late(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	bool listens = plan->seccomp_listens && !wanted->request->reaper;

	if (!plan->seccomp || listens || !wanted->process->no_new_privileges)
		return 0;
	return load_here(plan, err) ? 0 : -1;
}
