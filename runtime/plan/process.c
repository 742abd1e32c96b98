/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program is born with: session, scheduling, memory policy, umask, working directory,
 * limits (config.md, Process).
 */
#include "runtime/plan/rooms.h"
#include "runtime/plan/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <string.h>

enum { CPUS_MAX = 8192, NODES_MAX = 1024 }; /* the kernel's largest: NR_CPUS, MAX_NUMNODES */

/* Outside, because lowering it needs a privilege that the process may not have any more. */
int plan_oom(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct opt_i32 *score = &wanted->process->oom_score_adj;
	const char *text;

	if (!score->set)
		return 0;
	text = arena_format(plan->arena, "%" PRId32, score->value);
	if (!text)
		return no_memory(err);
	return plan_file(plan, &plan->after_clone, err, STEP_WRITE_PROC, "oom_score_adj", text,
		"process.oomScoreAdj");
}

int plan_working_directory(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const char *cwd = wanted->process->cwd;

	/* Made in the jail, before the root is read-only; a chroot alone makes nothing. */
	if (!has_namespace(wanted, CLONE_NEWNS) || strcmp(cwd, "/") == 0)
		return 0;
	return plan_text(plan, &plan->inside, err, STEP_MAKE_DIRECTORY, cwd, "process.cwd");
}

static int plan_scheduler(
	struct plan *plan, const struct oci_process *process, struct error *err)
{
	const struct oci_scheduler *asked = process->scheduler;

	if (!asked)
		return 0;

	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_SET_SCHEDULER, "process.scheduler");

	if (!step)
		return -1;
	step->scheduler = (struct step_scheduler){
		.policy = asked->policy,
		.flags = asked->flags,
		.nice = asked->nice.value,
		.priority = (uint32_t)asked->priority.value,
		.runtime = asked->runtime.value,
		.deadline = asked->deadline.value,
		.period = asked->period.value,
	};
	return 0;
}

static int plan_io_priority(
	struct plan *plan, const struct oci_process *process, struct error *err)
{
	const struct oci_io_priority *asked = process->io_priority;

	if (!asked)
		return 0;
	return plan_number(plan, &plan->inside, err, STEP_SET_IO_PRIORITY,
		(int64_t)asked->io_class << 13 | asked->priority, "process.ioPriority");
}

/* The mask of a list like "0-3,7", as short as its highest bit allows. */
static int read_list(struct plan *plan, const char *list, size_t bits, uint64_t **ret_mask,
	size_t *ret_bytes, struct error *err)
{
	uint64_t *mask = arena_array(plan->arena, bits / 64, sizeof(*mask));
	size_t words = bits / 64;

	if (!mask)
		return no_memory(err);
	if (oci_cpu_list(list, mask, bits, err) < 0)
		return -1;
	while (words > 1 && mask[words - 1] == 0)
		words--;
	*ret_mask = mask;
	*ret_bytes = words * sizeof(*mask);
	return 0;
}

/*
 * Always said, because the caller's own mask (systemd's CPUAffinity=, a kubelet's reserved
 * CPUs) is not the container's; the kernel cuts it down to the cgroup's cpuset. The process of
 * an exec is born in its cgroup, so of "initial" and "final" the later one counts.
 */
static int plan_affinity(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_exec_cpu_affinity *asked = wanted->process->exec_cpu_affinity;
	const char *list = NULL, *field = "default affinity";
	uint64_t *mask = NULL;
	size_t bytes = 0;

	if (asked && wanted->request->verb == REQUEST_EXEC) {
		list = asked->final ? asked->final : asked->initial;
		field = asked->final ? "process.execCPUAffinity.final"
				     : "process.execCPUAffinity.initial";
	}
	if (!list)
		field = "default affinity";
	else if (read_list(plan, list, CPUS_MAX, &mask, &bytes, err) < 0)
		return fail_in(err, "%s", field);

	struct step *step = plan_step(plan, &plan->inside, err, STEP_SET_AFFINITY, "%s", field);

	if (!step)
		return -1;
	step->affinity.mask = (const unsigned long *)mask;
	step->affinity.bytes = bytes;
	return 0;
}

