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
#include "runtime/sys/helper.h"
#include "runtime/sys/sys.h"

#include <string.h>

static bool is_tag(const char *source)
{
	static const char *const tags[] = {"LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=", "ID="};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (!strncmp(source, tags[i], strlen(tags[i])))
			return true;
	return false;
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
		return helper_run(helper, argv, err);
	}
	if (mount->source[0] == '/' && stat(mount->source, &info) == 0 &&
		S_ISREG(info.st_mode)) {
		const char *mode = mount->superblock & MS_RDONLY ? "ro" : "rw";
		const char *const argv[] = {program, "loop", mode, mount->source, NULL};

		*ret = helper->answer;
		return helper_run(helper, argv, err);
	}
	return 0;
}

int launch_open_filesystem(struct launch *launch, const struct step *step, struct error *err)
{
	struct step_mount mount = step->mount;
	struct helper helper = {.input = -1};
	int result = find_device(&helper, &step->mount, &mount.source, err);
	int tree = result < 0 ? -1 : init_new_filesystem(&mount, -1, false, err);

	helper_end(&helper);
	if (tree < 0) {
		error_while(err, "make the %s file system of \"%s\"", mount.type,
			step->mount.source);
		return -1;
	}
	launch->slots[step->mount.slot] = tree;
	return 0;
}
