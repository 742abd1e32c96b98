/* SPDX-License-Identifier: Apache-2.0 */
/* A step as one line of text: what `mayfly plan` shows and golden tests compare. */
#include "hooks/points.h"
#include "oci/names.h"
#include "oci/process.h"
#include "oci/resources.h"
#include "runtime/plan/words.h"

#include <inttypes.h>
#include <sys/stat.h>

typedef void printer(struct line *line, const struct step *step);

static void print_text(struct line *line, const struct step *step)
{
	put(line, " %s", step->text);
}

static void print_message(struct line *line, const struct step *step)
{
	put(line, " %s", message_name(step->message));
}

static void print_open_namespace(struct line *line, const struct step *step)
{
	put_namespaces(line, (uint64_t)step->open_path.ns_type);
	put(line, " namespace %s as #%d", step->open_path.path, step->open_path.slot);
}

static void print_tree(struct line *line, const struct step *step)
{
	const struct step_tree *tree = &step->tree;

	put(line, " %s as #%d%s%s%s%s", tree->path, tree->slot,
		tree->recursive ? " recursive" : "",
		tree->must_be_directory ? " directory" : "", tree->nofollow ? " nofollow" : "",
		tree->in_place ? " in place" : "");
}

static void print_device(struct line *line, const struct step *step)
{
	const struct step_device *device = &step->device;

	put(line, " %s", device->path);
	if (step->kind != STEP_MAKE_DEVICE) {
		put(line, " as #%d", device->slot);
		return;
	}
	if (device->type == S_IFIFO)
		put(line, " p");
	else
		put(line, " %c %u:%u", device->type == S_IFBLK ? 'b' : 'c', device->major,
			device->minor);
	put(line, " mode 0%o owner %u:%u", device->mode, device->uid, device->gid);
}

static void print_open_device(struct line *line, const struct step *step)
{
	const struct step_device *device = &step->device;

	put(line, " %s %c %u:%u as #%d", device->path, device->type == S_IFBLK ? 'b' : 'c',
		device->major, device->minor, device->slot);
}

static void print_cgroup(struct line *line, const struct step *step)
{
	put(line, " %s", step->cgroup.path);
}

static void print_unit(struct line *line, const struct step *step)
{
	put_unit(line, &step->unit);
}

static void print_file(struct line *line, const struct step *step)
{
	put(line, " %s ", step->file.path);
	put_quoted(line, step->file.text);
	if (step->file.optional)
		put(line, " if it is there");
}

static void print_link(struct line *line, const struct step *step)
{
	put(line, " %s -> %s", step->file.path, step->file.text);
}

static void put_number(struct line *line, char before, int64_t number)
{
	if (number < 0)
		put(line, "%c*", before);
	else
		put(line, "%c%" PRId64, before, number);
}

static void print_device_rules(struct line *line, const struct step *step)
{
	for (size_t i = 0; i < step->device_rules.count; i++) {
		const struct step_device_rule *rule = &step->device_rules.rules[i];

		put(line, "%s %s %c", i ? "," : "", rule->allow ? "allow" : "deny", rule->type);
		put_number(line, ' ', rule->major);
		put_number(line, ':', rule->minor);
		put(line, " %s%s%s", rule->access & OCI_DEVICE_READ ? "r" : "",
			rule->access & OCI_DEVICE_WRITE ? "w" : "",
			rule->access & OCI_DEVICE_MKNOD ? "m" : "");
	}
}

static void print_owner(struct line *line, const struct step *step)
{
	put(line, " uid %u", step->owner.uid);
}

static void print_namespaces(struct line *line, const struct step *step)
{
	uint64_t flags = step->kind == STEP_UNSHARE ? step->unshare.flags : step->clone.flags;

	if (flags == 0)
		put(line, " without new namespaces");
	put_namespaces(line, flags);
}

static void print_maps(struct line *line, const struct step *step)
{
	put_maps(line, &step->maps);
}

static void print_map_tree(struct line *line, const struct step *step)
{
	put(line, " #%d%s to", step->map_tree.slot,
		step->map_tree.recursive ? " recursive" : "");
	if (step->map_tree.of_container)
		put(line, " the container's ids");
	else
		put_maps(line, &step->map_tree.maps);
}

static void print_rdt(struct line *line, const struct step *step)
{
	put(line, " %s/%s%s", step->rdt.mount, step->rdt.group,
		step->rdt.own && step->kind == STEP_MAKE_RDT_GROUP ? " anew" : "");
	if (step->rdt.schemata && step->kind == STEP_MAKE_RDT_GROUP) {
		put(line, " with ");
		put_quoted(line, step->rdt.schemata);
	}
	if (step->rdt.monitor)
		put(line, " monitor %s", step->rdt.monitor);
}

