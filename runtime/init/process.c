/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the process that config.md's "process" asks for, but who it is (security.c). */
#include "runtime/init/rooms.h"

#include <limits.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/sysmacros.h>

/* linux/sched/types.h collides with libc's sched.h. */
struct scheduler_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/*
 * Lowering needs no privilege, and before SET_USER we have that to raise; the runtime outside,
 * once we are somebody else, needs CAP_SYS_RESOURCE even to lower. In a user namespace it is
 * the other way round: there only the runtime can raise.
 */
int init_rlimit(struct init_context *context, const struct step *step)
{
	const struct rlimit limit = {step->rlimit.soft, step->rlimit.hard};
	int done = SYS_RESULT(syscall(SYS_prlimit64, 0, step->rlimit.resource, &limit, NULL));

	if (done < 0)
		return init_fail(context, -done, "set the limit to soft %zu, hard %zu",
			(size_t)step->rlimit.soft, (size_t)step->rlimit.hard);
	return 0;
}

int init_scheduler(struct init_context *context, const struct step *step)
{
	const struct step_scheduler *scheduler = &step->scheduler;
	struct scheduler_attributes attributes = {
		.size = sizeof(attributes),
		.policy = scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = scheduler->priority,
		.runtime = scheduler->runtime,
		.deadline = scheduler->deadline,
		.period = scheduler->period,
	};
	int done = SYS_RESULT(syscall(SYS_sched_setattr, 0, &attributes, 0));

	if (done < 0)
		return init_fail(context, -done, "set the scheduling policy");
	return 0;
}

int init_io_priority(struct init_context *context, const struct step *step)
{
	enum { WHO_PROCESS = 1 };
	int done = SYS_RESULT(syscall(SYS_ioprio_set, WHO_PROCESS, 0, (int)step->number));

	if (done < 0)
		return init_fail(context, -done, "set the I/O priority");
	return 0;
}

int init_affinity(struct init_context *context, const struct step *step)
{
	/* Every CPU: the kernel takes those that the cgroup's cpuset allows. */
	static const unsigned long all[1024 / (8 * sizeof(unsigned long))] = {
		[0 ... 1024 / (8 * sizeof(unsigned long)) - 1] = ~0UL,
	};
	bool given = step->affinity.mask != NULL;
	int done = SYS_RESULT(syscall(SYS_sched_setaffinity, 0,
		given ? step->affinity.bytes : sizeof(all), given ? step->affinity.mask : all));

	/* Undoing the caller's affinity is a courtesy; an affinity that was asked for is not.
	 */
	if (done < 0 && given)
		return init_fail(context, -done, "set the CPU affinity");
	return 0;
}

int init_memory_policy(struct init_context *context, const struct step *step)
{
	const struct step_memory_policy *policy = &step->memory_policy;
	int done = SYS_RESULT(
		syscall(SYS_set_mempolicy, policy->mode, policy->nodes, policy->max_node));

	if (done < 0)
		return init_fail(context, -done, "set the memory policy");
	return 0;
}

int init_personality(struct init_context *context, const struct step *step)
{
	if (personality((unsigned long)step->number) < 0)
		return init_fail(context, errno, "set the personality");
	return 0;
}

int init_umask(struct init_context *context, const struct step *step)
{
	(void)umask((mode_t)step->number);
	return 0;
}

static bool is_null(const struct stat *info)
{
	return S_ISCHR(info->st_mode) && info->st_rdev == makedev(1, 3);
}

/*
 * The caller's null device is a file of the host's /dev: the container's own takes its place,
 * so that no file of another mount namespace stays open (criu(8) could not save it). Without
 * one in the container, or without the right to open it, it stays: -1.
 */
