/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one opener against roots that an attacker has laid out: whatever is named, what is found
 * or made is inside. A canary beside the root shows any escape.
 */
#include "runtime/sys/path.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <limits.h>
#include <sys/vfs.h>

static char base[] = "/tmp/mayfly-path-XXXXXX";
static int root;

static void make(int result)
{
	if (result < 0) {
		printf("Bail out! %s\n", strerror(errno));
		exit(1);
	}
}

static void lay_out(void)
{
	int AUTO_FD outside = -1;

	make(mkdtemp(base) ? 0 : -1);
	outside = open(base, O_DIRECTORY | O_CLOEXEC);
	make(outside);
	make(mkdirat(outside, "root", 0755));
	make(mkdirat(outside, "canary", 0700));
	root = sys_openat(outside, "root", O_PATH | O_DIRECTORY, 0);
	make(root);
	make(mkdirat(root, "etc", 0755));
	make(mknodat(root, "etc/file", S_IFREG | 0600, 0));
	make(mkdirat(root, "run", 0755));
	make(mkdirat(root, "var", 0755));
	make(symlinkat("/run", root, "var/run"));
	make(symlinkat("../../../../canary", root, "up"));
	make(symlinkat("/canary", root, "absolute"));
	make(symlinkat("later/deep", root, "dangling"));
	make(symlinkat("/new/place", root, "var/dangling"));
	make(symlinkat("loop2", root, "loop1"));
	make(symlinkat("loop1", root, "loop2"));
	make(symlinkat("/proc/self/fd/0", root, "magic"));
	make(symlinkat("etc/file", root, "to_file"));
	make(mknodat(root, "fifo", S_IFIFO | 0644, 0));
	make(symlinkat("/run", root, "dev"));
}

static int canary_entries(void)
{
	char path[64];
	struct stat info;

	snprintf(path, sizeof(path), "%s/canary", base);
	make(stat(path, &info));
	return (int)info.st_nlink;
}

