/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rooms of the init floor: one function a kind of step, 0 or -1 with context->err filled.
 * Private to runtime/init; the dispatcher is in init.c.
 */
#ifndef MAYFLY_INIT_ROOMS_H
#define MAYFLY_INIT_ROOMS_H

#include "runtime/init/init.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/path.h"
#include "runtime/sys/sys.h"

typedef int init_step(struct init_context *context, const struct step *step);

/* namespaces.c */
init_step init_join, init_unshare, init_write_self, init_fork, init_become_root,
	init_loopback_up, init_hostname, init_domainname, init_join_keyring;

/* sources.c: only when the runtime is not root */
init_step init_open_tree, init_open_device;

/* rootfs.c */
init_step init_isolate_mounts, init_enter_root, init_leave_root, init_pivot_root, init_chroot,
	init_set_root, init_make_directory;

/* mounts.c, masks.c */
init_step init_mount, init_attach, init_change_mount;
init_step init_protect_path, init_mask_path, init_write_sysctl;

/* devices.c */
init_step init_make_device, init_bind_device, init_symlink, init_replace_symlink;

/* terminal.c */
init_step init_open_console, init_new_session;

/* process.c, program.c */
init_step init_rlimit, init_scheduler, init_io_priority, init_affinity, init_memory_policy,
	init_personality, init_umask, init_own_stdio, init_change_directory;
init_step init_find_home, init_find_program, init_close_fds, init_exec;

/* reaper.c */
init_step init_spawn;

/* security.c */
init_step init_no_new_privileges, init_load_seccomp, init_drop_bounding, init_shed_capabilities,
	init_set_user, init_set_capabilities, init_set_label;

/* ---- for each other ---- */

/* Fill context->err and answer -1. */
#define init_fail(context, code, ...) fail(&(context)->err, code, __VA_ARGS__)

/*
 * The kernel forgets both at every change of credentials: that nobody in the container may look
 * into us, and that we die with the runtime.
 */
int init_guard(struct init_context *context);

/* Wait for MESSAGE; the end of the conversation ends the process. */
int init_await(struct init_context *context, enum message message);

/* The first step of that kind on the inside list, or NULL. */
const struct step *init_find_step(const struct init_context *context, enum step_kind kind);

/* The container's root; of `exec`, which never entered one, it is opened when first needed. */
int init_root(struct init_context *context);

/* /dev, /proc and /sys belong to the runtime: no symlink of the image on the way to them. */
unsigned int init_path_flags(const char *path);

/*
 * filesystem.c: a new file system as a detached mount. MODE -1: none to add. Answers its
 * descriptor, or -errno with *err.
 */
int init_new_filesystem(
	const struct step_mount *mount, int mode, bool without_gid, struct error *err);

/* Change superblock options of what is mounted at FD. */
int init_reconfigure(int fd, const struct step_mount *mount, struct error *err);

/* Propagation words on the mount behind FD, one after another; -errno. */
int init_propagate(int fd, const struct step_mount *mount);

/* copy_up.c: the directory FROM (O_PATH) into the new file system TO. */
int init_copy_up(int from, int to, struct error *err);

/* host_mounts.c: no procfs or sysfs of the host stays in this mount namespace. */
int init_hide_host_mounts(struct init_context *context);

/* Attach the detached TREE to exactly what TARGET holds; -errno. */
static inline int init_attach_tree(int tree, int target)
{
	return sys_move_mount(
		tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/*
 * Enter the program's working directory, if that can be done as whoever we are now; what cannot
 * is for CHANGE_DIRECTORY to tell.
 */
void init_try_directory(struct init_context *context);

/* What FORK needs and a filter may forbid. 0, or -1 with the error set. */
int init_prepare_fork(struct init_context *context);

#endif
