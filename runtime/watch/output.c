/* SPDX-License-Identifier: Apache-2.0 */
/* The two streams in the loop: which side of each is waited for. */
#include "runtime/watch/loop.h"

#include "runtime/sys/sys.h"

/* The readiness of one descriptor at a time: level-triggered, nobody wakes us in vain. */
static int wait_for(struct loop *loop, int number, int what)
{
	const struct stream *stream = &loop->watch->streams[number];
	struct epoll_event event = {.events = what == WAIT_READER ? EPOLLOUT : EPOLLIN,
		.data.u32 =
			(what == WAIT_READER ? READY_SINKS : READY_STREAMS) + (uint32_t)number};
	int before = loop->waits[number];
	int done = 0;

	if (before == what)
		return 0;
	if (before == WAIT_PROGRAM && stream->from >= 0)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, stream->from, NULL);
	if (before == WAIT_READER)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, stream->to, NULL);
	if (what != WAIT_NONE)
		done = SYS_RESULT(epoll_ctl(loop->epoll, EPOLL_CTL_ADD,
			what == WAIT_READER ? stream->to : stream->from, &event));
	loop->waits[number] = done < 0 ? WAIT_NONE : what;
	return done;
}

int loop_wait_for_program(struct loop *loop, int number)
{
	return wait_for(loop, number, WAIT_PROGRAM);
}

static int after_move(struct loop *loop, int number, enum stream_state state, struct error *err)
{
	const struct stream *stream = &loop->watch->streams[number];
	int what = WAIT_PROGRAM;

	switch (state) {
	case STREAM_WAITS:
	case STREAM_MORE:
		break;
	case STREAM_BLOCKED:
		what = WAIT_READER;
		break;
	case STREAM_OVER:
		/* To block means to read no more: the program waits in its write(). */
		loop->over = loop->over || stream->on_output == ON_OUTPUT_KILL;
		what = WAIT_NONE;
		break;
	case STREAM_ENDED:
		what = WAIT_NONE;
		break;
	case STREAM_FAILED:
		return fail(err, ENOMEM, "keep the output");
	}

	int done = wait_for(loop, number, what);

	return done < 0 ? fail(err, -done, "wait for the output") : 0;
}

int loop_move(struct loop *loop, uint32_t ready, struct error *err)
{
	int number = (int)(ready >= READY_SINKS ? ready - READY_SINKS : ready - READY_STREAMS);
	struct stream *stream = &loop->watch->streams[number];

	loop->flowed = true;
	return after_move(loop, number, stream_move(stream), err);
}

int loop_flush(struct loop *loop)
{
	for (int i = 0; i < 2; i++) {
		struct stream *stream = &loop->watch->streams[i];
		enum stream_state state = STREAM_MORE;
		struct error err;

		while (state == STREAM_MORE && stream_has_more(stream))
			state = stream_move(stream);
		if (state == STREAM_MORE || state == STREAM_WAITS)
			state = STREAM_ENDED;
		if (after_move(loop, i, state, &err) < 0)
			return -1;
	}
	return 0;
}

bool loop_is_blocked(const struct loop *loop)
{
	return loop->waits[0] == WAIT_READER || loop->waits[1] == WAIT_READER;
}

uint64_t loop_taken(const struct loop *loop)
{
	const struct stream *streams = loop->watch->streams;

	return stream_taken(&streams[0]) + stream_taken(&streams[1]);
}

void loop_give_up(struct loop *loop)
{
	for (int i = 0; i < 2; i++) {
		if (loop->waits[i] != WAIT_READER)
			continue;
		(void)wait_for(loop, i, WAIT_NONE);
		stream_give_up(&loop->watch->streams[i]);
	}
}
