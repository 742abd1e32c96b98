# oci/: bytes <-> typed values. No system calls.
noinst_LIBRARIES += libbase.a liboci.a

libbase_a_SOURCES = \
	oci/base/arena.c oci/base/arena.h \
	oci/base/error.c oci/base/error.h

liboci_a_SOURCES =
