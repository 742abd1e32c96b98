/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly spec: write a configuration to start from. */
#include "runtime/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct spec_options {
	const char *bundle, *config;
	bool rootless;
};

static const struct option options[] = {
	OPTION(struct spec_options, "bundle", 'b', bundle, "DIR",
		"write into this directory (default: the working directory)"),
	OPTION(struct spec_options, "config", 'f', config, "FILE",
		"name of the file (default: config.json)"),
	OPTION(struct spec_options, "rootless", 0, rootless, NULL,
		"for a user without root: a user namespace, no limits"),
	{0},
};

static const struct spec_options defaults = {0};

static int write_all(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		text += put;
		length -= (size_t)put;
	}
	return 0;
}

static int save(int dir, const char *name, const char *text, struct error *err)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0 && errno == EEXIST)
		return fail(err, 0, "File %.1000s exists. Remove it first", name);
	if (fd < 0)
		return fail(err, errno, "create \"%.1000s\"", name);

	int ret = write_all(fd, text);
	int code = errno;

	if (close(fd) < 0 && ret == 0) {
		code = errno;
		ret = -1;
	}
	if (ret == 0)
		return 0;
	(void)unlinkat(dir, name, 0); /* half a configuration is worse than none */
	return fail(err, code, "write \"%.1000s\"", name);
}

static int spec(const struct call *call, int *ret_status, struct error *err)
{
	const struct spec_options *given = call->options;
	const char *bundle = given->bundle ? given->bundle : ".";
	char *json = NULL;
	int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return fail(err, errno, "open bundle \"%.1000s\"", bundle);

	int ret = mayfly_spec(given->rootless, &json, err);

	if (ret == 0)
		ret = save(dir, given->config ? given->config : "config.json", json, err);
	free(json);
	close(dir);
	return ret;
}

const struct command command_spec = {
	.name = "spec",
	.arguments = "",
	.purpose = "Write a config.json to start from.",
	.example = "mayfly spec --bundle /srv/bundle",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.run = spec,
};
