/* SPDX-License-Identifier: Apache-2.0 */
/* The files of resctrl: make a group, write what it may use, put the process into it. */
#include "runtime/launch/resctrl.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>

enum { SCHEMATA_MAX = 16 * 1024 };

/* ---- comparing ---- */

static const char *skip(const char *at, const char *end, const char *these)
{
	while (at < end && strchr(these, *at))
		at++;
	return at;
}

static size_t length_of(const char *at, const char *end, char stop)
{
	const char *found = memchr(at, stop, (size_t)(end - at));

	return (size_t)((found ? found : end) - at);
}

/* "0=00ff" is "0=ff", and "0= 20" is "0=20". */
static bool same_domain(const char *a, size_t a_length, const char *b, size_t b_length)
{
	const char *a_end = a + a_length, *b_end = b + b_length;

	for (int half = 0; half < 2; half++) {
		char stop = half == 0 ? '=' : ';';
		size_t a_part, b_part;

		a = skip(a, a_end, " \t");
		b = skip(b, b_end, " \t");
		while (a + 1 < a_end && *a == '0' && a[1] != '=')
			a++;
		while (b + 1 < b_end && *b == '0' && b[1] != '=')
			b++;
		a_part = length_of(a, a_end, stop);
		b_part = length_of(b, b_end, stop);
		if (a_part != b_part || strncasecmp(a, b, a_part) != 0)
			return false;
		a += a_part + (half == 0);
		b += b_part + (half == 0);
	}
	return true;
}

static bool has_domain(const char *domain, size_t length, const char *list, const char *end)
{
	while (list < end) {
		size_t one = length_of(list, end, ';');

		if (same_domain(domain, length, list, one))
			return true;
		list += one + 1;
	}
	return false;
}

/* LINE: "L3:0=ff;1=f0". */
static bool same_line(const char *wanted, const char *wanted_end, const char *present,
	const char *present_end)
{
	size_t name, other;

	wanted = skip(wanted, wanted_end, " \t");
	present = skip(present, present_end, " \t");
	name = length_of(wanted, wanted_end, ':');
	other = length_of(present, present_end, ':');
	if (name != other || memcmp(wanted, present, name) != 0 || wanted + name >= wanted_end)
		return false;
	wanted += name + 1;
	present += other + 1;
	while (wanted < wanted_end) {
		size_t one = length_of(wanted, wanted_end, ';');

		if (!has_domain(wanted, one, present, present_end))
			return false;
		wanted += one + 1;
	}
	return true;
}

bool resctrl_same(const char *wanted, const char *present)
{
	for (const char *line = wanted, *end; *line; line = *end ? end + 1 : end) {
		bool found = false;

		end = line + strcspn(line, "\n");
		if (skip(line, end, " \t") == end)
			continue;
		for (const char *other = present, *stop; *other && !found;
			other = *stop ? stop + 1 : stop) {
			stop = other + strcspn(other, "\n");
			found = same_line(line, end, other, stop);
		}
		if (!found)
			return false;
	}
	return true;
}

/* ---- the files ---- */

static int open_group(const struct resctrl_group *group, struct error *err)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group->mount, group->name);
	fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? fail(err, -fd, "open the resctrl group \"%s\"", path) : fd;
}

/* The kernel's reason is in a file of its own: EINVAL alone says nothing. */
static int refused(
	const struct resctrl_group *group, int code, const char *what, struct error *err)
{
	char path[4096], status[256];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/info/last_cmd_status", group->mount);
	length = file_read_small(AT_FDCWD, path, status, sizeof(status));
	if (length <= 0 || strcmp(status, "ok\n") == 0)
		return fail(err, code, "%s", what);
	status[strcspn(status, "\n")] = '\0';
	return fail(err, code, "%s (the kernel says: %s)", what, status);
}

static int write_file(int dir, const char *path, const char *text)
{
	int AUTO_FD fd = sys_openat(dir, path, O_WRONLY | O_NOFOLLOW, 0);
	ssize_t put = fd < 0 ? fd : sys_write(fd, text, strlen(text));

	return put < 0 ? (int)put : 0;
}

static int compare(const struct resctrl_group *group, int dir, struct error *err)
{
	char present[SCHEMATA_MAX];
	ssize_t length = file_read_small(dir, "schemata", present, sizeof(present));

	if (length < 0)
		return fail(err, (int)-length, "read the schemata of the group \"%s\"",
			group->name);
	if (resctrl_same(group->schemata, present))
		return 0;
	return fail(err, 0,
		"the resctrl group \"%s\" is there already, with other schemata than those "
		"asked for",
		*group->name ? group->name : "/");
}

static int make(const struct resctrl_group *group, bool *ret_made, struct error *err)
{
	int AUTO_FD mount = sys_openat(AT_FDCWD, group->mount, O_PATH | O_DIRECTORY, 0);

	if (mount < 0)
		return fail(err, -mount, "open \"%s\"", group->mount);
	if (mkdirat(mount, group->name, 0755) == 0) {
		*ret_made = true;
		return 0;
	}
	if (errno != EEXIST)
		return refused(group, errno, "make the resctrl group", err);
	if (group->own)
		return fail(err, EEXIST,
			"a resctrl group with the container's name is there already");
	return 0;
}

int resctrl_prepare(const struct resctrl_group *group, bool *ret_made, struct error *err)
{
	*ret_made = false;
	if (*group->name && (group->schemata || group->own) && make(group, ret_made, err) < 0)
		return -1;

	int AUTO_FD dir = open_group(group, err);
	int done;

	if (dir < 0)
		return -1;
	if (!group->schemata)
		return 0;
	if (!*ret_made)
		return compare(group, dir, err);
	done = write_file(dir, "schemata", group->schemata);
	return done < 0 ? refused(group, -done, "write the schemata", err) : 0;
}

int resctrl_make_monitor(
	const struct resctrl_group *group, const char *monitor, struct error *err)
{
	int AUTO_FD dir = open_group(group, err);
	char path[512];

	if (dir < 0)
		return -1;
	snprintf(path, sizeof(path), "mon_groups/%s", monitor);
	if (mkdirat(dir, path, 0755) < 0)
		return refused(group, errno, "make the monitoring group", err);
	return 0;
}

int resctrl_join(
	const struct resctrl_group *group, const char *monitor, pid_t pid, struct error *err)
{
	int AUTO_FD dir = open_group(group, err);
	char path[512], digits[16];
	int done;

	if (dir < 0)
		return -1;
	snprintf(digits, sizeof(digits), "%d", pid);
	done = write_file(dir, "tasks", digits);
	if (done < 0)
		return refused(group, -done,
			"put the container's process into its resctrl group", err);
	if (!monitor)
		return 0;
	snprintf(path, sizeof(path), "mon_groups/%s/tasks", monitor);
	done = write_file(dir, path, digits);
	if (done < 0)
		return refused(group, -done,
			"put the container's process into its monitoring group", err);
	return 0;
}

int resctrl_check_free(const char *mount, const char *path, struct error *err)
{
	int AUTO_FD dir = path ? sys_openat(AT_FDCWD, mount, O_PATH | O_DIRECTORY, 0) : -ENOENT;
	struct stat info;

	/* What cannot be looked at, cannot be made: resctrl_prepare() says why. */
	if (dir < 0 || fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return fail(
		err, EEXIST, "the resctrl group \"%s\" is there already, and not ours", path);
}

int resctrl_remove(const char *mount, const char *path)
{
	int AUTO_FD dir = sys_openat(AT_FDCWD, mount, O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	return unlinkat(dir, path, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}
