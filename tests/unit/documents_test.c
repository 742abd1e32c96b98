/* SPDX-License-Identifier: Apache-2.0 */
/* The documents mayfly writes by itself: features, and the config of "mayfly spec". */
#include "oci/features.h"
#include "oci/json.h"
#include "oci/spec.h"
#include "oci/template.h"
#include "tests/unit/tap.h"

static const struct json *at(const struct json *value, const char *path)
{
	char *copy = strdup(path), *rest = copy, *key;

	while (value && (key = strsep(&rest, "/")))
		value = value->kind == JSON_OBJECT ? json_find(value, key) : NULL;
	free(copy);
	return value;
}

static bool lists(const struct json *list, const char *word)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (strcmp(list->items[i].text, word) == 0)
			return true;
	return false;
}

static void test_features(void)
{
	static const struct oci_feature_limit limits[] = {
		{"wall_ns", "enforceable", NULL}, {"memory", "no", "no controller"}};
	static const struct oci_features facts = {.libseccomp_version = "2.5.4",
		.seccomp_supported_flags = 6,
		.limits = limits,
		.n_limits = 2};
	static const char *const keys[] = {"hooks", "mountOptions", "linux/namespaces",
		"linux/capabilities", "linux/cgroup/v2", "linux/seccomp/enabled",
		"linux/seccomp/actions", "linux/seccomp/operators", "linux/seccomp/archs",
		"linux/seccomp/knownFlags", "linux/apparmor/enabled", "linux/selinux/enabled",
		"linux/intelRdt/enabled", "linux/memoryPolicy/modes",
		"linux/memoryPolicy/flags", "linux/netDevices/enabled",
		"potentiallyUnsafeConfigAnnotations"};
	struct arena arena = {0};
	struct error err = {0};
	const struct json *root;
	const char *text;

	oci_features_print(&facts, &arena, &text, &err);
	if (!is_result(json_parse(text, strlen(text), &arena, &root, &err), &err, NULL,
		    "features"))
		return;
	is_text(at(root, "ociVersionMin")->text, "1.0.0", "ociVersionMin");
	is_text(at(root, "ociVersionMax")->text, "1.3.0", "ociVersionMax");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		is_true(at(root, keys[i]) != NULL, "%s", keys[i]);
	is_text(at(root, "ephemeral/limits/wall_ns/status")->text, "enforceable",
		"a limit that holds");
	is_text(at(root, "ephemeral/limits/memory/reason")->text, "no controller",
		"why one does not");
	/* what makes kubelet accept hostUsers: false, and Docker a recursive :ro */
	is_true(lists(at(root, "mountOptions"), "rro"), "rro");
	is_true(lists(at(root, "linux/namespaces"), "user"), "user namespaces");
	is_true(at(root, "linux/mountExtensions/idmap/enabled")->boolean, "idmapped mounts");
	is_number(at(root, "linux/capabilities")->count, 41, "capabilities");
	is_number(at(root, "linux/namespaces")->count, 8, "namespaces");
	is_number(at(root, "linux/seccomp/supportedFlags")->count, 2, "supported flags");
	is_text(json_find(at(root, "annotations"), "org.opencontainers.runc.version")->text,
		"1.3.0", "the runc it behaves like");
	is_true(!json_find(
			at(root, "annotations"), "org.opencontainers.runc.checkpoint.enabled"),
		"no checkpoints");
	arena_free(&arena);
}

static void test_template(bool rootless)
{
	const struct oci_template options = {.rootless = rootless, .uid = 1000, .gid = 1001};
	struct arena arena = {0};
	struct error err = {0};
	struct oci_spec *spec;
	const char *text;

	oci_template_print(&options, &arena, &text, &err);
	is_true(strstr(text, "{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n") == text,
		"indented with tabs");
	if (!is_result(oci_spec_parse(text, strlen(text), &arena, &spec, &err), &err, NULL,
		    rootless ? "spec --rootless" : "spec"))
		return;
	is_number(spec->warnings.n_texts, 0, "no warnings");
	is_number(spec->n_mounts, 7, "mounts");
	is_number(spec->linux->n_namespaces, 6, "namespaces");
	is_number(spec->linux->n_masked_paths, 10, "masked paths");
	is_number(spec->linux->n_readonly_paths, 5, "read-only paths");
	is_true(spec->process->terminal && spec->process->no_new_privileges, "flags");
	is_number(spec->process->capabilities->effective, 1 << 29 | 1 << 5 | 1 << 10,
		"capabilities");
	is_number(spec->linux->n_uid_mappings, rootless, "mappings");
	is_true(!spec->linux->resources == rootless, "limits");
	if (rootless)
		is_number(spec->linux->gid_mappings[0].host_id, 1001, "its own group");
	is_number(spec->mounts[2].n_options, rootless ? 5 : 6, "gid=5 only when it is mapped");
	is_text(spec->mounts[5].type, rootless ? "none" : "sysfs", "/sys");
	arena_free(&arena);
}

int main(void)
{
	test_features();
	test_template(false);
	test_template(true);
	return tap_end();
}
