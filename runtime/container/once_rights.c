/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With the rights of the program: its user, its group and what it has of capabilities, for as
 * long as a name of the container is looked up, or a file of it is opened.
 */
#include "runtime/container/once.h"

#include "runtime/sys/sys.h"

#include <linux/capability.h>
#include <sys/fsuid.h>

/* What commit_creds() of the kernel takes away with another user, we want back. */
static void change_ids(struct once *once, uint32_t uid, uint32_t gid)
{
	int dumpable = sys_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	(void)setfsgid(gid);
	(void)setfsuid(uid);
	(void)sys_prctl(PR_SET_DUMPABLE, (unsigned long)dumpable, 0, 0, 0);
	once_tie(once, once->tied);
}

static int read_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return SYS_RESULT(syscall(SYS_capget, &header, data));
}

/* Those of ALLOWED that we may have. */
static int set_effective(uint64_t allowed)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	int done = read_capabilities(data);

	if (done < 0)
		return done;
	data[0].effective = (uint32_t)allowed & data[0].permitted;
	data[1].effective = (uint32_t)(allowed >> 32) & data[1].permitted;
	return SYS_RESULT(syscall(SYS_capset, &header, data));
}

/* On the host it has none that it has in a user namespace of its own. */
static uint64_t of_program(const struct once *once)
{
	const struct oci_spec *spec = once->birth.spec;
	const struct oci_capabilities *capabilities = spec->process->capabilities;

	return capabilities && !oci_namespace_find(spec->linux, CLONE_NEWUSER)
		       ? capabilities->effective
		       : 0;
}

static uint32_t host_gid(const struct once *once)
{
	const struct oci_linux *section = once->birth.spec->linux;
	uint32_t gid = once->birth.spec->process->user.gid;

	for (size_t i = 0; i < section->n_gid_mappings; i++) {
		const struct oci_id_mapping *map = &section->gid_mappings[i];

		if (gid >= map->container_id && gid - map->container_id < map->size)
			return map->host_id + (gid - map->container_id);
	}
	return gid;
}

int once_become_program(struct once *once, struct error *err)
{
	const struct oci_spec *spec = once->birth.spec;
	struct __user_cap_data_struct ours[2] = {0};
	uint32_t uid, gid = host_gid(once);
	int done;

	if (!plan_host_uid(spec, spec->process->user.uid, &uid))
		return fail(err, 0, "the program's user %u has no number on the host",
			spec->process->user.uid);
	done = read_capabilities(ours);
	if (done == 0) {
		once->effective = ours[0].effective | (uint64_t)ours[1].effective << 32;
		change_ids(once, uid, gid);
		/* Last: another user is not to be had without them. */
		done = set_effective(of_program(once));
	}
	if (done < 0)
		return fail(err, -done, "act without capabilities");
	/* They answer what was before; asking for nobody tells what is. */
	if ((uint32_t)setfsuid((uid_t)-1) != uid || (uint32_t)setfsgid((gid_t)-1) != gid)
		return fail(err, EPERM, "act as the program's user %u", uid);
	return 0;
}

void once_become_ourselves(struct once *once)
{
	change_ids(once, geteuid(), getegid());
	(void)set_effective(once->effective);
}