static void print_net_device(struct line *line, const struct step *step)
{
	put(line, " %s as %s", step->net_device.name, step->net_device.inside);
	if (step->net_device.slot >= 0)
		put(line, " to #%d", step->net_device.slot);
}

static void put_limit(struct line *line, uint64_t limit)
{
	if (limit == UINT64_MAX)
		put(line, " unlimited");
	else
		put(line, " %" PRIu64, limit);
}

static void print_rlimit(struct line *line, const struct step *step)
{
	const char *name = name_of(oci_rlimit_names, (uint64_t)step->rlimit.resource);

	put(line, " %s", name ? name : "?");
	put_limit(line, step->rlimit.soft);
	put_limit(line, step->rlimit.hard);
}

static void print_hooks(struct line *line, const struct step *step)
{
	put(line, " %s", hook_points[step->hooks.point].name);
}

static void print_join(struct line *line, const struct step *step)
{
	const struct step_join *join = &step->join;

	if (join->pidfd_slot >= 0) {
		put_namespaces(line, join->mask);
		put(line, " of the container's init #%d", join->pidfd_slot);
		return;
	}
	for (size_t i = 0; i < join->n_namespaces; i++) {
		put_namespaces(line, (uint64_t)join->namespaces[i].type);
		put(line, " #%d", join->namespaces[i].slot);
	}
}

static void print_keyring(struct line *line, const struct step *step)
{
	put(line, " without a name");
}

static void print_isolate(struct line *line, const struct step *step)
{
	put(line, " ");
	put_propagation(line, step->propagation.flags);
}

static void print_root(struct line *line, const struct step *step)
{
	put(line, " #%d", step->root.slot);
	if (step->kind == STEP_CHROOT)
		return;
	put(line, " ");
	put_propagation(line, step->root.propagation);
}

/* What all steps about a mount end with. */
static void put_mount(struct line *line, const struct step_mount *mount)
{
	static const char *const otherwise[] = {
		[OTHERWISE_FAIL] = "",
		[OTHERWISE_WITHOUT_GID] = ", otherwise without gid",
		[OTHERWISE_BIND_HOST] = ", otherwise attach",
	};

	put_attributes(line, mount);
	put_superblock(line, mount->superblock);
	if (mount->data && *mount->data)
		put(line, " data %s", mount->data);
	for (size_t i = 0; i < mount->n_propagation; i++) {
		put(line, " ");
		put_propagation(line, mount->propagation[i]);
	}
	put(line, "%s%s%s%s%s", mount->copy_symlink ? ", copy symlink" : "",
		mount->target_nofollow ? ", no follow" : "", mount->copy_up ? ", copy up" : "",
		mount->keep_mode ? ", keep mode" : "",
		mount->final_readonly ? ", read-only at the end" : "");
	put(line, "%s", otherwise[mount->otherwise]);
	if (mount->otherwise == OTHERWISE_BIND_HOST)
		put(line, " #%d", mount->slot);
}

static void print_mount(struct line *line, const struct step *step)
{
	put(line, " %s on %s type %s", step->mount.source, step->mount.target,
		step->mount.type);
	put_mount(line, &step->mount);
}

static void print_open_filesystem(struct line *line, const struct step *step)
{
	put(line, " %s of %s to #%d", step->mount.type, step->mount.source, step->mount.slot);
	put_mount(line, &step->mount);
}

static void print_attach(struct line *line, const struct step *step)
{
	put(line, " #%d on %s", step->mount.slot, step->mount.target);
	put_mount(line, &step->mount);
}

static void print_change(struct line *line, const struct step *step)
{
	put(line, " %s", step->mount.target);
	put_mount(line, &step->mount);
}

static void print_console(struct line *line, const struct step *step)
{
	const struct step_console *console = &step->console;

	if (console->bind)
		put(line, " on /dev/console");
	if (console->has_size)
		put(line, " %ux%u", console->columns, console->rows);
	put(line, " owner %u", console->uid);
}

static void print_scheduler(struct line *line, const struct step *step)
{
	const struct step_scheduler *asked = &step->scheduler;
	const char *policy = name_of(oci_scheduler_policy_names, asked->policy);

	put(line, " %s", policy ? policy : "?");
	if (asked->nice)
		put(line, " nice %" PRId32, asked->nice);
	if (asked->priority)
		put(line, " priority %" PRIu32, asked->priority);
	if (asked->runtime || asked->deadline || asked->period)
		put(line, " runtime %" PRIu64 " deadline %" PRIu64 " period %" PRIu64,
			asked->runtime, asked->deadline, asked->period);
	if (asked->flags)
		put(line, " flags 0x%" PRIx64, asked->flags);
}

