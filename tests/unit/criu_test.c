/* SPDX-License-Identifier: Apache-2.0 */
/* What criu's command line cannot say is refused before criu is run. */
#include "runtime/launch/criu.h"

#include "tests/unit/tap.h"

static const char *bind[] = {"rbind", "ro"};

static bool is_taken(struct oci_mount *mounts, size_t count, struct error *err)
{
	const struct oci_spec spec = {.mounts = mounts, .n_mounts = count};

	return criu_check_mounts(&spec, err) == 0;
}

int main(void)
{
	struct error err;
	struct oci_mount mounts[] = {
		{.destination = "/proc]:/etc", .type = "proc"},
		{.destination = "/a]b:c[d]", .options = bind, .n_options = 2},
		{.destination = "/a]:/etc", .options = bind, .n_options = 2},
	};
	char line[512];

	is_true(is_taken(mounts, 1, &err), "a mount that criu makes itself has any name");
	is_true(is_taken(mounts, 2, &err), "brackets and colons are no harm");
	is_true(!is_taken(mounts, 3, &err), "a name that ends before its end is refused");
	error_print(&err, line, sizeof(line));
	is_true(strstr(line, "mounts[2].destination") != NULL, "the error says which: %s",
		line);
	mounts[2] = (struct oci_mount){.destination = "/sys]:/x", .type = "cgroup2"};
	is_true(!is_taken(mounts, 3, &err), "also of a cgroup mount");
	return tap_end();
}
