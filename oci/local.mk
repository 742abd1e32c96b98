# oci/: bytes <-> typed values. No system calls.
noinst_LIBRARIES += libbase.a liboci.a

libbase_a_SOURCES = \
	oci/base/arena.c oci/base/arena.h \
	oci/base/error.c oci/base/error.h \
	oci/base/libc.c oci/base/libc.h \
	oci/base/text.c oci/base/text.h

liboci_a_SOURCES = \
	oci/check.c \
	oci/decode.c oci/decode.h \
	oci/features.c oci/features.h \
	oci/fields.h \
	oci/hooks.h \
	oci/idmap.c \
	oci/json.c oci/json.h \
	oci/json_write.c oci/json_write.h \
	oci/limits.c oci/limits.h \
	oci/linux.c oci/linux.h \
	oci/mounts.c oci/mounts.h \
	oci/names.c oci/names.h \
	oci/optional.h \
	oci/process.c oci/process.h \
	oci/request.c oci/request.h \
	oci/resources.c oci/resources.h oci/resources_write.c \
	oci/seccomp.c oci/seccomp.h \
	oci/spec.c oci/spec.h \
	oci/state.c oci/state.h \
	oci/sysctl.c \
	oci/template.c oci/template.h \
	oci/unknown.c \
	oci/watching.c oci/watching.h