/* The path of FD below the root, or "outside". */
static const char *where(int fd)
{
	static char text[PATH_MAX];
	char link[32], prefix[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	snprintf(prefix, sizeof(prefix), "%s/root", base);
	length = readlink(link, text, sizeof(text) - 1);
	text[length < 0 ? 0 : length] = '\0';
	return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : "outside";
}

struct look {
	const char *path, *where; /* WHERE NULL: it must fail with CODE */
	enum path_type type;
	unsigned int flags;
	int code;
	const char *name;
};

static const struct look opens[] = {
	{"/etc/file", "/etc/file", PATH_NOT_DIRECTORY, 0, 0, "a file"},
	{"etc/", "/etc", PATH_DIRECTORY, 0, 0, "no leading slash is needed"},
	{"///etc//./file", "/etc/file", PATH_ANY, 0, 0, "slashes and dots"},
	{"/", "", PATH_DIRECTORY, 0, 0, "the root itself"},
	{"", "", PATH_DIRECTORY, 0, 0, "nothing is the root"},
	{"/../../etc", "/etc", PATH_ANY, 0, 0, "\"..\" stops at the root"},
	{"/var/run", "/run", PATH_DIRECTORY, 0, 0, "an absolute symlink stays inside"},
	{"/to_file", "/etc/file", PATH_NOT_DIRECTORY, 0, 0, "a symlink to a file"},
	{"/fifo", "/fifo", PATH_NOT_DIRECTORY, 0, 0, "a FIFO is found without waiting"},
	{"/up", NULL, PATH_ANY, 0, ENOENT, "a symlink of \"..\" stops at the root"},
	{"/absolute", NULL, PATH_ANY, 0, ENOENT, "an absolute symlink out finds nothing"},
	{"/magic", NULL, PATH_ANY, 0, ENOENT, "a symlink into proc is not the host's proc"},
	{"/loop1", NULL, PATH_ANY, 0, ELOOP, "a loop ends"},
	{"/etc/file", NULL, PATH_DIRECTORY, 0, ENOTDIR, "a file is not a directory"},
	{"/etc/file/x", NULL, PATH_ANY, 0, ENOTDIR, "nothing is below a file"},
	{"/etc", NULL, PATH_NOT_DIRECTORY, 0, EISDIR, "a directory is not a file"},
	{"/dev/x", NULL, PATH_ANY, PATH_NO_SYMLINKS, ELOOP, "a symlinked /dev is an error"},
	{"/var/run", NULL, PATH_ANY, PATH_NO_SYMLINKS, ELOOP, "so is a link at the end"},
};

static const struct look creations[] = {
	{"/a/b/c", "/a/b/c", PATH_DIRECTORY, 0, 0, "directories are made"},
	{"/a/b/file", "/a/b/file", PATH_NOT_DIRECTORY, 0, 0, "a file is made"},
	{"/a/b/file", "/a/b/file", PATH_NOT_DIRECTORY, 0, 0, "an existing one is taken"},
	{"/a/slash/", "/a/slash", PATH_DIRECTORY, 0, 0, "a slash at the end"},
	{"/var/run/x", "/run/x", PATH_DIRECTORY, 0, 0, "below a symlink, inside"},
	{"/dangling/y", "/later/deep/y", PATH_DIRECTORY, 0, 0, "through a dangling symlink"},
	{"/var/dangling", "/new/place", PATH_NOT_DIRECTORY, 0, 0, "at a dangling symlink"},
	{"/up/x", "/canary/x", PATH_DIRECTORY, 0, 0, "\"..\" in a link stops at the root"},
	{"/../../../m/n", "/m/n", PATH_DIRECTORY, 0, 0, "\"..\" in the path, too"},
	{"/p/../q/./r", "/q/r", PATH_DIRECTORY, 0, 0, "\"..\" after what is missing"},
	{"/etc/file/x", NULL, PATH_DIRECTORY, 0, ENOTDIR, "not below a file"},
	{"/etc/file", NULL, PATH_DIRECTORY, 0, ENOTDIR, "not a directory over a file"},
	{"/etc", NULL, PATH_NOT_DIRECTORY, 0, EISDIR, "not a file over a directory"},
	{"/loop1/x", NULL, PATH_DIRECTORY, 0, ELOOP, "not through a loop"},
	{"/dev/x", NULL, PATH_DIRECTORY, PATH_NO_SYMLINKS, ELOOP, "not below a symlinked /dev"},
	{"/dangling", NULL, PATH_DIRECTORY, PATH_NO_SYMLINKS, ELOOP, "no dangling link there"},
};

static void look(const struct look *look, const char *verb,
	int (*opener)(int, const char *, enum path_type, unsigned int, struct error *))
{
	struct error err;
	int AUTO_FD fd = opener(root, look->path, look->type, look->flags, &err);
	char name[128];

	snprintf(name, sizeof(name), "%s \"%s\": %s", verb, look->path, look->name);
	if (look->where)
		is_text(fd < 0 ? err.what : where(fd), look->where, name);
	else
		is_number(fd < 0 ? (uint64_t)err.code : 0, (uint64_t)look->code, name);
}

static void test_limits(void)
{
	char path[2 * 70 + 1] = "", component[300], long_path[PATH_MAX + 16];
	struct error err;
	int fd;

	for (int i = 0; i < 70; i++)
		strcat(path, "/k");
	fd = path_create(root, path, PATH_DIRECTORY, 0, &err);
	is_true(fd < 0 && err.code == ENAMETOOLONG, "70 missing directories are too many");
	path[2 * 60] = '\0';
	fd = path_create(root, path, PATH_DIRECTORY, 0, &err);
	is_true(fd >= 0, "60 are not");
	fd_close(&fd);

	memset(component, 'x', sizeof(component) - 1);
	component[sizeof(component) - 1] = '\0';
	fd = path_create(root, component, PATH_DIRECTORY, 0, &err);
	is_true(fd < 0 && err.code == ENAMETOOLONG, "a component of 299 bytes");
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	for (size_t i = 1; i < sizeof(long_path) - 1; i += 2)
		long_path[i] = 'y';
	fd = path_create(root, long_path, PATH_DIRECTORY, 0, &err);
	is_true(fd < 0 && err.code == ENAMETOOLONG, "a path longer than the kernel takes");
}

static void test_modes(void)
{
	struct error err;
	struct stat info;
	int AUTO_FD directory = path_create(root, "/modes/d", PATH_DIRECTORY, 0, &err);
	int AUTO_FD file = path_create(root, "/modes/f", PATH_NOT_DIRECTORY, 0, &err);

	make(fstat(directory, &info));
	is_number(info.st_mode & 07777, 0755, "a directory has mode 0755");
	make(fstat(file, &info));
	is_number(info.st_mode & 07777, 0644, "a file has mode 0644");
	is_true(read(file, &info, 1) < 0 && errno == EBADF, "what is found cannot be read");
}

static void test_parent(void)
{
	char name[PATH_NAME_MAX];
	struct error err;
	int fd = path_create_parent(root, "/var/run/null", 0, name, &err);

	is_text(fd < 0 ? err.what : where(fd), "/run", "the parent is resolved inside");
	is_text(name, "null", "and the name is what is left");
	fd_close(&fd);
	fd = path_create_parent(root, "top", 0, name, &err);
	is_text(fd < 0 ? err.what : where(fd), "", "a single name is in the root");
	fd_close(&fd);
	fd = path_create_parent(root, "dangling", 0, name, &err);
	is_text(fd < 0 ? err.what : where(fd), "", "a symlink at the end is not followed");
	fd_close(&fd);

	static const char *const no_names[] = {"/", "", "..", "/etc/..", "/etc/."};

	for (size_t i = 0; i < sizeof(no_names) / sizeof(*no_names); i++)
		is_true(path_create_parent(root, no_names[i], 0, name, &err) < 0,
			"\"%s\" names nothing", no_names[i]);
}

static void test_knobs(void)
{
	int AUTO_FD proc = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);
	int fd = path_open_knob(proc, "self/status", O_RDONLY, FS_PROC);

	is_true(fd >= 0, "self is the one symlink that is needed");
	fd_close(&fd);
	fd = path_open_knob(proc, "self/root/etc", O_RDONLY, FS_PROC);
	is_number((uint64_t)-fd, ELOOP, "self/root leads out of proc");
	fd = path_open_knob(proc, "../etc", O_RDONLY, FS_PROC);
	is_number((uint64_t)-fd, EXDEV, "\"..\" leads out of proc");
	fd = path_open_knob(root, "etc/file", O_RDONLY, FS_PROC);
	is_number((uint64_t)-fd, EXDEV, "a file that is not of proc");
	fd = path_write_knob(proc, "self/comm", "knob", FS_PROC);
	is_number((uint64_t)-fd, 0, "a knob is written");
}

