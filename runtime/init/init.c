/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in the new process: carry out the inside list, one step after another, and say what
 * went wrong. The rooms are in the other files of this floor.
 */
#include "runtime/init/init.h"

#include "runtime/init/rooms.h"

#include <stdio.h>
#include <string.h>

/* ---- the parent ---- */

static bool parent_lives(struct init_context *context)
{
	struct pollfd poller = {.fd = context->channel, .events = 0};
	pid_t parent = getppid();

	/* 0: the parent is outside of our pid namespace, and so is who adopts its children. */
	if (parent != 0)
		return parent == context->parent;
	return poll(&poller, 1, 0) == 0;
}

int init_guard(struct init_context *context)
{
	int done = 0;

	if (!context->dumpable)
		done = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (done < 0)
		return init_fail(context, -done, "become undumpable");
	if (!context->dies_with_parent)
		return 0;
	done = sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (done < 0)
		return init_fail(context, -done, "ask to die with the runtime");
	/* It may have died before we asked. */
	if (!parent_lives(context))
		_exit(1);
	return 0;
}

int init_await(struct init_context *context, enum message message)
{
	struct received received;
	int done = channel_receive(context->channel, -1, &received);

	if (done < 0)
		return init_fail(context, -done, "wait for \"%s\" from the runtime",
			message_name(message));
	if (received.message == MESSAGE_NONE)
		_exit(1); /* the runtime is gone, and nobody is left to hear why */
	fd_close(&received.fd);
	if (received.message != message)
		return init_fail(context, EPROTO, "\"%s\" came instead of \"%s\"",
			message_name(received.message), message_name(message));
	return 0;
}

static int init_tell(struct init_context *context, const struct step *step)
{
	int done;

	if (step->message == MESSAGE_CREATED && !context->tied) {
		/*
		 * The runtime of `create` exits soon, and its end must not be ours. Until it
		 * says that its record is saved, the end of the conversation is.
		 */
		context->dies_with_parent = false;
		done = sys_prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		if (done < 0)
			return init_fail(context, -done, "outlive the runtime");
	}
	done = channel_tell(context->channel, step->message, 0, -1);
	if (done == -EPIPE)
		_exit(1);
	if (done < 0)
		return init_fail(
			context, -done, "tell the runtime \"%s\"", message_name(step->message));
	return 0;
}

static int init_await_step(struct init_context *context, const struct step *step)
{
	if (init_await(context, step->message) < 0)
		return -1;
	if (step->message == MESSAGE_COMMITTED)
		context->committed = true;
	return 0;
}

static int init_await_start(struct init_context *context, const struct step *step)
{
	char byte;
	ssize_t got = sys_read(context->start_fifo, &byte, 1);

	if (got < 0)
		return init_fail(context, (int)-got, "wait for start");
	fd_close(&context->start_fifo);
	return 0;
}

/* ---- hooks ---- */

/* Our pid as the runtime's caller knows it, from the procfs that the runtime opened. */
static pid_t outer_pid(struct init_context *context)
{
	char text[16];
	ssize_t length = readlinkat(context->proc, "self", text, sizeof(text));
	pid_t pid = 0;

	for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		pid = pid * 10 + (text[i] - '0');
	return pid;
}

static int init_run_hooks(struct init_context *context, const struct step *step)
{
	enum hook_point point = step->hooks.point;
	const struct step *exec = init_find_step(context, STEP_EXEC);
	bool of_container = point == HOOK_START_CONTAINER && exec;
	struct hook_state *state = &context->hook_state[point];
	const struct oci_hook *list;
	size_t count = 0;

	if (!context->hooks || !state->before)
		return init_fail(context, EINVAL, "no hooks came with the plan");
	list = hook_list(context->hooks, point, &count);
	state->pid = context->proc < 0 ? context->outer_pid : outer_pid(context);
	/* The bundle's path means nothing inside: there the hook starts where the program will.
	 */
	if (of_container)
		return hook_run_all(
			point, list, count, state, exec->exec.envp, ".", &context->err);

	/* Ours is 0 for the sake of the steps; a hook of the host must not make files for
	 * everyone. */
	mode_t mask = umask(022);
	int done = hook_run_all(
		point, list, count, state, environ, context->bundle, &context->err);

	(void)umask(mask);
	return done;
}

/* ---- descriptors ---- */

static void take_next(int fd, int from, int *ret_next)
{
	if (fd >= from && (*ret_next < 0 || fd < *ret_next))
		*ret_next = fd;
}

/* The first of our descriptors from FROM on, or -1. */
static int next_of_ours(const struct init_context *context, int from)
{
	int next = -1;

	take_next(context->channel, from, &next);
	take_next(context->status, from, &next);
	take_next(context->start_fifo, from, &next);
	take_next(context->exec_fifo, from, &next);
	take_next(context->begun, from, &next);
	take_next(context->proc, from, &next);
	for (int i = 0; i < context->plan->slots; i++)
		take_next(context->slots[i], from, &next);
	return next;
}

