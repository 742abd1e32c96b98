/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly kill: a signal for a container, by number or name. */
#include "runtime/command/command.h"

#include "oci/base/text.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

/* Real-time signals as glibc numbers them: callers translate RTMIN+3 to 37 themselves. */
enum { REALTIME_FIRST = 34, REALTIME_LAST = 64 };

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},
	{"INT", SIGINT},
	{"QUIT", SIGQUIT},
	{"ILL", SIGILL},
	{"TRAP", SIGTRAP},
	{"ABRT", SIGABRT},
	{"IOT", SIGIOT},
	{"BUS", SIGBUS},
	{"FPE", SIGFPE},
	{"KILL", SIGKILL},
	{"USR1", SIGUSR1},
	{"SEGV", SIGSEGV},
	{"USR2", SIGUSR2},
	{"PIPE", SIGPIPE},
	{"ALRM", SIGALRM},
	{"TERM", SIGTERM},
	{"CHLD", SIGCHLD},
	{"CLD", SIGCHLD},
	{"CONT", SIGCONT},
	{"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},
	{"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},
	{"URG", SIGURG},
	{"XCPU", SIGXCPU},
	{"XFSZ", SIGXFSZ},
	{"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF},
	{"WINCH", SIGWINCH},
	{"IO", SIGIO},
	{"POLL", SIGIO},
	{"PWR", SIGPWR},
	{"SYS", SIGSYS},
#ifdef SIGSTKFLT
	{"STKFLT", SIGSTKFLT},
#endif
	{"RTMIN", REALTIME_FIRST},
	{"RTMAX", REALTIME_LAST},
};

/* RTMIN+n and RTMAX-n. */
static bool parse_realtime(const char *name, int *ret)
{
	uint64_t offset;

	if (strncasecmp(name, "RTMIN+", 6) != 0 && strncasecmp(name, "RTMAX-", 6) != 0)
		return false;
	if (!text_unsigned(name + 6, REALTIME_LAST - REALTIME_FIRST, &offset))
		return false;
	*ret = name[5] == '+' ? REALTIME_FIRST + (int)offset : REALTIME_LAST - (int)offset;
	return true;
}

int parse_signal(const char *word, int *ret, struct error *err)
{
	const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
	uint64_t number;

	if (text_unsigned(word, REALTIME_LAST, &number)) {
		*ret = (int)number;
		return 0;
	}
	if (parse_realtime(name, ret))
		return 0;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (strcasecmp(signals[i].name, name) != 0)
			continue;
		*ret = signals[i].number;
		return 0;
	}
	if (*word &&
		(strspn(word, "0123456789") == strlen(word) || *word == '-' || *word == '+'))
		return fail(err, 0, "invalid signal \"%.100s\": not between 0 and %d", word,
			REALTIME_LAST);
	return fail(err, 0, "unknown signal \"%.100s\"", word);
}

struct kill_options {
	bool all;
};

static const struct option options[] = {
	OPTION(struct kill_options, "all", 'a', all, NULL,
		"signal every process of the container; one that has stopped is no error"),
	{0},
};

static const struct kill_options defaults = {0};

static int kill_container(const struct call *call, int *ret_status, struct error *err)
{
	const struct kill_options *given = call->options;
	int number = SIGTERM;

	if (call->n_arguments > 1 && parse_signal(call->arguments[1], &number, err) < 0)
		return -1;
	return mayfly_kill(call->global, call->arguments[0], number, given->all, err);
}

const struct command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.purpose = "Send a signal (default: TERM) to the container's process; 0 only asks if "
		   "it lives.",
	.example = "mayfly kill job7 KILL",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 2,
	.run = kill_container,
};
