/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict to where it was asked for. All of it best effort: the result is kept already. */
#include "runtime/container/monitor.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
	PATIENCE_MS = 1000,
	TERMINATION_MAX = 4096, /* Kubernetes reads no more */
	LINE_MAX_BYTES = 2048,
};

static bool is_asked(const struct watched *watched, enum watching_result where)
{
	return watched->asked.result.set && watched->asked.result.value == where;
}

/* Room for one write below PIPE_BUF is what POLLOUT of a pipe says. */
static void tell_stderr(int fd, const char *line, size_t length)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT};

	if (fd >= 0 && SYS_RESULT(poll(&poller, 1, PATIENCE_MS)) == 1 &&
		poller.revents & POLLOUT)
		(void)sys_write(fd, line, length);
}

static void tell_termination_log(int fd, const char *line, size_t length)
{
	struct stat info;

	/* What the program left there is worth more than what we know. */
	if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size == 0)
		(void)SYS_RESULT(pwrite(
			fd, line, length < TERMINATION_MAX ? length : TERMINATION_MAX, 0));
}

/* systemd's native protocol: a field a line, in one datagram. */
static void tell_journal(const struct result *result, const char *verdict, const char *message)
{
	const struct sockaddr_un journal = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
	int AUTO_FD fd = SYS_RESULT(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	char text[LINE_MAX_BYTES * 2];
	int length = snprintf(text, sizeof(text),
		"MESSAGE=container %s: %s: %s\nPRIORITY=6\nSYSLOG_IDENTIFIER=mayfly\n"
		"MAYFLY_ID=%s\nMAYFLY_VERDICT=%s\n",
		result->id, verdict, message, result->id, verdict);

	if (fd >= 0 && length > 0 && (size_t)length < sizeof(text))
		(void)SYS_RESULT(sendto(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
			(const struct sockaddr *)&journal, sizeof(journal)));
}

/* A line that the program has made, in part: what is in it ends no line. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void monitor_tell(const struct watched *watched)
{
	const struct result *result = &watched->result;
	const char *verdict = name_of(verdict_names, verdict_decide(&result->facts));
	char message[LINE_MAX_BYTES - 256], line[LINE_MAX_BYTES];
	int length;

	snprintf(message, sizeof(message), "%s", result->message ? result->message : "");
	make_plain(message);
	length = snprintf(line, sizeof(line), "mayfly: %s: %s\n", verdict, message);
	if (is_asked(watched, WATCHING_STDERR))
		tell_stderr(watched->stdio[2], line, (size_t)length);
	if (is_asked(watched, WATCHING_TERMINATION_LOG))
		tell_termination_log(watched->log, line, (size_t)length);
	if (watched->journal)
		tell_journal(result, verdict, message);
}