/*
 * The caller's descriptors are for the program or for nobody: until the exec, which may be a
 * long time after `create`, a process of the container that may trace us could use them, and
 * whoever waits for the end of a pipe would wait for the container.
 */
static int close_callers(struct init_context *context)
{
	const struct step *close_fds = init_find_step(context, STEP_CLOSE_FDS);
	int from = 3 + (close_fds ? (int)close_fds->number : 0), next, done = 0;

	while ((next = next_of_ours(context, from)) >= 0) {
		if (next > from && done == 0)
			done = sys_close_range((unsigned int)from, (unsigned int)next - 1, 0);
		from = next + 1;
	}
	if (done == 0)
		done = sys_close_range((unsigned int)from, ~0U, 0);
	/* Among them is the state directory with its lock: nobody goes on with that. */
	return done < 0 ? init_fail(context, -done, "close the caller's descriptors") : 0;
}

/* Does STEP look at the host's procfs, or at a descriptor of a slot? */
static bool needs_host(const struct init_context *context, const struct step *step)
{
	switch (step->kind) {
	case STEP_JOIN:
	case STEP_WRITE_SELF:
	case STEP_OPEN_TREE:
	case STEP_OPEN_DEVICE:
	case STEP_ENTER_ROOT:
	case STEP_MOUNT:
	case STEP_ATTACH:
	case STEP_BIND_DEVICE:
	case STEP_WRITE_SYSCTL:
	case STEP_PIVOT_ROOT:
	case STEP_CHROOT:
	case STEP_SET_LABEL:
		return true;
	case STEP_FORK: /* our pid is another then, which a hook is told */
		return init_find_step(context, STEP_RUN_HOOKS) != NULL;
	case STEP_RUN_HOOKS:
		return step->hooks.point != HOOK_START_CONTAINER;
	default:
		return false;
	}
}

static size_t last_need(const struct init_context *context)
{
	const struct step_list *list = &context->plan->inside;
	size_t last = 0;

	for (size_t i = 0; i < list->count; i++)
		if (needs_host(context, &list->steps[i]))
			last = i;
	return last;
}

/*
 * What of the host we still hold, a process of the container with CAP_SYS_PTRACE could use as
 * well: its procfs leads to every process's root (CVE-2016-9962).
 */
static void let_go(struct init_context *context)
{
	if (context->proc >= 0 && init_find_step(context, STEP_RUN_HOOKS))
		context->outer_pid = outer_pid(context);
	fd_close(&context->proc);
	for (int i = 0; i < context->plan->slots; i++)
		fd_close(&context->slots[i]);
}

/* ---- the list ---- */

const struct step *init_find_step(const struct init_context *context, enum step_kind kind)
{
	const struct step_list *list = &context->plan->inside;

	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].kind == kind)
			return &list->steps[i];
	return NULL;
}

static int of_outside(struct init_context *context, const struct step *step)
{
	return init_fail(context, ENOSYS, "step %d is not one of the inside", (int)step->kind);
}

