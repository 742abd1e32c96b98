/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's terminal and the container's. Nothing here may wait: a reader that has stopped
 * must not keep us from seeing the process exit.
 */
#include "runtime/launch/tty.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { MASTER, IN, OUT };

/* What a poll for writing promises not to block, even on a description that we share. */
enum { SAFE_WRITE = 512 };

static bool is_type(int fd, mode_t type)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

/*
 * O_NONBLOCK belongs to the open file description, which a shell and a whole pipeline share
 * with us: set there it would break them. So a description of our own; a socket, or another
 * user's terminal, cannot be opened again and is used as it is. A regular file never blocks,
 * and opened again it would begin at its start.
 */
static int reopen(int fd, int mode, bool *ret_ours)
{
	char path[32];
	int own = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (isatty(fd) || is_type(fd, S_IFIFO))
		own = sys_openat(AT_FDCWD, path, mode | O_NOCTTY | O_NONBLOCK, 0);

	*ret_ours = own >= 0;
	return own >= 0 ? own : fd;
}

static void set_raw(struct tty *tty)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &tty->before) < 0)
		return;
	raw = tty->before;
	cfmakeraw(&raw);
	/* In the background the kernel sends SIGTTOU, which is blocked, and lets us go on. */
	tty->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void tty_open(struct tty *tty, int *master)
{
	*tty = (struct tty){.master = master, .in = -1, .out = -1};
	if (*master < 0)
		return;
	/* The description came through SCM_RIGHTS and is nobody else's. */
	(void)fcntl(*master, F_SETFL, O_NONBLOCK);
	tty->in = reopen(STDIN_FILENO, O_RDONLY, &tty->in_is_ours);
	tty->out = reopen(STDOUT_FILENO, O_WRONLY, &tty->out_is_ours);
	tty->write_at_once =
		tty->out_is_ours || is_type(STDOUT_FILENO, S_IFREG) ? TTY_BUFFER : SAFE_WRITE;
	tty_give_size(*tty->master);
	set_raw(tty);
}

static void close_in(struct tty *tty)
{
	if (tty->in_is_ours)
		fd_close(&tty->in);
	tty->in = -1;
}

static void close_out(struct tty *tty)
{
	if (tty->out_is_ours)
		fd_close(&tty->out);
	tty->out = -1;
}

void tty_close(struct tty *tty)
{
	close_in(tty);
	close_out(tty);
	fd_close(tty->master);
	if (tty->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &tty->before); /* it may have hung up */
	tty->raw = false;
}

void tty_give_size(int master)
{
	struct winsize size;

	if (master < 0)
		return;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 &&
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	/* A terminal that was never given a size has 0 by 0: the config's is better. */
	if (size.ws_row || size.ws_col)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

/* ---- buffers ---- */

static size_t held(const struct tty_buffer *buffer)
{
	return buffer->end - buffer->start;
}

/* Like read(2), into an empty buffer. */
static ssize_t fill(struct tty_buffer *buffer, int fd)
{
	ssize_t got = sys_read(fd, buffer->bytes, sizeof(buffer->bytes));

	buffer->start = 0;
	buffer->end = got > 0 ? (size_t)got : 0;
	return got;
}

/* 0 also when nothing could be written now; -errno when nothing ever will. */
static int empty(struct tty_buffer *buffer, int fd, size_t at_once)
{
	size_t length = held(buffer) < at_once ? held(buffer) : at_once;
	ssize_t put = sys_write(fd, buffer->bytes + buffer->start, length);

	if (put == -EAGAIN)
		return 0;
	if (put < 0)
		return (int)put;
	buffer->start += (size_t)put;
	return 0;
}

/* ---- the four ways ---- */

static void read_in(struct tty *tty)
{
	ssize_t got = fill(&tty->input, tty->in);

	if (got > 0 || got == -EAGAIN)
		return;
	/* A terminal ends by hanging up, which is a signal's business. */
	tty->send_eof = !tty->raw;
	close_in(tty);
}

/* As a person would say it; a program that reads bytes one by one (raw) would get a byte too
 * many. */
static void prepare_eof(struct tty *tty)
{
	struct termios slave;

	tty->send_eof = false;
	if (tcgetattr(*tty->master, &slave) < 0 || !(slave.c_lflag & ICANON))
		return;
	tty->input.bytes[0] = (char)slave.c_cc[VEOF];
	tty->input.start = 0;
	tty->input.end = 1;
}

static void write_master(struct tty *tty)
{
	if (empty(&tty->input, *tty->master, TTY_BUFFER) < 0)
		tty->input.start = tty->input.end; /* EIO: nobody is there to read it */
}

static void read_master(struct tty *tty)
{
	ssize_t got = fill(&tty->output, *tty->master);

	/* EIO until a process opens the slave again: init may have closed its own and lives on.
	 */
	tty->hung_up = got == 0 || (got < 0 && got != -EAGAIN);
}

static void write_out(struct tty *tty)
{
	if (empty(&tty->output, tty->out, tty->write_at_once) == 0)
		return;
	/* As if the caller's window was closed: SIGHUP for the session, end of the writing. */
	tty->output.start = tty->output.end;
	close_out(tty);
	fd_close(tty->master);
}

bool tty_prepare(struct tty *tty, struct pollfd fds[TTY_POLLS])
{
	bool paused = tty->hung_up;
	short wanted = 0;

	if (tty->send_eof && held(&tty->input) == 0 && *tty->master >= 0)
		prepare_eof(tty);
	if (held(&tty->output) == 0)
		wanted |= POLLIN;
	if (held(&tty->input) > 0)
		wanted |= POLLOUT;
	/* A hang-up is told whether it is asked for or not: with nothing to do the master stays
	 * out. */
	fds[MASTER] =
		(struct pollfd){.fd = wanted && !paused ? *tty->master : -1, .events = wanted};
	fds[IN] = (struct pollfd){.fd = held(&tty->input) == 0 && !tty->send_eof ? tty->in : -1,
		.events = POLLIN};
	fds[OUT] = (struct pollfd){
		.fd = held(&tty->output) > 0 ? tty->out : -1, .events = POLLOUT};
	tty->hung_up = false;
	return paused && *tty->master >= 0;
}

void tty_move(struct tty *tty, const struct pollfd fds[TTY_POLLS])
{
	if (fds[IN].revents)
		read_in(tty);
	if (fds[OUT].revents)
		write_out(tty);
	if (*tty->master < 0)
		return;
	if (fds[MASTER].revents & POLLOUT && held(&tty->input) > 0)
		write_master(tty);
	if (fds[MASTER].revents & (POLLIN | POLLHUP | POLLERR) && held(&tty->output) == 0)
		read_master(tty);
}

void tty_stop_input(struct tty *tty)
{
	close_in(tty);
	tty->send_eof = false;
	tty->input.start = tty->input.end;
	tty->hung_up = false;
}

bool tty_has_output(const struct tty *tty)
{
	return held(&tty->output) > 0 && tty->out >= 0;
}

bool tty_can_read(const struct tty *tty)
{
	struct pollfd master = {.fd = *tty->master, .events = POLLIN};

	return *tty->master >= 0 && poll(&master, 1, 0) > 0 && (master.revents & POLLIN);
}
