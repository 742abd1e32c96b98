/* SPDX-License-Identifier: Apache-2.0 */
/* Configs for tests: the smallest one, with whatever a case adds. */
#ifndef MAYFLY_TEST_CONFIG_H
#define MAYFLY_TEST_CONFIG_H

#include "oci/spec.h"
#include "tests/unit/tap.h"

/* The smallest config, and more members of the root, of process, or of linux. */
#define CONFIG(MORE)  "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"}" MORE "}"
#define ROOT(MORE)    CONFIG("," MORE)
#define PROCESS(MORE) CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]," MORE "}")
#define MOUNT(MORE)   CONFIG(",\"mounts\":[{\"destination\":\"/mnt\"," MORE "}]")
#define LINUX(MORE)   CONFIG(",\"linux\":{" MORE "}")

/* All eight namespaces, for rules that need them, and maps for the new user namespace. */
#define ISOLATED(MORE)                                                                         \
	LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"              \
	      "\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"              \
	      "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"}" \
	      ","                                                                              \
	      "{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"user\"},{\"type\":"           \
	      "\"cgroup\"},"                                                                   \
	      "{\"type\":\"time\"}]," MORE)

struct config_case {
	const char *name;
	const char *text;
	const char *error; /* as is_result() wants it */
	size_t length;	   /* 0: strlen(text) */
};

__attribute__((unused)) static void run_config_cases(
	const struct config_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = cases[i].length ? cases[i].length : strlen(cases[i].text);
		/* exactly as long as it is, so that reading beyond the end is found */
		char *bytes = malloc(length ? length : 1);
		struct arena arena = {0};
		struct oci_spec *spec = NULL;
		struct error err = {0};

		memcpy(bytes, cases[i].text, length);

		int result = oci_spec_parse(bytes, length, &arena, &spec, &err);

		is_result(result, &err, cases[i].error, cases[i].name);
		arena_free(&arena);
		free(bytes);
	}
}

#define RUN_CONFIG_CASES(CASES) run_config_cases(CASES, sizeof(CASES) / sizeof(*(CASES)))

#endif
