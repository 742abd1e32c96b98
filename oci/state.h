/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI state object (runtime.md, State), as "mayfly state" prints it and as hooks receive
 * it, and the container process state for a seccomp agent (config-linux.md).
 */
#ifndef MAYFLY_OCI_STATE_H
#define MAYFLY_OCI_STATE_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/names.h"
#include "oci/optional.h"

enum oci_status {
	OCI_STATUS_CREATING,
	OCI_STATUS_CREATED,
	OCI_STATUS_RUNNING,
	OCI_STATUS_PAUSED,
	OCI_STATUS_STOPPED,
};

struct oci_state {
	const char *oci_version;
	const char *id;
	int32_t pid; /* in the runtime's pid namespace; 0 when there is none */
	enum oci_status status;
	const char *bundle; /* absolute */
	struct oci_pair *annotations;
	size_t n_annotations;
	/* The rest is runc's, for "state" and "list" only; NULL when not known. */
	const char *rootfs;
	const char *created; /* RFC 3339 with nanoseconds, UTC: CRI-O decodes it as such */
	const char *owner;
	const char *result; /* JSON text of ours, the key "mayfly"; NULL: none */
};

/* What the agent at listenerPath receives along with the descriptor. */
struct oci_process_state {
	const char *oci_version;
	const char **fds; /* "seccompFd", one for each descriptor that is sent */
	size_t n_fds;
	int32_t pid;
	const char *metadata; /* may be NULL */
	const struct oci_state *state;
};

enum oci_state_form {
	OCI_STATE_PRETTY, /* of "state": two spaces, and runc's extra keys */
	OCI_STATE_LINE,	  /* an element of "list -f json": the same keys on one line */
	OCI_STATE_HOOK,	  /* what the spec names, on one line: the stdin of hooks */
};

/* The object as JSON text in ARENA, NUL-terminated, without a newline at the end. */
int oci_state_print(const struct oci_state *state, enum oci_state_form form,
	struct arena *arena, const char **ret, struct error *err);

/* The container process state on one line. */
int oci_process_state_print(const struct oci_process_state *state, struct arena *arena,
	const char **ret, struct error *err);

/* Decode a state object, strictly as a config. *ret lives in ARENA. */
int oci_state_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_state **ret, struct error *err);

/*
 * Nothing when ID may name a container: 1 to 255 characters of A-Z a-z 0-9 _ + - and '.', the
 * first not '.'. To be asked before any path is built from it.
 */
int oci_id_check(const char *id, struct error *err);

extern const struct name oci_status_names[];

#endif
