# runtime/: the floors above oci/. Nothing below points up.
noinst_LIBRARIES += libverdict.a libsys.a libhost.a libplan.a libcgroup.a libwatch.a libinit.a liblaunch.a libcontainer.a \
	libcommand.a

libverdict_a_SOURCES = \
	runtime/verdict/result.c \
	runtime/verdict/result.h \
	runtime/verdict/verdict.c \
	runtime/verdict/verdict.h

libwatch_a_SOURCES = \
	runtime/watch/calls.c \
	runtime/watch/counters.c \
	runtime/watch/counters.h \
	runtime/watch/loop.h \
	runtime/watch/others.c \
	runtime/watch/output.c \
	runtime/watch/priority.c \
	runtime/watch/foreign.c \
	runtime/watch/foreign.h \
	runtime/watch/ready.c \
	runtime/watch/stream.c \
	runtime/watch/stream.h \
	runtime/watch/watch.c \
	runtime/watch/watch.h

libsys_a_SOURCES = \
	runtime/sys/channel.c \
	runtime/sys/channel.h \
	runtime/sys/fd.c \
	runtime/sys/fd.h \
	runtime/sys/file.c \
	runtime/sys/file.h \
	runtime/sys/helper.c \
	runtime/sys/helper.h \
	runtime/sys/netlink.c \
	runtime/sys/netlink.h \
	runtime/sys/path.c \
	runtime/sys/path.h \
	runtime/sys/process.c \
	runtime/sys/process.h \
	runtime/sys/restrain.c \
	runtime/sys/restrain.h \
	runtime/sys/self.c \
	runtime/sys/self.h \
	runtime/sys/sys.h \
	runtime/sys/tree.c \
	runtime/sys/tree.h

libhost_a_SOURCES = \
	runtime/host/controllers.c \
	runtime/host/host.c \
	runtime/host/host.h \
	runtime/host/systemd.c

libplan_a_SOURCES = \
	runtime/plan/annotations.c \
	runtime/plan/build.c \
	runtime/plan/cgroup.c \
	runtime/plan/cgroup.h \
	runtime/plan/cpu_weight.c \
	runtime/plan/device_rules.c \
	runtime/plan/devices.c \
	runtime/plan/filesystem.c \
	runtime/plan/gvariant.c \
	runtime/plan/hooks.c \
	runtime/plan/idmap.c \
	runtime/plan/mounts.c \
	runtime/plan/mounts.h \
	runtime/plan/namespaces.c \
	runtime/plan/net_devices.c \
	runtime/plan/plan.c \
	runtime/plan/plan.h \
	runtime/plan/process.c \
	runtime/plan/program.c \
	runtime/plan/rdt.c \
	runtime/plan/request.h \
	runtime/plan/resources.c \
	runtime/plan/resources.h \
	runtime/plan/rooms.h \
	runtime/plan/rootfs.c \
	runtime/plan/seccomp.c \
	runtime/plan/security.c \
	runtime/plan/step.c \
	runtime/plan/step.h \
	runtime/plan/sysctl.c \
	runtime/plan/terminal.c \
	runtime/plan/unit.c \
	runtime/plan/unit.h \
	runtime/plan/unit_annotations.c \
	runtime/plan/unit_properties.c \
	runtime/plan/words.c \
	runtime/plan/words.h

libcgroup_a_SOURCES = \
	runtime/cgroup/cgroup.c \
	runtime/cgroup/cgroup.h \
	runtime/cgroup/device_program.c \
	runtime/cgroup/devices.c \
	runtime/cgroup/devices.h \
	runtime/cgroup/files.c \
	runtime/cgroup/files.h \
	runtime/cgroup/fs.c \
	runtime/cgroup/processes.c \
	runtime/cgroup/remove.c \
	runtime/cgroup/stats.c \
	runtime/cgroup/stats.h \
	runtime/cgroup/unit.c \
	runtime/cgroup/unit.h \
	runtime/cgroup/update.c

