# tests/: see tests/README.md.

# The command line against stubs of the runtime: tests/unit/command_stubs.c.
check_PROGRAMS += tests/unit/mayfly_stub tests/lint/option_rows
tests_unit_mayfly_stub_SOURCES = runtime/command/main.c tests/unit/command_stubs.c
tests_unit_mayfly_stub_LDADD = libcommand.a libbase.a
tests_lint_option_rows_SOURCES = tests/lint/option_rows.c tests/unit/command_stubs.c
tests_lint_option_rows_LDADD = libcommand.a libbase.a

# Each unit test is one program, mostly for one file; it links only the floor it tests.
oci_tests = \
	tests/unit/allocation_test \
	tests/unit/documents_test \
	tests/unit/json_write_test \
	tests/unit/linux_test \
	tests/unit/mounts_test \
	tests/unit/process_test \
	tests/unit/resources_test \
	tests/unit/seccomp_test \
	tests/unit/spec_test \
	tests/unit/state_test \
	tests/unit/text_test \
	tests/unit/types_test \
	tests/unit/unknown_test
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
EXTRA_DIST += tests/unit/tap.h tests/unit/config.h tests/unit/cgroup_place.h

tests_unit_allocation_test_SOURCES = tests/unit/allocation_test.c
tests_unit_allocation_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_documents_test_SOURCES = tests/unit/documents_test.c
tests_unit_documents_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_json_write_test_SOURCES = tests/unit/json_write_test.c
tests_unit_json_write_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_linux_test_SOURCES = tests/unit/linux_test.c
tests_unit_linux_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_mounts_test_SOURCES = tests/unit/mounts_test.c
tests_unit_mounts_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_process_test_SOURCES = tests/unit/process_test.c
tests_unit_process_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_resources_test_SOURCES = tests/unit/resources_test.c
tests_unit_resources_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_seccomp_test_SOURCES = tests/unit/seccomp_test.c
tests_unit_seccomp_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_spec_test_SOURCES = tests/unit/spec_test.c
tests_unit_spec_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_state_test_SOURCES = tests/unit/state_test.c
tests_unit_state_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_text_test_SOURCES = tests/unit/text_test.c
tests_unit_text_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_types_test_SOURCES = tests/unit/types_test.c
tests_unit_types_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_unknown_test_SOURCES = tests/unit/unknown_test.c
tests_unit_unknown_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_allocation_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc

# The page about the specification is printed from the decoder's tables.
check_PROGRAMS += tests/lint/fields
tests_lint_fields_SOURCES = tests/lint/fields.c
tests_lint_fields_LDADD = liboci.a libbase.a $(YAJL_LIBS)
TESTS += tests/lint/spec-coverage
EXTRA_DIST += tests/lint/spec-coverage docs/spec-coverage.md

# "make fuzz" builds and runs each target for FUZZ_SECONDS; what it finds lands in tests/fuzz/found/.
FUZZ_TARGETS = spec process state mount_options plan request command channel seccomp
FUZZ_SECONDS = 60
FUZZ_CC = clang
FUZZ_FLAGS = -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_FILES = $(liboci_a_SOURCES) oci/base/error.c oci/base/text.c tests/fuzz/arena.c
FUZZ_FILES_plan = $(libplan_a_SOURCES) tests/golden/meetings.c hooks/points.c runtime/host/controllers.c runtime/sys/channel.c runtime/sys/fd.c
FUZZ_FILES_command = $(filter-out runtime/command/main.c,$(libcommand_a_SOURCES)) tests/unit/command_stubs.c
FUZZ_FILES_channel = runtime/sys/channel.c runtime/sys/fd.c
FUZZ_FILES_seccomp = runtime/launch/seccomp.c runtime/launch/seccomp_cache.c runtime/launch/seccomp_flags.c runtime/launch/seccomp_rules.c \
	runtime/launch/seccomp_stub.c \
	runtime/sys/fd.c runtime/sys/file.c
