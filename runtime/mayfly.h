/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly's public header: the operations of an OCI runtime (runtime.md, Operations). The
 * command line includes this and nothing else of the runtime.
 *
 * Every function answers 0, or -1 with *err filled in (an error is one line: error_print()). A
 * create, run or exec that fails leaves the machine as it was. Text that is handed out is
 * malloc'ed and the caller's. Option structs start with their own size, which
 * MAYFLY_OPTIONS(struct …) sets: once one has grown, an older caller can be told by it. Nothing
 * reads it before that.
 */
#ifndef MAYFLY_H
#define MAYFLY_H

#include "oci/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAYFLY_OPTIONS(type)                                                                   \
	{                                                                                      \
		.size = sizeof(type)                                                           \
	}

/* What holds for every command: the global options. */
struct mayfly_global {
	size_t size;
	const char *root; /* --root; NULL: mayfly_default_root() */
	bool systemd_cgroup;
	bool debug;
	const char *limits_file; /* --limits-file; NULL: the one that was built in */
	enum { MAYFLY_ROOTLESS_AUTO, MAYFLY_ROOTLESS_YES, MAYFLY_ROOTLESS_NO } rootless;
	bool allow_missing_controllers; /* run without limits this host cannot enforce, and say
					   which */
	/*
	 * Called with a sentence that is no error; LEVEL is "warning", "debug",
	 * "unenforced": a limit that is left out because the caller allowed it, and is to hear
	 * of, or "remark": a warning while the caller's terminal is the program's. May be NULL.
	 */
	void (*log)(const char *level, const char *sentence);
};

/* $XDG_RUNTIME_DIR/mayfly for a user, /run/mayfly for root. As with runc, euid 0 inside a user
 * namespace with USER other than root counts as a user. NULL when out of memory. */
char *mayfly_default_root(void);

/* Limits and policies of a container, words of the command line; NULL: not given. */
struct mayfly_watching {
	const char *wall, *grace, *cpu, *output, *stdout_limit, *stderr_limit;
	const char *on_output, *on_oom, *on_pids, *on_syscall;
	const char *result;
};

struct mayfly_create {
	size_t size;
	struct mayfly_watching watching;
	const char *bundle; /* NULL: the working directory */
	const char *console_socket, *pidfd_socket,
		*pid_file; /* NULL: none; relative to the caller's directory */
	unsigned int preserve_fds;
	bool no_pivot, no_new_keyring;
	const char *config; /* file name of the config; NULL: "config.json" in the bundle */
};

/* Create the container: everything but its program's exec. runtime.md, Create. */
int mayfly_create(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, struct error *err);

/* Run the program of a created container, with startContainer and poststart hooks. */
int mayfly_start(const struct mayfly_global *global, const char *id, struct error *err);

struct mayfly_run {
	size_t size;
	struct mayfly_create create;
	bool detach, keep;
	bool no_subreaper;
};

/*
 * create, start, wait, delete. In the foreground, signals are passed on and a terminal is
 * relayed; *ret_status is the program's exit status, or 128 + signal. Detached, *ret_status is
 * 0 once the program runs.
 */
int mayfly_run(const struct mayfly_global *global, const char *id,
	const struct mayfly_run *options, int *ret_status, struct error *err);

/*
 * One program, once: in a container without a name, to its end, and why it ended. Words are
 * those of the command line; NULL was not given.
 */