libinit_a_SOURCES = \
	runtime/init/copy_up.c \
	runtime/init/devices.c \
	runtime/init/filesystem.c \
	runtime/init/host_mounts.c \
	runtime/init/init.c \
	runtime/init/init.h \
	runtime/init/masks.c \
	runtime/init/mounts.c \
	runtime/init/namespaces.c \
	runtime/init/process.c \
	runtime/init/program.c \
	runtime/init/reaper.c \
	runtime/init/rooms.h \
	runtime/init/rootfs.c \
	runtime/init/security.c \
	runtime/init/sources.c \
	runtime/init/sources.h \
	runtime/init/terminal.c

liblaunch_a_SOURCES = \
	runtime/launch/clone.c \
	runtime/launch/criu.c \
	runtime/launch/criu.h \
	runtime/launch/filesystem.c \
	runtime/launch/idmap.c \
	runtime/launch/launch.c \
	runtime/launch/launch.h \
	runtime/launch/net_devices.c \
	runtime/launch/outside.h \
	runtime/launch/rdt.c \
	runtime/launch/ready.c \
	runtime/launch/relay.c \
	runtime/launch/resctrl.c \
	runtime/launch/resctrl.h \
	runtime/launch/restore.c \
	runtime/launch/seccomp.c \
	runtime/launch/seccomp_cache.c \
	runtime/launch/seccomp_cache.h \
	runtime/launch/seccomp_flags.c \
	runtime/launch/seccomp_rules.c \
	runtime/launch/seccomp_rules.h \
	runtime/launch/seccomp_stub.c \
	runtime/launch/seccomp_stub.h \
	runtime/launch/send.c \
	runtime/launch/sources.c \
	runtime/launch/terminal.h \
	runtime/launch/tty.c \
	runtime/launch/tty.h

libcontainer_a_SOURCES = \
	runtime/mayfly.h \
	runtime/container/base.c \
	runtime/container/base.h \
	runtime/container/birth.c \
	runtime/container/checkpoint.c \
	runtime/container/create.c \
	runtime/container/criu_options.c \
	runtime/container/criu_options.h \
	runtime/container/delete.c \
	runtime/container/doctor.c \
	runtime/container/events.c \
	runtime/container/exec.c \
	runtime/container/info.c \
	runtime/container/kill.c \
	runtime/container/notify.c \
	runtime/container/monitor.c \
	runtime/container/monitor.h \
	runtime/container/notify.h \
	runtime/container/once.c \
	runtime/container/once.h \
	runtime/container/once_batch.c \
	runtime/container/once_calls.c \
	runtime/container/once_enforce.c \
	runtime/container/once_exec.c \
	runtime/container/once_files.c \
	runtime/container/once_ids.c \
	runtime/container/once_limits.c \
	runtime/container/once_place.c \
	runtime/container/once_request.c \
	runtime/container/once_result.c \
	runtime/container/once_rights.c \
	runtime/container/once_spec.c \
	runtime/container/once_template.c \
	runtime/container/operation.c \
	runtime/container/operation.h \
	runtime/container/outcome.c \
	runtime/container/outcome.h \
	runtime/container/pause.c \
	runtime/container/plan.c \
	runtime/container/record.c \
	runtime/container/record.h \
	runtime/container/restore.c \
	runtime/container/result.c \
	runtime/container/setup.c \
	runtime/container/run.c \
	runtime/container/start.c \
	runtime/container/state.c \
	runtime/container/store.c \
	runtime/container/stats.c \
	runtime/container/store.h \
	runtime/container/sweep.c \
	runtime/container/tell.c \
	runtime/container/templates.h \
	runtime/container/update.c \
	runtime/container/watched.c
nodist_libcontainer_a_SOURCES = runtime/container/templates.c

# The templates are installed, to be read and copied, and built in, so that a binary alone has them.
templates = templates/agent.json templates/dev.json templates/judge.json templates/strict.json
templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = $(templates)
CLEANFILES += runtime/container/templates.c
runtime/container/templates.c: $(templates) runtime/container/to-c
	$(AM_V_GEN)$(MKDIR_P) runtime/container && \
	$(AWK) -f $(top_srcdir)/runtime/container/to-c $(addprefix $(top_srcdir)/,$(templates)) >$@.tmp && mv $@.tmp $@