EXTRA_DIST += tests/fuzz/command.c tests/fuzz/channel.c tests/fuzz/seccomp.c tests/fuzz/plan.c tests/fuzz/fuzz.h tests/fuzz/arena.c tests/fuzz/spec.c tests/fuzz/process.c tests/fuzz/state.c tests/fuzz/request.c \
	tests/fuzz/mount_options.c tests/fuzz/corpus

fuzz: tests/lint/fields
	mkdir -p tests/fuzz/found
	tests/lint/fields --dictionary | LC_ALL=C sort -u >tests/fuzz/found/dictionary
	+for target in $(FUZZ_TARGETS); do $(MAKE) fuzz-$$target || exit 1; done

fuzz-%: commit.h
	mkdir -p tests/fuzz/found/$*
	$(FUZZ_CC) $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) -o tests/fuzz/found/$*.bin $(srcdir)/tests/fuzz/$*.c \
		$(addprefix $(srcdir)/,$(filter %.c,$(FUZZ_FILES) $(FUZZ_FILES_$*))) $(YAJL_LIBS) $(SECCOMP_LIBS)
	tests/fuzz/found/$*.bin -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -dict=tests/fuzz/found/dictionary \
		-artifact_prefix=tests/fuzz/found/ -print_final_stats=1 tests/fuzz/found/$* $(srcdir)/tests/fuzz/corpus/$*

.PHONY: fuzz

# verdict, and the documents of once
verdict_tests = tests/unit/verdict_test tests/unit/result_test tests/unit/request_test
check_PROGRAMS += $(verdict_tests)
TESTS += $(verdict_tests) tests/lint/schemas
EXTRA_DIST += tests/lint/schemas
tests_unit_result_test_SOURCES = tests/unit/result_test.c
tests_unit_result_test_LDADD = libverdict.a liboci.a libbase.a $(YAJL_LIBS)
tests_unit_request_test_SOURCES = tests/unit/request_test.c
tests_unit_request_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
tests_unit_verdict_test_SOURCES = tests/unit/verdict_test.c
tests_unit_verdict_test_LDADD = libverdict.a liboci.a libbase.a $(YAJL_LIBS)

check_PROGRAMS += tests/unit/watching_test
TESTS += tests/unit/watching_test
tests_unit_watching_test_SOURCES = tests/unit/watching_test.c
tests_unit_watching_test_LDADD = liboci.a libbase.a $(YAJL_LIBS)
check_PROGRAMS += tests/unit/foreign_test
TESTS += tests/unit/foreign_test
tests_unit_foreign_test_SOURCES = tests/unit/foreign_test.c
tests_unit_foreign_test_LDADD = libwatch.a libsys.a libbase.a

# sys and container
sys_tests = tests/unit/channel_test tests/unit/identity_test tests/unit/record_test tests/unit/restrain_test \
	tests/unit/helper_test tests/unit/netlink_test tests/unit/tree_test
check_PROGRAMS += $(sys_tests)
TESTS += $(sys_tests)
tests_unit_channel_test_SOURCES = tests/unit/channel_test.c
tests_unit_channel_test_LDADD = libsys.a libbase.a
tests_unit_helper_test_SOURCES = tests/unit/helper_test.c
tests_unit_helper_test_LDADD = libsys.a libbase.a
tests_unit_identity_test_SOURCES = tests/unit/identity_test.c
tests_unit_identity_test_LDADD = libsys.a libbase.a
tests_unit_netlink_test_SOURCES = tests/unit/netlink_test.c
tests_unit_netlink_test_LDADD = libsys.a libbase.a
tests_unit_restrain_test_SOURCES = tests/unit/restrain_test.c
tests_unit_restrain_test_LDADD = libsys.a libbase.a
tests_unit_tree_test_SOURCES = tests/unit/tree_test.c
tests_unit_tree_test_LDADD = libsys.a libbase.a
tests_unit_record_test_SOURCES = tests/unit/record_test.c
tests_unit_record_test_LDADD = libcontainer.a libsys.a liboci.a libbase.a $(YAJL_LIBS)

