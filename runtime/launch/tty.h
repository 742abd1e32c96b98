/* SPDX-License-Identifier: Apache-2.0 */
/* Between descriptors 0 and 1 and a pty's master: two bounded buffers. relay.c has the loop. */
#ifndef MAYFLY_TTY_H
#define MAYFLY_TTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum { TTY_BUFFER = 8192, TTY_POLLS = 3 };

struct tty_buffer {
	char bytes[TTY_BUFFER];
	size_t start, end;
};

struct tty {
	int *master; /* the caller's variable: -1 when hung up, or when there is none */
	int in, out; /* -1 when ended */
	bool in_is_ours, out_is_ours; /* opened anew, so that O_NONBLOCK is ours alone */
	size_t write_at_once;
	bool raw;
	struct termios before;
	bool send_eof; /* the input has ended: one end-of-file character to go */
	bool hung_up;  /* nobody has the slave open just now */
	struct tty_buffer input, output;
};

/* Never fails: what 0 and 1 cannot do is left out. *MASTER is -1 for no terminal at all. */
void tty_open(struct tty *tty, int *master);
/* Restores the caller's terminal and closes the master. */
void tty_close(struct tty *tty);

/* The size of our own terminal (descriptor 0, or 1) becomes that of MASTER; -1 is none. */
void tty_give_size(int master);

/* Fill FDS with what can go on; true when the master must be looked at again after a pause. */
bool tty_prepare(struct tty *tty, struct pollfd fds[TTY_POLLS]);
/* Move what FDS says is possible. */
void tty_move(struct tty *tty, const struct pollfd fds[TTY_POLLS]);

void tty_stop_input(struct tty *tty);
bool tty_has_output(const struct tty *tty);
/* Has the master something now? */
bool tty_can_read(const struct tty *tty);

#endif
