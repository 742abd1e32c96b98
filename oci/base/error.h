/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error is a value: an errno, the place in the user's input, and a sentence.
 * It has a fixed size and no pointers, so it crosses processes in one write.
 */
#ifndef MAYFLY_ERROR_H
#define MAYFLY_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Small enough that a whole error is one atomic write to a pipe (PIPE_BUF is 4096). */
enum { ERROR_WHERE_MAX = 512, ERROR_WHAT_MAX = 2048 };

struct error {
	int code; /* an errno; 0, or a caller's own negative one, when the sentence says it all
		   */
	char where[ERROR_WHERE_MAX]; /* "linux.namespaces[2].type", or "" */
	char what[ERROR_WHAT_MAX];   /* "unknown name \"utz\"" */
};

/*
 * Fill *err and answer -1. CODE is an errno (0: none); its text is added after the sentence
 * when the error is printed. A call that is not returned is a compiler warning
 * (-Wunused-value). Allocates nothing, takes no lock, safe between clone() and exec.
 *
 *	return fail(err, errno, "open \"%s\"", path);
 */
#define fail(err, code, ...) (error_set((err), (code), __VA_ARGS__), -1)

/*
 * Put a place in front of the place *err already has, while unwinding: "linux" in front of
 * "namespaces[2].type" gives "linux.namespaces[2].type". No dot is added before '['.
 */
#define fail_in(err, ...) (error_in((err), __VA_ARGS__), -1)

void error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void error_in(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put words in front of the sentence: "mount proc" + ": " + what. The place is unchanged. */
void error_while(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The whole error on one line: "where: what: errno text". The errno text is lower case as in
 * Go ("permission denied"), because Docker, Podman and CRI-O match those words. Control
 * characters and invalid UTF-8 become '?', so the line is safe on a terminal and in JSON.
 * Always ends in NUL; answers the length.
 */
size_t error_print(const struct error *err, char *buffer, size_t size);

/* The text of an errno in lower case; never NULL, static storage. */
const char *error_text(int code);

#endif
