# runtime/: the floors above oci/. Nothing below points up.
noinst_LIBRARIES += libsys.a libhost.a libplan.a libcgroup.a liblaunch.a libcontainer.a

libsys_a_SOURCES = \
	runtime/sys/channel.c runtime/sys/channel.h \
	runtime/sys/fd.c runtime/sys/fd.h \
	runtime/sys/file.c runtime/sys/file.h \
	runtime/sys/process.c runtime/sys/process.h \
	runtime/sys/self.c runtime/sys/self.h \
	runtime/sys/path.h runtime/sys/sys.h

libhost_a_SOURCES = runtime/host/host.c runtime/host/host.h

libplan_a_SOURCES = \
	runtime/plan/build.c \
	runtime/plan/idmap.c \
	runtime/plan/namespaces.c \
	runtime/plan/plan.h \
	runtime/plan/cgroup.c runtime/plan/cgroup.h \
	runtime/plan/cpu_weight.c \
	runtime/plan/device_rules.c \
	runtime/plan/resources.c runtime/plan/resources.h

libcgroup_a_SOURCES = \
	runtime/cgroup/cgroup.c runtime/cgroup/cgroup.h \
	runtime/cgroup/device_program.c \
	runtime/cgroup/devices.c runtime/cgroup/devices.h \
	runtime/cgroup/files.c runtime/cgroup/files.h \
	runtime/cgroup/fs.c \
	runtime/cgroup/processes.c \
	runtime/cgroup/remove.c

liblaunch_a_SOURCES = \
	runtime/launch/clone.c \
	runtime/launch/idmap.c \
	runtime/launch/launch.c runtime/launch/launch.h \
	runtime/launch/outside.h \
	runtime/launch/seccomp.c \
	runtime/launch/seccomp_cache.c runtime/launch/seccomp_cache.h \
	runtime/launch/seccomp_stub.c runtime/launch/seccomp_stub.h \
	runtime/launch/sources.c

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
