/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of a plan: one step is one thing to ask of the kernel, fully decided. Steps
 * are values in the plan's arena; the child reads them by copy-on-write and allocates nothing.
 *
 * A plan has two lists. The OUTSIDE list is carried out by runtime/launch in the runtime's own
 * process, around clone(); the INSIDE list by runtime/init in the new process. Where the two
 * sides meet, the step is TELL or AWAIT with a named message (runtime/sys/channel.h).
 *
 * Descriptors are known by SLOT: a small number the planner hands out. An outside step fills
 * the slot before clone(), an inside step uses it. The planner itself never sees a descriptor.
 *
 * A new kind needs a row in plan/step.c, which a unit test asks for, and a case in launch.c or
 * init.c; the compiler (-Werror=switch) says where one is missing.
 */
#ifndef MAYFLY_STEP_H
#define MAYFLY_STEP_H

#include "runtime/sys/channel.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum step_kind {
	STEP_NONE,

	/*
	 * ---- outside, before clone: nothing of the container exists yet ----
	 * OPEN_TREE and OPEN_DEVICE are inside, before ENTER_ROOT, when the runtime is not
	 * root.
	 */
	STEP_OPEN_NAMESPACE, /* open_path {slot, path, ns_type}: and check that it is of that
				type */
	STEP_OPEN_TREE, /* tree: clone a host mount (bind source, root) as a detached tree */
	STEP_OPEN_FILESYSTEM, /* mount with a slot: a new file system whose source or options
				 are paths of the host */
	STEP_OPEN_DEVICE,    /* device: like OPEN_TREE of the host's node, whose type and number
				must match */
	STEP_CREATE_CGROUP,  /* cgroup {path}: with its parents and their controllers */
	STEP_START_UNIT,     /* unit: systemd makes the cgroup, and holds its limits too */
	STEP_WRITE_CGROUP,   /* file {path, text}: a limit, in the container's cgroup */
	STEP_LIMIT_DEVICES,  /* device_rules: load and attach the eBPF program */
	STEP_MAKE_RDT_GROUP, /* rdt: a group of resctrl, or a look at the one that is there */
	STEP_OWN_CGROUP, /* owner {uid}: give cgroup.procs and so on to a user (delegation) */

	/* ---- outside, clone and after ---- */
	STEP_CLONE,	     /* clone {flags}: into the cgroup, with a pidfd */
	STEP_MAP_IDS,	     /* maps: setgroups, gid_map, uid_map of the container's process */
	STEP_WRITE_PROC,     /* file {path, text}: /proc/PID/PATH of the container's process */
	STEP_SET_RLIMIT,     /* rlimit: prlimit(2) on the container's process */
	STEP_JOIN_RDT_GROUP, /* rdt: the container's process goes into that group */
	STEP_MOVE_DEVICE,  /* net_device: rename and move, with its addresses, and set it up */
	STEP_MAP_TREE,	   /* map_tree {slot, …}: MOUNT_ATTR_IDMAP on a detached tree */
	STEP_RELEASE_UNIT, /* the process that stood in for the container's leaves the unit */

	/* ---- both sides ---- */
	STEP_TELL,	/* message */
	STEP_AWAIT,	/* message */
	STEP_RUN_HOOKS, /* hooks {point} */

	/* ---- inside ---- */
	STEP_JOIN,	 /* join: enter namespaces by descriptor */
	STEP_UNSHARE,	 /* unshare {flags}: CLONE_NEWCGROUP, CLONE_NEWTIME … */
	STEP_WRITE_SELF, /* file {path, text}: /proc/self/PATH of the host's procfs */
	STEP_FORK, /* clone {flags}: go on in a child with the same parent; tells MESSAGE_FORKED
		    */
	STEP_BECOME_ROOT, /* uid and gid 0 of the new user namespace, no groups */
	STEP_LOOPBACK_UP,
	STEP_SET_HOSTNAME,   /* text */
	STEP_SET_DOMAINNAME, /* text */
	STEP_JOIN_KEYRING,   /* a new session keyring without a name */

	STEP_ISOLATE_MOUNTS, /* propagation {flags}: of the whole new mount namespace */
	STEP_ENTER_ROOT, /* root {slot}: attach the root's tree and chroot into it ("the jail")
			  */
	STEP_MOUNT,	 /* mount: a new file system */
	STEP_ATTACH,	 /* mount with a slot: a bind */
	STEP_CHANGE_MOUNT, /* mount: attributes or propagation of what is mounted at target */
	STEP_MAKE_DEVICE,  /* device: mknod */
	STEP_BIND_DEVICE,  /* device with a slot */
	STEP_SYMLINK,	   /* file {path, text}: an existing target is left alone */
	STEP_REPLACE_SYMLINK, /* file: what is there is removed (/dev/ptmx) */
	STEP_OPEN_CONSOLE, /* console: a pty from the container's devpts; tells MESSAGE_CONSOLE
			    */
	STEP_WRITE_SYSCTL, /* file {path below /proc/sys, text} */
	STEP_PROTECT_PATH, /* text: read-only, recursively; missing is fine */
	STEP_MASK_PATH,	   /* text: hidden; missing is fine */
	STEP_LEAVE_ROOT,   /* back to the host's root, which is still mounted below */
	STEP_PIVOT_ROOT,   /* and detach the host's root */
	STEP_CHROOT,   /* no mount namespace of its own: the root is entered by chroot only */
	STEP_SET_ROOT, /* mount: read-only and propagation of "/" after the pivot */

	STEP_NEW_SESSION,	/* setsid, and the console becomes the controlling terminal */
	STEP_SET_SCHEDULER,	/* scheduler */
	STEP_SET_IO_PRIORITY,	/* number: class << 13 | level */
	STEP_SET_AFFINITY,	/* affinity {cpus}: NULL for all */
	STEP_SET_MEMORY_POLICY, /* memory_policy */
	STEP_SET_PERSONALITY,	/* number */
	STEP_SET_UMASK,		/* number */
	STEP_SET_LABEL,		/* label: AppArmor or SELinux, for the exec to come */
	STEP_OWN_STDIO,		/* owner {uid}: of descriptors 0, 1, 2, where allowed */
	STEP_MAKE_DIRECTORY,	/* text: the working directory, when missing */
	STEP_NO_NEW_PRIVILEGES,
	STEP_LOAD_SECCOMP,	/* seccomp */
	STEP_DROP_BOUNDING,	/* capabilities.bounding stay, all others go */
	STEP_SHED_CAPABILITIES, /* capabilities.permitted stay for now, all others go */
	STEP_SET_USER,		/* user {uid, gid, groups} */
	STEP_SET_CAPABILITIES,	/* capabilities */
	STEP_CHANGE_DIRECTORY,	/* text: and prove that it is inside the root */
	STEP_FIND_HOME,	   /* user {uid}: HOME from the image's /etc/passwd into env slot */
	STEP_FIND_PROGRAM, /* exec: argv[0] by PATH of the container; its errors are create's */
	STEP_AWAIT_START,  /* block on the start fifo of `create` */
	STEP_SPAWN,	   /* go on in a child; stay behind and reap until it has ended */
	STEP_CLOSE_FDS,	   /* number: how many descriptors after 2 the program keeps */
	STEP_EXEC,

	STEP_COUNT
};

