/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outside, around clone(): carry out the plan's outside list, and undo it when something fails.
 */
#ifndef MAYFLY_LAUNCH_H
#define MAYFLY_LAUNCH_H

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/unit.h"
#include "runtime/init/init.h"

struct launch {
	const struct plan *plan;
	const struct host *host;
	const struct wanted *wanted;

	int state_dir; /* of the container, for the fifos; -1: none. Closed in the child: it is
			  locked */
	int store;     /* the state root, or -1: closed in the child */
	const char *seccomp_cache; /* directory of compiled filters, or NULL for no cache */
	const char *console_socket, *pidfd_socket; /* as the caller named them; or NULL */
	/* exec: the container's init, and its root when it has no mount namespace; -1
	 * otherwise. Borrowed. */
	int init_pidfd, init_root;
	bool tied;	    /* the container dies with us, not only until it is created */
	bool watched;	    /* its process tells a monitor of its exec, by the fifo "begun" */
	bool keep_listener; /* seccomp's goes to "listener" below, not to listenerPath */

	/* exec: the unit of systemd that the container's cgroup is of, or NULL; and its
	 * manager. */
	const char *unit;
	struct unit_bus bus;

	/* Called when all is done but to wait for MESSAGE_CREATED; NULL: nothing. */
	int (*meanwhile)(void *data, struct error *err);
	void *meanwhile_data;

	/* Results. */
	struct cgroup cgroup;
	pid_t pid; /* the container's process */
	int pidfd;
	int channel;	/* our end */
	bool hooks_ran; /* at least one hook of the runtime's side was tried */
	int console;	/* the pty's master when nobody was given it; else -1 */
	int status;	/* with a reaper: it tells the program's end; else -1. Owned */
	char *words;	/* our own command line, and its length; set by the caller */
	size_t words_length;
	int listener; /* with keep_listener; else -1. Owned */
	bool left;    /* the process did not end of SIGKILL in time: launch_undo() */

	/* Private. */
	struct init_context inside;
	int *slots;
	const struct step *rdt_made, *rdt_monitored; /* rdt.c: what there is to take back */
	struct launch_network *network; /* net_devices.c; NULL: no device was moved */
	struct helper stand_in;		/* in the container's unit until its process is ready */
};

/*
 * Up to and with MESSAGE_CREATED: the process is parked, limits are set. The caller saves its
 * record and says launch_commit(). On failure everything done is undone.
 */
int launch_prepare(struct launch *launch, struct error *err);

/* Tell the process to go on. */
int launch_commit(struct launch *launch, struct error *err);

/* run and exec: wait until the program is executed (0) or could not be (-1, *err). */
int launch_await_exec(struct launch *launch, struct error *err);

/*
 * Kill and reap the process, remove what was made; safe on a half-done launch. Waits with a
 * deadline: LEFT says that the process is still there, and then its record must stay for
 * `delete --force`.
 */
void launch_undo(struct launch *launch);

/* Close what is still open; the process goes on. */
void launch_close(struct launch *launch);

/*
 * The state that the hooks of POINT read, with the status of that point; see struct hook_state.
 * Only id, bundle and the annotations of WANTED are looked at. Text lives in ARENA.
 */
int launch_state_text(const struct wanted *wanted, struct arena *arena, enum hook_point point,
	struct hook_state *ret, struct error *err);

/* launch/seccomp.c: the only user of libseccomp. */
struct launch_filter {
	struct sock_filter *instructions; /* malloc'ed */
	unsigned short count;
	unsigned int flags;
};

/*
 * Compile the profile, or read it from CACHE (a directory, or NULL): an entry is taken only
 * when the whole profile, the library's version and our own stored in it are equal.
 * config-linux.md, Seccomp. FLAGS have NEW_LISTENER when a rule notifies.
 */
int launch_compile_seccomp(const struct oci_seccomp *seccomp, const char *cache,
	struct launch_filter *ret, struct error *err);

/*
 * The system calls that the profile names and libseccomp does not know: they are left out of
 * the filter (config-linux.md asks for it). One list with commas in ARENA, or NULL for none.
 */
int launch_unknown_calls(const struct oci_seccomp *seccomp, struct arena *arena,
	const char **ret, struct error *err);

/* The name of a system call of that AUDIT_ARCH_*, malloc'ed; NULL when it has none. */
char *launch_syscall_name(uint32_t arch, int nr);

/* The library's version ("2.5.4"; static), and the SECCOMP_FILTER_FLAG_* that this kernel
 * takes. */
const char *launch_seccomp_version(void);
unsigned long launch_seccomp_flags(void);

/*
 * Send the listener with STATE_JSON, the whole container process state (config-linux.md), to
 * seccomp->listener_path. PID is for the error.
 */
int launch_send_listener(const struct oci_seccomp *seccomp, int listener, pid_t pid,
	const char *state_json, struct error *err);

#endif