# Golden tests: config.json -> plan.txt or error.txt. `make golden` writes what is planned now.
check_PROGRAMS += tests/golden/run
TESTS += tests/golden/check
EXTRA_DIST += tests/golden/check tests/golden/README.md
tests_golden_run_SOURCES = tests/golden/run.c tests/golden/meetings.c tests/golden/meetings.h
tests_golden_run_LDADD = libplan.a libhost.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)
golden: tests/golden/run
	tests/golden/run --write $(srcdir)/tests/golden/*/
.PHONY: golden

# The planner: no root, no system calls.
plan_tests = tests/unit/namespaces_test tests/unit/plan_test tests/unit/unit_test
plan_libraries = libplan.a libhost.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)
check_PROGRAMS += $(plan_tests)
TESTS += $(plan_tests) tests/lint/pure-plan
EXTRA_DIST += tests/lint/pure-plan
tests_unit_namespaces_test_SOURCES = \
	tests/unit/namespaces_test.c tests/golden/meetings.c tests/golden/meetings.h
tests_unit_namespaces_test_LDADD = $(plan_libraries)
tests_unit_plan_test_SOURCES = tests/unit/plan_test.c
tests_unit_plan_test_LDADD = $(plan_libraries)
tests_unit_unit_test_SOURCES = tests/unit/unit_test.c
tests_unit_unit_test_LDADD = $(plan_libraries)

# hooks/ and the rooms of runtime/launch that need no container.
launch_tests = \
	tests/unit/criu_test tests/unit/filter_test tests/unit/filter_cache_test \
	tests/unit/hook_test tests/unit/resctrl_test tests/unit/send_test tests/unit/terminal_test
check_PROGRAMS += $(launch_tests)
TESTS += $(launch_tests)

tests_unit_criu_test_SOURCES = tests/unit/criu_test.c
tests_unit_criu_test_LDADD = liblaunch.a libinit.a libwatch.a libcgroup.a libplan.a libhost.a libhooks.a libsys.a liboci.a \
	libbase.a $(SECCOMP_LIBS) $(YAJL_LIBS)
tests_unit_hook_test_SOURCES = tests/unit/hook_test.c
tests_unit_hook_test_LDADD = libhooks.a libbase.a
tests_unit_resctrl_test_SOURCES = tests/unit/resctrl_test.c
tests_unit_resctrl_test_LDADD = liblaunch.a libsys.a libbase.a
tests_unit_resctrl_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdirat
tests_unit_filter_test_SOURCES = \
	tests/unit/filter_test.c tests/unit/filter_machine.h tests/unit/filter_profile.h
tests_unit_filter_test_LDADD = liblaunch.a libsys.a liboci.a libbase.a $(SECCOMP_LIBS)
tests_unit_filter_cache_test_SOURCES = tests/unit/filter_cache_test.c tests/unit/filter_profile.h
tests_unit_filter_cache_test_LDADD = liblaunch.a libsys.a liboci.a libbase.a $(SECCOMP_LIBS)
tests_unit_send_test_SOURCES = tests/unit/send_test.c
tests_unit_send_test_LDADD = liblaunch.a libsys.a libbase.a
tests_unit_terminal_test_SOURCES = tests/unit/terminal_test.c
tests_unit_terminal_test_LDADD = liblaunch.a libsys.a libbase.a


# init: the one opener, and containers from lists of steps written by hand (as root; else skipped).
init_tests = tests/unit/path_test tests/unit/init_test tests/unit/init_hostile_test
check_PROGRAMS += $(init_tests)
TESTS += $(init_tests) tests/lint/child-calls
EXTRA_DIST += tests/lint/child-calls tests/unit/init_bench.h
tests_unit_path_test_SOURCES = tests/unit/path_test.c
tests_unit_path_test_LDADD = libsys.a libbase.a
tests_unit_init_test_SOURCES = tests/unit/init_test.c tests/unit/init_bench.h
tests_unit_init_test_LDADD = libinit.a libhooks.a libsys.a libbase.a
tests_unit_init_hostile_test_SOURCES = tests/unit/init_hostile_test.c tests/unit/init_bench.h
tests_unit_init_hostile_test_LDADD = libinit.a libhooks.a libsys.a libbase.a

# mayfly-systemd against a manager of the test's own.
if SYSTEMD
check_PROGRAMS += tests/unit/systemd_helper_test
TESTS += tests/unit/systemd_helper_test
tests_unit_systemd_helper_test_SOURCES = tests/unit/systemd_helper_test.c
tests_unit_systemd_helper_test_CFLAGS = $(COMMON_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_systemd_helper_test_LDFLAGS = $(COMMON_LINK)
tests_unit_systemd_helper_test_LDADD = libbase.a $(SYSTEMD_LIBS)
endif

# host, plan's rooms of the cgroup, cgroup
cgroup_tests = tests/unit/cgroup_test tests/unit/cgroup_values_test tests/unit/cgroup_plan_test tests/unit/device_program_test \
	tests/unit/host_test tests/unit/limits_test
check_PROGRAMS += $(cgroup_tests)
TESTS += $(cgroup_tests)
tests_unit_cgroup_test_SOURCES = tests/unit/cgroup_test.c
tests_unit_cgroup_test_LDADD = libcgroup.a libhost.a libsys.a libbase.a
tests_unit_cgroup_values_test_SOURCES = tests/unit/cgroup_values_test.c
tests_unit_cgroup_values_test_LDADD = libcgroup.a libhost.a libsys.a libbase.a
tests_unit_cgroup_plan_test_SOURCES = tests/unit/cgroup_plan_test.c
tests_unit_cgroup_plan_test_LDADD = libplan.a libhost.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)
tests_unit_device_program_test_SOURCES = tests/unit/device_program_test.c
tests_unit_device_program_test_LDADD = libcgroup.a libhost.a libsys.a libbase.a
tests_unit_host_test_SOURCES = tests/unit/host_test.c
tests_unit_host_test_LDADD = libhost.a libsys.a libbase.a
tests_unit_limits_test_SOURCES = tests/unit/limits_test.c
tests_unit_limits_test_LDADD = libplan.a libhost.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)


command_tests = tests/unit/command_line tests/lint/man tests/lint/shell
check_PROGRAMS += tests/unit/options_test
TESTS += tests/unit/options_test $(command_tests)
EXTRA_DIST += $(command_tests) tests/all tests/common.sh try .ci/run
tests_unit_options_test_SOURCES = tests/unit/options_test.c tests/unit/command_stubs.c
tests_unit_options_test_LDADD = libcommand.a libbase.a

# Scripts, suites and what they read; a tarball can be tested like a checkout.
test_files = tests/skips.allow tests/*.md tests/bench/* tests/browser/* tests/golden/*/* tests/hostile/* tests/integration/* \
	tests/coverage/* tests/lint/* tests/race/* tests/replay/* tests/soak/* \
	tests/sweep/* tests/torture/* tests/vm/* tests/vm/guest/* tests/vm/lib/* tests/vm/suites/*
EXTRA_DIST += docs/spec-coverage.md docs/verdicts.csv \
	$(patsubst $(srcdir)/%,%,$(filter-out %.o %/__pycache__ %/fields %/option_rows %/suites %/guest %/lib, \
		$(wildcard $(addprefix $(srcdir)/,$(test_files)))))

# Floors, doors, path calls and sizes, read from the sources; spelling.
TESTS += tests/lint/layers tests/lint/spelling
EXTRA_DIST += tests/lint/layers tests/lint/spelling
