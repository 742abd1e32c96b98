/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly-helper: what needs libmount, which Debian has only as a shared library. Run by mayfly,
 *with no environment, for the few mounts whose source is a tag or an image file. It mounts
 *nothing.
 *
 *	mayfly-helper resolve LABEL=data     prints the device: "/dev/vdb"
 *	mayfly-helper loop rw|ro FILE        prints "/dev/loop3" and holds it until its stdin
 *ends
 *
 * A loop device is set to clear itself, so that nothing stays behind when mayfly dies at any
 *moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int complain(const char *what, const char *name, int code)
{
	fprintf(stderr, "%s \"%s\": %s\n", what, name, strerror(code));
	return 1;
}

static int resolve(const char *tag)
{
	char *device = mnt_resolve_spec(tag, NULL);

	/* An unknown tag comes back as it went in. */
	if (!device || device[0] != '/') {
		free(device);
		fprintf(stderr, "no device has the tag \"%s\"\n", tag);
		return 1;
	}
	printf("%s\n", device);
	free(device);
	return 0;
}

/* Between GET_FREE and CONFIGURE somebody else may take the device: EBUSY, and the next one is
 * tried. */
static int attach(int image, const char *file, bool readonly, char device[32])
{
	struct loop_config config = {
		.fd = (__u32)image,
		.info = {.lo_flags = LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0)},
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return -errno;
	snprintf(
		(char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", file);
	for (int attempt = 0; attempt < 64; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			break;
		snprintf(device, 32, "/dev/loop%d", number);

		int loop = open(device, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);

		if (loop < 0)
			break;
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
			close(control);
			return loop;
		}
		int code = errno;

		close(loop);
		errno = code;
		if (code != EBUSY)
			break;
	}
	int code = errno;

	close(control);
	return -code;
}

static int loop(const char *mode, const char *file)
{
	bool readonly = strcmp(mode, "ro") == 0;
	int image = open(file, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	char device[32], byte;

	if (image < 0)
		return complain("open the image", file, errno);

	int held = attach(image, file, readonly, device);

	if (held < 0)
		return complain("attach the image to a loop device", file, -held);
	printf("%s\n", device);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "resolve"))
		return resolve(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "loop") &&
		(!strcmp(argv[2], "ro") || !strcmp(argv[2], "rw")))
		return loop(argv[2], argv[3]);
	fprintf(stderr,
		"mayfly-helper is run by mayfly: resolve TAG=VALUE | loop rw|ro FILE\n");
	return 2;
}
