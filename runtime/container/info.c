/* SPDX-License-Identifier: Apache-2.0 */
/* spec, features, --version: what can be said without a container. */
#include "commit.h"
#include "config.h"

#include "runtime/container/once.h"

#include "oci/features.h"
#include "oci/template.h"
#include "runtime/launch/criu.h"
#include "runtime/sys/restrain.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int mayfly_spec(bool rootless, char **ret_json, struct error *err)
{
	const struct oci_template template = {
		.rootless = rootless, .uid = geteuid(), .gid = getegid()};
	struct arena arena = {0};
	const char *text;
	int result = oci_template_print(&template, &arena, &text, err);

	if (result == 0)
		result = operation_text(text, false, ret_json, err);
	arena_free(&arena);
	return result;
}

int mayfly_features(char **ret_json, struct error *err)
{
	/* Each is asked of systemd by a program of its own; was it built and installed? */
	bool systemd = access(LIBEXECDIR "/mayfly-systemd", X_OK) == 0;
	struct oci_features features = {
		.checkpoint = criu_path() != NULL,
		.systemd = systemd,
		.systemd_user = systemd,
		.libseccomp_version = launch_seccomp_version(),
		.seccomp_supported_flags = launch_seccomp_flags(),
	};
	struct oci_feature_limit *limits;
	struct arena arena = {0};
	struct host host;
	const char *text;

	restrain_to(NULL, 0, false);

	int result = host_probe(&host, 0, &arena, err);

	if (result == 0)
		result = once_features(&host, &arena, &limits, &features.n_limits, err);
	if (result == 0) {
		features.limits = limits;
		result = oci_features_print(&features, &arena, &text, err);
	}
	if (result == 0)
		result = operation_text(text, false, ret_json, err);
	arena_free(&arena);
	return result;
}

int mayfly_version(char **ret_text, struct error *err)
{
	/* No other line may hold the word "version": moby takes the last field of any line that
	 * does. */
	if (asprintf(ret_text, "mayfly version %s\ncommit: %s\nspec: %s\nlibseccomp: %s\n",
		    PACKAGE_VERSION, MAYFLY_COMMIT, OCI_VERSION, launch_seccomp_version()) < 0)
		return fail(err, ENOMEM, "print the version");
	return 0;
}
