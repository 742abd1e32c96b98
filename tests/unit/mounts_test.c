/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: destinations, option words, maps, what may be on /proc. */
#include "tests/unit/config.h"

#include <linux/mount.h>

#define ON(DESTINATION, MORE) ROOT("\"mounts\":[{\"destination\":\"" DESTINATION "\"" MORE "}]")
#define BIND		      ",\"options\":[\"bind\"]"
#define MAPPED		      "\"containerID\":0,\"hostID\":5,\"size\":1"

static const struct config_case cases[] = {
	{"a mount", ON("/x", ",\"type\":\"tmpfs\",\"options\":[]")},
	{"destination is missing", ROOT("\"mounts\":[{}]"),
		"mounts[0].destination: is missing"},
	{"destination is empty", ON("", ""), "mounts[0].destination: is empty"},
	{"destination is /", ON("/", ""),
		"mounts[0].destination: a mount on / would hide the root filesystem"},
	{"destination is / after all", ON("/a/../..//.", ""),
		"mounts[0].destination: a mount on / would hide the root filesystem"},
	{"destination is relative", ON("x", "")},
	{"proc on /proc", ON("/proc", ",\"type\":\"proc\"")},
	{"a bind on /proc", ON("/proc", BIND)},
	{"tmpfs on /proc", ON("/proc", ",\"type\":\"tmpfs\""),
		"mounts[0]: only a mount of type proc or a bind may be on /proc"},
	{"proc elsewhere", ON("/newproc", ",\"type\":\"proc\""),
		"mounts[0]: a mount of type proc may only be on /proc"},
	{"a bind that says proc", ON("/x", ",\"type\":\"proc\"" BIND)},
	{"an LXCFS file", ON("/proc/meminfo", BIND)},
	{"an LXCFS file as tmpfs", ON("/proc/meminfo", ",\"type\":\"tmpfs\""),
		"mounts[0]: a mount on \"/proc/meminfo\" is not allowed, because it is inside "
		"/proc"},
	{"a bind on /proc/self", ON("/proc/self/attr", BIND),
		"mounts[0]: a mount on \"/proc/self/attr\" is not allowed, because it is "
		"inside /proc"},
	{"a detour into /proc", ON("/tmp/../proc/./sys", BIND),
		"mounts[0]: a mount on \"/proc/sys\" is not allowed, because it is inside "
		"/proc"},
	{"not /proc", ON("/process", BIND)},
	{"options is text", MOUNT("\"options\":\"ro\""),
		"mounts[0].options: expected an array, found a string"},
	{"a bind with a file system's data",
		MOUNT("\"options\":[\"bind\",\"mode=755\",\"size=1\"]")},
	{"a bind with a word nobody knows",
		MOUNT("\"options\":[\"bind\",\"size=1\",\"nosiud\"]"),
		"mounts[0]: bind mounts cannot have any filesystem-specific options applied: "
		"\"size=1,nosiud\""},
	{"tmpcopyup elsewhere", MOUNT("\"type\":\"proc2\",\"options\":[\"tmpcopyup\"]"),
		"mounts[0]: \"tmpcopyup\" is only for a mount of type tmpfs"},
	{"idmap with words",
		MOUNT("\"options\":[\"bind\",\"idmap=uids=0-1-2#5-9-1;gids=0-1-2\"]")},
	{"idmap with half the words", MOUNT("\"options\":[\"bind\",\"idmap=uids=0-1-2\"]"),
		"mounts[0]: the option \"idmap=uids=0-1-2\" must have both uids= and gids="},
	{"idmap with a bad triple",
		MOUNT("\"options\":[\"bind\",\"ridmap=uids=0-1;gids=0-1-2\"]"),
		"~mounts[0]: the option \"idmap=uids=0-1;gids=0-1-2\": not triples"},
	{"idmap with ids of a container that has none",
		MOUNT("\"options\":[\"bind\",\"idmap=uids=@0-1-2;gids=0-1-2\"]"),
		"mounts[0]: the ids 1 to 2 of the container are not in one line of its map"},
	{"one map without the other", MOUNT("\"uidMappings\":[{" MAPPED "}]"),
		"mounts[0]: uidMappings and gidMappings must be given together"},
	{"a map of size 0",
		MOUNT("\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":0}],"
		      "\"gidMappings\":[{" MAPPED "}]"),
		"mounts[0].uidMappings[0]: the size is 0"},
	{"a group map of size 0",
		MOUNT("\"gidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":0}],"
		      "\"uidMappings\":[{" MAPPED "}]"),
		"mounts[0].gidMappings[0]: the size is 0"},
	{"maps", MOUNT("\"uidMappings\":[{" MAPPED "}],\"gidMappings\":[{" MAPPED "}]")},
	{"idmap without a map", MOUNT("\"options\":[\"bind\",\"idmap\"]"),
		"mounts[0]: idmap needs uidMappings and gidMappings, or a user namespace"},
	{"idmap with a user namespace", ISOLATED("\"x\":0},\"mounts\":[{\"destination\":\"/"
						 "x\",\"options\":[\"bind\",\"idmap\"]}],"
						 "\"y\":{\"z\":1")},
};

