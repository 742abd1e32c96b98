/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal: a pty of its own devpts, so that the host's are not reachable. The
 * other end is never looked up by name (CVE-2025-52565): the kernel gives it for the master.
 */
#include "runtime/init/rooms.h"

#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <asm/ioctls.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static bool is_ptmx(int fd)
{
	struct statfs fs;
	struct stat info;

	return fstatfs(fd, &fs) == 0 && fs.f_type == FS_DEVPTS && fstat(fd, &info) == 0 &&
	       S_ISCHR(info.st_mode) && info.st_rdev == makedev(5, 2);
}

/* Opening a device acts; so it is proven first that only the kernel makes nodes where it is. */
static int open_master(struct init_context *context)
{
	const struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int root = init_root(context);
	int AUTO_FD pts = root < 0 ? root
				   : path_open(root, "/dev/pts", PATH_DIRECTORY,
					     PATH_NO_SYMLINKS, &context->err);
	struct statfs fs;

	if (pts < 0)
		return -1;
	if (fstatfs(pts, &fs) < 0 || fs.f_type != FS_DEVPTS)
		return init_fail(
			context, 0, "\"/dev/pts\" is not a devpts: a terminal needs one");

	int AUTO_FD master = sys_openat2(pts, "ptmx", &how);

	if (master < 0)
		return init_fail(context, -master, "open \"/dev/pts/ptmx\"");
	if (!is_ptmx(master))
		return init_fail(context, ENODEV, "\"/dev/pts/ptmx\" is not a pty master");
	return take_fd(&master);
}

static int open_slave(struct init_context *context, int master)
{
	int locked = 0;
	int slave;

	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return init_fail(context, errno, "unlock the terminal");
	slave = SYS_RESULT(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (slave < 0)
		return init_fail(context, -slave, "open the terminal");
	return slave;
}

static int bind_console(struct init_context *context, int slave)
{
	int AUTO_FD target = path_create(context->root, "/dev/console", PATH_NOT_DIRECTORY,
		PATH_NO_SYMLINKS, &context->err);
	int AUTO_FD tree = -1;
	int done;

	if (target < 0)
		return -1;
	tree = sys_open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	done = tree < 0 ? tree : init_attach_tree(tree, target);
	if (done < 0)
		return init_fail(context, -done, "bind the terminal on \"/dev/console\"");
	return 0;
}

int init_open_console(struct init_context *context, const struct step *step)
{
	const struct step_console *console = &step->console;
	const struct winsize size = {.ws_row = console->rows, .ws_col = console->columns};
	int AUTO_FD master = open_master(context);
	int AUTO_FD slave = master < 0 ? -1 : open_slave(context, master);
	int done;

	if (slave < 0)
		return -1;
	if (console->has_size && ioctl(master, TIOCSWINSZ, &size) < 0)
		return init_fail(context, errno, "set the size of the terminal");
	/* The group stays what devpts made it ("gid=5", tty). */
	if (fchown(slave, console->uid, (gid_t)-1) < 0)
		return init_fail(context, errno, "change the owner of the terminal");
	if (console->bind && bind_console(context, slave) < 0)
		return -1;
	done = channel_tell(context->channel, MESSAGE_CONSOLE, 0, master);
	if (done < 0)
		return init_fail(context, -done, "send the terminal to the runtime");
	context->console = take_fd(&slave);
	return 0;
}

int init_new_session(struct init_context *context, const struct step *step)
{
	/* Never the caller's: TIOCSTI would type into it (CVE-2016-10124 and its family). */
	if (setsid() < 0)
		return init_fail(context, errno, "start a session");
	if (context->console < 0)
		return 0;
	if (ioctl(context->console, TIOCSCTTY, 0) < 0)
		return init_fail(context, errno, "make the terminal the session's");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(context->console, fd) < 0)
			return init_fail(
				context, errno, "use the terminal as descriptor %d", fd);
	fd_close(&context->console);
	return 0;
}
