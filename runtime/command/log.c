/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log, the only writable global of the program. Every line is one write(2) to a descriptor
 * in append mode, so lines of several mayflies that share a file never mix.
 */
#include "runtime/command/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Below PIPE_BUF, so that a line into a pipe is atomic too, and nobody deadlocks on an error.
 */
enum { LINE_MAX_BYTES = 4000, MESSAGE_MAX_BYTES = 3000 };

static struct {
	int fd; /* of --log; -1: none */
	enum log_level level;
	bool json;
} log_state = {.fd = -1};

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_DEBUG] = "debug",
};

static int find_level(const char *name)
{
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
		if (strcmp(level_names[level], name) == 0)
			return level;
	return -1;
}

static int open_file(const char *name, struct error *err)
{
	static const char *const elsewhere[] = {"journald:", "syslog:"};

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		if (strncmp(name, elsewhere[i], strlen(elsewhere[i])) == 0)
			return fail(err, 0,
				"--log \"%.200s\" is not supported: give the path of a file",
				name);
	if (strncmp(name, "file:", 5) == 0)
		name += 5;
	/* O_NONBLOCK: a FIFO that nobody reads is an error, not a wait without end. */
	log_state.fd = open(
		name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (log_state.fd < 0)
		return fail(err, errno, "open log file \"%.1000s\"", name);
	return 0;
}

int log_open(const struct log_options *options, struct error *err)
{
	int level = options->level ? find_level(options->level) : LOG_ERROR;

	if (options->format && strcmp(options->format, "text") != 0 &&
		strcmp(options->format, "json") != 0)
		return fail(
			err, 0, "invalid log-format: %.200s (text or json)", options->format);
	if (level < 0)
		return fail(err, 0, "invalid log-level: %.200s (error, warning or debug)",
			options->level);
	log_state.json = options->format && strcmp(options->format, "json") == 0;
	log_state.level = options->debug ? LOG_DEBUG : (enum log_level)level;
	return options->file && *options->file ? open_file(options->file, err) : 0;
}

void log_close(void)
{
	if (log_state.fd >= 0)
		close(log_state.fd);
	log_state.fd = -1;
}

static void put_line(int fd, const char *line, size_t length)
{
	ssize_t put;

	do
		put = write(fd, line, length);
	while (put < 0 && errno == EINTR);
	/* Nobody is there to hear that the log cannot be written; the exit status still says
	 * it. */
}

/* Both forms escape the same two characters; control characters are gone already. */
static size_t escape(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *text && used + 3 < size; text++) {
		if (*text == '"' || *text == '\\')
			buffer[used++] = '\\';
		buffer[used++] = *text;
	}
	/* Never the half of a character: step back over a lead byte and what follows it. */
	if (*text && ((unsigned char)*text & 0xC0) == 0x80) {
		while (used && ((unsigned char)buffer[used - 1] & 0xC0) == 0x80)
			used--;
		used -= used > 0;
	}
	buffer[used] = '\0';
	return used;
}

static void put_file(enum log_level level, const char *message)
{
	char text[LINE_MAX_BYTES - 200], line[LINE_MAX_BYTES], when[40];
	struct timespec now = {0};
	struct tm parts;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &parts) ||
		!strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &parts))
		strcpy(when, "1970-01-01T00:00:00");
	escape(message, text, sizeof(text));

	int length = snprintf(line, sizeof(line),
		log_state.json ? "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s.%06ldZ\"}\n"
			       : "level=%s msg=\"%s\" time=\"%s.%06ldZ\"\n",
		level_names[level], text, when, now.tv_nsec / 1000);

	put_line(log_state.fd, line, (size_t)length);
}

static void put_stderr(const char *message)
{
	char line[LINE_MAX_BYTES];
	int length = snprintf(line, sizeof(line), "%s\n", message);

	put_line(STDERR_FILENO, line, (size_t)length);
}

void log_error(const char *who, const struct error *err)
{
	char text[MESSAGE_MAX_BYTES];
	int length = snprintf(text, sizeof(text), "%.100s: ", who);

	error_print(err, text + length, sizeof(text) - (size_t)length);
	if (log_state.fd >= 0)
		put_file(LOG_ERROR, text);
	put_stderr(text);
}

void log_sentence(const char *level, const char *sentence)
{
	bool loud = strcmp(level, "unenforced") == 0;
	bool remark = strcmp(level, "remark") == 0;
	int number = loud || remark ? LOG_WARNING : find_level(level);
	char text[MESSAGE_MAX_BYTES], line[MESSAGE_MAX_BYTES + 32];
	struct error printable;

	if (number < 0)
		number = LOG_DEBUG;
	error_set(&printable, 0, "%s", sentence);
	error_print(&printable, text, sizeof(text));
	if (number <= (int)log_state.level && log_state.fd >= 0)
		put_file((enum log_level)number, text);
	/*
	 * Standard error of `create` is the container's own: a warning would be a line in its
	 * log. A person at a terminal is to see it, and whoever allowed a weaker container.
	 */
	bool asked = number <= (int)log_state.level && log_state.fd < 0;
	bool shown = loud || (number == LOG_WARNING && !remark && isatty(STDERR_FILENO));

	if (!asked && !shown)
		return;
	snprintf(line, sizeof(line), "mayfly: %s: %s", level_names[number], text);
	put_stderr(line);
}