static int open_null(struct init_context *context)
{
	/* Looked at before it is opened: to open some devices is to use them. */
	static const unsigned int looks[] = {O_PATH, O_RDWR | O_NONBLOCK | O_NOCTTY};
	int root = init_root(context);
	int AUTO_FD null = -1;

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		const struct open_how how = {
			.flags = looks[i] | O_NOFOLLOW | O_CLOEXEC,
			.resolve =
				RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
		};
		struct stat info;

		fd_close(&null);
		null = root < 0 ? root : sys_openat2(root, "dev/null", &how);
		if (null < 0 || fstat(null, &info) < 0 || !is_null(&info))
			return -1;
	}
	return fcntl(null, F_SETFL, 0) < 0 ? -1 : take_fd(&null);
}

/*
 * So that a user who is not root can open /dev/stdout again. Not the null device, which is
 * everyone's; and not what may not be given away.
 */
int init_own_stdio(struct init_context *context, const struct step *step)
{
	int AUTO_FD null = -1; /* one for all of them */

	for (int fd = 0; fd <= 2; fd++) {
		struct stat info;

		if (fstat(fd, &info) < 0)
			return init_fail(context, errno, "stat descriptor %d", fd);
		if (is_null(&info) && null < 0)
			null = open_null(context);
		if (is_null(&info) && null >= 0 && dup2(null, fd) < 0)
			return init_fail(
				context, errno, "put the null device on descriptor %d", fd);
		if (info.st_uid == step->owner.uid || is_null(&info))
			continue;
		if (fchown(fd, step->owner.uid, (gid_t)-1) == 0 || errno == EPERM ||
			errno == EROFS || errno == EINVAL)
			continue;
		return init_fail(context, errno, "change the owner of descriptor %d", fd);
	}
	return 0;
}

/*
 * Not chdir(): "/proc/self/fd/3" is a way out of the root that no getcwd() could tell from the
 * root itself, when the descriptor is one of the root's.
 */
static int change_directory(const struct init_context *context, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};

	/*
	 * A profile may be older than openat2(2), and kill for it. chdir() follows magic links,
	 * so only for a path that was looked at before the filter, and wants another user.
	 */
	if (context->filtered)
		return context->tried_directory == -EACCES || context->tried_directory == -EPERM
			       ? sys_chdir(path)
			       : context->tried_directory;

	int AUTO_FD fd = sys_openat2(AT_FDCWD, path, &how);

	return fd < 0 ? fd : SYS_RESULT(fchdir(fd));
}

/*
 * The kernel's answer for a directory outside of the root begins with "(unreachable)": a
 * descriptor of the host was used as the way (CVE-2024-21626).
 */
static int prove_directory(void)
{
	char where[PATH_MAX];
	int done = sys_getcwd(where, sizeof(where));

	return done < 0 ? done : where[0] == '/' ? 0 : -EXDEV;
}

void init_try_directory(struct init_context *context)
{
	const struct step *step = init_find_step(context, STEP_CHANGE_DIRECTORY);
	int done;

	if (!step || context->in_directory)
		return;
	done = change_directory(context, step->text);
	if (done == 0)
		done = prove_directory();
	context->tried_directory = done;
	context->in_directory = done == 0;
}

int init_change_directory(struct init_context *context, const struct step *step)
{
	const char *whose = strcmp(step->origin, "--cwd") == 0 ? "" : " set in config.json";
	int done;

	/* A filter is in force since, which may forbid all of this. */
	if (context->filtered && context->in_directory)
		return 0;
	done = change_directory(context, step->text);
	/* Only root may go there, or only the user: SET_USER has tried the other. */
	if ((done == -EACCES || done == -EPERM) && context->in_directory)
		done = 0;
	if (done == 0)
		done = prove_directory();
	if (done == -EXDEV)
		return init_fail(context, EPERM,
			"chdir to cwd (\"%s\")%s failed: it is outside of the container",
			step->text, whose);
	if (done < 0)
		return init_fail(
			context, -done, "chdir to cwd (\"%s\")%s failed", step->text, whose);
	context->in_directory = true;
	return 0;
}
