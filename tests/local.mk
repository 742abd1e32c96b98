# tests/: see tests/README.md.

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
