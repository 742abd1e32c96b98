/* SPDX-License-Identifier: Apache-2.0 */
/* Load the device program and attach it to the cgroup (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE). */
#include "runtime/cgroup/devices.h"

#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>

/*
 * RLIMIT_MEMLOCK is left alone: since Linux 5.11 programs are charged to the memory cgroup, and
 * raising it is what kills others where CAP_SYS_RESOURCE is missing.
 */
static int load(const struct device_program *program)
{
	union bpf_attr attributes = {0};
	int fd = -EAGAIN;

	attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attributes.insns = (uintptr_t)program->instructions;
	attributes.insn_cnt = (uint32_t)program->count;
	attributes.license = (uintptr_t) "Apache-2.0";
	memcpy(attributes.prog_name, "mayfly_devices", sizeof("mayfly_devices"));
	/* EAGAIN: a signal came while the verifier looked. */
	for (int tries = 0; fd == -EAGAIN && tries < 30; tries++)
		fd = sys_bpf(BPF_PROG_LOAD, &attributes);
	/* In attributes, descriptor 0 means that there is none. */
	if (fd == 0) {
		fd = SYS_RESULT(fcntl(0, F_DUPFD_CLOEXEC, 3));
		close(0);
	}
	return fd;
}

static int attach(int program, int cgroup)
{
	union bpf_attr attributes = {0};

	attributes.target_fd = (uint32_t)cgroup;
	attributes.attach_bpf_fd = (uint32_t)program;
	attributes.attach_type = BPF_CGROUP_DEVICE;
	/* Next to those of others, systemd's for one: all of them must allow. */
	attributes.attach_flags = BPF_F_ALLOW_MULTI;
	return sys_bpf(BPF_PROG_ATTACH, &attributes);
}

static int fail_to_limit(
	const char *what, int code, const struct cgroup *cgroup, struct error *err)
{
	static const struct {
		int code;
		const char *why;
	} rows[] = {
		{EPERM, "; it takes CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the "
			"initial user namespace"},
		{EINVAL, "; is the kernel built with CONFIG_CGROUP_BPF?"},
		{ENOSYS, "; is the kernel built with CONFIG_BPF_SYSCALL?"},
	};
	const char *why = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].code == code)
			why = rows[i].why;
	return fail(
		err, code, "%s the device program of cgroup \"%s\"%s", what, cgroup->path, why);
}

int cgroup_limit_devices(const struct cgroup *cgroup, const struct step_device_rule *rules,
	size_t count, struct error *err)
{
	struct device_program program;
	int done = device_program_build(rules, count, &program);

	if (done == -E2BIG)
		return fail(
			err, 0, "%zu device rules are more than one program can hold", count);
	if (done < 0)
		return fail(err, -done, "make the device program");
	if (!program.instructions) /* everything is allowed */
		return 0;
	if (cgroup->fd < 0) {
		device_program_free(&program);
		return fail(err, 0, "there is no cgroup to limit the devices of");
	}

	int AUTO_FD fd = load(&program);

	device_program_free(&program);
	if (fd < 0)
		return fail_to_limit("load", -fd, cgroup, err);
	/* Attached, the cgroup keeps it. */
	done = attach(fd, cgroup->fd);
	return done < 0 ? fail_to_limit("attach", -done, cgroup, err) : 0;
}