/* A host mount cloned with open_tree(2), still attached to nothing. */
struct step_tree {
	int slot;
	const char *path; /* absolute, as the runtime sees it; symlinks are the host admin's */
	bool recursive;	  /* OPEN_TREE with AT_RECURSIVE (rbind) */
	const char *target; /* of a bind, for the sentence when there is no source; or NULL */
	bool must_be_directory;
	bool must_be_procfs; /* what is on /proc is believed: the root of a procfs and nothing
				else */
	bool nofollow;
	bool in_place; /* an O_PATH descriptor of the mounted tree itself, no clone: for CHROOT
			*/
};

struct step_mount {
	const char *target; /* inside the root */
	const char *type;   /* MOUNT: "proc", "tmpfs" … */
	const char *source;
	const char
		*data; /* comma separated, as mount(8) -o would have it; NULL or "" for none */
	int slot;      /* ATTACH: the detached tree */

	uint64_t set, clear;	     /* MOUNT_ATTR_… of this one mount */
	uint64_t set_all, clear_all; /* MOUNT_ATTR_… of the whole tree (rro …) */
	uint64_t superblock;	     /* MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME,
					MS_I_VERSION, MS_RDONLY of a new fs */

	const unsigned long
		*propagation; /* MS_SHARED, MS_SLAVE|MS_REC …: applied one after another */
	size_t n_propagation;