struct option_case {
	const char *words; /* with spaces between */
	struct oci_mount_options wanted;
	uint32_t propagation[3];
};

static const struct option_case option_cases[] = {
	{"", {0}},
	{"defaults", {0}},
	{"ro nosuid", {.set = MS_RDONLY | MS_NOSUID}},
	{"ro rw", {.clear = MS_RDONLY}},
	{"rw ro", {.set = MS_RDONLY}},
	{"suid dev exec async nomand",
		{.clear = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_MANDLOCK}},
	{"nosymfollow lazytime", {.set = MS_NOSYMFOLLOW | MS_LAZYTIME}},
	{"bind", {.bind = true}},
	{"rbind ro", {.bind = true, .recursive = true, .set = MS_RDONLY}},
	{"remount", {.remount = true}},
	{"acl size=5 mode=755", {.data = "acl,size=5,mode=755"}},
	{"RO", {.data = "RO"}},
	{"rshared slave runbindable", {.n_propagation = 3},
		{MS_SHARED | MS_REC, MS_SLAVE, MS_UNBINDABLE | MS_REC}},
	{"rro", {.has_recursive_attributes = true, .attr_set = MOUNT_ATTR_RDONLY}},
	{"rro rrw", {.has_recursive_attributes = true, .attr_clear = MOUNT_ATTR_RDONLY}},
	{"rrelatime", {.has_recursive_attributes = true, .attr_clear = MOUNT_ATTR__ATIME}},
	{"rnoatime", {.has_recursive_attributes = true,
			     .attr_clear = MOUNT_ATTR__ATIME,
			     .attr_set = MOUNT_ATTR_NOATIME}},
	{"rnoatime rstrictatime", {.has_recursive_attributes = true,
					  .attr_clear = MOUNT_ATTR__ATIME,
					  .attr_set = MOUNT_ATTR_STRICTATIME}},
	{"rnoatime ratime",
		{.has_recursive_attributes = true, .attr_clear = MOUNT_ATTR__ATIME}},
	{"rnorelatime", {.has_recursive_attributes = true}},
	{"rnosuid rsymfollow", {.has_recursive_attributes = true,
				       .attr_set = MOUNT_ATTR_NOSUID,
				       .attr_clear = MOUNT_ATTR_NOSYMFOLLOW}},
	{"idmap", {.idmap = OCI_IDMAP}},
	{"ridmap idmap", {.idmap = OCI_IDMAP_RECURSIVE}},
	{"tmpcopyup", {.tmpcopyup = true}},
	{"copy-symlink src-nofollow dest-nofollow",
		{.copy_symlink = true, .source_nofollow = true, .target_nofollow = true}},
};

static bool same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

