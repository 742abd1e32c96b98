/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is: a row of facts and a function. Everything a user is told about it (help,
 * man page, completion) comes from the row or is checked against it.
 */
#ifndef MAYFLY_COMMAND_H
#define MAYFLY_COMMAND_H

#include "runtime/command/options.h"
#include "runtime/mayfly.h"

#define MAYFLY_NAME "mayfly"

/* One use of a command. */
struct call {
	const struct command *command;
	const struct mayfly_global *global;
	const void *options;	/* of the command's own type */
	char *const *arguments; /* NULL-terminated, behind the options */
	size_t n_arguments;
	struct arena *arena;
};

struct command {
	const char *name;
	const char *arguments; /* "ID [SIGNAL]" */
	const char *purpose;   /* one sentence */
	const char *example;
	const char *status; /* what the exit status says; NULL: 0, or 1 after an error */

	const struct option *options;
	const void *defaults; /* a value of the options' type, and its size; NULL: no options */
	size_t size;

	size_t least, most; /* arguments; most 0: none, SIZE_MAX: any number */
	bool sealed;	    /* enters a container: runs from a sealed copy of the binary */
	bool descriptors;   /* is told of the caller's by number */
	int error_status;   /* exit status after an error; 0 stands for 1 */
	bool own_status;    /* run() sets the status after an error, too */

	/* Not on every machine: -1 with *err, also of --help, by which callers look; or NULL.
	 */
	int (*available)(struct error *err);

	/* 0 with *ret_status set (it is 0 before), or -1 with *err. */
	int (*run)(const struct call *call, int *ret_status, struct error *err);
};

/* The end of each table that has no options of its own. */
extern const struct option command_no_options[];

/* All commands, in the order of `mayfly --help`; ends with NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);
/* The name nearest to what was typed, or NULL. */
const char *command_nearest(const char *name);

extern const struct command command_create, command_start, command_run, command_once,
	command_exec, command_state, command_list, command_ps, command_kill, command_delete,
	command_pause, command_resume, command_update, command_events, command_checkpoint,
	command_restore, command_result, command_plan, command_spec, command_features,
	command_doctor, command_version, command_help;

/* The options in front of the command's name. */
struct global_options {
	struct mayfly_global global;
	const char *log, *log_format, *log_level;
	const char *rootless;
	const char *cgroup_manager;
	bool systemd_cgroup;
	bool version;
};
extern const struct option global_option_table[];
extern const struct global_options global_defaults;

/* The values of words, once all options are read: --rootless, --cgroup-manager. */
int global_options_check(struct global_options *options, struct error *err);

/* What several commands share. */

/* Exactly these bytes on standard output, or an error. */
int put_text(const char *text, struct error *err);
int put_bytes(const char *bytes, size_t length, struct error *err);

/* "table" or "json" of --format. */
int parse_format(const char *word, bool *ret_json, struct error *err);

/* A signal by number or name: kill.c. */
int parse_signal(const char *word, int *ret, struct error *err);

/* help.c: of one command, or of all with NULL. Text in ARENA, or NULL when out of memory. */
const char *help_text(const struct command *command, struct arena *arena);

/* Limits of an ordinary container, of create and run. */
#define WATCH_OPTIONS(type, path)                                                              \
	OPTION(type, "wall", 0, path watching.wall, "TIME",                                    \
		"end it after so much time: 1500ms, 2s, 1m"),                                  \
		OPTION(type, "grace", 0, path watching.grace, "TIME",                          \
			"first ask it to end, by SIGTERM, and give it so long"),               \
		OPTION(type, "cpu", 0, path watching.cpu, "TIME",                              \
			"end it after so much CPU time of all processes"),                     \
		OPTION(type, "output", 0, path watching.output, "SIZE",                        \
			"bytes on stdout and stderr together"),                                \
		OPTION(type, "stdout", 0, path watching.stdout_limit, "SIZE",                  \
			"bytes on stdout"),                                                    \
		OPTION(type, "stderr", 0, path watching.stderr_limit, "SIZE",                  \
			"bytes on stderr"),                                                    \
		OPTION(type, "on-output", 0, path watching.on_output, "WHAT",                  \
			"when there is more: kill (default), discard, or block"),              \
		OPTION(type, "on-oom", 0, path watching.on_oom, "WHAT",                        \
			"when memory is gone: end the group, or the process the kernel "       \
			"chooses (default)"),                                                  \
		OPTION(type, "on-pids", 0, path watching.on_pids, "WHAT",                      \
			"when a fork is refused: kill, or record (default)"),                  \
		OPTION(type, "on-syscall", 0, path watching.on_syscall, "WHAT",                \
			"name a system call that the profile kills: kill, or record and "      \
			"answer EPERM"),                                                       \
		OPTION(type, "result", 0, path watching.result, "WHERE",                       \
			"tell the verdict by \"mayfly result\" (spool), and also on stderr, "  \
			"or in the termination-log")

/* The options of create, which run has too. PATH is what stands before the member: "",
 * "create.". */
#define CREATE_OPTIONS(type, path)                                                             \
	OPTION(type, "bundle", 'b', path bundle, "DIR",                                        \
		"the bundle, a directory with config.json (default: the working directory)"),  \
		OPTION(type, "config", 'f', path config, "FILE",                               \
			"name of the configuration (default: config.json in the bundle)"),     \
		OPTION(type, "console-socket", 0, path console_socket, "SOCKET",               \
			"Unix socket that is sent the terminal's master side"),                \
		OPTION(type, "pidfd-socket", 0, path pidfd_socket, "SOCKET",                   \
			"Unix socket that is sent a pidfd of the container's process"),        \
		OPTION(type, "pid-file", 0, path pid_file, "FILE",                             \
			"write the process id of the container's process into FILE"),          \
		OPTION(type, "preserve-fds", 0, path preserve_fds, "N",                        \
			"hand descriptors 3 to 2+N to the program (default: 0)"),              \
		OPTION(type, "no-pivot", 0, path no_pivot, NULL,                               \
			"chroot instead of pivot_root, for a root on an initial ramdisk"),     \
		OPTION(type, "no-new-keyring", 0, path no_new_keyring, NULL,                   \
			"keep the caller's session keyring")

#endif
