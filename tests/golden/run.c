/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden tests: each directory holds a config.json and what is planned for it. The request and
 * the host are lines of key=value, with the defaults below, so that an old kernel or a user
 * without privileges is a case on any machine. tests/golden/README.md
 *
 *	run [--write] DIRECTORY...
 */
#include "oci/base/text.h"
#include "oci/spec.h"
#include "runtime/plan/plan.h"
#include "tests/golden/meetings.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct host default_host = {
	.can_set_ids = true,
	.can_mknod = true,
	.capabilities = (UINT64_C(1) << 41) - 1,
	.last_capability = 40,
	.cgroup = CGROUP_UNIFIED,
	.cgroup_mount = "/sys/fs/cgroup",
	.own_cgroup = "/",
	.controllers = CONTROLLER_CPUSET | CONTROLLER_CPU | CONTROLLER_IO | CONTROLLER_MEMORY |
		       CONTROLLER_HUGETLB | CONTROLLER_PIDS | CONTROLLER_RDMA | CONTROLLER_MISC,
	.has_time_namespace = true,
	.has_mount_setattr = true,
	.has_swap_accounting = true,
	.systemd = {.booted = true, .cgroup = ""},
};

static const struct request default_request = {
	.verb = REQUEST_CREATE,
	.id = "test",
	.bundle = "/bundle",
	.cgroup = "/test",
};

/* One case: everything it owns is in the arena. */
struct test {
	const char *directory;
	struct arena arena;
	struct host host;
	struct request request;
	struct wanted wanted;
	struct error err;
};

static int read_file(struct test *test, const char *name, char **ret, size_t *ret_length)
{
	char path[4096];
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/%s", test->directory, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fseek(file, 0, SEEK_END) < 0 || (size = ftell(file)) < 0 ||
		fseek(file, 0, SEEK_SET) < 0) {
		fclose(file);
		return -EIO;
	}
	*ret = arena_alloc(&test->arena, (size_t)size + 1);
	*ret_length = *ret ? fread(*ret, 1, (size_t)size, file) : 0;
	fclose(file);
	return *ret ? 0 : -ENOMEM;
}

static const struct name verbs[] = {
	{"create", REQUEST_CREATE},
	{"run", REQUEST_RUN},
	{"exec", REQUEST_EXEC},
	{0},
};

static const struct name layouts[] = {
	{"none", CGROUP_NONE},
	{"unified", CGROUP_UNIFIED},
	{"hybrid", CGROUP_HYBRID},
	{0},
};

/* A row names a member by its type. */
struct key {
	const char *name;
	bool *flag;
	unsigned int *number;
	const char **text;
	int *word;
	const struct name *words;
	uint64_t *mask; /* of namespaces by name, or of capabilities in hexadecimal */
	unsigned int *controllers;
};

static int set_mask(const struct key *key, const char *value)
{
	char copy[256];

	if (*value == '0') {
		*key->mask = strtoull(value, NULL, 16);
		return 0;
	}
	*key->mask = 0;
	snprintf(copy, sizeof(copy), "%s", value);
	for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
		const struct name *row = name_find(oci_namespace_names, word);

		if (!row)
			return -1;
		*key->mask |= row->value;
	}
	return 0;
}

static int set_controllers(const struct key *key, const char *value)
{
	static const struct name names[] = {
		{"cpuset", CONTROLLER_CPUSET},
		{"cpu", CONTROLLER_CPU},
		{"io", CONTROLLER_IO},
		{"memory", CONTROLLER_MEMORY},
		{"hugetlb", CONTROLLER_HUGETLB},
		{"pids", CONTROLLER_PIDS},
		{"rdma", CONTROLLER_RDMA},
		{"misc", CONTROLLER_MISC},
		{0},
	};
	char copy[256];

	*key->controllers = 0;
	snprintf(copy, sizeof(copy), "%s", value);
	for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
		const struct name *row = name_find(names, word);

		if (!row)
			return -1;
		*key->controllers |= (unsigned int)row->value;
	}
	return 0;
}