/* A peer that shares a volume exchanges a directory for a symlink out, as fast as it can. */
static pid_t start_swapper(void)
{
	pid_t pid = fork();

	make(pid);
	if (pid > 0)
		return pid;
	(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (;;)
		(void)syscall(SYS_renameat2, root, "volume/dir", root, "volume/link",
			2 /* EXCHANGE */);
}

static void test_race(void)
{
	char link[128];
	int outside = 0, made = 0;
	enum { LOADED_MS = 10000 }; /* the swapper may have the only processor */
	int64_t end = fd_now_ms() + 700;
	pid_t swapper;

	snprintf(link, sizeof(link), "%s/canary", base);
	make(mkdirat(root, "volume", 0755));
	make(mkdirat(root, "volume/dir", 0755));
	make(symlinkat(link, root, "volume/link"));
	swapper = start_swapper();
	for (unsigned int i = 0; fd_now_ms() < end + (made > 100 ? 0 : LOADED_MS); i++) {
		char path[64];
		struct error err;
		int fd;

		snprintf(path, sizeof(path), "/volume/dir/a%u/b", i % 1000);
		fd = path_create(
			root, path, i % 2 ? PATH_DIRECTORY : PATH_NOT_DIRECTORY, 0, &err);
		made += fd >= 0;
		outside += fd >= 0 && strcmp(where(fd), "outside") == 0;
		fd_close(&fd);
	}
	make(kill(swapper, SIGKILL));
	make(waitpid(swapper, NULL, 0));
	is_number((uint64_t)outside, 0, "a race with a symlink never leads out");
	is_true(made > 100, "and names were found or made in it: %d", made);
}

static void remove_tree(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf -- %s", base);
	if (system(command) != 0)
		printf("# %s is left\n", base);
}

int main(void)
{
	(void)umask(0);
	lay_out();
	for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++)
		look(&opens[i], "open", path_open);
	for (size_t i = 0; i < sizeof(creations) / sizeof(*creations); i++)
		look(&creations[i], "create", path_create);
	test_limits();
	test_modes();
	test_parent();
	test_knobs();
	test_race();
	is_number((uint64_t)canary_entries(), 2, "the canary beside the root is as it was");
	remove_tree();
	return tap_end();
}
