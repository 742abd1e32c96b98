# runtime/: the floors above oci/. Nothing below points up.
noinst_LIBRARIES += libsys.a libinit.a liblaunch.a libcontainer.a

libsys_a_SOURCES = \
	runtime/sys/channel.c runtime/sys/channel.h \
	runtime/sys/fd.c runtime/sys/fd.h \
	runtime/sys/file.c runtime/sys/file.h \
	runtime/sys/process.c runtime/sys/process.h \
	runtime/sys/self.c runtime/sys/self.h \
	runtime/sys/path.c runtime/sys/path.h runtime/sys/sys.h

libinit_a_SOURCES = \
	runtime/init/copy_up.c \
	runtime/init/devices.c \
	runtime/init/filesystem.c \
	runtime/init/init.c runtime/init/init.h runtime/init/rooms.h \
	runtime/init/masks.c \
	runtime/init/mounts.c \
	runtime/init/namespaces.c \
	runtime/init/process.c \
	runtime/init/program.c \
	runtime/init/rootfs.c \
	runtime/init/security.c \
	runtime/init/terminal.c

liblaunch_a_SOURCES = \
	runtime/launch/clone.c \
	runtime/launch/idmap.c \
	runtime/launch/launch.c runtime/launch/launch.h \
	runtime/launch/outside.h \
	runtime/launch/relay.c \
	runtime/launch/seccomp.c \
	runtime/launch/seccomp_cache.c runtime/launch/seccomp_cache.h \
	runtime/launch/seccomp_stub.c runtime/launch/seccomp_stub.h \
	runtime/launch/send.c \
	runtime/launch/sources.c \
	runtime/launch/terminal.h \
	runtime/launch/tty.c runtime/launch/tty.h

libcontainer_a_SOURCES = \
	runtime/mayfly.h \
	runtime/container/birth.c \
	runtime/container/create.c \
	runtime/container/delete.c \
	runtime/container/exec.c \
	runtime/container/info.c \
	runtime/container/kill.c \
	runtime/container/operation.c runtime/container/operation.h \
	runtime/container/record.c runtime/container/record.h \
	runtime/container/run.c \
	runtime/container/start.c \
	runtime/container/state.c \
	runtime/container/store.c runtime/container/store.h

# The command line. Its tables are also linked by tests, so main.c stands alone.
noinst_LIBRARIES += libcommand.a

libcommand_a_SOURCES = \
	runtime/mayfly.h \
	runtime/command/command.h runtime/command/commands.c \
	runtime/command/create.c \
	runtime/command/delete.c \
	runtime/command/exec.c \
	runtime/command/features.c \
	runtime/command/help.c \
	runtime/command/kill.c \
	runtime/command/list.c \
	runtime/command/log.c runtime/command/log.h \
	runtime/command/options.c runtime/command/options.h \
	runtime/command/plan.c \
	runtime/command/ps.c \
	runtime/command/run.c \
	runtime/command/spec.c \
	runtime/command/start.c \
	runtime/command/state.c \
	runtime/command/version.c
