# hooks/: run one OCI hook; used on both sides of clone().
noinst_LIBRARIES += libhooks.a

libhooks_a_SOURCES = \
	hooks/exec.c hooks/exec.h \
	hooks/hook.c hooks/hook.h \
	hooks/points.c hooks/points.h
