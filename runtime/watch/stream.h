/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream of the program, from a pipe of ours to whoever reads it, counted: of a limit of N
 * bytes exactly N are passed on, and whether there is one more is asked without reading it.
 */
#ifndef MAYFLY_STREAM_H
#define MAYFLY_STREAM_H

#include "runtime/verdict/result.h"

#include <sys/types.h>

enum { STREAM_BUFFER = 64 * 1024 };

struct stream {
	int from;	/* our end of the pipe; -1: not watched, or at its end. Owned */
	int to;		/* the reader's descriptor, borrowed; -1: keep it in memory */
	uint64_t limit; /* bytes; UINT64_MAX: none of its own */
	uint64_t *left; /* of the limit that both streams share */
	enum on_output on_output;

	uint64_t bytes;	      /* passed on */
	bool truncated;	      /* there was more */
	bool discarded;	      /* and some of it was thrown away */
	uint64_t undelivered; /* written by the program, never taken by the reader */

	/* TO is -1: malloc'ed, of BYTES bytes and a NUL, at most KEEP_MAX. */
	char *kept;
	size_t keep_room;

	/* Private. */
	bool by_copy;	 /* the kernel cannot splice into TO */
	bool is_socket;	 /* TO is one: send() without waiting */
	int reopened;	 /* a terminal, without waiting; or -1 */
	char *buffer;	 /* malloc'ed; what TO has not taken yet */
	size_t held, at; /* of the buffer */
};

enum stream_state {
	STREAM_WAITS,	/* for the program to write */
	STREAM_BLOCKED, /* for the reader to read */
	STREAM_MORE,	/* for its turn: there is more to move */
	STREAM_OVER,	/* the limit is reached and there is one byte more */
	STREAM_ENDED,	/* all writers are gone, or the reader is; FROM is closed */
	STREAM_FAILED,	/* out of memory */
};

/* Make ready to pass on to TO. */
void stream_open(struct stream *stream);

/* Move what can be moved without waiting, up to a megabyte. */
enum stream_state stream_move(struct stream *stream);

/* Is anything left that could be moved: in the pipe, or held by us? */
bool stream_has_more(const struct stream *stream);

/* Of what was moved, what the reader has taken: it grows while there is one. */
uint64_t stream_taken(const struct stream *stream);

/* The reader takes no more: what is left is counted as undelivered, and FROM is closed. */
void stream_give_up(struct stream *stream);

void stream_close(struct stream *stream);

#endif
