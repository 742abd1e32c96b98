/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output, counted. By splice(2) where the kernel can, which waits for neither side; else by a
 * buffer, and by calls that do not wait: the flags of the caller's descriptors are shared with
 * other processes, so O_NONBLOCK is not ours to set.
 */
#include "runtime/watch/stream.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
	TURN = 1024 * 1024, /* then the deadline has its chance */
	PAGE = 4096,	    /* what a pipe that polls writable takes without waiting */
};

void stream_open(struct stream *stream)
{
	struct stat info;
	char path[32];

	stream->reopened = -1;
	if (stream->to < 0 || fstat(stream->to, &info) < 0)
		return;
	stream->is_socket = S_ISSOCK(info.st_mode);
	stream->by_copy = stream->is_socket;
	if (!S_ISCHR(info.st_mode) || !isatty(stream->to))
		return;
	/* A terminal that was stopped with ^S would stop our clock. */
	stream->by_copy = true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", stream->to);
	stream->reopened = sys_openat(AT_FDCWD, path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
}

void stream_close(struct stream *stream)
{
	fd_close(&stream->from);
	fd_close(&stream->reopened);
	free(stream->buffer);
	stream->buffer = NULL;
}

static int in_pipe(const struct stream *stream)
{
	int bytes = 0;

	return stream->from >= 0 && ioctl(stream->from, FIONREAD, &bytes) == 0 ? bytes : 0;
}

bool stream_has_more(const struct stream *stream)
{
	return stream->held > stream->at || in_pipe(stream) > 0;
}

uint64_t stream_taken(const struct stream *stream)
{
	return stream->bytes - (stream->held - stream->at);
}

static uint64_t budget(const struct stream *stream)
{
	uint64_t own = stream->limit - stream->bytes;

	return own < *stream->left ? own : *stream->left;
}

static void count(struct stream *stream, uint64_t bytes)
{
	stream->bytes += bytes;
	if (*stream->left != UINT64_MAX)
		*stream->left -= bytes;
}

/* The reader is gone: the program's next write is to tell it so. */
static enum stream_state end(struct stream *stream)
{
	fd_close(&stream->from);
	stream->held = stream->at = 0;
	return STREAM_ENDED;
}

void stream_give_up(struct stream *stream)
{
	stream->undelivered = stream->held - stream->at + (uint64_t)in_pipe(stream);
	stream->bytes = stream_taken(stream);
	(void)end(stream);
}

static bool make_buffer(struct stream *stream)
{
	if (!stream->buffer)
		stream->buffer = malloc(STREAM_BUFFER);
	return stream->buffer != NULL;
}

/* ---- the limit is reached ---- */

static enum stream_state throw_away(struct stream *stream)
{
	ssize_t got = make_buffer(stream)
			      ? sys_read(stream->from, stream->buffer, STREAM_BUFFER)
			      : -ENOMEM;

	if (got == -ENOMEM)
		return STREAM_FAILED;
	if (got == -EAGAIN)
		return STREAM_WAITS;
	if (got <= 0)
		return end(stream);
	stream->truncated = stream->discarded = true;
	return STREAM_MORE;
}

static enum stream_state over(struct stream *stream)
{
	if (stream->on_output == ON_OUTPUT_DISCARD)
		return throw_away(stream);
	if (in_pipe(stream) == 0) {
		/* Nothing, or the end: only a poll can tell. */
		struct pollfd poller = {.fd = stream->from, .events = POLLIN};

		return poll(&poller, 1, 0) > 0 && poller.revents & POLLHUP ? end(stream)
									   : STREAM_WAITS;
	}
	stream->truncated = true;
	return STREAM_OVER;
}

/* ---- three ways to pass on ---- */

static enum stream_state keep(struct stream *stream, size_t most)
{
	if (stream->bytes + STREAM_BUFFER + 1 > stream->keep_room) {
		size_t room = stream->keep_room ? stream->keep_room * 2 : 2 * STREAM_BUFFER;
		char *longer = realloc(stream->kept, room);

		if (!longer)
			return STREAM_FAILED;
		stream->kept = longer;
		stream->keep_room = room;
	}
	if (most > STREAM_BUFFER)
		most = STREAM_BUFFER;

	ssize_t got = sys_read(stream->from, stream->kept + stream->bytes, most);

	if (got == -EAGAIN)
		return STREAM_WAITS;
	if (got <= 0)
		return end(stream);
	count(stream, (uint64_t)got);
	return STREAM_MORE;
}

static ssize_t put(const struct stream *stream, const char *bytes, size_t length)
{
	struct pollfd poller = {.fd = stream->to, .events = POLLOUT};

	if (stream->is_socket)
		return SYS_RESULT(send(stream->to, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL));
	if (stream->reopened >= 0)
		return sys_write(stream->reopened, bytes, length);
	if (poll(&poller, 1, 0) == 0)
		return -EAGAIN;
	return sys_write(stream->to, bytes, length < PAGE ? length : PAGE);
}

static enum stream_state copy(struct stream *stream, size_t most)
{
	if (stream->held == stream->at) {
		if (!make_buffer(stream))
			return STREAM_FAILED;
		if (most > STREAM_BUFFER)
			most = STREAM_BUFFER;

		ssize_t got = sys_read(stream->from, stream->buffer, most);

		if (got == -EAGAIN)
			return STREAM_WAITS;
		if (got <= 0)
			return end(stream);
		stream->held = (size_t)got;
		stream->at = 0;
		/* Now, so that the other stream cannot spend the same budget meanwhile. */
		count(stream, (uint64_t)got);
	}

	ssize_t done = put(stream, stream->buffer + stream->at, stream->held - stream->at);

	if (done == -EAGAIN || done == -EINTR)
		return STREAM_BLOCKED;
	if (done < 0)
		return end(stream);
	stream->at += (size_t)done;
	return STREAM_MORE;
}

static enum stream_state move(struct stream *stream, size_t most)
{
	ssize_t done = SYS_RESULT(splice(
		stream->from, NULL, stream->to, NULL, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE));

	if (done > 0) {
		count(stream, (uint64_t)done);
		return STREAM_MORE;
	}
	if (done == -EINTR)
		return STREAM_MORE;
	/* It does not say which side would have to be waited for. */
	if (done == -EAGAIN)
		return in_pipe(stream) > 0 ? STREAM_BLOCKED : STREAM_WAITS;
	if (done == -EINVAL) {
		/* A file opened for appending, for one. */
		stream->by_copy = true;
		return STREAM_MORE;
	}
	return end(stream);
}

enum stream_state stream_move(struct stream *stream)
{
	enum stream_state state = STREAM_MORE;
	uint64_t before = stream->bytes;

	while (state == STREAM_MORE && stream->bytes - before < TURN) {
		bool holds = stream->held > stream->at;
		uint64_t most = holds ? stream->held - stream->at : budget(stream);

		if (stream->from < 0 && !holds)
			return STREAM_ENDED;
		if (most == 0)
			return over(stream);
		if (most > TURN)
			most = TURN;
		if (stream->to < 0)
			state = keep(stream, most);
		else if (stream->by_copy)
			state = copy(stream, most);
		else
			state = move(stream, most);
	}
	return state;
}
