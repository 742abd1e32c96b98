/* SPDX-License-Identifier: Apache-2.0 */
/* Process, user, capabilities, rlimits, scheduler, I/O priority, CPU affinity. */
#include "oci/process.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

/* In the kernel's order; a host may know fewer or more. */
const struct name oci_capability_names[] = {
	{"CAP_CHOWN", 0},
	{"CAP_DAC_OVERRIDE", 1},
	{"CAP_DAC_READ_SEARCH", 2},
	{"CAP_FOWNER", 3},
	{"CAP_FSETID", 4},
	{"CAP_KILL", 5},
	{"CAP_SETGID", 6},
	{"CAP_SETUID", 7},
	{"CAP_SETPCAP", 8},
	{"CAP_LINUX_IMMUTABLE", 9},
	{"CAP_NET_BIND_SERVICE", 10},
	{"CAP_NET_BROADCAST", 11},
	{"CAP_NET_ADMIN", 12},
	{"CAP_NET_RAW", 13},
	{"CAP_IPC_LOCK", 14},
	{"CAP_IPC_OWNER", 15},
	{"CAP_SYS_MODULE", 16},
	{"CAP_SYS_RAWIO", 17},
	{"CAP_SYS_CHROOT", 18},
	{"CAP_SYS_PTRACE", 19},
	{"CAP_SYS_PACCT", 20},
	{"CAP_SYS_ADMIN", 21},
	{"CAP_SYS_BOOT", 22},
	{"CAP_SYS_NICE", 23},
	{"CAP_SYS_RESOURCE", 24},
	{"CAP_SYS_TIME", 25},
	{"CAP_SYS_TTY_CONFIG", 26},
	{"CAP_MKNOD", 27},
	{"CAP_LEASE", 28},
	{"CAP_AUDIT_WRITE", 29},
	{"CAP_AUDIT_CONTROL", 30},
	{"CAP_SETFCAP", 31},
	{"CAP_MAC_OVERRIDE", 32},
	{"CAP_MAC_ADMIN", 33},
	{"CAP_SYSLOG", 34},
	{"CAP_WAKE_ALARM", 35},
	{"CAP_BLOCK_SUSPEND", 36},
	{"CAP_AUDIT_READ", 37},
	{"CAP_PERFMON", 38},
	{"CAP_BPF", 39},
	{"CAP_CHECKPOINT_RESTORE", 40},
	{0},
};

const struct name oci_rlimit_names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
	{0},
};

/* linux/sched.h cannot be included next to sched.h; the numbers are the kernel's ABI. */
const struct name oci_scheduler_policy_names[] = {
	{"SCHED_OTHER", SCHED_OTHER},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", 4},
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{0},
};

const struct name oci_scheduler_flag_names[] = {
	{"SCHED_FLAG_RESET_ON_FORK", 0x01},
	{"SCHED_FLAG_RECLAIM", 0x02},
	{"SCHED_FLAG_DL_OVERRUN", 0x04},
	{"SCHED_FLAG_KEEP_POLICY", 0x08},
	{"SCHED_FLAG_KEEP_PARAMS", 0x10},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
	{0},
};

const struct name oci_io_class_names[] = {
	{"IOPRIO_CLASS_RT", 1},
	{"IOPRIO_CLASS_BE", 2},
	{"IOPRIO_CLASS_IDLE", 3},
	{0},
};

int oci_user_parse(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, struct error *err)
{
	char uid_text[16] = "";
	uint64_t uid, gid = *ret_gid;
	size_t length = strcspn(text, ":");

	if (length < sizeof(uid_text))
		memcpy(uid_text, text, length);
	if (!text_unsigned(uid_text, ID_MAX, &uid) ||
		(text[length] && !text_unsigned(text + length + 1, ID_MAX, &gid)))
		return fail(err, 0,
			"the user \"%.64s\" is not UID or UID:GID with numbers from 0 to "
			"4294967294",
			text);
	*ret_uid = (uint32_t)uid;
	*ret_gid = (uint32_t)gid;
	return 0;
}

/* The number at *TEXT, which moves behind it; at most 7 digits. */
static bool list_number(const char **text, size_t *ret)
{
	size_t digits = strspn(*text, "0123456789");

	if (digits == 0 || digits > 7)
		return false;
	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (size_t)((*text)[i] - '0');
	*text += digits;
	return true;
}

