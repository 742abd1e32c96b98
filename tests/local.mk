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
	tests/unit/text_test
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
EXTRA_DIST += tests/unit/tap.h tests/unit/config.h

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
tests_unit_allocation_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc

# sys and container
sys_tests = tests/unit/channel_test tests/unit/identity_test tests/unit/record_test
check_PROGRAMS += $(sys_tests)
TESTS += $(sys_tests)
tests_unit_channel_test_SOURCES = tests/unit/channel_test.c
tests_unit_channel_test_LDADD = libsys.a libbase.a
tests_unit_identity_test_SOURCES = tests/unit/identity_test.c
tests_unit_identity_test_LDADD = libsys.a libbase.a
tests_unit_record_test_SOURCES = tests/unit/record_test.c
tests_unit_record_test_LDADD = libcontainer.a libsys.a liboci.a libbase.a $(YAJL_LIBS)

# Golden tests: config.json -> plan.txt or error.txt. `make golden` writes what is planned now.
check_PROGRAMS += tests/golden/run
TESTS += tests/golden/check
EXTRA_DIST += tests/golden/check tests/golden/README.md
tests_golden_run_SOURCES = tests/golden/run.c tests/golden/meetings.c tests/golden/meetings.h
tests_golden_run_LDADD = libplan.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)
golden: tests/golden/run
	tests/golden/run --write $(srcdir)/tests/golden/*/
.PHONY: golden

# The planner: no root, no system calls.
plan_tests = tests/unit/namespaces_test tests/unit/plan_test
plan_libraries = libplan.a libhooks.a libsys.a liboci.a libbase.a $(YAJL_LIBS)
check_PROGRAMS += $(plan_tests)
TESTS += $(plan_tests)
tests_unit_namespaces_test_SOURCES = \
	tests/unit/namespaces_test.c tests/golden/meetings.c tests/golden/meetings.h
tests_unit_namespaces_test_LDADD = $(plan_libraries)
tests_unit_plan_test_SOURCES = tests/unit/plan_test.c
tests_unit_plan_test_LDADD = $(plan_libraries)

# hooks/ and the rooms of runtime/launch that need no container.
launch_tests = \
	tests/unit/filter_test tests/unit/filter_cache_test \
	tests/unit/hook_test tests/unit/terminal_test
check_PROGRAMS += $(launch_tests)
TESTS += $(launch_tests)

tests_unit_hook_test_SOURCES = tests/unit/hook_test.c
tests_unit_hook_test_LDADD = libhooks.a libbase.a
tests_unit_filter_test_SOURCES = \
	tests/unit/filter_test.c tests/unit/filter_machine.h tests/unit/filter_profile.h
tests_unit_filter_test_LDADD = liblaunch.a libsys.a liboci.a libbase.a $(SECCOMP_LIBS)
tests_unit_filter_cache_test_SOURCES = tests/unit/filter_cache_test.c tests/unit/filter_profile.h
tests_unit_filter_cache_test_LDADD = liblaunch.a libsys.a liboci.a libbase.a $(SECCOMP_LIBS)
tests_unit_terminal_test_SOURCES = tests/unit/terminal_test.c
tests_unit_terminal_test_LDADD = liblaunch.a libsys.a libbase.a

command_tests = tests/unit/command_line tests/lint/man
TESTS += $(command_tests)
EXTRA_DIST += $(command_tests)

# init: the one opener, and containers from lists of steps written by hand (as root; else skipped).
init_tests = tests/unit/path_test tests/unit/init_test
check_PROGRAMS += $(init_tests)
TESTS += $(init_tests) tests/lint/child-calls
EXTRA_DIST += tests/lint/child-calls tests/unit/init_bench.h
tests_unit_path_test_SOURCES = tests/unit/path_test.c
tests_unit_path_test_LDADD = libsys.a libbase.a
tests_unit_init_test_SOURCES = tests/unit/init_test.c tests/unit/init_bench.h
tests_unit_init_test_LDADD = libinit.a libhooks.a libsys.a libbase.a