static int set_key(const struct key *keys, const char *name, const char *value)
{
	while (keys->name && strcmp(keys->name, name) != 0)
		keys++;
	if (!keys->name)
		return -1;
	if (keys->flag)
		*keys->flag = strcmp(value, "true") == 0;
	else if (keys->number)
		*keys->number = (unsigned int)strtoul(value, NULL, 10);
	else if (keys->text)
		*keys->text = value;
	else if (keys->mask)
		return set_mask(keys, value);
	else if (keys->controllers)
		return set_controllers(keys, value);
	else if (name_find(keys->words, value))
		*keys->word = (int)name_find(keys->words, value)->value;
	else
		return -1;
	return 0;
}

/* Lines of key=value; '#' begins a comment. A file that is not there changes nothing. */
static int read_keys(struct test *test, const char *file, const struct key *keys)
{
	char *text, *save = NULL;
	size_t length;

	if (read_file(test, file, &text, &length) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		if (*line == '#')
			continue;
		if (!value)
			return fail(&test->err, 0, "%s: no = in \"%s\"", file, line);
		*value++ = '\0';
		if (set_key(keys, line, value) < 0)
			return fail(&test->err, 0, "%s: bad key or value: \"%s\"", file, line);
	}
	return 0;
}

static int read_request(struct test *test)
{
	struct request *r = &test->request;
	const struct key keys[] = {
		{"verb", .word = (int *)&r->verb, .words = verbs},
		{"id", .text = &r->id},
		{"bundle", .text = &r->bundle},
		{"preserve_fds", .number = &r->preserve_fds},
		{"listen_fds", .number = &r->listen_fds},
		{"no_pivot", .flag = &r->no_pivot},
		{"no_new_keyring", .flag = &r->no_new_keyring},
		{"systemd_cgroup", .flag = &r->systemd_cgroup},
		{"allow_missing_controllers", .flag = &r->allow_missing_controllers},
		{"force_rootless", .flag = &r->force_rootless},
		{"cgroup", .text = &r->cgroup},
		{"base_mounts", .text = &r->base_mounts},
		{"join", .mask = &r->join_mask},
		{"has_chroot_only", .flag = &r->has_chroot_only},
		{0},
	};

	return read_keys(test, "request", keys);
}

static int read_host(struct test *test)
{
	struct host *h = &test->host;
	const struct key keys[] = {
		{"euid", .number = &h->euid},
		{"egid", .number = &h->egid},
		{"in_user_namespace", .flag = &h->in_user_namespace},
		{"can_set_ids", .flag = &h->can_set_ids},
		{"can_mknod", .flag = &h->can_mknod},
		{"capabilities", .mask = &h->capabilities},
		{"last_capability", .number = &h->last_capability},
		{"cgroup", .word = (int *)&h->cgroup, .words = layouts},
		{"cgroup_mount", .text = &h->cgroup_mount},
		{"own_cgroup", .text = &h->own_cgroup},
		{"controllers", .controllers = &h->controllers},
		{"bfq_weight", .flag = &h->bfq_weight},
		{"has_time_namespace", .flag = &h->has_time_namespace},
		{"has_mount_setattr", .flag = &h->has_mount_setattr},
		{"has_apparmor", .flag = &h->has_apparmor},
		{"is_apparmor_confined", .flag = &h->is_apparmor_confined},
		{"has_selinux", .flag = &h->has_selinux},
		{"resctrl", .text = &h->resctrl},
		{"has_kcore", .flag = &h->has_kcore},
		{"has_swap_accounting", .flag = &h->has_swap_accounting},
		{"systemd", .flag = &h->systemd.booted},
		{"user_manager", .flag = &h->systemd.user},
		{"manager_cgroup", .text = &h->systemd.cgroup},
		{0},
	};

	return read_keys(test, "host", keys);
}