static int plan_memory_policy(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_memory_policy *asked = wanted->spec->linux->memory_policy;
	uint64_t *mask = NULL;
	size_t bytes = 0;

	if (!asked || wanted->request->verb == REQUEST_EXEC)
		return 0;
	if (asked->nodes && read_list(plan, asked->nodes, NODES_MAX, &mask, &bytes, err) < 0)
		return fail_in(err, "linux.memoryPolicy.nodes");

	struct step *step = plan_step(
		plan, &plan->inside, err, STEP_SET_MEMORY_POLICY, "linux.memoryPolicy");

	if (!step)
		return -1;
	step->memory_policy.mode = (int)(asked->mode | asked->flags);
	step->memory_policy.nodes = (const unsigned long *)mask;
	/* The kernel takes one bit less than it is told: set_mempolicy(2), Bugs. */
	step->memory_policy.max_node = bytes ? bytes * 8 + 1 : 0;
	return 0;
}

/* What a fork does not hand on: a session is its maker's, and a policy may be reset. */
int plan_session(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;

	if (plan_bare(plan, &plan->inside, err, STEP_NEW_SESSION,
		    process->terminal ? "process.terminal" : "") < 0)
		return -1;
	return plan_scheduler(plan, process, err);
}

int plan_process(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;
	const struct oci_personality *personality = wanted->spec->linux->personality;

	if (!filter_before_fork(wanted) && plan_session(plan, wanted, err) < 0)
		return -1;
	if (plan_io_priority(plan, process, err) < 0 || plan_affinity(plan, wanted, err) < 0 ||
		plan_memory_policy(plan, wanted, err) < 0)
		return -1;
	if (personality && plan_number(plan, &plan->inside, err, STEP_SET_PERSONALITY,
				   personality->domain, "linux.personality") < 0)
		return -1;
	return plan_number(plan, &plan->inside, err, STEP_SET_UMASK,
		process->user.umask.set ? process->user.umask.value : 0022,
		process->user.umask.set ? "process.user.umask" : "default umask");
}

static int put_rlimits(struct plan *plan, struct step_list *list,
	const struct oci_process *process, struct error *err)
{
	for (size_t i = 0; i < process->n_rlimits; i++) {
		struct step *step =
			plan_step(plan, list, err, STEP_SET_RLIMIT, "process.rlimits[%zu]", i);

		if (!step)
			return -1;
		step->rlimit.resource = (int)process->rlimits[i].type;
		step->rlimit.soft = process->rlimits[i].soft;
		step->rlimit.hard = process->rlimits[i].hard;
	}
	return 0;
}

/*
 * The process sets its own limits as long as it is whom it was: prlimit(2) on another user's
 * process wants CAP_SYS_RESOURCE even to lower one, and the runtime may lack it.
 */
int plan_rlimits(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (in_user_namespace(wanted))
		return 0;
	return put_rlimits(plan, &plan->inside, wanted->process, err);
}

/* In a user namespace it may raise none; the runtime, which owns that namespace, may. */
static int plan_rlimits_outside(
	struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (!in_user_namespace(wanted))
		return 0;
	return put_rlimits(plan, &plan->after_clone, wanted->process, err);
}

int plan_created(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (plan_seccomp_listening(plan, wanted, err) < 0 ||
		plan_message(plan, &plan->inside, err, STEP_TELL, MESSAGE_CREATED) < 0 ||
		plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_CREATED) < 0 ||
		plan_rlimits_outside(plan, wanted, err) < 0 ||
		plan_release_unit(plan, err) < 0 ||
		plan_message(plan, &plan->after_clone, err, STEP_TELL, MESSAGE_COMMITTED) < 0)
		return -1;
	return plan_message(plan, &plan->inside, err, STEP_AWAIT, MESSAGE_COMMITTED);
}