	bool no_symlinks;  /* /proc, /sys, /dev: the target must be at exactly that path */
	bool copy_symlink; /* ATTACH: a source that is a symlink is made anew at the target, not
			      mounted */
	bool target_nofollow; /* ATTACH: a symlink at the target is covered, not followed */
	bool copy_up;	     /* tmpcopyup: the image's directory is copied into the new tmpfs */
	bool keep_mode;	     /* tmpfs without mode=: take the mode of an existing target */
	bool final_readonly; /* becomes read-only only after the devices are made (a later
				CHANGE_MOUNT) */

	/*
	 * What to do when the kernel refuses in a way that has a known second way. Decided
	 * here, never invented by the child.
	 */
	enum step_otherwise {
		OTHERWISE_FAIL,
		OTHERWISE_WITHOUT_GID, /* devpts in a user namespace that does not map gid 5 */
		OTHERWISE_BIND_HOST,   /* sysfs, proc, cgroup2: attach SLOT, a clone of the
					  host's, instead */
	} otherwise;
};

struct step_device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	unsigned int major, minor;
	mode_t mode; /* permission bits only */
	uid_t uid;
	gid_t gid;
	int slot; /* OPEN_DEVICE, BIND_DEVICE */
};

struct step_device_rule {
	bool allow;
	char type;	      /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1 for any */
	unsigned int access;  /* BPF_DEVCG_ACC_MKNOD | READ | WRITE */
};

/*
 * A property of a systemd unit: a D-Bus type and its values, flat, as busctl(1) takes them
 * ("ay" 2 255 1: an array says its length first).
 */
struct unit_property {
	const char *name, *type;
	const char *const *words;
	size_t n_words;
	bool optional; /* a systemd that does not know it goes without; the cgroup file has it
			*/
	bool at_start; /* systemd takes it when the unit is made, and never again */
};

/* How a unit says whose it is; an id has at most 1024 bytes (oci_id_check()). */
#define UNIT_DESCRIPTION "mayfly container %s"
enum { UNIT_DESCRIPTION_SIZE = 1100 };

struct step_unit {
	const char *name; /* "docker-abc.scope" */
	const char *path; /* of its cgroup below the mount, as systemd lays its tree out */
	const struct unit_property *properties;
	size_t n_properties;
	unsigned int controllers; /* enum controller: what the limits need */
	bool slice;		  /* the unit is a slice: it is made without a process */
};

struct id_map {
	uint32_t inside, outside, size;
};

struct step_maps {
	const struct id_map *uids, *gids;
	size_t n_uids, n_gids;
	bool deny_setgroups;
	bool helpers; /* newuidmap and newgidmap: we may not write these maps ourselves */
};

struct step_map_tree {
	int slot;
	bool recursive;	   /* ridmap */
	bool of_container; /* the container's own user namespace; else the maps below */
	struct step_maps maps;
};

struct step_join {
	/* Either one pidfd of a running container and a mask of CLONE_NEW* … */
	int pidfd_slot; /* -1 when the list below is used */
	uint64_t mask;
	/* … or descriptors of namespaces. Those that answer EPERM are tried again after "user".
	 */
	const struct step_namespace {
		int slot;
		int type; /* CLONE_NEW… */
	} * namespaces;
	size_t n_namespaces;
	struct step_maps maps; /* what the joined user namespace must have; none: anything */
};