struct mayfly_once {
	size_t size;
	const char *bundle, *template_name, *rootfs;
	const char *const *args; /* NULL-terminated; empty: the bundle's own */
	const char *const *env;	 /* NULL-terminated "K=V", or NULL */
	const char *cwd;
	const char *wall, *grace, *cpu, *cpus, *memory, *pids, *output, *stdout_limit,
		*stderr_limit, *tmp, *fsize, *nofile, *stack;
	const char *net, *on_output, *on_oom, *on_pids, *on_syscall;
	const char *const *files;   /* "PATH=FILE" */
	const char *const *collect; /* "PATH=FILE" */
	const char *input;	    /* a file for standard input */
	const char *request;	    /* a file of requests, "-" for stdin; then nothing above */
	unsigned int jobs;	    /* how many of them at a time; 0: one */
	bool merge_stderr, best_effort, exit_verdict;
	bool check; /* only say whether it could be enforced */
	/* A descriptor the results are written to, and that its reader closes when it is gone;
	 * -1: none. */
	int client;
	/* Called with each result, one line of JSON, in the order of the requests. May be NULL.
	 */
	int (*put_result)(const char *json, size_t length, struct error *err);
	/* Called with the sentence of a verdict that is not the program's own end; may be NULL.
	 */
	void (*put_message)(const char *verdict, const char *sentence);
};

/*
 * *ret_status is the exit status that tells the verdict. -1 with *err when the program was
 * never started; *ret_status is set then, too, and the result was put.
 */
int mayfly_once(const struct mayfly_global *global, const struct mayfly_once *options,
	int *ret_status, struct error *err);

/* The text of a template: a name, or the path of a file. */
int mayfly_template(const char *name, char **ret_json, struct error *err);

struct mayfly_exec {
	size_t size;
	const char *process; /* file with a process object; "-" is stdin; NULL: use the rest */
	const char *const *args; /* NULL-terminated; NULL with process */
	const char *cwd;
	const char *const *env; /* NULL-terminated "K=V", added; or NULL */
	const char *user;	/* "UID[:GID]", strictly numeric; or NULL */
	const uint32_t *additional_gids;
	size_t n_additional_gids;
	const char *const *capabilities; /* NULL-terminated CAP_ names, added to bounding,
					    effective, permitted */
	const char *apparmor, *process_label;
	bool tty, no_new_privs, detach, ignore_paused;
	const char *console_socket, *pidfd_socket, *pid_file;
	unsigned int preserve_fds;
	const char *cgroup; /* --cgroup: a sub-cgroup of the container's; NULL: where init is */
};

/* Another process in a running (or created) container. */
int mayfly_exec(const struct mayfly_global *global, const char *id,
	const struct mayfly_exec *options, int *ret_status, struct error *err);

/* SIGNAL by number; ALL: every process of the container, and a stopped container is no error.
 */
int mayfly_kill(const struct mayfly_global *global, const char *id, int signal, bool all,
	struct error *err);

/* FORCE: whatever its state, and an unknown id is no error. */
int mayfly_delete(
	const struct mayfly_global *global, const char *id, bool force, struct error *err);

/* The state object of runtime.md as JSON, pretty, with a newline. */
int mayfly_state(
	const struct mayfly_global *global, const char *id, char **ret_json, struct error *err);

/*
 * Why it ended, of a container that has a monitor, also when it is deleted: mayfly.result/v1,
 * one line. WAIT for its end.
 */
int mayfly_result(const struct mayfly_global *global, const char *id, bool wait,
	char **ret_json, struct error *err);

/* What checkpoint and restore share; criu(8) explains each. NULL and false: not asked for. */
struct mayfly_criu {
	const char *image_path; /* NULL: "checkpoint" */
	const char *work_path;	/* NULL: the image's */
	bool tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job, file_locks,
		link_remap, auto_dedup;
	bool lazy_pages;		 /* refused */
	const char *empty_ns;		 /* "network" */
	const char *manage_cgroups_mode; /* "soft" and "ignore" are the same here */
	const char *network_lock, *lsm_profile, *lsm_mount_context;
};

struct mayfly_checkpoint {
	size_t size;
	struct mayfly_criu criu;
	bool leave_running, pre_dump;
	const char *parent_path, *page_server;
	unsigned int status_fd; /* 0: none */
};

