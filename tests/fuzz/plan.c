/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a plan: the first three choose verb and host, the rest is config.json. Whatever is
 * planned can be carried out without a side waiting for ever, and prints on clean lines.
 */
#include "runtime/plan/plan.h"

#include "tests/fuzz/fuzz.h"
#include "tests/golden/meetings.h"

static struct host choose_host(const uint8_t *data)
{
	return (struct host){
		.euid = data[0] & 1 ? 1000 : 0,
		.egid = data[0] & 1 ? 1000 : 0,
		.in_user_namespace = data[0] & 2,
		.can_set_ids = data[0] & 4,
		.can_mknod = data[0] & 8,
		.capabilities = data[0] & 16 ? 0xa80425fb : UINT64_MAX,
		.last_capability = 40,
		.cgroup = data[1] % 3,
		.cgroup_mount = data[1] % 3 == CGROUP_NONE ? "" : "/sys/fs/cgroup",
		.own_cgroup = "/user.slice",
		.controllers = data[1] & 4 ? 0 : 0xff,
		.bfq_weight = data[1] & 8,
		.has_time_namespace = data[1] & 16,
		.has_mount_setattr = data[1] & 32,
		.has_apparmor = data[1] & 64,
		.has_selinux = data[1] & 128,
		.has_swap_accounting = data[0] & 32,
	};
}

static void check_text(const char *text)
{
	MUST(text);
	MUST(strncmp(text, "outside:\n", 9) == 0);
	for (; *text; text++)
		MUST(((unsigned char)*text >= 0x20 && *text != 0x7F) || *text == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = 64 << 20};
	struct error err = {0};
	struct oci_spec *spec;
	struct plan plan;

	if (size < 3)
		return 0;

	struct host host = choose_host(data);
	struct request request = {
		.verb = data[2] % 3,
		.id = "x",
		.bundle = "/b",
		.no_pivot = data[2] & 4,
		.no_new_keyring = data[2] & 8,
		.allow_missing_controllers = data[2] & 16,
		.listen_fds = data[2] & 32 ? 2 : 0,
		.has_chroot_only = data[2] & 64,
		.cgroup = "/x",
		.join_mask = 0x20000,
	};
	int result = oci_spec_parse((const char *)data + 3, size - 3, &arena, &spec, &err);

	if (result == 0) {
		struct wanted wanted = {spec, spec->process, &request, &host};

		result = plan_build(&plan, &wanted, &arena, &err);
		must_fail_well(result, &err);
		if (result == 0) {
			MUST(check_meetings(&plan, &err) == 0);
			MUST(plan.slots > 4096 || check_slots(&plan, &err) == 0);
			check_text(plan_print(&plan, &arena));
		}
	}
	arena_free(&arena);
	return 0;
}
