/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation of the two sides of clone(). */
#include "runtime/sys/channel.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

static void messages_arrive_in_order(void)
{
	int ends[2];
	struct received got;

	is_number((uint64_t)channel_open(ends), 0, "a pair opens");
	channel_tell(ends[1], MESSAGE_FORKED, 4711, -1);
	channel_tell(ends[1], MESSAGE_CREATED, 0, -1);
	is_number(
		(uint64_t)channel_receive(ends[0], 1000, &got), 0, "the first message arrives");
	is_true(got.message == MESSAGE_FORKED && got.value == 4711 && got.fd == -1,
		"and has its number and value");
	channel_receive(ends[0], 1000, &got);
	is_true(got.message == MESSAGE_CREATED, "the second comes second");
	close(ends[0]);
	close(ends[1]);
}

static void descriptors_travel(void)
{
	int ends[2], pipes[2];
	struct received got;
	char byte = 0;

	channel_open(ends);
	if (pipe(pipes) < 0)
		exit(1);
	channel_tell(ends[1], MESSAGE_CONSOLE, 0, pipes[1]);
	channel_receive(ends[0], 1000, &got);
	is_true(got.message == MESSAGE_CONSOLE && got.fd >= 0, "a descriptor comes along");
	is_true(fcntl(got.fd, F_GETFD) & FD_CLOEXEC, "close-on-exec from birth");
	is_true(write(got.fd, "x", 1) == 1 && read(pipes[0], &byte, 1) == 1 && byte == 'x',
		"and is the one that was sent");
	close(got.fd);
	close(pipes[0]);
	close(pipes[1]);
	close(ends[0]);
	close(ends[1]);
}

static void errors_travel_whole(void)
{
	int ends[2];
	struct received got;
	struct error err;
	char line[4096];

	channel_open(ends);
	error_set(&err, ENOENT, "open \"%s\"", "/x");
	error_in(&err, "mounts[%d]", 3);
	channel_tell_error(ends[1], &err);
	channel_receive(ends[0], 1000, &got);
	error_print(&got.error, line, sizeof(line));
	is_true(got.message == MESSAGE_ERROR, "an error is a message");
	is_text(line, "mounts[3]: open \"/x\": no such file or directory",
		"with place, words and errno");
	close(ends[0]);
	close(ends[1]);
}

static void the_end_is_heard(void)
{
	int ends[2];
	struct received got;

	channel_open(ends);
	is_number((uint64_t)-channel_receive(ends[0], 10, &got), ETIMEDOUT,
		"silence has a deadline");
	close(ends[1]);
	is_number(
		(uint64_t)channel_receive(ends[0], 1000, &got), 0, "a closed end is no error");
	is_true(got.message == MESSAGE_NONE, "but the end of the conversation");
	is_number((uint64_t)-channel_tell(ends[0], MESSAGE_MAPPED, 0, -1), EPIPE,
		"and telling it is EPIPE, not a signal");
	close(ends[0]);
}

/* Room for the second one would be there: CMSG_SPACE() rounds up. */
static void one_descriptor_at_most(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS,
			     .cmsg_len = CMSG_LEN(2 * sizeof(int))}};
	struct {
		uint32_t message, reserved;
		int64_t value;
	} packet = {.message = MESSAGE_CONSOLE};
	struct iovec data = {&packet, sizeof(packet)};
	struct msghdr header = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space)};
	int ends[2];
	struct received got;

	channel_open(ends);
	memcpy(CMSG_DATA(&control.header), ends, sizeof(ends));

	int before = fcntl(0, F_DUPFD_CLOEXEC, 3);

	close(before);
	is_true(sendmsg(ends[1], &header, 0) == sizeof(packet), "two descriptors are sent");
	is_number((uint64_t)-channel_receive(ends[0], 1000, &got), EPROTO, "and refused");

	int after = fcntl(0, F_DUPFD_CLOEXEC, 3);

	is_number((uint64_t)after, (uint64_t)before, "neither of them stays");
	close(after);
	data.iov_len = 0;
	header.msg_controllen = CMSG_SPACE(sizeof(int));
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	is_true(sendmsg(ends[1], &header, 0) == 0, "an empty packet with a descriptor");
	(void)channel_receive(ends[0], 1000, &got);
	after = fcntl(0, F_DUPFD_CLOEXEC, 3);
	is_number((uint64_t)after, (uint64_t)before, "leaves it neither");
	close(after);
	close(ends[0]);
	close(ends[1]);
}

static void noise_is_refused(void)
{
	static const char garbage[7] = "garbage";
	struct {
		uint32_t message, reserved;
		int64_t value;
	} unknown = {.message = 999};
	int ends[2];
	struct received got;

	channel_open(ends);
	(void)!write(ends[1], garbage, sizeof(garbage));
	is_number((uint64_t)-channel_receive(ends[0], 1000, &got), EPROTO,
		"a short packet is refused");
	(void)!write(ends[1], &unknown, sizeof(unknown));
	is_number((uint64_t)-channel_receive(ends[0], 1000, &got), EPROTO,
		"an unknown number is refused");

	struct {
		uint32_t message, reserved;
		int64_t value;
		char more[8];
	} known = {.message = MESSAGE_MAPPED};

	(void)!write(ends[1], &known, 8);
	is_number((uint64_t)-channel_receive(ends[0], 1000, &got), EPROTO,
		"a packet that begins well and is short is refused");
	(void)!write(ends[1], &known, sizeof(known));
	is_number((uint64_t)-channel_receive(ends[0], 1000, &got), EPROTO,
		"and so is one that is too long");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_DFL);
	messages_arrive_in_order();
	descriptors_travel();
	errors_travel_whole();
	the_end_is_heard();
	noise_is_refused();
	one_descriptor_at_most();
	return tap_end();
}
