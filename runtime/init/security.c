/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the process is and what it may do. Each change is read back: a set*id call that did
 * nothing, or a capability that stayed, is an error and not a container.
 */
#include "runtime/init/rooms.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

int init_no_new_privileges(struct init_context *context, const struct step *step)
{
	int done = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (done < 0)
		return init_fail(context, -done, "set no_new_privs");
	return 0;
}

/* The filter is in force when this runs, and config.json's author decided what it allows. */
static int send_listener(struct init_context *context, int listener)
{
	int AUTO_FD fd = listener;
	int done = channel_tell(context->channel, MESSAGE_LISTENER, 0, fd);

	if (done < 0)
		return init_fail(context, -done, "send the seccomp listener to the runtime");
	return init_await(context, MESSAGE_LISTENER_SENT);
}

int init_load_seccomp(struct init_context *context, const struct step *step)
{
	bool listens = step->seccomp.listener;
	const struct sock_fprog program = {context->bpf_count, context->bpf};
	unsigned int flags = context->bpf_flags;
	int done;

	if (!context->bpf)
		return init_fail(context, EINVAL, "no seccomp filter was compiled");
	init_try_directory(context);
	if (!context->forked && init_find_step(context, STEP_FORK) &&
		init_prepare_fork(context) < 0)
		return -1;
	if (listens)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	done = SYS_RESULT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
	if (done < 0)
		return init_fail(context, -done, "load the seccomp filter");
	context->filtered = true;
	return listens ? send_listener(context, done) : 0;
}

int init_drop_bounding(struct init_context *context, const struct step *step)
{
	const struct step_capabilities *capabilities = &step->capabilities;

	for (unsigned int i = 0; i <= capabilities->last; i++) {
		int done;

		if (capabilities->bounding & (1ULL << i))
			continue;
		done = sys_prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
		/* EPERM: without CAP_SETPCAP only what is not there anyway can be missing. */
		if (done < 0 && sys_prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0)
			return init_fail(
				context, -done, "drop capability %u from the bounding set", i);
	}
	return 0;
}

static int check_ids(struct init_context *context, const struct step_user *user)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
		getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return init_fail(context, errno, "read the user back");
	for (int i = 0; i < 3; i++)
		if (uids[i] != user->uid || gids[i] != user->gid)
			return init_fail(context, EPERM, "user %u:%u did not come into force",
				user->uid, user->gid);
	return 0;
}

int init_set_user(struct init_context *context, const struct step *step)
{
	const struct step_user *user = &step->user;
	/* Both are forgotten with these ids, and only with them: prctl(2). */
	bool changes = geteuid() != user->uid || getegid() != user->gid;
	int done = sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);

	if (done < 0)
		return init_fail(
			context, -done, "keep the capabilities over the change of user");
	/* For a directory that only root may search; CHANGE_DIRECTORY tries as the user. */
	if (changes)
		init_try_directory(context);
	/* Always, also an empty list: never those of the runtime's caller. */
	if (!user->skip_setgroups)
		done = sys_setgroups(user->n_groups, user->groups);
	if (done < 0)
		return init_fail(context, -done, "set the supplementary groups");
	done = sys_setresgid(user->gid, user->gid, user->gid);
	if (done == 0)
		done = sys_setresuid(user->uid, user->uid, user->uid);
	if (done == -EINVAL)
		return init_fail(context, EINVAL,
			"cannot set user %u:%u: unmapped in the user namespace", user->uid,
			user->gid);
	if (done < 0)
		return init_fail(context, -done, "set user %u:%u", user->uid, user->gid);
	if (check_ids(context, user) < 0)
		return -1;
	return changes ? init_guard(context) : 0;
}

static void split(uint64_t set, uint32_t ret[2])
{
	ret[0] = (uint32_t)set;
	ret[1] = (uint32_t)(set >> 32);
}

int init_shed_capabilities(struct init_context *context, const struct step *step)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint32_t kept[2];
	int done = SYS_RESULT(syscall(SYS_capget, &header, data));

	split(step->capabilities.permitted, kept);
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= kept[i];
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (done == 0)
		done = SYS_RESULT(syscall(SYS_capset, &header, data));
	if (done < 0)
		return init_fail(context, -done, "shed capabilities");
	return 0;
}

static int raise_ambient(
	struct init_context *context, const struct step_capabilities *capabilities)
{
	int done = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	for (unsigned int i = 0; i <= capabilities->last && done == 0; i++)
		if (capabilities->ambient & (1ULL << i))
			done = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
	if (done < 0)
		return init_fail(context, -done, "raise the ambient capabilities");
	return 0;
}

int init_set_capabilities(struct init_context *context, const struct step *step)
{
	const struct step_capabilities *wanted = &step->capabilities;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0}, read_back[2] = {0};
	uint32_t effective[2], permitted[2], inheritable[2];
	int done;

	split(wanted->effective, effective);
	split(wanted->permitted, permitted);
	split(wanted->inheritable, inheritable);
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			effective[i], permitted[i], inheritable[i]};
	done = SYS_RESULT(syscall(SYS_capset, &header, data));
	if (done < 0)
		return init_fail(context, -done, "set the capabilities");
	done = SYS_RESULT(syscall(SYS_capget, &header, read_back));
	if (done < 0)
		return init_fail(context, -done, "read the capabilities back");
	if (memcmp(data, read_back, sizeof(data)) != 0)
		return init_fail(context, EPERM, "the capabilities did not come into force");
	return raise_ambient(context, wanted);
}

/* ---- AppArmor and SELinux ---- */

static int write_label(struct init_context *context, const char *path, const char *text)
{
	char knob[64];

	snprintf(knob, sizeof(knob), "self/attr/%s", path);
	/* The host's procfs, by descriptor: what the image mounts on /proc/self/attr is not
	 * asked. */
	return path_write_knob(context->proc, knob, text, FS_PROC);
}

int init_set_label(struct init_context *context, const struct step *step)
{
	const char *file = step->label.kind == LABEL_SELINUX_KEY ? "keycreate" : "exec";
	const char *text = step->label.text;
	char command[4096];
	int done = -ENOENT;

	bool stack = step->label.kind == LABEL_APPARMOR_STACK;
	bool apparmor = stack || step->label.kind == LABEL_APPARMOR;

	if (apparmor) {
		if ((size_t)snprintf(command, sizeof(command), "%s %s",
			    stack ? "stack" : "exec", text) >= sizeof(command))
			return init_fail(context, ENAMETOOLONG, "apparmor profile");
		text = command;
		done = write_label(context, "apparmor/exec", text);
	}
	if (done == -ENOENT)
		done = write_label(context, file, text);
	if (done < 0)
		return init_fail(context, -done, "%s: write \"%s\" to `/proc/self/attr/%s`",
			apparmor ? "apparmor failed to apply profile" : "set the SELinux label",
			text, file);
	return 0;
}
