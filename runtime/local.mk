# runtime/: the floors above oci/. Nothing below points up.
noinst_LIBRARIES += libsys.a liblaunch.a libcontainer.a

libsys_a_SOURCES = \
	runtime/sys/channel.c runtime/sys/channel.h \
	runtime/sys/fd.c runtime/sys/fd.h \
	runtime/sys/file.c runtime/sys/file.h \
	runtime/sys/process.c runtime/sys/process.h \
	runtime/sys/self.c runtime/sys/self.h \
	runtime/sys/path.h runtime/sys/sys.h

liblaunch_a_SOURCES = \
	runtime/launch/launch.h \
	runtime/launch/seccomp.c \
	runtime/launch/seccomp_cache.c runtime/launch/seccomp_cache.h \
	runtime/launch/seccomp_stub.c runtime/launch/seccomp_stub.h
