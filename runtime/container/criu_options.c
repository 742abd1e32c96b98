/* SPDX-License-Identifier: Apache-2.0 */
/* The options of checkpoint and restore as criu's own words. */
#include "runtime/container/criu_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROW(member, word)                                                                      \
	{                                                                                      \
		offsetof(struct mayfly_criu, member), word                                     \
	}

static const struct {
	size_t member; /* a bool */
	const char *word;
} words[] = {
	ROW(tcp_established, "--tcp-established"),
	ROW(tcp_skip_in_flight, "--skip-in-flight"),
	ROW(tcp_close, "--tcp-close"),
	ROW(ext_unix_sk, "--ext-unix-sk"),
	ROW(shell_job, "--shell-job"),
	ROW(file_locks, "--file-locks"),
	ROW(link_remap, "--link-remap"),
	ROW(auto_dedup, "--auto-dedup"),
};

/* What mayfly does is "soft": the cgroup is made from the config, as at create. */
static int check_cgroups_mode(const char *mode, struct error *err)
{
	if (!mode || !*mode || !strcmp(mode, "soft") || !strcmp(mode, "ignore"))
		return 0;
	if (!strcmp(mode, "full") || !strcmp(mode, "strict"))
		return fail(err, 0,
			"--manage-cgroups-mode %s is not supported: the cgroup of a restored "
			"container is made from its config.json; use soft",
			mode);
	return fail(err, 0, "invalid value \"%.100s\" for flag --manage-cgroups-mode", mode);
}

int criu_options_check(const struct mayfly_criu *options, struct error *err)
{
	if (!criu_path())
		return fail(err, 0, "criu is not installed (Debian: apt-get install criu)");
	if (options->lazy_pages)
		return fail(err, 0,
			"--lazy-pages is not supported: mayfly starts no daemon that would "
			"hand out the pages");
	if (options->empty_ns && strcmp(options->empty_ns, "network") != 0)
		return fail(err, 0,
			"--empty-ns: only \"network\" can be left empty, not \"%.64s\"",
			options->empty_ns);
	return check_cgroups_mode(options->manage_cgroups_mode, err);
}

int criu_options_add(struct criu *criu, const struct mayfly_criu *options, struct error *err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (*(const bool *)((const char *)options + words[i].member) &&
			criu_add(criu, err, words[i].word, NULL) < 0)
			return -1;
	if (options->empty_ns && criu_add(criu, err, "--empty-ns", "net") < 0)
		return -1;
	if (options->lsm_profile &&
		criu_add(criu, err, "--lsm-profile", "%s", options->lsm_profile) < 0)
		return -1;
	if (options->lsm_mount_context && criu_add(criu, err, "--lsm-mount-context", "%s",
						  options->lsm_mount_context) < 0)
		return -1;
	if (options->network_lock &&
		criu_add(criu, err, "--network-lock", "%s", options->network_lock) < 0)
		return -1;
	return 0;
}

int criu_directory(struct arena *arena, const char *path, const char **ret, struct error *err)
{
	char *absolute;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(err, errno, "make the directory \"%s\"", path);
	absolute = realpath(path, NULL);
	if (!absolute)
		return fail(err, errno, "the directory \"%s\"", path);
	*ret = arena_text(arena, absolute);
	free(absolute);
	return *ret ? 0 : fail(err, ENOMEM, "look for \"%s\"", path);
}

int mayfly_can_checkpoint(struct error *err)
{
	const struct mayfly_criu nothing = {0};

	return criu_options_check(&nothing, err);
}
