/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mayfly says besides its results: lines on standard error, and in the file of --log.
 *
 * Callers read that file back. containerd takes its last object of level "error", Podman reads
 * the whole of it as one object: so a failing command writes exactly one line of level error,
 * and no other level is written unless it was asked for.
 */
#ifndef MAYFLY_COMMAND_LOG_H
#define MAYFLY_COMMAND_LOG_H

#include "oci/base/error.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_DEBUG };

struct log_options {
	const char *file;   /* --log, "file:" in front allowed; NULL: standard error only */
	const char *format; /* --log-format: "text" (also NULL) or "json" */
	const char *level;  /* --log-level: "error" (also NULL), "warning", "debug" */
	bool debug;	    /* --debug */
};

/* 0, or -1 with *err; then log_error() still reaches standard error. */
int log_open(const struct log_options *options, struct error *err);

/* The one line of a failed command: WHO is "mayfly create failed". */
void log_error(const char *who, const struct error *err);

/* For struct mayfly_global. */
void log_sentence(const char *level, const char *sentence);

void log_close(void);

#endif