struct step_capabilities {
	uint64_t bounding, effective, permitted, inheritable, ambient;
	unsigned int last; /* the kernel's last capability */
};

struct step_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	bool skip_setgroups; /* single-id rootless maps: the kernel denies it; or it was asked
				for */
};

struct step_scheduler { /* sched_setattr(2) */
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct step_memory_policy {
	int mode; /* with flags */
	const unsigned long *nodes;
	unsigned long max_node;
};

struct step_console {
	bool has_size;
	uint16_t rows, columns;
	bool bind; /* bind the slave on /dev/console (create; exec does not) */
	uid_t uid; /* owner of the slave */
};

struct step_seccomp {
	bool listener; /* a rule says SCMP_ACT_NOTIFY: tells MESSAGE_LISTENER, awaits
			  LISTENER_SENT */
};

enum label_kind { LABEL_APPARMOR, LABEL_APPARMOR_STACK, LABEL_SELINUX, LABEL_SELINUX_KEY };

struct step {
	enum step_kind kind;
	const char
		*origin; /* the place in the user's file, "mounts[3]"; never NULL, maybe "" */
	union {
		const char *text;
		int64_t number;
		enum message message;
		struct {
			int slot;
			const char *path;
			int ns_type;	    /* CLONE_NEW… */
			const char *sysctl; /* one that acts on it: then it must not be the
					       runtime's own */
		} open_path;
		struct step_tree tree;
		struct step_mount mount;
		struct step_device device;
		struct {
			const struct step_device_rule *rules;
			size_t count;
		} device_rules;
		struct {
			const char *path;	  /* below the cgroup2 mount, absolute */
			unsigned int controllers; /* enum controller: what the limits need */
			bool optional; /* rootless, nothing asked: go on without one on EACCES,
					  EPERM, EROFS */
		} cgroup;
		struct step_unit unit;
		struct {
			const char *path;
			const char *text;
			const char *later; /* WRITE_CGROUP: its text after RELEASE_UNIT; or NULL
					    */
			bool optional;	   /* a missing file is fine */
		} file;
		struct {
			uint64_t flags; /* CLONE_NEW… */
		} clone, unshare;
		struct step_maps maps;
		struct step_map_tree map_tree;
		struct {
			const char *name;   /* on the host */
			const char *inside; /* may hold "%d": the first number that is free */
			int slot; /* of the joined network namespace; -1: the process's own */
		} net_device;
		struct {
			const char *mount,
				*group;	      /* group: a directory there, "" for the root */
			const char *schemata; /* whole lines, or NULL: leave them alone */
			const char *monitor;  /* a monitoring group in it, or NULL */
			bool own; /* the group is made for the container, and goes with it */
		} rdt;
		struct step_join join;
		struct {
			int resource;
			uint64_t soft, hard;
		} rlimit;
		struct {
			int point; /* enum hook_point, hooks/points.h */
		} hooks;
		struct {
			unsigned long flags; /* MS_… */
		} propagation;
		struct {
			int slot;
			unsigned long propagation; /* ENTER_ROOT: MS_… of the tree before it is
						      attached */
			bool of_host; /* CHROOT: the mount namespace is a copy of the host's */
		} root;
		struct step_console console;
		struct step_scheduler scheduler;
		struct step_memory_policy memory_policy;
		struct {
			const unsigned long *mask; /* NULL: every CPU */
			size_t bytes;
		} affinity;
		struct {
			enum label_kind kind;
			const char *text;
		} label;
		struct {
			uid_t uid;
		} owner;
		struct step_seccomp seccomp;
		struct step_user user;
		struct step_capabilities capabilities;
		struct {
			char *const *argv;
			char **envp; /* one spare NULL slot after the last entry, for HOME */
			size_t n_env;
		} exec;
	};
};

/*
 * One line of text, as `mayfly plan` shows it: "mount proc on /proc type proc".
 * The origin is not part of it. Answers the length the whole line has; ends in NUL if SIZE > 0.
 */
size_t step_print(const struct step *step, char *buffer, size_t size);

#endif