static void print_io_priority(struct line *line, const struct step *step)
{
	const char *name = name_of(oci_io_class_names, (uint64_t)step->number >> 13);

	put(line, " %s %" PRId64, name ? name : "?", step->number & 0x1fff);
}

static void print_affinity(struct line *line, const struct step *step)
{
	put(line, " ");
	if (step->affinity.mask)
		put_bits(line, step->affinity.mask, step->affinity.bytes);
	else
		put(line, "all");
}

static void print_memory_policy(struct line *line, const struct step *step)
{
	put(line, " mode 0x%x", (unsigned int)step->memory_policy.mode);
	if (!step->memory_policy.nodes)
		return;
	put(line, " nodes ");
	put_bits(line, step->memory_policy.nodes, step->memory_policy.max_node / 8);
}

static void print_hexadecimal(struct line *line, const struct step *step)
{
	put(line, " 0x%" PRIx64, (uint64_t)step->number);
}

static void print_octal(struct line *line, const struct step *step)
{
	put(line, " %04" PRIo64, (uint64_t)step->number);
}

static void print_label(struct line *line, const struct step *step)
{
	static const char *const kinds[] = {
		[LABEL_APPARMOR] = "AppArmor",
		[LABEL_APPARMOR_STACK] = "AppArmor, stacked,",
		[LABEL_SELINUX] = "SELinux",
		[LABEL_SELINUX_KEY] = "SELinux keyring",
	};

	put(line, " %s %s", kinds[step->label.kind], step->label.text);
}

static void print_seccomp(struct line *line, const struct step *step)
{
	if (step->seccomp.listener)
		put(line, " and hand over its listener");
}

static void print_bounding(struct line *line, const struct step *step)
{
	put_capabilities(line, " to", step->capabilities.bounding, step->capabilities.last);
}

static void print_shed(struct line *line, const struct step *step)
{
	put_capabilities(line, " but", step->capabilities.permitted, step->capabilities.last);
}

static void print_capabilities(struct line *line, const struct step *step)
{
	const struct step_capabilities *sets = &step->capabilities;

	put_capabilities(line, " effective", sets->effective, sets->last);
	put_capabilities(line, " permitted", sets->permitted, sets->last);
	put_capabilities(line, " inheritable", sets->inheritable, sets->last);
	put_capabilities(line, " ambient", sets->ambient, sets->last);
}

static void print_user(struct line *line, const struct step *step)
{
	const struct step_user *user = &step->user;

	put(line, " %u:%u groups", user->uid, user->gid);
	if (user->skip_setgroups)
		put(line, " as they are");
	else if (user->n_groups == 0)
		put(line, " none");
	for (size_t i = 0; i < user->n_groups; i++)
		put(line, "%c%u", i ? ',' : ' ', user->groups[i]);
}

static void print_home(struct line *line, const struct step *step)
{
	put(line, " of uid %u", step->user.uid);
}

static void print_program(struct line *line, const struct step *step)
{
	put(line, " %s", step->exec.argv[0]);
}

static void print_close(struct line *line, const struct step *step)
{
	put(line, " from %" PRId64, 3 + step->number);
}

static void print_exec(struct line *line, const struct step *step)
{
	for (char *const *arg = step->exec.argv; *arg; arg++)
		put(line, " %s", *arg);
}

