/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new file system, made as a mount that is attached to nothing: what it is and how it may be
 * used is decided before any name leads to it. Options go to the kernel one by one, and its
 * own words about the bad one come back.
 */
#include "runtime/init/rooms.h"

#include <stdio.h>
#include <string.h>

/* fsconfig(2) takes values of at most 255 bytes. */
enum { OPTION_MAX = 512 };

static const struct {
	unsigned long flag;
	const char *option;
} superblock_options[] = {
	{MS_RDONLY, "ro"},
	{MS_SYNCHRONOUS, "sync"},
	{MS_DIRSYNC, "dirsync"},
	{MS_MANDLOCK, "mand"},
	{MS_LAZYTIME, "lazytime"},
	{MS_I_VERSION, "iversion"},
};

/*
 * Add the kernel's last message of the context, "e tmpfs: Bad value for 'size'", to the error.
 * Each read(2) takes one.
 */
static void add_kernel_text(int fs, struct error *err)
{
	char text[256];
	size_t used = strlen(err->what);

	for (int i = 0; i < 8; i++) {
		ssize_t length = sys_read(fs, text, sizeof(text) - 1);

		if (length <= 0)
			return;
		while (length > 0 && text[length - 1] == '\n')
			length--;
		text[length] = '\0';
		if (length > 2 && text[0] == 'e')
			snprintf(err->what + used, sizeof(err->what) - used, " (%s)", text + 2);
	}
}

static int set_option(int fs, char *option, struct error *err)
{
	char *value = strchr(option, '=');
	int done;

	if (!value) {
		done = sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	} else {
		*value = '\0';
		/* A label that holds a comma is quoted: mount(8), context=. */
		char *text = value + 1;
		size_t length = strlen(text);

		if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
			text[length - 1] = '\0';
			text++;
		}
		done = sys_fsconfig(fs, FSCONFIG_SET_STRING, option, text, 0);
		*value = '=';
	}
	if (done < 0) {
		(void)fail(err, -done, "mount option \"%s\"", option);
		add_kernel_text(fs, err);
	}
	return done;
}

/* The length of the first option of DATA: up to a comma that is not between quotes. */
static size_t option_length(const char *data)
{
	bool quoted = false;
	size_t length = 0;

	for (; data[length] && (quoted || data[length] != ','); length++)
		if (data[length] == '"')
			quoted = !quoted;
	return length;
}

static int set_options(int fs, const char *data, bool without_gid, struct error *err)
{
	char option[OPTION_MAX];

	while (data && *data) {
		size_t length = option_length(data);
		int done = 0;

		if (length >= sizeof(option)) {
			(void)fail(err, E2BIG, "the mount option \"%.64s…\" is too long", data);
			return -E2BIG;
		}
		memcpy(option, data, length);
		option[length] = '\0';
		if (length > 0 && !(without_gid && strncmp(option, "gid=", 4) == 0))
			done = set_option(fs, option, err);
		if (done < 0)
			return done;
		data += length + (data[length] == ',');
	}
	return 0;
}

static int set_superblock(int fs, unsigned long flags, struct error *err)
{
	for (size_t i = 0; i < sizeof(superblock_options) / sizeof(*superblock_options); i++) {
		char option[16];
		int done;

		if (!(flags & superblock_options[i].flag))
			continue;
		strcpy(option, superblock_options[i].option);
		done = set_option(fs, option, err);
		if (done < 0)
			return done;
	}
	return 0;
}

static int configure(
	int fs, const struct step_mount *mount, int mode, bool without_gid, struct error *err)
{
	const char *source = mount->source && mount->source[0] ? mount->source : mount->type;
	unsigned long superblock = mount->superblock;
	char option[32];
	int done;

	if (mount->final_readonly)
		superblock &= ~(unsigned long)MS_RDONLY;
	done = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0);
	if (done < 0) {
		(void)fail(err, -done, "mount source \"%s\"", source);
		return done;
	}
	done = set_superblock(fs, superblock, err);
	if (done == 0)
		done = set_options(fs, mount->data, without_gid, err);
	if (done == 0 && mode >= 0) {
		snprintf(option, sizeof(option), "mode=%#o", (unsigned int)mode);
		done = set_option(fs, option, err);
	}
	if (done < 0)
		return done;
	done = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (done < 0) {
		(void)fail(err, -done, "make the file system");
		add_kernel_text(fs, err);
	}
	return done;
}

int init_new_filesystem(
	const struct step_mount *mount, int mode, bool without_gid, struct error *err)
{
	/* In containers there is only one. */
	const char *type = strcmp(mount->type, "cgroup") == 0 ? "cgroup2" : mount->type;
	uint64_t attributes = mount->set | mount->set_all;
	int AUTO_FD fs = sys_fsopen(type, 0);
	int done;

	if (fs < 0) {
		(void)fail(err, -fs, "file system type \"%s\"", type);
		return fs;
	}
	done = configure(fs, mount, mode, without_gid, err);
	if (done < 0)
		return done;
	if (mount->final_readonly)
		attributes &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	done = sys_fsmount(fs, 0, (unsigned int)attributes);
	if (done < 0) {
		(void)fail(err, -done, "make the mount");
		add_kernel_text(fs, err);
	}
	return done;
}

int init_reconfigure(int fd, const struct step_mount *mount, struct error *err)
{
	int AUTO_FD fs =
		SYS_RESULT(syscall(SYS_fspick, fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
	int done;

	if (fs < 0)
		return fail(err, -fs, "change the file system's options");
	done = set_superblock(fs, mount->superblock, err);
	if (done == 0)
		done = set_options(fs, mount->data, false, err);
	if (done < 0)
		return -1;
	done = sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	if (done < 0) {
		(void)fail(err, -done, "change the file system's options");
		add_kernel_text(fs, err);
	}
	return done < 0 ? -1 : 0;
}
