/* SPDX-License-Identifier: Apache-2.0 */
/* oci_spec_unknown(): which keys are in no table, and where. */
#include "oci/spec.h"

#include "tests/unit/tap.h"

static void check(const char *json, const char *wanted, const char *name)
{
	struct arena arena = {0};
	struct oci_warnings found;
	struct error err;
	const char *list = "";

	if (!is_result(oci_spec_unknown(json, strlen(json), &arena, &found, &err), &err, NULL,
		    name))
		return;
	for (size_t i = 0; list && i < found.n_texts; i++)
		list = arena_format(&arena, "%s%s\n", list, found.texts[i]);
	is_text(list, wanted, name);
	arena_free(&arena);
}

int main(void)
{
	check("{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"x\"},\"windows\":{\"a\":1}}", "",
		"all known, and another platform is known too");
	check("{\"oops\":1,\"linux\":{\"resources\":{\"cpu\":{\"sharez\":1}},\"x\":null}}",
		"oops\nlinux.resources.cpu.sharez\nlinux.x\n", "in objects");
	check("{\"mounts\":[{},{\"qoptions\":[]}],\"linux\":{\"netDevices\":{\"e0\":{\"n\":1}}}"
	      "}",
		"mounts[1].qoptions\nlinux.netDevices[\"e0\"].n\n", "in lists and maps");
	check("{\"linux\":{\"seccomp\":{\"syscalls\":[{\"name\":\"x\"}],\"y\":1}}}",
		"linux.seccomp.syscalls[0].name\nlinux.seccomp.y\n", "in seccomp");
	check("{\"annotations\":{\"a\":\"b\"},\"linux\":{\"sysctl\":{\"a\":\"b\"}}}", "",
		"any key is one of a map of texts");
	check("{\"linux\":[{\"x\":1}],\"mounts\":{\"a\":{\"b\":1}},\"process\":5}", "",
		"what has another type is the decoder's to refuse");
	return tap_end();
}
