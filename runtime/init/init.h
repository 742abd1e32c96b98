/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the new process, from clone() to exec: carry out the plan's inside list. No
 * allocation, no locks, no stdio, no libraries; every decision is already in the step. A
 * failure fills a struct error with the step's origin, sends it, and exits: the kernel frees
 * everything.
 */
#ifndef MAYFLY_INIT_H
#define MAYFLY_INIT_H

#include "hooks/hook.h"
#include "runtime/plan/plan.h"
#include "runtime/sys/channel.h"

#include <linux/filter.h>

struct init_context {
	/* Set by runtime/launch before clone(). */
	const struct plan *plan;
	int *slots;	/* descriptors, filled by the outside list; -1 when empty */
	int channel;	/* our end */
	int status;	/* STEP_SPAWN: where the reaper tells the end; else -1 */
	int start_fifo; /* O_RDWR; create: `start` writes a byte. -1 otherwise */
	int exec_fifo;	/* O_RDWR; create: what `start` hears of us. -1 otherwise */
	int begun;	/* O_RDWR; what the monitor hears of us, the same. -1 without one */
	int proc;	/* O_PATH of the host's procfs, opened and checked by the parent; -1
			 * once no step needs it any more */
	struct sock_filter *bpf; /* the compiled filter, or NULL */
	unsigned short bpf_count;
	unsigned int bpf_flags; /* SECCOMP_FILTER_FLAG_… */
	struct hook_state
		hook_state[HOOK_POINTS]; /* of the two inside points; pid filled inside */
	const struct oci_hooks *hooks;	 /* those of the spec, or NULL */
	const char *bundle;
	uint64_t ignored_signals; /* the runtime's, at clone: struct host */
	char *words; /* STEP_SPAWN: our command line and environment, which the container is not
		      * to read */
	size_t words_length;
	bool tied; /* dies with the parent also when it is created, and as long as it lives */
	pid_t parent; /* the runtime's pid in the caller's namespace, to see that it still lives
		       */

	/* Owned by the inside. */
	int host_root, root;   /* O_PATH; -1 before ENTER_ROOT */
	int console;	       /* the slave, until it is descriptors 0, 1, 2 */
	int mask_directory;    /* the read-only empty directory, once it is mounted; else -1 */
	int mask_file;	       /* O_PATH of the null inode that hides files; else -1 */
	int made_in;	       /* the directory of the last device or symlink; else -1 */
	bool made_plain;       /* what is made there has group 0: ours, and it is not setgid */
	const char *made_path; /* a path of that directory: up to its last slash */
	bool dies_with_parent; /* PDEATHSIG is set; a dead parent means exit */
	bool dumpable;	       /* the parent still has to write our maps */
	bool committed;	  /* errors are now `start`'s to hear, when there is an exec fifo */
	pid_t outer_pid;  /* ours as the caller knows it, when proc is gone */
	bool filtered;	  /* under the program's seccomp filter: calls as old as it only */
	int fork_gate[2]; /* FORK: what its child waits on, the end being its parent's; or -1 */
	bool forked;
	bool in_directory;   /* the working directory was entered before the user was changed */
	int tried_directory; /* how that went the last time: 0 or -errno */
	char program[4096];  /* what FIND_PROGRAM found */
	char home[4096];
	struct error err;
};

/*
 * The first thing the child calls; never returns. Exit status 1 after a reported error; the
 * program's own status after exec.
 */
_Noreturn void init_run(struct init_context *context);

#endif