static bool same_options(
	const struct oci_mount_options *left, const struct oci_mount_options *right)
{
	return left->set == right->set && left->clear == right->clear &&
	       left->bind == right->bind && left->recursive == right->recursive &&
	       left->remount == right->remount && left->n_propagation == right->n_propagation &&
	       left->attr_set == right->attr_set && left->attr_clear == right->attr_clear &&
	       left->has_recursive_attributes == right->has_recursive_attributes &&
	       left->idmap == right->idmap && left->tmpcopyup == right->tmpcopyup &&
	       left->copy_symlink == right->copy_symlink &&
	       left->source_nofollow == right->source_nofollow &&
	       left->target_nofollow == right->target_nofollow &&
	       same_text(left->data, right->data);
}

static void test_options(void)
{
	for (size_t i = 0; i < sizeof(option_cases) / sizeof(*option_cases); i++) {
		const struct option_case *row = &option_cases[i];
		const char *words[8];
		struct oci_mount mount = {
			.destination = "/x", .type = "tmpfs", .options = words};
		struct oci_mount_options options = {0};
		struct arena arena = {0};
		struct error err = {0};
		char *copy = strdup(row->words), *rest = copy, *word;

		while ((word = strsep(&rest, " ")))
			words[mount.n_options++] = word;
		is_result(oci_mount_options(&mount, &options, &arena, &err), &err, NULL,
			row->words);
		is_true(same_options(&options, &row->wanted), "options \"%s\"", row->words);
		for (size_t j = 0; j < options.n_propagation; j++)
			is_number(options.propagation[j], row->propagation[j], "propagation");
		arena_free(&arena);
		free(copy);
	}
}

/* features prints the table as it is, and callers search it for "rro". */
static void test_names(void)
{
	size_t count = 1;

	for (; oci_mount_option_names[count].name; count++)
		is_true(strcmp(oci_mount_option_names[count - 1].name,
				oci_mount_option_names[count].name) < 0,
			"\"%s\" is in order", oci_mount_option_names[count].name);
	is_true(name_find(oci_mount_option_names, "rro") != NULL, "rro is known");
	is_number(count, 65, "words");
}

static void test_paths(void)
{
	static const char *const paths[][2] = {
		{"/", "/"},
		{"", "/"},
		{".", "/"},
		{"..", "/"},
		{"/..", "/"},
		{"/../..", "/"},
		{"/a", "/a"},
		{"a", "/a"},
		{"/a/", "/a"},
		{"//a//b//", "/a/b"},
		{"/a/./b/.", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/b/../../..", "/"},
		{"/a/b/..", "/a"},
		{"/a/...", "/a/..."},
		{"/a/..b", "/a/..b"},
		{"a/../../b", "/b"},
	};
	struct arena arena = {0};
	struct error err = {0};
	const char *path;
	char *large = malloc(4098);

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		path = NULL;
		is_result(oci_normal_path(paths[i][0], &arena, &path, &err), &err, NULL,
			paths[i][0]);
		is_text(path, paths[i][1], paths[i][0]);
	}
	memset(large, 'a', 4097);
	large[4096] = '\0';
	is_result(oci_normal_path(large, &arena, &path, &err), &err,
		"a path is longer than 4095 bytes", "a path of 4096 bytes");
	large[4095] = '\0';
	is_result(oci_normal_path(large, &arena, &path, &err), &err, NULL,
		"a path of 4095 bytes");
	arena_free(&arena);
	free(large);
}

static void test_relative(void)
{
	static const char text[] = ON("data/../x", "");
	struct arena arena = {0};
	struct error err = {0};
	struct oci_spec *spec;

	if (is_result(oci_spec_parse(text, strlen(text), &arena, &spec, &err), &err, NULL,
		    "a relative destination")) {
		is_text(spec->mounts[0].destination, "/x", "is taken from /");
		is_number(spec->warnings.n_texts, 1, "with a warning");
		is_true(!spec->mounts[0].options, "absent options are NULL");
	}
	arena_free(&arena);
}

int main(void)
{
	RUN_CONFIG_CASES(cases);
	test_options();
	test_names();
	test_paths();
	test_relative();
	return tap_end();
}
