/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal and signals: with real ptys, and a process as the runtime. */
#include "runtime/launch/launch.h"
#include "runtime/launch/terminal.h"

#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the relay ---- */

struct session {
	int user;    /* the master of the caller's terminal, or -1 */
	int in, out; /* what the runtime has as 0 and 1 when it has no terminal */
	bool container_tty;
	bool subreaper;
	pid_t runtime;
	struct termios before;
	int slave; /* of the caller's terminal, to look at */
};

static int open_pty(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	grantpt(master);
	unlockpt(master);
	*ret_slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return master;
}

static void take_terminal(int slave)
{
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
}

static pid_t start_program(const char *command, int slave)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (slave >= 0)
		take_terminal(slave);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(126);
}

_Noreturn static void be_runtime(const struct session *session, const char *command)
{
	int status = 0, slave = -1, left;
	struct relay relay = {.master = -1};
	struct error err;

	if (session->user >= 0)
		take_terminal(session->slave);
	if (session->in >= 0)
		dup2(session->in, 0);
	if (session->out >= 0)
		dup2(session->out, 1);
	prctl(PR_SET_CHILD_SUBREAPER, session->subreaper, 0, 0, 0);
	relay_block_signals();
	if (session->container_tty)
		relay.master = open_pty(&slave);
	relay.pid = start_program(command, slave);
	relay.pidfd = sys_pidfd_open(relay.pid, 0);
	close(slave);
	if (relay_run(&relay, &status, &err) < 0)
		_exit(98);
	if (relay.master >= 0)
		_exit(97);
	if (waitpid(-1, &left, WNOHANG) > 0)
		_exit(96); /* a zombie that it should have reaped */
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void start(struct session *session, const char *command)
{
	fflush(stdout);
	if (session->user >= 0)
		tcgetattr(session->slave, &session->before);
	session->runtime = fork();
	if (session->runtime == 0)
		be_runtime(session, command);
}

/* Its exit status; -1 when it takes longer than is right. Output goes on into TEXT meanwhile.
 */
static int finish(struct session *session, int out, char *text, size_t size, size_t *ret_length)
{
	double deadline = now() + 10;
	size_t length = text ? strlen(text) : 0;
	int status = -1;
	bool exited = false;

	for (;;) {
		struct pollfd fd = {.fd = out, .events = POLLIN};
		char spare[4096];
		bool keep = text && length + 1 < size;

		if (!exited)
			exited =
				waitpid(session->runtime, &status, WNOHANG) == session->runtime;
		if (poll(&fd, 1, exited ? 0 : 10) > 0 && (fd.revents & POLLIN)) {
			ssize_t got = read(out, keep ? text + length : spare,
				keep ? size - 1 - length : sizeof(spare));

			if (got > 0) {
				length += (size_t)got;
				continue;
			}
		}
		if (exited)
			break;
		if (now() > deadline) {
			kill(session->runtime, SIGKILL);
			waitpid(session->runtime, NULL, 0);
			return -1;
		}
	}
	if (text)
		text[length < size ? length : size - 1] = '\0';
	if (ret_length)
		*ret_length = length;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Read until WORDS have come. */
static bool expect(int fd, char *text, size_t size, const char *words)
{
	double deadline = now() + 5;
	size_t length = strlen(text);

	while (!strstr(text, words) && now() < deadline) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};

		if (poll(&poller, 1, 50) <= 0)
			continue;

		ssize_t got = read(fd, text + length, size - 1 - length);

		if (got <= 0)
			break;
		length += (size_t)got;
		text[length] = '\0';
	}
	return strstr(text, words) != NULL;
}

static struct session terminal_session(void)
{
	struct session session = {.in = -1, .out = -1, .container_tty = true};

	session.user = open_pty(&session.slave);
	return session;
}

static void end_session(struct session *session)
{
	close(session->user);
	close(session->slave);
}

/* Without a word to say in between. */
static void check_program(const char *command, int wanted, const char *output, const char *name)
{
	struct session session = terminal_session();
	char text[4096] = "";
	struct termios after;

	start(&session, command);
	is_number((uint64_t)finish(&session, session.user, text, sizeof(text), NULL),
		(uint64_t)wanted, name);
	if (output)
		is_text(text, output, "with its output");
	tcgetattr(session.slave, &after);
	is_true(after.c_lflag == session.before.c_lflag &&
			after.c_oflag == session.before.c_oflag,
		"the caller's terminal is as before");
	end_session(&session);
}

static void check_terminal(void)
{
	check_program("echo hello; exit 3", 3, "hello\r\n", "a program in a terminal ends");
	check_program("kill -KILL $$", 128 + SIGKILL, "", "a program is killed");
	check_program("(trap '' HUP; exec sleep 20) & exit 5", 5, NULL,
		"another process holds the terminal, and nobody waits for it");
	check_program("exec 0<&- 1>&- 2>&-; sleep 0.3; echo back >/dev/tty; exit 4", 4,
		"back\r\n", "a program lets go of its terminal and opens it again");
}

static void check_input(void)
{
	struct session session = terminal_session();
	struct termios during;
	char text[4096] = "";

	start(&session, "trap 'echo caught; exit 9' INT; echo ready; read x; echo got $x; "
			"sleep 10 & wait");
	is_true(expect(session.user, text, sizeof(text), "ready"), "the program is ready");
	tcgetattr(session.slave, &during);
	is_true(!(during.c_lflag & (ICANON | ECHO | ISIG)),
		"the caller's terminal is raw meanwhile");
	(void)!write(session.user, "abc\r", 4);
	is_true(expect(session.user, text, sizeof(text), "got abc"),
		"a line that is typed arrives");
	(void)!write(session.user, "\003", 1);
	is_number((uint64_t)finish(&session, session.user, text, sizeof(text), NULL), 9,
		"ctrl-C is the container's");
	is_true(strstr(text, "caught") != NULL, "and its last words are heard");
	end_session(&session);
}

