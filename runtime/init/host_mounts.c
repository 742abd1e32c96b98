/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --no-pivot: the host's mounts stay in the container's mount namespace, below its root. No
 * path leads to them, but the kernel lets a user namespace mount a procfs or sysfs without
 * masks as long as any such mount is in the namespace (mount_too_revealing()). So those of the
 * host go, or are covered.
 */
#include "runtime/init/rooms.h"

#include <string.h>

enum { LINE_MAX_BYTES = 16384 };

/* The FIELD'th (from 0) field of a line of mountinfo, ended by NUL. */
static char *take_field(char *line, int field)
{
	for (; field > 0; field--) {
		line = strchr(line, ' ');
		if (!line)
			return NULL;
		line++;
	}
	line[strcspn(line, " ")] = '\0';
	return line;
}

/* "\040" and the like: proc(5). */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* A path of the host, looked up with the host's root: no image has a say in it. */
static int cover(struct init_context *context, const char *path)
{
	int done = sys_umount2(path, MNT_DETACH);

	/* EINVAL: it is locked, or is one of the container's own, which has the same path. */
	if (done == -EINVAL)
		done = sys_mount("tmpfs", path, "tmpfs",
			MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			"nr_blocks=1,nr_inodes=1");
	if (done < 0 && done != -ENOENT)
		return init_fail(context, -done, "hide the host's \"%s\"", path);
	return 0;
}

static int cover_line(struct init_context *context, char *line)
{
	char *type = strstr(line, " - ");
	char *path = take_field(line, 4);

	if (!type || !path)
		return init_fail(context, EPROTO, "read the mounts of the host");
	type += 3;
	type[strcspn(type, " ")] = '\0';
	if (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0)
		return 0;
	unescape(path);
	return cover(context, path);
}

int init_hide_host_mounts(struct init_context *context)
{
	char buffer[LINE_MAX_BYTES + 1];
	size_t used = 0;
	ssize_t got = 1;
	int AUTO_FD fd = path_open_knob(context->proc, "self/mountinfo", O_RDONLY, FS_PROC);

	if (fd < 0)
		return init_fail(context, -fd, "read the mounts of the host");
	while (got > 0) {
		char *line = buffer, *end;

		got = sys_read(fd, buffer + used, LINE_MAX_BYTES - used);
		if (got < 0)
			return init_fail(context, (int)-got, "read the mounts of the host");
		used += (size_t)got;
		buffer[used] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			if (cover_line(context, line) < 0)
				return -1;
		}
		used -= (size_t)(line - buffer);
		if (used == LINE_MAX_BYTES)
			return init_fail(context, E2BIG, "read the mounts of the host");
		memmove(buffer, line, used);
	}
	return 0;
}
