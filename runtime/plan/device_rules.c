/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.devices (config-linux.md, Allowed Device list): the user's list, and after it
 * the devices every container may use. How a list is judged is in runtime/cgroup/devices.c.
 */
#include "runtime/plan/cgroup.h"
#include "runtime/plan/resources.h"

#include <errno.h>
#include <linux/bpf.h>

enum { ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

/*
 * Making a node gives nothing while opening it is denied. /dev/net/tun is here because every
 * VPN in a container broke when other runtimes took it away.
 */
static const struct step_device_rule defaults[] = {
	{true, 'c', -1, -1, BPF_DEVCG_ACC_MKNOD}, {true, 'b', -1, -1, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, ALL},	   /* /dev/null */
	{true, 'c', 1, 5, ALL},	   /* /dev/zero */
	{true, 'c', 1, 7, ALL},	   /* /dev/full */
	{true, 'c', 1, 8, ALL},	   /* /dev/random */
	{true, 'c', 1, 9, ALL},	   /* /dev/urandom */
	{true, 'c', 5, 0, ALL},	   /* /dev/tty */
	{true, 'c', 5, 1, ALL},	   /* /dev/console */
	{true, 'c', 5, 2, ALL},	   /* /dev/ptmx */
	{true, 'c', 136, -1, ALL}, /* /dev/pts/… */
	{true, 'c', 10, 200, ALL}, /* /dev/net/tun */
};
enum { DEFAULTS = sizeof(defaults) / sizeof(*defaults) };

static int convert(struct plan *plan, const struct oci_device_rule *rule, size_t index,
	struct step_device_rule *ret, struct error *err)
{
	const struct opt_i64 *numbers[] = {&rule->major, &rule->minor};
	bool any = !rule->major.set && !rule->minor.set;

	for (size_t i = 0; i < 2; i++) {
		if (!numbers[i]->set || numbers[i]->value == -1)
			continue;
		any = false;
		if (numbers[i]->value < 0 || numbers[i]->value > UINT32_MAX) {
			error_set(err, 0, "is not a device number");
			return fail_in(err, "linux.resources.devices[%zu].%s", index,
				i ? "minor" : "major");
		}
	}
	/* As in cgroup v1, where "a" never looked at the rest. It is a trap, so say it. */
	if (rule->type == 'a' && rule->allow && (!any || rule->access != ALL) &&
		plan_warn(plan, err,
			"linux.resources.devices[%zu]: type \"a\" allows every access to every "
			"device, whatever else the rule says",
			index) < 0)
		return -1;
	*ret = (struct step_device_rule){
		.allow = rule->allow,
		.type = (char)rule->type,
		.major = rule->type != 'a' && rule->major.set ? rule->major.value : -1,
		.minor = rule->type != 'a' && rule->minor.set ? rule->minor.value : -1,
		.access = rule->type == 'a' ? ALL : rule->access,
	};
	return 0;
}

/* Everything is allowed from the last "a" on, and nothing is taken away after it. */
static bool is_allow_all(const struct step_device_rule *rules, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (!rules[i].allow)
			return false;
		if (rules[i].type == 'a')
			return true;
	}
	return false;
}

int plan_devices_cgroup(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_resources *resources = wanted->spec->linux->resources;
	size_t asked = resources ? resources->n_devices : 0;
	struct step_device_rule *rules;
	bool denies = false;

	rules = arena_array(plan->arena, asked + DEFAULTS, sizeof(*rules));
	if (!rules)
		return fail(err, ENOMEM, "plan the devices");
	for (size_t i = 0; i < asked; i++) {
		if (convert(plan, &resources->devices[i], i, &rules[i], err) < 0)
			return -1;
		denies |= !rules[i].allow;
	}
	if (is_allow_all(rules, asked))
		return plan_own_cgroup(plan, wanted, err);
	/*
	 * A user namespace has no device nodes but those the host's root put there: the kernel
	 * neither lets us load a program nor needs one. --rootless by the host's root is not
	 * that.
	 */
	if (wanted->host->in_user_namespace || wanted->host->euid != 0)
		return plan_own_cgroup(plan, wanted, err);
	if (wanted->host->cgroup == CGROUP_NONE)
		return denies ? plan_cannot_enforce(plan, wanted, "linux.resources.devices",
					"no cgroup2 file system is mounted on this host",
					"mount one at /sys/fs/cgroup", err)
			      : 0;
	for (size_t i = 0; i < DEFAULTS; i++)
		rules[asked + i] = defaults[i];

	/*
	 * After clone: the kernel takes as long to check the program as the child to mount. The
	 * child makes only nodes that the rules above allow, and runs nothing but mayfly until
	 * it hears from us; unless it has hooks of its own to run before.
	 */
	const struct oci_hooks *hooks = wanted->spec->hooks;
	struct step_list *list =
		hooks && hooks->n_create_container ? &plan->outside : &plan->after_clone;
	struct step *step = plan_step(
		plan, list, err, STEP_LIMIT_DEVICES, asked ? "linux.resources.devices" : "");

	if (!step)
		return -1;
	step->device_rules.rules = rules;
	step->device_rules.count = asked + DEFAULTS;
	return plan_own_cgroup(plan, wanted, err);
}
