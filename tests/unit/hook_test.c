/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks against real scripts: what they get, how they may end, what must not hold us up. */
#include "hooks/hook.h"

#include "tests/unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static char *path_of(const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *content(const char *name)
{
	static char bytes[4096];
	FILE *file = fopen(path_of(name), "re");

	if (!file)
		return NULL;
	bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
	fclose(file);
	return bytes;
}

static const struct hook_state STATE = {
	"{\"id\":\"x\",\"pid\":", ",\"status\":\"creating\"}", 42};
static char *const ENVIRONMENT[] = {"DEFAULT=yes", "PATH=/usr/bin:/bin", NULL};

/* A hook that runs a shell command. */
struct shell {
	const char *args[3];
	struct oci_hook hook;
};

static struct oci_hook *shell_hook(struct shell *shell, const char *command, int timeout)
{
	shell->args[0] = "sh";
	shell->args[1] = "-c";
	shell->args[2] = command;
	shell->hook = (struct oci_hook){.path = "/bin/sh", .args = shell->args, .n_args = 3};
	if (timeout)
		shell->hook.timeout = (struct opt_i32){.set = true, .value = timeout};
	return &shell->hook;
}

static int run_with(
	const char *command, int timeout, const struct hook_state *state, struct error *err)
{
	struct shell shell;

	return hook_run_all(HOOK_CREATE_RUNTIME, shell_hook(&shell, command, timeout), 1, state,
		ENVIRONMENT, directory, err);
}

static int run(const char *command, int timeout, struct error *err)
{
	return run_with(command, timeout, &STATE, err);
}

static void check_input(void)
{
	struct error err;

	is_result(run("cat > in", 0, &err), &err, NULL, "a hook runs in the bundle");
	is_text(content("in"), "{\"id\":\"x\",\"pid\":42,\"status\":\"creating\"}",
		"the state is on stdin, with the pid, then end-of-file");
	is_result(run("echo $DEFAULT > env; umask >> env", 0, &err), &err, NULL,
		"a hook without env runs");
	is_text(content("env"), "yes\n0022\n", "it gets the default environment and umask");
}

static void check_env(void)
{
	struct error err;
	const char *env[] = {"OWN=1"};
	char command[256];
	const char *args[] = {"name", "-c", command};
	struct oci_hook hook = {"/bin/sh", args, 3, env, 1, {0}};

	snprintf(command, sizeof(command), "(echo $OWN $DEFAULT.; pwd) > %s/env", directory);
	is_result(hook_run_all(
			  HOOK_POSTSTOP, &hook, 1, &STATE, ENVIRONMENT, "/nonexistent", &err),
		&err, NULL, "a hook with env runs, without its bundle too");
	is_text(content("env"), "1 .\n/\n", "with its env only, in /");
}

static void check_order(void)
{
	struct shell shells[3];
	struct oci_hook hooks[3];
	struct error err;

	hooks[0] = *shell_hook(&shells[0], "echo a >> order", 0);
	hooks[1] = *shell_hook(&shells[1], "sleep 0.05; echo b >> order; exit 3", 0);
	hooks[2] = *shell_hook(&shells[2], "echo c >> order", 0);
	is_result(hook_run_all(HOOK_PRESTART, hooks, 3, &STATE, ENVIRONMENT, directory, &err),
		&err, "error running prestart hook #1: exit status 3, stdout: , stderr: ",
		"the first failure ends it and says which hook");
	is_text(content("order"), "a\nb\n",
		"hooks run one after another, none after a failure");
	is_result(hook_run_all(HOOK_PRESTART, NULL, 0, &STATE, ENVIRONMENT, NULL, &err), &err,
		NULL, "no hooks are no error");
}

static void check_failures(void)
{
	struct error err;
	struct oci_hook missing = {.path = "/nonexistent/hook"};

	is_result(run("echo out; echo one >&2; echo two >&2; exit 1", 0, &err), &err,
		"error running createRuntime hook #0: exit status 1, stdout: out, stderr: one "
		"two",
		"what it said is in the error");
	is_result(run("kill -SEGV $$", 0, &err), &err,
		"error running createRuntime hook #0: signal: SIGSEGV, stdout: , stderr: ",
		"death by a signal is a failure");
	is_result(
		hook_run_all(HOOK_POSTSTART, &missing, 1, &STATE, ENVIRONMENT, directory, &err),
		&err,
		"error running poststart hook #0: exec /nonexistent/hook: no such file or "
		"directory",
		"a missing program is named by its errno");
	is_number((uint64_t)err.code, ENOENT, "which is in the code");
	is_result(run("echo wrong >&2; exit 65", 0, &err), &err,
		"error running createRuntime hook #0: exit status 65, stdout: , stderr: wrong",
		"a hook that refuses says why");
	is_true(err.code == HOOK_REFUSED, "and that it is no failure of its own");
	is_result(run("exit 127", 0, &err), &err, "~exit status 127",
		"127 of the hook's own is not taken for a missing program");
	is_result(run("head -c 300000 /dev/zero | tr '\\0' x >&2; echo end > big; exit 1", 0,
			  &err),
		&err, "~stderr: xxxxxxxxxxxx", "a hook with much to say can say it");
	is_text(content("big"), "end\n", "to the end");
	is_result(run("head -c 300000 /dev/zero", 0, &err), &err, NULL, "on stdout, too");
}

