/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to a spec; whatever is accepted keeps the promises of the headers. */
#include "oci/spec.h"

#include "tests/fuzz/fuzz.h"

#include <linux/mount.h>

static void check_ids(const struct oci_id_mapping *mappings, size_t count)
{
	MUST(count <= OCI_ID_MAPPINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		MUST(mappings[i].size > 0);
		MUST((uint64_t)mappings[i].container_id + mappings[i].size <= UINT32_MAX);
		MUST((uint64_t)mappings[i].host_id + mappings[i].size <= UINT32_MAX);
	}
}

static void check_mount(const struct oci_mount *mount, struct arena *arena)
{
	struct oci_mount_options options;
	struct error err = {0};

	must_be_normal(mount->destination);
	MUST(strcmp(mount->destination, "/") != 0);
	MUST(oci_mount_options(mount, &options, arena, &err) == 0);
	MUST(!(options.set & options.clear));
	MUST(!((options.set | options.clear) & (MS_BIND | MS_REC | MS_REMOUNT)));
	MUST(!options.recursive || options.bind);
	MUST(options.n_propagation <= mount->n_options);
	MUST(!options.data || options.data[0]);
	MUST(!mount->n_uid_mappings == !mount->n_gid_mappings);
	check_ids(mount->uid_mappings, mount->n_uid_mappings);
	check_ids(mount->gid_mappings, mount->n_gid_mappings);
	if (strncmp(mount->destination, "/proc", 5) == 0 && mount->destination[5] == '/')
		MUST(options.bind);
}

static void check_process(const struct oci_process *process)
{
	MUST(process->user.uid != UINT32_MAX && process->user.gid != UINT32_MAX);
	for (size_t i = 0; i < process->user.n_additional_gids; i++)
		MUST(process->user.additional_gids[i] != UINT32_MAX);
	MUST(process->n_args > 0 && process->args[0][0]);
	MUST(process->cwd[0] == '/');
	for (size_t i = 0; i < process->n_env; i++)
		MUST(strchr(process->env[i], '=') > process->env[i]);
	for (size_t i = 0; i < process->n_rlimits; i++)
		MUST(process->rlimits[i].soft <= process->rlimits[i].hard);
	if (process->capabilities)
		MUST(!(process->capabilities->ambient & ~process->capabilities->permitted));
}

static void check_linux(const struct oci_linux *section)
{
	for (size_t i = 0; i < section->n_namespaces; i++)
		MUST(oci_namespace_find(section, section->namespaces[i].type) ==
			&section->namespaces[i]);
	check_ids(section->uid_mappings, section->n_uid_mappings);
	check_ids(section->gid_mappings, section->n_gid_mappings);
	for (size_t i = 0; i < section->n_devices; i++)
		must_be_normal(section->devices[i].path);
	for (size_t i = 0; i < section->n_masked_paths; i++)
		must_be_normal(section->masked_paths[i]);
	for (size_t i = 0; i < section->n_sysctl; i++) {
		char path[512];

		MUST(snprintf(path, sizeof(path), "/%s", section->sysctl[i].key) < 300);
		must_be_normal(path);
		MUST(!strchr(section->sysctl[i].value, '\n'));
	}
	for (size_t i = 0; section->seccomp && i < section->seccomp->n_syscalls; i++)
		MUST(section->seccomp->syscalls[i].n_args <= 6);
	for (size_t i = 0; section->resources && i < section->resources->n_devices; i++)
		MUST(section->resources->devices[i].access);
	for (size_t i = 0; section->resources && i < section->resources->n_unified; i++)
		MUST(!strchr(section->resources->unified[i].key, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = 64 * 1024 * 1024};
	struct error err = {0};
	struct oci_spec *spec = NULL;
	int result = oci_spec_parse((const char *)data, size, &arena, &spec, &err);

	must_fail_well(result, &err);
	if (result == 0) {
		MUST(spec->root && spec->root->path[0] && spec->linux &&
			spec->oci_version[0] == '1');
		for (size_t i = 0; i < spec->n_mounts; i++)
			check_mount(&spec->mounts[i], &arena);
		if (spec->process)
			check_process(spec->process);
		check_linux(spec->linux);
	}
	arena_free(&arena);
	return 0;
}
