/* SPDX-License-Identifier: Apache-2.0 */
/* The one clone(): into all new namespaces and the cgroup at once. */
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

/*
 * What is the runtime's only. The lock on the state directory is shared by all who hold that
 * descriptor, so it would last as long as the child; and no directory of the host goes into a
 * container. init_run() closes whatever it does not know of, all at once; here it is forgotten.
 */
static void forget_in_child(struct launch *launch)
{
	int *const fds[] = {
		&launch->channel,
		&launch->status,
		&launch->state_dir,
		&launch->store,
		&launch->cgroup.fd,
		&launch->cgroup.mount,
		&launch->init_pidfd,
		&launch->init_root,
		&launch->stand_in.input,
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		*fds[i] = -1;
}

int launch_clone(struct launch *launch, const struct step *step, struct error *err)
{
	int pidfd = -1;
	bool attach = false;
	struct clone_args args = {
		.flags = step->clone.flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	/* Never by writing cgroup.procs: that waits for a grace period of the whole machine. */
	if (launch->cgroup.fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)launch->cgroup.fd;
	}
	launch->inside.parent = getpid();

	pid_t pid = sys_clone3(&args);

	if (launch->cgroup.fd >= 0 && (pid == -EOPNOTSUPP || pid == -EBUSY)) {
		if (cgroup_clone_refused(&launch->cgroup, -pid, err) < 0)
			return -1;
		pid = sys_clone3(&args);
	}
	/* We are outside of the tree that is the user's: its manager may move what we may not.
	 * It is moved before it is told anything. */
	if (launch->unit && pid == -EACCES) {
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		attach = true;
		pid = sys_clone3(&args);
	}
	if (pid == 0) {
		forget_in_child(launch);
		init_run(&launch->inside);
	}
	if (pid < 0)
		return fail(err, -pid, "clone the container's process");
	launch->pid = pid;
	launch->pidfd = pidfd;
	/* Its end closes here, so that its death is the end of the conversation. */
	fd_close(&launch->inside.channel);
	fd_close(&launch->inside.status);
	fd_close(&launch->inside.begun);
	return attach ? unit_attach(&launch->bus, launch->unit, pid, err) : 0;
}

int launch_adopt(struct launch *launch, pid_t pid, struct error *err)
{
	int status;
	/* It is our child (CLONE_PARENT) and nobody has waited for it: the number is its own.
	 */
	int pidfd = sys_pidfd_open(pid, 0);

	if (pidfd < 0)
		return fail(err, -pidfd, "hold the container's process %d", pid);

	int done = process_reap(launch->pidfd, LAUNCH_TIMEOUT_MS, &status);

	fd_close(&launch->pidfd);
	launch->pid = pid;
	launch->pidfd = pidfd;
	if (done < 0)
		return fail(err, -done, "wait for the intermediate process");
	return 0;
}
