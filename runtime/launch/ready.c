/* SPDX-License-Identifier: Apache-2.0 */
/* Before the first step: what both sides will hold, the channel, the fifos, the filter. */
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include "oci/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

/* Stands for the pid in the text of the state that hooks read, until the pid is known. */
#define PID_MARK      2147483647
#define PID_MARK_TEXT "\"pid\":2147483647"

static int open_proc(struct launch *launch, struct error *err)
{
	struct statfs fs;
	int proc = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);

	if (proc < 0)
		return fail(err, -proc, "open /proc");
	launch->inside.proc = proc;
	if (fstatfs(proc, &fs) < 0 || fs.f_type != FS_PROC)
		return fail(err, 0, "/proc is not a procfs: mount one");
	return 0;
}

int launch_state_text(const struct wanted *wanted, struct arena *arena, enum hook_point point,
	struct hook_state *ret, struct error *err)
{
	const struct name *status = name_find(oci_status_names, hook_points[point].status);
	const struct oci_state state = {
		.oci_version = OCI_VERSION,
		.id = wanted->request->id,
		.pid = PID_MARK,
		.status = status ? (enum oci_status)status->value : OCI_STATUS_CREATING,
		.bundle = wanted->request->bundle,
		.annotations = wanted->spec->annotations,
		.n_annotations = wanted->spec->n_annotations,
	};
	const char *text;

	if (oci_state_print(&state, OCI_STATE_HOOK, arena, &text, err) < 0)
		return -1;

	/* The text is ours, in the arena; no annotation comes before the pid. */
	char *mark = strstr((char *)(uintptr_t)text, PID_MARK_TEXT);

	if (!mark)
		return fail(err, EPROTO, "print the state for hooks");
	mark += strlen("\"pid\":");

	const char *after = mark + strlen(PID_MARK_TEXT) - strlen("\"pid\":");

	after = arena_text(arena, after);
	if (!after)
		return fail(err, ENOMEM, "print the state for hooks");
	*mark = '\0';
	*ret = (struct hook_state){.before = text, .after = after};
	return 0;
}

bool launch_has_step(const struct step_list *list, enum step_kind kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].kind == kind)
			return true;
	return false;
}

static int open_channel(struct launch *launch, struct error *err)
{
	int ends[2];
	int done = channel_open(ends);

	if (done < 0)
		return fail(err, -done, "open the channel to the container's process");
	launch->channel = ends[0];
	launch->inside.channel = ends[1];
	if (!launch_has_step(&launch->plan->inside, STEP_SPAWN))
		return 0;
	done = channel_open(ends);
	if (done < 0)
		return fail(err, -done, "open the channel to the container's reaper");
	launch->status = ends[0];
	launch->inside.status = ends[1];
	launch->inside.words = launch->words;
	launch->inside.words_length = launch->words_length;
	return 0;
}

/* Opened here for both directions, so that neither side ever blocks in open() or sees
 * end-of-file. */
static int open_fifo(struct launch *launch, const char *name, int *ret, struct error *err)
{
	if (mknodat(launch->state_dir, name, S_IFIFO | 0600, 0) < 0)
		return fail(err, errno, "make the fifo \"%s\"", name);
	*ret = sys_openat(launch->state_dir, name, O_RDWR | O_NOFOLLOW, 0);
	return *ret < 0 ? fail(err, -*ret, "open the fifo \"%s\"", name) : 0;
}

static int open_fifos(struct launch *launch, struct error *err)
{
	struct init_context *inside = &launch->inside;

	if (launch->watched && open_fifo(launch, "begun", &inside->begun, err) < 0)
		return -1;
	if (!launch_has_step(&launch->plan->inside, STEP_AWAIT_START))
		return 0;
	return open_fifo(launch, "start", &inside->start_fifo, err) < 0
		       ? -1
		       : open_fifo(launch, "exec", &inside->exec_fifo, err);
}

static int compile_seccomp(struct launch *launch, struct error *err)
{
	struct launch_filter filter;

	if (!launch->plan->seccomp)
		return 0;
	if (launch_compile_seccomp(launch->plan->seccomp, launch->seccomp_cache, &filter, err) <
		0)
		return fail_in(err, "linux.seccomp");
	launch->inside.bpf = filter.instructions;
	launch->inside.bpf_count = filter.count;
	launch->inside.bpf_flags = filter.flags;
	return 0;
}

/* What the caller holds; slots close with the launch, so they get a copy. */
static int fill_slot(struct launch *launch, int slot, int fd, struct error *err)
{
	if (slot < 0)
		return 0;
	launch->slots[slot] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return launch->slots[slot] < 0 ? fail(err, errno, "copy a descriptor of the container")
				       : 0;
}

int launch_get_ready(struct launch *launch, struct error *err)
{
	const struct plan *plan = launch->plan;
	const struct request *request = launch->wanted->request;
	struct init_context *inside = &launch->inside;

	launch->slots = calloc((size_t)plan->slots + 1, sizeof(*launch->slots));
	if (!launch->slots)
		return fail(err, ENOMEM, "make room for descriptors");
	for (int i = 0; i <= plan->slots; i++)
		launch->slots[i] = -1;
	inside->plan = plan;
	inside->slots = launch->slots;
	inside->bundle = request->bundle;
	inside->hooks = launch->wanted->spec->hooks;
	inside->ignored_signals = launch->host->ignored_signals;
	inside->dies_with_parent = true;
	inside->tied = launch->tied;
	if (fill_slot(launch, plan->init_pidfd_slot, launch->init_pidfd, err) < 0 ||
		fill_slot(launch, plan->init_root_slot, launch->init_root, err) < 0)
		return -1;

	for (size_t i = 0; i < plan->inside.count; i++) {
		const struct step *step = &plan->inside.steps[i];

		if (step->kind == STEP_RUN_HOOKS &&
			launch_state_text(launch->wanted, plan->arena, step->hooks.point,
				&inside->hook_state[step->hooks.point], err) < 0)
			return -1;
	}
	if (open_proc(launch, err) < 0 || compile_seccomp(launch, err) < 0 ||
		open_channel(launch, err) < 0)
		return -1;
	return open_fifos(launch, err);
}