static int read_config(struct test *test)
{
	struct oci_process *process;
	struct oci_spec *spec;
	size_t length;
	char *text;

	if (read_file(test, "config.json", &text, &length) < 0)
		return fail(&test->err, 0, "there is no config.json");
	if (oci_spec_parse(text, length, &test->arena, &spec, &test->err) < 0)
		return -1;
	test->wanted.spec = spec;
	test->wanted.process = spec->process;
	if (read_file(test, "process.json", &text, &length) < 0)
		return 0;
	if (oci_process_parse(text, length, &test->arena, &process, &test->err) < 0)
		return -1;
	test->wanted.process = process;
	return 0;
}

/* The text of the plan or of the error; *ret_name is the file it belongs in. */
static const char *make(struct test *test, const char **ret_name)
{
	char sentence[ERROR_WHERE_MAX + ERROR_WHAT_MAX];
	struct plan plan;

	*ret_name = "plan.txt";
	if (read_request(test) == 0 && read_host(test) == 0 && read_config(test) == 0 &&
		plan_build(&plan, &test->wanted, &test->arena, &test->err) == 0 &&
		check_meetings(&plan, &test->err) == 0 && check_slots(&plan, &test->err) == 0)
		return plan_print(&plan, &test->arena);
	*ret_name = "error.txt";
	error_print(&test->err, sentence, sizeof(sentence));
	return arena_format(&test->arena, "%s\n", sentence);
}

static bool store(struct test *test, const char *name, const char *text)
{
	const char *other = strcmp(name, "plan.txt") == 0 ? "error.txt" : "plan.txt";
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", test->directory, other);
	(void)unlink(path); /* most often it is not there */
	snprintf(path, sizeof(path), "%s/%s", test->directory, name);

	FILE *file = fopen(path, "we");

	if (!file)
		return false;
	fputs(text, file);
	return fclose(file) == 0;
}

static void show_difference(const char *want, const char *got)
{
	size_t line = 1, at = 0, start = 0;

	for (; want[at] && want[at] == got[at]; at++)
		if (want[at] == '\n') {
			line++;
			start = at + 1;
		}
	printf("# line %zu\n#  want: %.*s\n#  got:  %.*s\n", line,
		(int)strcspn(want + start, "\n"), want + start, (int)strcspn(got + start, "\n"),
		got + start);
}

static bool run(const char *directory, bool write)
{
	struct test test = {
		.directory = directory,
		.host = default_host,
		.request = default_request,
	};
	const char *name, *text;
	char *want = NULL;
	size_t length;
	bool good;

	test.wanted = (struct wanted){.request = &test.request, .host = &test.host};
	text = make(&test, &name);
	if (!text) {
		puts("# out of memory");
		good = false;
	} else if (write) {
		good = store(&test, name, text);
	} else if (read_file(&test, name, &want, &length) < 0) {
		printf("# there is no %s, which would be:\n# %.2000s\n", name, text);
		good = false;
	} else {
		good = strcmp(want, text) == 0;
		if (!good)
			show_difference(want, text);
	}
	arena_free(&test.arena);
	return good;
}

int main(int argc, char **argv)
{
	bool write = argc > 1 && strcmp(argv[1], "--write") == 0;
	int first = write ? 2 : 1, failed = 0;

	printf("1..%d\n", argc - first);
	for (int i = first; i < argc; i++) {
		size_t length = strlen(argv[i]);
		bool good = run(argv[i], write);

		/* The last component; a shell's pattern leaves a slash behind it. */
		while (length > 1 && argv[i][length - 1] == '/')
			argv[i][--length] = '\0';

		const char *slash = strrchr(argv[i], '/');

		failed += !good;
		printf("%sok %d - golden: %s\n", good ? "" : "not ", i - first + 1,
			slash ? slash + 1 : argv[i]);
	}
	return failed || argc == first;
}
