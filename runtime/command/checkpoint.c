/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly checkpoint and restore. */
#include "runtime/command/command.h"

#define CRIU_OPTIONS(type)                                                                     \
	OPTION(type, "image-path", 0, criu.image_path, "DIR",                                  \
		"directory of the checkpoint (default: checkpoint)"),                          \
		OPTION(type, "work-path", 0, criu.work_path, "DIR",                            \
			"directory for logs and what criu works with (default: the "           \
			"checkpoint's)"),                                                      \
		OPTION(type, "tcp-established", 0, criu.tcp_established, NULL,                 \
			"with open TCP connections"),                                          \
		OPTION(type, "ext-unix-sk", 0, criu.ext_unix_sk, NULL,                         \
			"with Unix sockets whose other end is outside"),                       \
		OPTION(type, "shell-job", 0, criu.shell_job, NULL,                             \
			"with a session or a terminal of the caller"),                         \
		OPTION(type, "file-locks", 0, criu.file_locks, NULL, "with file locks"),       \
		OPTION(type, "auto-dedup", 0, criu.auto_dedup, NULL,                           \
			"free pages of the parent checkpoint that are in this one"),           \
		OPTION(type, "empty-ns", 0, criu.empty_ns, "NAMESPACE",                        \
			"leave what is in a namespace out: network"),                          \
		OPTION(type, "manage-cgroups-mode", 0, criu.manage_cgroups_mode, "MODE",       \
			"soft or ignore: the cgroup is made from config.json either way"),     \
		OPTION(type, "network-lock", 0, criu.network_lock, "METHOD",                   \
			"how criu stops the network meanwhile: iptables, nftables or skip"),   \
		OPTION(type, "lazy-pages", 0, criu.lazy_pages, NULL, "refused: not supported")

static const struct option checkpoint_options[] = {
	CRIU_OPTIONS(struct mayfly_checkpoint),
	OPTION(struct mayfly_checkpoint, "tcp-skip-in-flight", 0, criu.tcp_skip_in_flight, NULL,
		"leave out TCP connections that are not yet accepted"),
	OPTION(struct mayfly_checkpoint, "link-remap", 0, criu.link_remap, NULL,
		"with files that were removed but have other names"),
	OPTION(struct mayfly_checkpoint, "leave-running", 0, leave_running, NULL,
		"let the container go on after the checkpoint"),
	OPTION(struct mayfly_checkpoint, "pre-dump", 0, pre_dump, NULL,
		"only the memory, while the container goes on"),
	OPTION(struct mayfly_checkpoint, "parent-path", 0, parent_path, "DIR",
		"an earlier checkpoint, relative to this one: only what changed since"),
	OPTION(struct mayfly_checkpoint, "page-server", 0, page_server, "ADDRESS:PORT",
		"send the memory to a page server"),
	OPTION(struct mayfly_checkpoint, "status-fd", 0, status_fd, "N",
		"descriptor that criu writes a NUL byte to when it is ready"),
	{0},
};

static const struct mayfly_checkpoint checkpoint_defaults = {
	.size = sizeof(struct mayfly_checkpoint)};

static int checkpoint(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_checkpoint(call->global, call->arguments[0], call->options, err);
}

const struct command command_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.purpose = "Write a running container to files, by criu, and end it.",
	.example = "mayfly checkpoint --image-path /srv/checkpoint job7",
	.options = checkpoint_options,
	.defaults = &checkpoint_defaults,
	.size = sizeof(checkpoint_defaults),
	.least = 1,
	.most = 1,
	.available = mayfly_can_checkpoint,
	.run = checkpoint,
};

static const struct option restore_options[] = {
	CREATE_OPTIONS(struct mayfly_restore, create.),
	CRIU_OPTIONS(struct mayfly_restore),
	OPTION(struct mayfly_restore, "tcp-close", 0, criu.tcp_close, NULL,
		"close the TCP connections of the checkpoint"),
	OPTION(struct mayfly_restore, "lsm-profile", 0, criu.lsm_profile, "TYPE:NAME",
		"another AppArmor profile or SELinux label for the processes"),
	OPTION(struct mayfly_restore, "lsm-mount-context", 0, criu.lsm_mount_context, "LABEL",
		"another SELinux label for the mounts"),
	OPTION(struct mayfly_restore, "detach", 'd', detach, NULL,
		"return as soon as the processes run"),
	OPTION(struct mayfly_restore, "no-subreaper", 0, no_subreaper, NULL,
		"do not adopt the orphans of the container"),
	{0},
};

static const struct mayfly_restore restore_defaults = {
	.size = sizeof(struct mayfly_restore),
	.create = MAYFLY_OPTIONS(struct mayfly_create),
};

static int restore(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_restore(call->global, call->arguments[0], call->options, ret_status, err);
}

const struct command command_restore = {
	.name = "restore",
	.arguments = "ID",
	.purpose = "Make a container from a bundle and a checkpoint; it runs at once.",
	.example = "mayfly restore --bundle /srv/bundle --image-path /srv/checkpoint --detach "
		   "job7",
	.status = "that of the program, or 128 and the number of the signal that ended it;\n"
		  "1 after an error; with --detach 0 or 1",
	.options = restore_options,
	.defaults = &restore_defaults,
	.size = sizeof(restore_defaults),
	.least = 1,
	.most = 1,
	.available = mayfly_can_checkpoint,
	.run = restore,
};