/* A kind whose verb says it all has no printer. */
static const struct {
	const char *verb;
	printer *print;
} rows[STEP_COUNT] = {
	[STEP_NONE] = {"nothing", NULL},
	[STEP_OPEN_NAMESPACE] = {"open", print_open_namespace},
	[STEP_OPEN_TREE] = {"open tree", print_tree},
	[STEP_OPEN_FILESYSTEM] = {"open file system", print_open_filesystem},
	[STEP_OPEN_DEVICE] = {"open device", print_open_device},
	[STEP_CREATE_CGROUP] = {"create cgroup", print_cgroup},
	[STEP_START_UNIT] = {"start unit", print_unit},
	[STEP_WRITE_CGROUP] = {"write cgroup", print_file},
	[STEP_LIMIT_DEVICES] = {"limit devices to", print_device_rules},
	[STEP_OWN_CGROUP] = {"give cgroup to", print_owner},
	[STEP_CLONE] = {"clone", print_namespaces},
	[STEP_MAP_IDS] = {"map ids", print_maps},
	[STEP_WRITE_PROC] = {"write proc", print_file},
	[STEP_SET_RLIMIT] = {"set rlimit", print_rlimit},
	[STEP_MAKE_RDT_GROUP] = {"make resctrl group", print_rdt},
	[STEP_JOIN_RDT_GROUP] = {"join resctrl group", print_rdt},
	[STEP_MOVE_DEVICE] = {"move network device", print_net_device},
	[STEP_MAP_TREE] = {"map tree", print_map_tree},
	[STEP_RELEASE_UNIT] = {"release unit", NULL},
	[STEP_TELL] = {"tell", print_message},
	[STEP_AWAIT] = {"await", print_message},
	[STEP_RUN_HOOKS] = {"run hooks", print_hooks},
	[STEP_JOIN] = {"join", print_join},
	[STEP_UNSHARE] = {"unshare", print_namespaces},
	[STEP_WRITE_SELF] = {"write proc self", print_file},
	[STEP_FORK] = {"fork", print_namespaces},
	[STEP_BECOME_ROOT] = {"become root", NULL},
	[STEP_LOOPBACK_UP] = {"bring loopback up", NULL},
	[STEP_SET_HOSTNAME] = {"set hostname", print_text},
	[STEP_SET_DOMAINNAME] = {"set domainname", print_text},
	[STEP_JOIN_KEYRING] = {"join keyring", print_keyring},
	[STEP_ISOLATE_MOUNTS] = {"isolate mounts", print_isolate},
	[STEP_ENTER_ROOT] = {"enter root", print_root},
	[STEP_MOUNT] = {"mount", print_mount},
	[STEP_ATTACH] = {"attach", print_attach},
	[STEP_CHANGE_MOUNT] = {"change mount", print_change},
	[STEP_MAKE_DEVICE] = {"make device", print_device},
	[STEP_BIND_DEVICE] = {"bind device", print_device},
	[STEP_SYMLINK] = {"link", print_link},
	[STEP_REPLACE_SYMLINK] = {"replace by link", print_link},
	[STEP_OPEN_CONSOLE] = {"open console", print_console},
	[STEP_WRITE_SYSCTL] = {"write sysctl", print_file},
	[STEP_PROTECT_PATH] = {"protect", print_text},
	[STEP_MASK_PATH] = {"mask", print_text},
	[STEP_LEAVE_ROOT] = {"leave root", NULL},
	[STEP_PIVOT_ROOT] = {"pivot root", NULL},
	[STEP_CHROOT] = {"chroot", print_root},
	[STEP_SET_ROOT] = {"change root", print_change},
	[STEP_NEW_SESSION] = {"new session", NULL},
	[STEP_SET_SCHEDULER] = {"set scheduler", print_scheduler},
	[STEP_SET_IO_PRIORITY] = {"set io priority", print_io_priority},
	[STEP_SET_AFFINITY] = {"set affinity", print_affinity},
	[STEP_SET_MEMORY_POLICY] = {"set memory policy", print_memory_policy},
	[STEP_SET_PERSONALITY] = {"set personality", print_hexadecimal},
	[STEP_SET_UMASK] = {"set umask", print_octal},
	[STEP_SET_LABEL] = {"set label", print_label},
	[STEP_OWN_STDIO] = {"give stdio to", print_owner},
	[STEP_MAKE_DIRECTORY] = {"make directory", print_text},
	[STEP_NO_NEW_PRIVILEGES] = {"no new privileges", NULL},
	[STEP_LOAD_SECCOMP] = {"load seccomp filter", print_seccomp},
	[STEP_DROP_BOUNDING] = {"drop bounding", print_bounding},
	[STEP_SHED_CAPABILITIES] = {"shed capabilities", print_shed},
	[STEP_SET_USER] = {"set user", print_user},
	[STEP_SET_CAPABILITIES] = {"set capabilities", print_capabilities},
	[STEP_CHANGE_DIRECTORY] = {"change directory", print_text},
	[STEP_FIND_HOME] = {"find HOME", print_home},
	[STEP_FIND_PROGRAM] = {"find program", print_program},
	[STEP_AWAIT_START] = {"await start", NULL},
	[STEP_SPAWN] = {"stay behind as the reaper", NULL},
	[STEP_CLOSE_FDS] = {"close descriptors", print_close},
	[STEP_EXEC] = {"exec", print_exec},
};

size_t step_print(const struct step *step, char *buffer, size_t size)
{
	struct line line = {.text = buffer, .size = size};

	if (size)
		*buffer = '\0';
	put(&line, "%s", rows[step->kind].verb ? rows[step->kind].verb : "?");
	if (rows[step->kind].print)
		rows[step->kind].print(&line, step);
	/* Paths and labels come from files; a terminal must not obey them. */
	for (size_t i = 0; i < size && buffer[i]; i++)
		if ((unsigned char)buffer[i] < 0x20 || buffer[i] == 0x7f)
			buffer[i] = '?';
	return line.used;
}