int oci_cpu_list(const char *list, uint64_t *mask, size_t bits, struct error *err)
{
	const char *at = list;
	size_t first, last;

	if (mask)
		memset(mask, 0, bits / 8);
	while (*at) {
		at += strspn(at, " ");
		if (!list_number(&at, &first))
			break;
		last = first;
		if (*at == '-') {
			at++;
			if (!list_number(&at, &last) || last < first)
				break;
		}
		if (mask && last >= bits)
			return fail(
				err, 0, "\"%.64s\": %zu is above %zu", list, last, bits - 1);
		for (size_t i = first; mask && i <= last; i++)
			mask[i / 64] |= UINT64_C(1) << (i % 64);
		at += strspn(at, " ");
		if (*at == '\0')
			return 0;
		if (*at++ != ',' || *at == '\0')
			break;
	}
	return fail(err, 0, "\"%.64s\" is not a list like \"0-3,7\"", list);
}

int decode_list(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->count == 0)
		return 0;
	if (oci_cpu_list(value->text, NULL, 0, err) < 0)
		return -1;
	*(const char **)member = value->text;
	return 0;
}

int check_line(const char *text, struct error *err)
{
	if (strlen(text) > 4095)
		return fail(err, 0, "is longer than 4095 bytes");
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
			return fail(err, 0, "contains a control character");
	return 0;
}

/* Also no quotation mark: the label goes into context="…" of the mount data. */
int decode_label(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0 || check_line(value->text, err) < 0)
		return -1;
	if (strchr(value->text, '"'))
		return fail(err, 0, "contains a quotation mark");
	if (value->count)
		*(const char **)member = value->text;
	return 0;
}

/* Ungrantable or unknown capabilities SHOULD only be logged: config.md, Linux Process. */
static int decode_capabilities(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	uint64_t set = 0;

	if (decode_expect(value, JSON_ARRAY, err) < 0)
		return -1;
	for (size_t i = 0; i < value->count; i++) {
		const struct json *item = &value->items[i];

		if (decode_expect(item, JSON_STRING, err) < 0)
			return fail_in(err, "[%zu]", i);

		const struct name *name = name_find(oci_capability_names, item->text);

		if (name)
			set |= UINT64_C(1) << name->value;
		else if (decode_warn(decode, err,
				 "the capability \"%.64s\" is unknown and not granted",
				 item->text) < 0)
			return -1;
	}
	*(uint64_t *)member = set;
	return 0;
}

static int check_capabilities(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	struct oci_capabilities *caps = object;
	uint64_t possible = caps->inheritable & caps->permitted;

	if (caps->ambient & ~possible &&
		decode_warn(decode, err,
			"ambient capabilities that are not both inheritable and permitted are "
			"not granted") < 0)
		return -1;
	caps->ambient &= possible;
	return 0;
}

static int check_rlimit(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_rlimit *rlimit = object;

	if (rlimit->soft > rlimit->hard)
		return fail(err, 0, "the soft limit is above the hard limit");
	return 0;
}

static int check_scheduler(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_scheduler *scheduler = object;
	uint32_t policy = scheduler->policy;
	const char *name = name_of(oci_scheduler_policy_names, policy);
	bool fair = policy == SCHED_OTHER || policy == SCHED_BATCH;
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;

	/* Go leaves 0 out, so 0 and absent must mean the same. */
	if (scheduler->nice.value && !fair)
		return fail(err, 0, "nice has no meaning for %s", name);
	if (scheduler->priority.value && !realtime)
		return fail(err, 0, "priority has no meaning for %s", name);
	if ((scheduler->runtime.value || scheduler->deadline.value ||
		    scheduler->period.value) &&
		policy != SCHED_DEADLINE)
		return fail(
			err, 0, "runtime, deadline and period have no meaning for %s", name);
	return 0;
}

static int decode_cwd(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->text[0] != '/')
		return fail(err, 0, "\"%.64s\" is not an absolute path", value->text);
	if (value->count > OCI_PATH_MAX)
		return fail(err, 0, "is longer than %d bytes", OCI_PATH_MAX);
	*(const char **)member = value->text;
	return 0;
}

/* A name that is empty, or no name at all, is read by every program in another way. */
int check_environment(const char *const *env, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(env[i], '=');

		if (equals && equals != env[i])
			continue;
		(void)fail(err, 0, "\"%.64s\" is not of the form NAME=value", env[i]);
		return fail_in(err, "env[%zu]", i);
	}
	return 0;
}

int process_check(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_process *process = object;
	uint64_t types = 0;

	if (process->n_args == 0) {
		(void)fail(err, 0, "there is no program to run");
		return fail_in(err, "args");
	}
	if (process->args[0][0] == '\0') {
		(void)fail(err, 0, "the name of the program is empty");
		return fail_in(err, "args[0]");
	}
	for (size_t i = 0; i < process->n_rlimits; i++) {
		uint64_t bit = UINT64_C(1) << process->rlimits[i].type;

		if (types & bit) {
			(void)fail(err, 0, "%s appears twice",
				name_of(oci_rlimit_names, process->rlimits[i].type));
			return fail_in(err, "rlimits[%zu]", i);
		}
		types |= bit;
	}
	return check_environment(process->env, process->n_env, err);
}