static void check_size(void)
{
	struct session session = terminal_session();
	struct winsize size = {.ws_row = 33, .ws_col = 77};
	char text[4096] = "";

	ioctl(session.user, TIOCSWINSZ, &size);
	start(&session, "stty size; trap 'stty size; exit 0' WINCH; echo ready; "
			"while :; do sleep 0.05; done");
	is_true(expect(session.user, text, sizeof(text), "33 77"),
		"the pty has the terminal's size");
	expect(session.user, text, sizeof(text), "ready");
	size.ws_row = 44;
	ioctl(session.user, TIOCSWINSZ, &size);
	is_number((uint64_t)finish(&session, session.user, text, sizeof(text), NULL), 0,
		"a change of size reaches the program");
	is_true(strstr(text, "44 77") != NULL, "and it is the new one");
	end_session(&session);
}

static void check_much_output(void)
{
	struct session session = terminal_session();
	char *text = calloc(1, 2000000);
	size_t length = 0;

	start(&session, "head -c 1000000 /dev/zero | tr '\\0' x");
	is_number((uint64_t)finish(&session, session.user, text, 2000000, &length), 0,
		"a program with much to say");
	is_number(length, 1000000, "says all of it");
	end_session(&session);
	free(text);
}

static void check_stalled_reader(void)
{
	struct session session = terminal_session();
	double before;
	int status;

	start(&session, "exec yes");
	usleep(300 * 1000);
	kill(session.runtime, SIGTERM);
	usleep(200 * 1000);
	is_true(waitpid(session.runtime, &status, WNOHANG) == 0,
		"output that nobody reads is kept");
	before = now();
	kill(session.runtime, SIGTERM);
	while (waitpid(session.runtime, &status, WNOHANG) == 0 && now() - before < 5)
		usleep(10 * 1000);
	is_true(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM && now() - before < 2,
		"until a second signal says to end; the first was the program's");
	end_session(&session);
}

static void check_pipes(void)
{
	struct session session = {.user = -1, .container_tty = true};
	char text[4096] = "";
	int in[2], out[2];

	(void)!pipe2(in, O_CLOEXEC);
	(void)!pipe2(out, O_CLOEXEC);
	session.in = in[0];
	session.out = out[1];
	(void)!write(in[1], "hello\n", 6);
	close(in[1]);
	start(&session, "cat; echo end");
	is_number((uint64_t)finish(&session, out[0], text, sizeof(text), NULL), 0,
		"the end of a pipe is the end of the terminal's input");
	is_true(strstr(text, "hello\r\nhello\r\nend") != NULL, "after all of it");
	is_true(!(fcntl(in[0], F_GETFL) & O_NONBLOCK) && !(fcntl(out[1], F_GETFL) & O_NONBLOCK),
		"the caller's descriptors still block");
	close(in[0]);

	session.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(out[0]);
	start(&session, "exec yes");
	is_number((uint64_t)finish(&session, -1, NULL, 0, NULL), 128 + SIGHUP,
		"output that nobody takes hangs the terminal up");
	close(session.in);
	close(out[1]);
}

static void check_signals(void)
{
	struct session session = {.user = -1, .in = -1, .subreaper = true};
	char text[4096] = "";
	int out[2];

	(void)!pipe2(out, O_CLOEXEC);
	session.out = out[1];
	start(&session,
		"for s in HUP INT QUIT USR1 USR2 WINCH CONT; do trap \"echo $s\" $s; done; "
		"trap 'echo TERM; exit 7' TERM; echo ready; while :; do sleep 0.02; done");
	expect(out[0], text, sizeof(text), "ready");

	static const struct {
		int number;
		const char *name;
	} signals[] = {{SIGHUP, "HUP"}, {SIGINT, "INT"}, {SIGQUIT, "QUIT"}, {SIGUSR1, "USR1"},
		{SIGUSR2, "USR2"}, {SIGCONT, "CONT"}};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		kill(session.runtime, signals[i].number);
		is_true(expect(out[0], text, sizeof(text), signals[i].name),
			"SIG%s is passed on", signals[i].name);
	}
	kill(session.runtime, SIGWINCH);
	kill(session.runtime, SIGPIPE);
	kill(session.runtime, SIGURG);
	kill(session.runtime, SIGTTIN);
	kill(session.runtime, SIGTERM);
	is_number((uint64_t)finish(&session, out[0], text, sizeof(text), NULL), 7,
		"the status is the program's");
	is_true(strstr(text, "WINCH") == NULL,
		"a window that it does not have is not its business");

	start(&session, "(sleep 0.1 &) ; sleep 0.4");
	is_number((uint64_t)finish(&session, out[0], NULL, 0, NULL), 0, "orphans are reaped");
	start(&session, "kill -SEGV $$");
	is_number((uint64_t)finish(&session, out[0], NULL, 0, NULL), 128 + SIGSEGV,
		"death by a signal");
	close(out[0]);
	close(out[1]);
}

int main(void)
{
	/* Of the background: a shell ignores these, nohup(1) that. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	alarm(120);

	check_signals();
	check_terminal();
	check_input();
	check_size();
	check_much_output();
	check_stalled_reader();
	check_pipes();
	return tap_end();
}
