/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.sysctl: only what a namespace of the container keeps for itself, because everything
 * else under /proc/sys is the host's.
 */
#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct sysctl_row {
	const char *path;    /* ends in '/' when all below it are meant */
	uint32_t namespace;  /* CLONE_NEW* it belongs to; 0: never allowed */
	const char *missing; /* what to say when the container has no such namespace */
};

static const char host_ipc[] = "is not allowed in the hosts ipc namespace";

static const struct sysctl_row rows[] = {
	{"fs/mqueue/", CLONE_NEWIPC, host_ipc},
	{"kernel/msgmax", CLONE_NEWIPC, host_ipc},
	{"kernel/msgmnb", CLONE_NEWIPC, host_ipc},
	{"kernel/msgmni", CLONE_NEWIPC, host_ipc},
	{"kernel/sem", CLONE_NEWIPC, host_ipc},
	{"kernel/shm_rmid_forced", CLONE_NEWIPC, host_ipc},
	{"kernel/shmall", CLONE_NEWIPC, host_ipc},
	{"kernel/shmmax", CLONE_NEWIPC, host_ipc},
	{"kernel/shmmni", CLONE_NEWIPC, host_ipc},
	{"net/", CLONE_NEWNET, "is not allowed in host network namespace"},
	{"kernel/domainname", CLONE_NEWUTS, "is not allowed in the hosts uts namespace"},
	{"kernel/hostname", 0, "is not allowed: use the hostname field"},
	{"user/", CLONE_NEWUSER, "is not allowed in the hosts user namespace"},
};

/*
 * "net.ipv4.ip_forward" to "net/ipv4/ip_forward". The first separator decides which of the two
 * is the separator; the other one then stands for a '.' in a name, as in sysctl(8).
 */
static int to_path(const char *key, struct arena *arena, const char **ret, struct error *err)
{
	char *path = arena_text(arena, key);

	if (!path)
		return fail(err, ENOMEM, "read the configuration");
	if (!text_consists_of(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-/"))
		return fail(err, 0, "has a character that is in no name of a sysctl");
	if (strlen(key) > 255)
		return fail(err, 0, "is longer than 255 bytes");
	if (key[strcspn(key, "./")] == '.')
		for (char *at = path; *at; at++)
			*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		bool dots = (length == 1 || length == 2) && strspn(at, ".") >= length;

		if (length == 0 || dots || (at[length] && !at[length + 1]))
			return fail(err, 0, "is not the name of a sysctl");
		at += length + (at[length] == '/');
	}
	*ret = path;
	return 0;
}

static const struct sysctl_row *find_row(const char *path)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct sysctl_row *row = &rows[i];
		bool directory = row->path[strlen(row->path) - 1] == '/';

		if (directory ? text_starts(path, row->path) : text_equal(path, row->path))
			return row;
	}
	return NULL;
}

uint32_t oci_sysctl_namespace(const char *path)
{
	const struct sysctl_row *row = find_row(path);

	return row ? row->namespace : 0;
}

static int check_allowed(
	const struct oci_spec *spec, const char *key, const char *path, struct error *err)
{
	const struct sysctl_row *row = find_row(path);

	if (!row)
		return fail(err, 0, "sysctl \"%s\" is not in a separate kernel namespace", key);
	if (row->namespace == 0 || !oci_namespace_find(spec->linux, row->namespace))
		return fail(err, 0, "sysctl \"%s\" %s", key, row->missing);
	return 0;
}

static int check_value(
	const struct oci_spec *spec, const char *path, const char *value, struct error *err)
{
	if (check_line(value, err) < 0) {
		error_while(err, "the value");
		return -1;
	}
	/* CVE-2022-0811: to other programs that get this list, '+' begins another sysctl. */
	if (strchr(value, '+'))
		return fail(err, 0, "the value contains '+'");
	if (text_equal(path, "kernel/domainname") && spec->domainname &&
		!text_equal(value, spec->domainname))
		return fail(err, 0, "the value contradicts the domainname field");
	return 0;
}

static int compare_pairs(const void *left, const void *right)
{
	return strcmp(
		((const struct oci_pair *)left)->key, ((const struct oci_pair *)right)->key);
}

/* Two spellings of one name are one key given twice. */
static int check_spellings(
	struct decode *decode, const struct oci_linux *section, struct error *err)
{
	struct oci_pair *sorted = arena_grow(decode->arena, section->sysctl, section->n_sysctl,
		section->n_sysctl, sizeof(*sorted));

	if (!sorted)
		return fail(err, ENOMEM, "read the configuration");
	if (section->n_sysctl)
		qsort(sorted, section->n_sysctl, sizeof(*sorted), compare_pairs);
	for (size_t i = 1; i < section->n_sysctl; i++) {
		if (!text_equal(sorted[i - 1].key, sorted[i].key))
			continue;
		(void)fail(err, 0, "\"%.128s\" is given twice", sorted[i].key);
		return fail_in(err, "linux.sysctl");
	}
	return 0;
}

int check_sysctl(struct decode *decode, struct oci_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->linux->n_sysctl; i++) {
		struct oci_pair *pair = &spec->linux->sysctl[i];
		const char *path;

		if (to_path(pair->key, decode->arena, &path, err) < 0 ||
			check_allowed(spec, pair->key, path, err) < 0 ||
			check_value(spec, path, pair->value, err) < 0)
			return fail_in(err, "linux.sysctl[\"%.64s\"]", pair->key);
		pair->key = path;
	}
	return check_spellings(decode, spec->linux, err);
}