EXTRA_DIST += runtime/container/to-c

# The command line. Its tables are also linked by tests, so main.c stands alone.
libcommand_a_SOURCES = \
	runtime/command/checkpoint.c \
	runtime/command/command.h \
	runtime/command/commands.c \
	runtime/command/create.c \
	runtime/command/delete.c \
	runtime/command/doctor.c \
	runtime/command/events.c \
	runtime/command/exec.c \
	runtime/command/features.c \
	runtime/command/help.c \
	runtime/command/kill.c \
	runtime/command/list.c \
	runtime/command/log.c \
	runtime/command/log.h \
	runtime/command/once.c \
	runtime/command/options.c \
	runtime/command/options.h \
	runtime/command/pause.c \
	runtime/command/plan.c \
	runtime/command/ps.c \
	runtime/command/result.c \
	runtime/command/run.c \
	runtime/command/spec.c \
	runtime/command/start.c \
	runtime/command/state.c \
	runtime/command/update.c \
	runtime/command/version.c

bin_PROGRAMS += mayfly
mayfly_SOURCES = runtime/command/main.c
mayfly_LDADD = libcommand.a libcontainer.a liblaunch.a libinit.a libwatch.a libcgroup.a libplan.a libhost.a libhooks.a \
	libsys.a libverdict.a liboci.a libbase.a $(SECCOMP_LIBS) $(YAJL_LIBS)
mayfly_LDFLAGS = $(AM_LDFLAGS)
if STATIC
mayfly_LDFLAGS += -static
endif
if MUSL
# One heap less to set up: oci/base/heap.c.
noinst_LIBRARIES += libheap.a
libheap_a_SOURCES = oci/base/heap.c
mayfly_LDADD += libheap.a
mayfly_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
endif
EXTRA_DIST += runtime/with-musl oci/base/libc.symbols
EXTRA_DIST += runtime/layout.ld
if LAYOUT
mayfly_LDFLAGS += -Wl,-T,$(srcdir)/runtime/layout.ld
EXTRA_mayfly_DEPENDENCIES = runtime/layout.ld
endif
if ENTRY
noinst_LIBRARIES += libentry.a
libentry_a_SOURCES = runtime/sys/entry.c
# Nothing of the library works there yet, nor what the compiler makes of it.
libentry_a_CFLAGS = $(AM_CFLAGS) -O2 -fno-builtin -fno-stack-protector $(ENTRY_CFLAGS)
mayfly_LDADD += libentry.a
mayfly_LDFLAGS += -Wl,-e,mayfly_entry -Wl,-u,mayfly_entry
endif

# What needs a shared library is apart, and run only when asked for: docs/decisions/032-helper-program.md.
pkglibexec_PROGRAMS = mayfly-helper
mayfly_helper_SOURCES = runtime/helper/main.c
mayfly_helper_CFLAGS = $(COMMON_CFLAGS) $(MOUNT_CFLAGS)
mayfly_helper_LDFLAGS = $(COMMON_LINK)
mayfly_helper_LDADD = $(MOUNT_LIBS)

# For --systemd-cgroup, apart from the other one: docs/decisions/040-scope-with-a-stand-in.md.
if SYSTEMD
pkglibexec_PROGRAMS += mayfly-systemd
mayfly_systemd_SOURCES = \
	runtime/helper/systemd.c \
	runtime/helper/systemd.h \
	runtime/helper/systemd_bus.c \
	runtime/helper/systemd_values.c
mayfly_systemd_CFLAGS = $(COMMON_CFLAGS) $(SYSTEMD_CFLAGS)
mayfly_systemd_LDFLAGS = $(COMMON_LINK)
mayfly_systemd_LDADD = $(SYSTEMD_LIBS)
endif
