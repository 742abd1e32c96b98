/* SPDX-License-Identifier: Apache-2.0 */
/* The root object: version, root, mounts, process, hooks, annotations. */
#include "oci/spec.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <string.h>

_Static_assert((int)OCI_BYTES_MAX == (int)JSON_BYTES_MAX, "one limit, known by two names");

enum { HOOKS_MAX = 1024, NAME_MAX_UTS = 64 };

/*
 * Every release of the specification so far only added to 1.0. Runtimes that compared the rest
 * of the version refused all containers each time an engine moved on.
 */
static int decode_version(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->text[0] != '1' || (value->text[1] && value->text[1] != '.'))
		return fail(err, 0, "the version \"%.32s\" is not 1.x", value->text);
	*(const char **)member = value->text;
	return 0;
}

static int decode_root_path(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->count == 0)
		return fail(err, 0, "is empty");
	if (value->count > OCI_PATH_MAX)
		return fail(err, 0, "is longer than %d bytes", OCI_PATH_MAX);
	*(const char **)member = value->text;
	return 0;
}

/* sethostname(2) would say only "invalid argument". */
static int decode_uts_name(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->count > NAME_MAX_UTS)
		return fail(err, 0, "is longer than %d bytes", NAME_MAX_UTS);
	if (value->count)
		*(const char **)member = value->text;
	return 0;
}

static int check_hook(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_hook *hook = object;

	if (hook->path[0] != '/')
		return fail(err, 0, "the path \"%.64s\" is not absolute", hook->path);
	if (hook->timeout.set && hook->timeout.value < 0)
		return fail(err, 0, "the timeout %d is below 0", hook->timeout.value);
	/* The specification wants it above 0, and callers mean "none" by it. */
	if (hook->timeout.set && hook->timeout.value == 0 &&
		decode_warn(decode, err, "the timeout 0 of the hook \"%.64s\" is none at all",
			hook->path) < 0)
		return -1;
	return check_environment(hook->env, hook->n_env, err);
}

/* clang-format off */
static const struct field hook_fields[] = {
	FIELD(struct oci_hook, "path", path, .required = true),
	TEXTS(struct oci_hook, "args", args),
	TEXTS(struct oci_hook, "env", env),
	FIELD(struct oci_hook, "timeout", timeout),
	{ 0 },
};

#define HOOKS(KEY, MEMBER_) \
	LIST(struct oci_hooks, KEY, MEMBER_, hook_fields, .function = check_hook, \
		.max_count = HOOKS_MAX)

const struct field hooks_fields[] = {
	HOOKS("prestart", prestart),
	HOOKS("createRuntime", create_runtime),
	HOOKS("createContainer", create_container),
	HOOKS("startContainer", start_container),
	HOOKS("poststart", poststart),
	HOOKS("poststop", poststop),
	{ 0 },
};

static const struct field root_fields[] = {
	CUSTOM(struct oci_root, "path", path, decode_root_path,
		.why = "text: a path, not empty", .required = true),
	FIELD(struct oci_root, "readonly", readonly),
	{ 0 },
};

const struct field spec_fields[] = {
	CUSTOM(struct oci_spec, "ociVersion", oci_version, decode_version,
		.why = "text: 1.x", .required = true),
	OBJECT(struct oci_spec, "root", root, root_fields, .required = true),
	LIST(struct oci_spec, "mounts", mounts, mount_fields, .function = mount_check,
		.max_count = OCI_MOUNTS_MAX),
	OBJECT(struct oci_spec, "process", process, process_fields, .function = process_check),
	CUSTOM(struct oci_spec, "hostname", hostname, decode_uts_name,
		.why = "text: at most 64 bytes"),
	CUSTOM(struct oci_spec, "domainname", domainname, decode_uts_name,
		.why = "text: at most 64 bytes"),
	OBJECT(struct oci_spec, "hooks", hooks, hooks_fields),
	PAIRS(struct oci_spec, "annotations", annotations),
	OBJECT(struct oci_spec, "linux", linux, linux_fields),
	IGNORED("solaris", "another platform"),
	IGNORED("windows", "another platform"),
	IGNORED("vm", "another platform"),
	IGNORED("zos", "another platform"),
	IGNORED("freebsd", "another platform"),
	{ 0 },
};
/* clang-format on */

int oci_spec_parse(const char *bytes, size_t length, struct arena *arena, struct oci_spec **ret,
	struct error *err)
{
	struct oci_spec *spec = arena_alloc(arena, sizeof(*spec));
	struct decode decode = {.arena = arena};

	if (!spec)
		return fail(err, ENOMEM, "read the configuration");
	decode.warnings = &spec->warnings;
	if (decode_bytes(&decode, bytes, length, spec_fields, spec, err) < 0)
		return -1;
	if (!spec->linux)
		spec->linux = arena_alloc(arena, sizeof(*spec->linux));
	if (!spec->linux)
		return fail(err, ENOMEM, "read the configuration");
	for (const struct rule *rule = spec_rules; rule->check; rule++)
		if (rule->check(&decode, spec, err) < 0)
			return -1;
	*ret = spec;
	return 0;
}