/* Write the container to files; unless it is left running, it is deleted then. */
int mayfly_checkpoint(const struct mayfly_global *global, const char *id,
	const struct mayfly_checkpoint *options, struct error *err);

struct mayfly_restore {
	size_t size;
	struct mayfly_create create;
	struct mayfly_criu criu;
	bool detach, no_subreaper;
};

/* A container from those files and a bundle; *ret_status as of mayfly_run(). */
int mayfly_restore(const struct mayfly_global *global, const char *id,
	const struct mayfly_restore *options, int *ret_status, struct error *err);

/* 0 when there is a criu on this machine: callers probe for it by "checkpoint --help". */
int mayfly_can_checkpoint(struct error *err);

struct mayfly_entry {
	char *id, *bundle, *created, *owner;
	const char *status; /* "running" …; static */
	pid_t pid;	    /* 0 when stopped */
	char *json;	    /* the state object on one line */
};

/* All containers under the root, sorted by id; directories that are not ours are passed over.
 */
int mayfly_list(const struct mayfly_global *global, struct mayfly_entry **ret_entries,
	size_t *ret_count, struct error *err);
void mayfly_list_free(struct mayfly_entry *entries, size_t count);

/* The pids of all processes of the container, as the caller's pid namespace sees them. */
int mayfly_ps(const struct mayfly_global *global, const char *id, pid_t **ret_pids,
	size_t *ret_count, struct error *err);

/* Freeze every process of the container, and let them go on. "container not running" and
 * "container not paused" are the errors that callers look for. */
int mayfly_pause(const struct mayfly_global *global, const char *id, struct error *err);
int mayfly_resume(const struct mayfly_global *global, const char *id, struct error *err);

struct mayfly_update {
	size_t size;
	const char *resources; /* file with a linux.resources object; "-" is stdin; or NULL */
	const char *json;      /* such an object itself, when there is no file */
};

/*
 * Change the limits of a container that is created, running or paused; what is not named stays,
 * and so do the rules for devices. Refused as a whole when one limit is.
 */
int mayfly_update(const struct mayfly_global *global, const char *id,
	const struct mayfly_update *options, struct error *err);

struct mayfly_events {
	size_t size;
	bool once;		  /* one line of statistics, and no more */
	unsigned int interval_ms; /* between two lines of statistics; at least 1 */
	/* Called with each line, a JSON object and a newline. -1 with *err ends the events. */
	int (*line)(const char *line, struct error *err);
};

/* Statistics now and then, and each time the kernel kills for want of memory; until the
 * container has ended. */
int mayfly_events(const struct mayfly_global *global, const char *id,
	const struct mayfly_events *options, struct error *err);

/* The plan of a bundle as text, with what would not be enforced; starts nothing. ID may be
 * NULL. */
int mayfly_plan(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, char **ret_text, struct error *err);

struct mayfly_doctor {
	size_t size;
	bool prepare; /* pin a base: an empty mount namespace to begin root's containers from */
	bool remove;  /* remove it */
};

/* What on this host costs time and what mayfly keeps on it, as lines of text. */
int mayfly_doctor(const struct mayfly_global *global, const struct mayfly_doctor *options,
	char **ret_text, struct error *err);

/* The default config.json; the features document; what --version prints. */
int mayfly_spec(bool rootless, char **ret_json, struct error *err);
int mayfly_features(char **ret_json, struct error *err);
int mayfly_version(char **ret_text, struct error *err);

/*
 * To be called first in main(): refuses to run setuid, gives descriptors 0 to 2 an owner, makes
 * the process undumpable. SEAL: go on from a copy of this binary that nobody can write (create,
 * run, once, exec); that re-executes ARGV once.
 */
int mayfly_setup(char *const argv[], bool seal, struct error *err);

/*
 * To be called behind mayfly_setup(), before anything is opened, where words or documents name
 * descriptors of the caller (once): what is not open now is nobody's to name.
 */
int mayfly_note_descriptors(struct error *err);

#endif
