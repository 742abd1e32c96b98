# tests/: see tests/README.md.

# The command line against stubs of the runtime: tests/unit/command_stubs.c.
check_PROGRAMS += tests/unit/mayfly_stub tests/lint/option_rows
tests_unit_mayfly_stub_SOURCES = runtime/command/main.c tests/unit/command_stubs.c
tests_unit_mayfly_stub_LDADD = libcommand.a libbase.a
tests_lint_option_rows_SOURCES = tests/lint/option_rows.c tests/unit/command_stubs.c
tests_lint_option_rows_LDADD = libcommand.a libbase.a
command_tests = tests/unit/command_line tests/lint/man
TESTS += $(command_tests)
EXTRA_DIST += $(command_tests)