static int do_step(struct init_context *context, const struct step *step)
{
	/* No default: the compiler names a kind that is missing. */
	switch (step->kind) {
	case STEP_NONE:
	case STEP_OPEN_NAMESPACE:
	case STEP_OPEN_FILESYSTEM:
	case STEP_CREATE_CGROUP:
	case STEP_START_UNIT:
	case STEP_RELEASE_UNIT:
	case STEP_WRITE_CGROUP:
	case STEP_LIMIT_DEVICES:
	case STEP_OWN_CGROUP:
	case STEP_CLONE:
	case STEP_MAP_IDS:
	case STEP_WRITE_PROC:
	case STEP_MAKE_RDT_GROUP:
	case STEP_JOIN_RDT_GROUP:
	case STEP_MOVE_DEVICE:
	case STEP_MAP_TREE:
	case STEP_COUNT:
		break;
	case STEP_OPEN_TREE:
		return init_open_tree(context, step);
	case STEP_OPEN_DEVICE:
		return init_open_device(context, step);
	case STEP_TELL:
		return init_tell(context, step);
	case STEP_AWAIT:
		return init_await_step(context, step);
	case STEP_RUN_HOOKS:
		return init_run_hooks(context, step);
	case STEP_JOIN:
		return init_join(context, step);
	case STEP_UNSHARE:
		return init_unshare(context, step);
	case STEP_WRITE_SELF:
		return init_write_self(context, step);
	case STEP_FORK:
		return init_fork(context, step);
	case STEP_BECOME_ROOT:
		return init_become_root(context, step);
	case STEP_LOOPBACK_UP:
		return init_loopback_up(context, step);
	case STEP_SET_HOSTNAME:
		return init_hostname(context, step);
	case STEP_SET_DOMAINNAME:
		return init_domainname(context, step);
	case STEP_JOIN_KEYRING:
		return init_join_keyring(context, step);
	case STEP_ISOLATE_MOUNTS:
		return init_isolate_mounts(context, step);
	case STEP_ENTER_ROOT:
		return init_enter_root(context, step);
	case STEP_MOUNT:
		return init_mount(context, step);
	case STEP_ATTACH:
		return init_attach(context, step);
	case STEP_CHANGE_MOUNT:
		return init_change_mount(context, step);
	case STEP_MAKE_DEVICE:
		return init_make_device(context, step);
	case STEP_BIND_DEVICE:
		return init_bind_device(context, step);
	case STEP_SYMLINK:
		return init_symlink(context, step);
	case STEP_REPLACE_SYMLINK:
		return init_replace_symlink(context, step);
	case STEP_OPEN_CONSOLE:
		return init_open_console(context, step);
	case STEP_WRITE_SYSCTL:
		return init_write_sysctl(context, step);
	case STEP_PROTECT_PATH:
		return init_protect_path(context, step);
	case STEP_MASK_PATH:
		return init_mask_path(context, step);
	case STEP_LEAVE_ROOT:
		return init_leave_root(context, step);
	case STEP_PIVOT_ROOT:
		return init_pivot_root(context, step);
	case STEP_CHROOT:
		return init_chroot(context, step);
	case STEP_SET_ROOT:
		return init_set_root(context, step);
	case STEP_NEW_SESSION:
		return init_new_session(context, step);
	case STEP_SET_RLIMIT:
		return init_rlimit(context, step);
	case STEP_SET_SCHEDULER:
		return init_scheduler(context, step);
	case STEP_SET_IO_PRIORITY:
		return init_io_priority(context, step);
	case STEP_SET_AFFINITY:
		return init_affinity(context, step);
	case STEP_SET_MEMORY_POLICY:
		return init_memory_policy(context, step);
	case STEP_SET_PERSONALITY:
		return init_personality(context, step);
	case STEP_SET_UMASK:
		return init_umask(context, step);
	case STEP_SET_LABEL:
		return init_set_label(context, step);
	case STEP_OWN_STDIO:
		return init_own_stdio(context, step);
	case STEP_MAKE_DIRECTORY:
		return init_make_directory(context, step);
	case STEP_NO_NEW_PRIVILEGES:
		return init_no_new_privileges(context, step);
	case STEP_LOAD_SECCOMP:
		return init_load_seccomp(context, step);
	case STEP_DROP_BOUNDING:
		return init_drop_bounding(context, step);
	case STEP_SHED_CAPABILITIES:
		return init_shed_capabilities(context, step);
	case STEP_SET_USER:
		return init_set_user(context, step);
	case STEP_SET_CAPABILITIES:
		return init_set_capabilities(context, step);
	case STEP_CHANGE_DIRECTORY:
		return init_change_directory(context, step);
	case STEP_FIND_HOME:
		return init_find_home(context, step);
	case STEP_FIND_PROGRAM:
		return init_find_program(context, step);
	case STEP_AWAIT_START:
		return init_await_start(context, step);
	case STEP_SPAWN:
		return init_spawn(context, step);
	case STEP_CLOSE_FDS:
		return init_close_fds(context, step);
	case STEP_EXEC:
		return init_exec(context, step);
	}
	return of_outside(context, step);
}

/* Those come one after the other in /dev, which is looked up once for them. */
static bool makes_node(enum step_kind kind)
{
	return kind == STEP_MAKE_DEVICE || kind == STEP_SYMLINK || kind == STEP_REPLACE_SYMLINK;
}

/* Who hears of a failure: the runtime, or, once `create` has returned, `start`. */
static _Noreturn void give_up(struct init_context *context, const struct step *step)
{
	if (step && step->origin[0])
		error_in(&context->err, "%s", step->origin);

	bool hook = step && step->kind == STEP_RUN_HOOKS;
	struct start_report report = {
		.word = hook ? START_HOOK_FAILED : START_FAILED,
		.err = context->err,
	};

	if (context->begun >= 0)
		(void)sys_write(context->begun, &report, sizeof(report));
	if (context->committed && context->exec_fifo >= 0) {
		(void)sys_write(context->exec_fifo, &report, sizeof(report));
	} else {
		channel_tell_error(context->channel, &context->err);
	}
	_exit(1);
}

_Noreturn void init_run(struct init_context *context)
{
	const struct step_list *list = &context->plan->inside;

	context->host_root = context->root = context->console = -1;
	context->mask_directory = context->mask_file = context->made_in = -1;
	context->fork_gate[0] = context->fork_gate[1] = -1;
	context->dies_with_parent = true;
	/* Whoever writes our maps must be allowed to open our /proc files until they are
	 * written. */
	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].kind == STEP_AWAIT &&
			list->steps[i].message == MESSAGE_MAPPED)
			context->dumpable = true;
	(void)umask(0); /* modes are exactly what the steps say, until SET_UMASK */
	if (init_guard(context) < 0)
		give_up(context, NULL);
	if (close_callers(context) < 0)
		give_up(context, NULL);

	size_t last = last_need(context);

	for (size_t i = 0; i < list->count; i++) {
		if (!makes_node(list->steps[i].kind))
			fd_close(&context->made_in);
		if (do_step(context, &list->steps[i]) < 0)
			give_up(context, &list->steps[i]);
		if (i == last)
			let_go(context);
	}
	(void)init_fail(context, EPROTO, "the plan ends without a program");
	give_up(context, NULL);
}
