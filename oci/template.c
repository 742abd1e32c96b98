/* SPDX-License-Identifier: Apache-2.0 */
/* The default config.json of "mayfly spec": what "runc spec" writes. */
#include "oci/template.h"

#include "oci/json_write.h"
#include "oci/spec.h"

#include <string.h>

/* A list of words without a count: it ends in NULL. */
static void put_words(struct json_writer *writer, const char *key, const char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	json_put_texts(writer, key, words, count);
}

static void put_process(struct json_writer *writer)
{
	static const char *const args[] = {"sh", NULL};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm",
		NULL,
	};
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	static const char *const capabilities[] = {
		"CAP_AUDIT_WRITE",
		"CAP_KILL",
		"CAP_NET_BIND_SERVICE",
		NULL,
	};

	json_open(writer, "process", '{');
	json_put_bool(writer, "terminal", true);
	json_open(writer, "user", '{');
	json_put_unsigned(writer, "uid", 0);
	json_put_unsigned(writer, "gid", 0);
	json_close(writer, '}');
	put_words(writer, "args", args);
	put_words(writer, "env", env);
	json_put_text(writer, "cwd", "/");
	json_open(writer, "capabilities", '{');
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		put_words(writer, sets[i], capabilities);
	json_close(writer, '}');
	json_open(writer, "rlimits", '[');
	json_open(writer, NULL, '{');
	json_put_text(writer, "type", "RLIMIT_NOFILE");
	json_put_unsigned(writer, "hard", 1024);
	json_put_unsigned(writer, "soft", 1024);
	json_close(writer, '}');
	json_close(writer, ']');
	json_put_bool(writer, "noNewPrivileges", true);
	json_close(writer, '}');
}

struct mount_row {
	const char *destination, *type, *source;
	const char *options[8];
};

static const struct mount_row mounts[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts",
		{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

/* A new sysfs needs a network namespace of its own, which a rootless container does not get. */
static const struct mount_row rootless_sys = {
	"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};

static void put_mounts(struct json_writer *writer, bool rootless)
{
	json_open(writer, "mounts", '[');
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		const struct mount_row *row = &mounts[i];

		if (rootless && strcmp(row->destination, "/sys") == 0)
			row = &rootless_sys;
		json_open(writer, NULL, '{');
		json_put_text(writer, "destination", row->destination);
		json_put_text(writer, "type", row->type);
		json_put_text(writer, "source", row->source);
		if (row->options[0])
			json_open(writer, "options", '[');
		for (const char *const *option = row->options; *option; option++)
			/* only the caller's own ids are mapped */
			if (!rootless ||
				(strncmp(*option, "uid=", 4) && strncmp(*option, "gid=", 4)))
				json_put_text(writer, NULL, *option);
		if (row->options[0])
			json_close(writer, ']');
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void put_mapping(struct json_writer *writer, const char *key, uint32_t host_id)
{
	json_open(writer, key, '[');
	json_open(writer, NULL, '{');
	json_put_unsigned(writer, "containerID", 0);
	json_put_unsigned(writer, "hostID", host_id);
	json_put_unsigned(writer, "size", 1);
	json_close(writer, '}');
	json_close(writer, ']');
}

static void put_resources(struct json_writer *writer)
{
	json_open(writer, "resources", '{');
	json_open(writer, "devices", '[');
	json_open(writer, NULL, '{');
	json_put_bool(writer, "allow", false);
	json_put_text(writer, "access", "rwm");
	json_close(writer, '}');
	json_close(writer, ']');
	json_close(writer, '}');
}

static void put_linux(struct json_writer *writer, const struct oci_template *template)
{
	static const char *const rooted[] = {
		"pid", "network", "ipc", "uts", "mount", "cgroup", NULL};
	static const char *const rootless[] = {
		"pid", "ipc", "uts", "mount", "cgroup", "user", NULL};
	static const char *const masked[] = {
		"/proc/acpi",
		"/proc/asound",
		"/proc/kcore",
		"/proc/keys",
		"/proc/latency_stats",
		"/proc/timer_list",
		"/proc/timer_stats",
		"/proc/sched_debug",
		"/sys/firmware",
		"/proc/scsi",
		NULL,
	};
	static const char *const readonly[] = {
		"/proc/bus",
		"/proc/fs",
		"/proc/irq",
		"/proc/sys",
		"/proc/sysrq-trigger",
		NULL,
	};

	json_open(writer, "linux", '{');
	if (template->rootless) {
		put_mapping(writer, "uidMappings", template->uid);
		put_mapping(writer, "gidMappings", template->gid);
	} else {
		put_resources(writer);
	}
	json_open(writer, "namespaces", '[');
	for (const char *const *type = template->rootless ? rootless : rooted; *type; type++) {
		json_open(writer, NULL, '{');
		json_put_text(writer, "type", *type);
		json_close(writer, '}');
	}
	json_close(writer, ']');
	put_words(writer, "maskedPaths", masked);
	put_words(writer, "readonlyPaths", readonly);
	json_close(writer, '}');
}

int oci_template_print(const struct oci_template *template, struct arena *arena,
	const char **ret, struct error *err)
{
	struct json_writer writer;

	json_start(&writer, arena, "\t");
	json_open(&writer, NULL, '{');
	json_put_text(&writer, "ociVersion", OCI_VERSION);
	put_process(&writer);
	json_open(&writer, "root", '{');
	json_put_text(&writer, "path", "rootfs");
	json_put_bool(&writer, "readonly", true);
	json_close(&writer, '}');
	json_put_text(&writer, "hostname", "mayfly");
	put_mounts(&writer, template->rootless);
	put_linux(&writer, template);
	json_close(&writer, '}');
	json_end_line(&writer);
	return json_finish(&writer, ret, err);
}
