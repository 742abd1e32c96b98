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