/* clang-format off */
static const struct field console_size_fields[] = {
	/* struct winsize holds 16 bits */
	FIELD(struct oci_console_size, "height", height, .required = true, .max = UINT16_MAX),
	FIELD(struct oci_console_size, "width", width, .required = true, .max = UINT16_MAX),
	{ 0 },
};

static const struct field user_fields[] = {
	FIELD(struct oci_user, "uid", uid, .required = true, .id = true),
	FIELD(struct oci_user, "gid", gid, .required = true, .id = true),
	FIELD(struct oci_user, "umask", umask, .max = 0777),
	IDS(struct oci_user, "additionalGids", additional_gids, .max_count = OCI_GROUPS_MAX),
	IGNORED("username", "of Windows"),
	{ 0 },
};

#define SET(KEY, MEMBER_) \
	CUSTOM(struct oci_capabilities, KEY, MEMBER_, decode_capabilities, \
		.why = "list of CAP_ words; unknown ones are a warning")

static const struct field capabilities_fields[] = {
	SET("bounding", bounding),
	SET("effective", effective),
	SET("inheritable", inheritable),
	SET("permitted", permitted),
	SET("ambient", ambient),
	{ 0 },
};

static const struct field rlimit_fields[] = {
	NAME(struct oci_rlimit, "type", type, oci_rlimit_names, .required = true),
	FIELD(struct oci_rlimit, "soft", soft, .required = true),
	FIELD(struct oci_rlimit, "hard", hard, .required = true),
	{ 0 },
};

static const struct field scheduler_fields[] = {
	NAME(struct oci_scheduler, "policy", policy, oci_scheduler_policy_names, .required = true),
	FIELD(struct oci_scheduler, "nice", nice, .min = -20, .max = 19),
	FIELD(struct oci_scheduler, "priority", priority, .max = 99),
	FLAGS(struct oci_scheduler, "flags", flags, oci_scheduler_flag_names),
	FIELD(struct oci_scheduler, "runtime", runtime),
	FIELD(struct oci_scheduler, "deadline", deadline),
	FIELD(struct oci_scheduler, "period", period),
	{ 0 },
};

static const struct field io_priority_fields[] = {
	NAME(struct oci_io_priority, "class", io_class, oci_io_class_names, .required = true),
	FIELD(struct oci_io_priority, "priority", priority, .max = 7),
	{ 0 },
};

static const struct field exec_cpu_affinity_fields[] = {
	CUSTOM(struct oci_exec_cpu_affinity, "initial", initial, decode_list,
		.why = "text: a list like 0-3,7"),
	CUSTOM(struct oci_exec_cpu_affinity, "final", final, decode_list,
		.why = "text: a list like 0-3,7"),
	{ 0 },
};

const struct field process_fields[] = {
	FIELD(struct oci_process, "terminal", terminal),
	OBJECT(struct oci_process, "consoleSize", console_size, console_size_fields),
	INSIDE(struct oci_process, "user", user, user_fields),
	TEXTS(struct oci_process, "args", args),
	TEXTS(struct oci_process, "env", env),
	CUSTOM(struct oci_process, "cwd", cwd, decode_cwd,
		.why = "text: an absolute path", .required = true),
	OBJECT(struct oci_process, "capabilities", capabilities, capabilities_fields,
		.function = check_capabilities),
	LIST(struct oci_process, "rlimits", rlimits, rlimit_fields, .function = check_rlimit),
	FIELD(struct oci_process, "noNewPrivileges", no_new_privileges),
	CUSTOM(struct oci_process, "apparmorProfile", apparmor_profile, decode_label,
		.why = "text: one line"),
	CUSTOM(struct oci_process, "selinuxLabel", selinux_label, decode_label,
		.why = "text: one line"),
	FIELD(struct oci_process, "oomScoreAdj", oom_score_adj, .min = -1000, .max = 1000),
	OBJECT(struct oci_process, "scheduler", scheduler, scheduler_fields,
		.function = check_scheduler),
	OBJECT(struct oci_process, "ioPriority", io_priority, io_priority_fields),
	OBJECT(struct oci_process, "execCPUAffinity", exec_cpu_affinity, exec_cpu_affinity_fields),
	IGNORED("commandLine", "of Windows"),
	{ 0 },
};
/* clang-format on */

int oci_process_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_process **ret, struct error *err)
{
	struct oci_process *process = arena_alloc(arena, sizeof(*process));
	struct decode decode = {.arena = arena};

	if (!process)
		return fail(err, ENOMEM, "read the process");
	decode.warnings = &process->warnings;
	if (decode_bytes(&decode, bytes, length, process_fields, process, err) < 0)
		return -1;
	if (process_check(&decode, NULL, process, err) < 0)
		return -1;
	*ret = process;
	return 0;
}
