/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI features object, printed from the same name tables that the decoder uses. */
#include "oci/features.h"

#include "oci/fields.h"
#include "oci/json_write.h"

static void put_names(struct json_writer *writer, const char *key, const struct name *names)
{
	json_open(writer, key, '[');
	for (; names->name; names++)
		json_put_text(writer, NULL, names->name);
	json_close(writer, ']');
}

static void put_keys(struct json_writer *writer, const char *key, const struct field *fields)
{
	json_open(writer, key, '[');
	for (; fields->key; fields++)
		json_put_text(writer, NULL, fields->key);
	json_close(writer, ']');
}

static void put_enabled(struct json_writer *writer, const char *key, bool enabled)
{
	json_open(writer, key, '{');
	json_put_bool(writer, "enabled", enabled);
	json_close(writer, '}');
}

static void put_seccomp(struct json_writer *writer, const struct oci_features *features)
{
	json_open(writer, "seccomp", '{');
	json_put_bool(writer, "enabled", features->libseccomp_version != NULL);
	if (features->libseccomp_version) {
		put_names(writer, "actions", oci_seccomp_action_names);
		put_names(writer, "operators", oci_seccomp_op_names);
		put_names(writer, "archs", oci_seccomp_arch_names);
		put_names(writer, "knownFlags", oci_seccomp_flag_names);
		json_open(writer, "supportedFlags", '[');
		for (const struct name *flag = oci_seccomp_flag_names; flag->name; flag++)
			if (features->seccomp_supported_flags & flag->value)
				json_put_text(writer, NULL, flag->name);
		json_close(writer, ']');
	}
	json_close(writer, '}');
}

static void put_linux(struct json_writer *writer, const struct oci_features *features)
{
	json_open(writer, "linux", '{');
	put_names(writer, "namespaces", oci_namespace_names);
	put_names(writer, "capabilities", oci_capability_names);
	json_open(writer, "cgroup", '{');
	json_put_bool(writer, "v1", false);
	json_put_bool(writer, "v2", true);
	json_put_bool(writer, "systemd", features->systemd);
	json_put_bool(writer, "systemdUser", features->systemd_user);
	json_put_bool(writer, "rdma", true);
	json_close(writer, '}');
	put_seccomp(writer, features);
	put_enabled(writer, "apparmor", true);
	put_enabled(writer, "selinux", true);
	json_open(writer, "intelRdt", '{');
	json_put_bool(writer, "enabled", true);
	json_put_bool(writer, "schemata", true);
	json_put_bool(writer, "monitoring", true);
	json_close(writer, '}');
	json_open(writer, "memoryPolicy", '{');
	put_names(writer, "modes", oci_memory_policy_mode_names);
	put_names(writer, "flags", oci_memory_policy_flag_names);
	json_close(writer, '}');
	json_open(writer, "mountExtensions", '{');
	put_enabled(writer, "idmap", true);
	json_close(writer, '}');
	put_enabled(writer, "netDevices", true);
	json_close(writer, '}');
}

/* Ours: what one request can be held to. Readers of the document ignore keys they do not know.
 */
static void put_ephemeral(struct json_writer *writer, const struct oci_features *features)
{
	json_open(writer, "ephemeral", '{');
	json_put_text(writer, "request", "mayfly.request/v1");
	json_put_text(writer, "result", "mayfly.result/v1");
	json_open(writer, "limits", '{');
	for (size_t i = 0; i < features->n_limits; i++) {
		const struct oci_feature_limit *limit = &features->limits[i];

		json_open(writer, limit->key, '{');
		json_put_text(writer, "status", limit->status);
		json_put_optional_text(writer, "reason", limit->reason);
		json_close(writer, '}');
	}
	json_close(writer, '}');
	json_close(writer, '}');
}

int oci_features_print(const struct oci_features *features, struct arena *arena,
	const char **ret, struct error *err)
{
	/* Annotations that change more than a label; a name that ends in '.' is a prefix. */
	static const char *const unsafe[] = {
		"dev.mayfly.", "org.systemd.property.", "run.oci."};
	struct json_writer writer;

	json_start(&writer, arena, "  ");
	json_open(&writer, NULL, '{');
	json_put_text(&writer, "ociVersionMin", "1.0.0");
	json_put_text(&writer, "ociVersionMax", OCI_VERSION);
	put_keys(&writer, "hooks", hooks_fields);
	put_names(&writer, "mountOptions", oci_mount_option_names);
	put_linux(&writer, features);
	json_open(&writer, "annotations", '{');
	/* The runc that mayfly behaves like: what callers compare before they use a feature. */
	json_put_text(&writer, "org.opencontainers.runc.version", "1.3.0");
	if (features->checkpoint)
		json_put_text(&writer, "org.opencontainers.runc.checkpoint.enabled", "true");
	if (features->libseccomp_version)
		json_put_text(&writer, "io.github.seccomp.libseccomp.version",
			features->libseccomp_version);
	json_close(&writer, '}');
	json_put_texts(&writer, "potentiallyUnsafeConfigAnnotations", unsafe,
		sizeof(unsafe) / sizeof(*unsafe));
	put_ephemeral(&writer, features);
	json_close(&writer, '}');
	json_end_line(&writer);
	return json_finish(&writer, ret, err);
}