static void check_unread_input(void)
{
	static char large[512 * 1024];
	struct error err;
	struct hook_state state = {large, "}", 1};
	sigset_t pending;

	memset(large, 'x', sizeof(large) - 1);
	is_result(run_with("exec <&-; sleep 0.1; true", 0, &state, &err), &err, NULL,
		"a hook need not read its stdin");
	is_result(run_with("true", 0, &state, &err), &err, NULL, "nor live long enough");
	is_result(run_with("wc -c > count", 0, &state, &err), &err, NULL, "a large state");
	is_text(content("count"), "524289\n", "arrives whole");
	sigpending(&pending);
	is_true(!sigismember(&pending, SIGPIPE), "no SIGPIPE stays behind");
	sigprocmask(SIG_BLOCK, NULL, &pending);
	is_true(!sigismember(&pending, SIGPIPE), "the signal mask is as before");
}

/* Whoever adopts orphans here may not reap them. */
static bool is_gone(pid_t pid)
{
	char path[64], line[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);

	FILE *file = fopen(path, "re");

	if (!file)
		return true;
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	return strstr(line, ") Z ") != NULL;
}

static void check_timeout(void)
{
	struct error err;
	double before = now();

	is_result(run("sleep 60 & echo $! > grandchild; sleep 60", 1, &err), &err,
		"error running createRuntime hook #0: hook ran past specified timeout of 1.0s",
		"a hook that takes too long is a failure");
	is_true(now() - before < 3, "after its timeout, not its sleep");

	pid_t grandchild = (pid_t)atoi(content("grandchild"));

	usleep(100 * 1000);
	is_true(grandchild > 0 && is_gone(grandchild), "its children are killed with it");
	before = now();
	is_result(
		run("true", 30, &err), &err, NULL, "a timeout does not delay one that is done");
	is_true(now() - before < 2, "at once");
}

static void check_daemons(void)
{
	struct error err;
	double before = now();

	is_result(run("sleep 30 & echo $! > daemon; exit 0", 0, &err), &err, NULL,
		"a hook may leave a daemon that holds its pipes");
	is_result(run("setsid sleep 30 & echo $! >> daemon; echo bad >&2; exit 1", 0, &err),
		&err, "~exit status 1, stdout: , stderr: bad", "in success and failure");
	is_true(now() - before < 3, "nobody waits for it");

	int first = 0, second = 0;

	sscanf(content("daemon"), "%d %d", &first, &second);
	/* the shell's setsid may have forked: the group is its own */
	is_true(first > 0 && kill(first, SIGKILL) == 0, "the daemon lives on");
	if (second > 0)
		kill(-second, SIGKILL);
}

static void check_isolation(void)
{
	struct error err;
	int leak =
		open("/dev/null", O_RDONLY); /* without CLOEXEC, as --preserve-fds would be */
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	sigset_t all, none;

	sigaction(SIGTERM, &ignore, &before);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &none);
	is_result(run("ls /proc/self/fd | tr '\\n' ' ' > fds; kill -TERM $$; sleep 5", 0, &err),
		&err, "~signal: SIGTERM", "no signal is ignored or blocked in a hook");
	sigprocmask(SIG_SETMASK, &none, NULL);
	sigaction(SIGTERM, &before, NULL);
	close(leak);
	is_text(content("fds"), "0 1 2 3 ", "it has no descriptor of ours (3 is ls's own)");
	is_true(waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD,
		"no zombie is left");
}

static void check_sigchld_ignored(void)
{
	struct error err;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	sigaction(SIGCHLD, &ignore, &before);
	is_result(run("exit 7", 0, &err), &err, "~exit status 7",
		"the status is not lost where SIGCHLD is ignored");
	sigaction(SIGCHLD, &before, NULL);
}

static void check_points(void)
{
	is_text(hook_points[HOOK_CREATE_CONTAINER].name, "createContainer",
		"names are the spec's");
	is_true(hook_points[HOOK_CREATE_CONTAINER].inside &&
			hook_points[HOOK_START_CONTAINER].inside &&
			!hook_points[HOOK_PRESTART].inside &&
			!hook_points[HOOK_POSTSTART].inside,
		"two points are inside");
	is_true(!hook_points[HOOK_POSTSTOP].fatal && hook_points[HOOK_POSTSTART].fatal,
		"only poststop may fail");
}

int main(void)
{
	char remove[128];

	snprintf(directory, sizeof(directory), "/tmp/hook_test.XXXXXX");
	if (!mkdtemp(directory))
		return 99;
	check_points();
	check_input();
	check_env();
	check_order();
	check_failures();
	check_unread_input();
	check_timeout();
	check_daemons();
	check_isolation();
	check_sigchld_ignored();
	snprintf(remove, sizeof(remove), "rm -rf %s", directory);
	(void)!system(remove);
	return tap_end();
}
