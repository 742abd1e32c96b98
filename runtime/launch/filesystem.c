/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems whose source or options name paths of the host (block devices, images, overlay).
 * They are made here, as the host sees its paths, and handed in as detached trees: inside, the
 * same names would be the image's.
 *
 * A tag or an image file needs libmount or a loop device: mayfly-helper's work.
 */
#include "runtime/init/rooms.h"
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <spawn.h>
#include <string.h>

enum { HELPER_TIMEOUT_MS = 30 * 1000 };

/* A running mayfly-helper: it holds its loop device until we close its stdin. */
struct helper {
	pid_t pid;
	int input;
	char answer[256];
};

static bool is_tag(const char *source)
{
	static const char *const tags[] = {"LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=", "ID="};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (!strncmp(source, tags[i], strlen(tags[i])))
			return true;
	return false;
}

static void end_helper(struct helper *helper)
{
	fd_close(&helper->input);
	/* It has nothing to undo, and one that hangs must not hold us longer than our deadline.
	 */
	if (helper->pid > 0)
		(void)kill(helper->pid, SIGKILL);
	if (helper->pid > 0)
		while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
			;
	helper->pid = 0;
}

static int spawn_helper(
	struct helper *helper, const char *const argv[], int *ret_output, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	char *const no_env[] = {NULL};

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
		fd_close(&in[0]);
		fd_close(&in[1]);
		return fail(err, errno, "make a pipe");
	}

	int failed = posix_spawn_file_actions_init(&actions);

	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out[1], 2);
	if (!failed)
		failed = posix_spawn(&helper->pid, argv[0], &actions, NULL,
			(char *const *)(uintptr_t)argv, no_env);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&in[0]);
	fd_close(&out[1]);
	helper->input = in[1];
	*ret_output = out[0];
	if (failed) {
		helper->pid = 0;
		return fail(err, failed, "run \"%s\"", argv[0]);
	}
	return 0;
}

/* Its one line: a device, or why there is none. */
static int run_helper(struct helper *helper, const char *const argv[], struct error *err)
{
	int AUTO_FD output = -1;
	size_t used = 0;

	if (spawn_helper(helper, argv, &output, err) < 0)
		return -1;
	while (used < sizeof(helper->answer) - 1 && !memchr(helper->answer, '\n', used)) {
		int done = fd_await(output, HELPER_TIMEOUT_MS);
		ssize_t got = done < 0 ? done
				       : sys_read(output, helper->answer + used,
						 sizeof(helper->answer) - 1 - used);

		if (got < 0)
			return fail(err, (int)-got, "hear from \"%s\"", argv[0]);
		if (got == 0)
			break;
		used += (size_t)got;
	}
	helper->answer[used] = '\0';
	helper->answer[strcspn(helper->answer, "\n")] = '\0';
	if (helper->answer[0] != '/')
		return fail(err, 0, "%s: %s", argv[0],
			*helper->answer ? helper->answer : "no answer");
	return 0;
}

/* The source as the kernel wants it: a device in place of a tag or an image. */
static int find_device(struct helper *helper, const struct step_mount *mount, const char **ret,
	struct error *err)
{
	static const char program[] = LIBEXECDIR "/mayfly-helper";
	struct stat info;

	*ret = mount->source;
	if (is_tag(mount->source)) {
		const char *const argv[] = {program, "resolve", mount->source, NULL};

		*ret = helper->answer;
		return run_helper(helper, argv, err);
	}
	if (mount->source[0] == '/' && stat(mount->source, &info) == 0 &&
		S_ISREG(info.st_mode)) {
		const char *mode = mount->superblock & MS_RDONLY ? "ro" : "rw";
		const char *const argv[] = {program, "loop", mode, mount->source, NULL};

		*ret = helper->answer;
		return run_helper(helper, argv, err);
	}
	return 0;
}

int launch_open_filesystem(struct launch *launch, const struct step *step, struct error *err)
{
	struct step_mount mount = step->mount;
	struct helper helper = {.input = -1};
	int result = find_device(&helper, &step->mount, &mount.source, err);
	int tree = result < 0 ? -1 : init_new_filesystem(&mount, -1, false, err);

	end_helper(&helper);
	if (tree < 0) {
		error_while(err, "make the %s file system of \"%s\"", mount.type,
			step->mount.source);
		return -1;
	}
	launch->slots[step->mount.slot] = tree;
	return 0;
}
