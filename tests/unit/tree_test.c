/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what somebody else has made: deep, linked, closed, and without end. */
#include "runtime/sys/tree.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

enum { DEPTH = 300, SOON_MS = 60 * 1000 };

#define LONG_NAME "a-directory-of-a-name-that-three-hundred-of-are-too-long"

static char base[] = "/tmp/mayfly-tree-XXXXXX";
static int top;

static bool there(const char *name)
{
	struct stat info;

	return fstatat(top, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static void make_file(int dir, const char *name)
{
	int AUTO_FD fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	is_true(fd >= 0, "%s is made", name);
}

/* A chain that no path leads to the end of, with a file and a link beside each thirtieth. */
static bool make_deep(void)
{
	int AUTO_FD at = mkdirat(top, "deep", 0700) < 0
				 ? -1
				 : openat(top, "deep", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < DEPTH; i++) {
		if (at < 0 || mkdirat(at, LONG_NAME, 0700) < 0)
			return false;

		int below = openat(at, LONG_NAME, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (i % 30 == 0 &&
			(symlinkat(base, at, "a link") < 0 || mkfifoat(at, "z fifo", 0600) < 0))
			return false;
		close(at);
		at = below;
	}
	return at >= 0;
}

static void removes_what_is_one(void)
{
	make_file(top, "file");
	is_number((uint64_t)tree_remove(top, "file", SOON_MS), 0, "a file is removed");
	is_number((uint64_t)tree_remove(top, "file", SOON_MS), 0, "a missing one is, too");
	is_true(symlinkat("kept", top, "link") == 0 && tree_remove(top, "link", SOON_MS) == 0 &&
			!there("link") && there("kept/in"),
		"a link is removed, not what it leads to");
}

static void removes_trees(void)
{
	is_true(make_deep(), "a chain of %d directories is made", DEPTH);
	is_number((uint64_t)tree_remove(top, "deep", SOON_MS), 0, "it is removed");
	is_true(!there("deep"), "it is gone");
	is_true(mkdirat(top, "shut", 0700) == 0 && mkdirat(top, "shut/in", 0700) == 0 &&
			mkdirat(top, "shut/in/it", 0700) == 0 &&
			fchmodat(top, "shut/in", 0, 0) == 0 && fchmodat(top, "shut", 0, 0) == 0,
		"directories without a right are made");
	is_number((uint64_t)tree_remove(top, "shut", SOON_MS), 0, "they are removed");
	is_true(there("kept/in"), "what stands beside them is there");
}

static void gives_up(void)
{
	is_true(make_deep(), "a chain is made again");
	is_true(tree_remove(top, "deep", 0) == -ETIMEDOUT, "a deadline that is over ends it");
	is_number((uint64_t)tree_remove(top, "deep", SOON_MS), 0, "the next removes the rest");
}

int main(void)
{
	if (!mkdtemp(base))
		return 1;
	top = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	is_true(mkdirat(top, "kept", 0700) == 0, "a directory to keep is made");
	make_file(top, "kept/in");
	removes_what_is_one();
	removes_trees();
	gives_up();
	is_number((uint64_t)tree_remove(AT_FDCWD, base, SOON_MS), 0, "all is removed");
	close(top);
	return tap_end();
}
