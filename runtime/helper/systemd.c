/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly-systemd: what needs libsystemd (sd-bus(3)), which Debian has only as a shared library.
 * Run by mayfly, with no environment, for --systemd-cgroup.
 *
 *	mayfly-systemd PRIVATE BUS VERB UNIT ...
 *
 * PRIVATE is the path of a manager's own socket, asked first because it spares a dbus-daemon;
 * BUS the address of a bus. VERB:
 *
 *	scope   [NAME TYPE WORD...]...   make UNIT with us in it, print our cgroup, stay until
 *	                                 stdin ends
 *	slice   [NAME TYPE WORD...]...   the same without us: prints "/"
 *	set     [NAME TYPE WORD...]...   new values; prints "/"
 *	stop    [DESCRIPTION]            stop and forget it, or only when it is so described,
 *	                                 and then by SIGKILL; prints "/"
 *	attach  PID                      move a process into it; prints "/"
 *
 * A value is written as busctl(1) takes it; "?" before a name: leave it out when systemd does
 * not know it. A line that does not begin with "/" says what went wrong.
 */
#include "runtime/helper/systemd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long a unit of the same name may take to go away. */
enum { GONE_TIMEOUT = 3 * SECOND };

/* One line; 1. */
__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

static int say(const char *line)
{
	puts(line);
	return fflush(stdout) == 0 ? 0 : 1;
}

static void rest(unsigned int milliseconds)
{
	(void)poll(NULL, 0, (int)milliseconds);
}

/* The cgroup we are in: 0, or -errno. */
static int own_cgroup(char path[4096])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[4096 + 8];
	int done = -ENOENT;

	if (!file)
		return -errno;
	while (done < 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		snprintf(path, 4096, "%.4095s", line + 3);
		done = 0;
	}
	fclose(file);
	return done;
}

static bool is_in(const char *unit)
{
	char path[4096];
	const char *slash;

	return own_cgroup(path) == 0 && (slash = strrchr(path, '/')) &&
	       strcmp(slash + 1, unit) == 0;
}

/* One StartTransientUnit; *job is what it began. */
static int begin(sd_bus *bus, const struct call *call, struct job *job, sd_bus_error *error)
{
	sd_bus_message *message = NULL, *reply = NULL;
	const char *path;
	int done = sd_bus_message_new_method_call(
		bus, &message, SYSTEMD, OBJECT, MANAGER, "StartTransientUnit");

	if (done >= 0)
		done = sd_bus_message_append(message, "ss", call->unit, "replace");
	if (done >= 0)
		done = append_properties(bus, message, call);
	if (done >= 0)
		done = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (done >= 0)
		done = sd_bus_call(bus, message, 0, error, &reply);
	if (done >= 0)
		done = sd_bus_message_read(reply, "o", &path);
	if (done >= 0)
		snprintf(job->path, sizeof(job->path), "%s", path);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	return done;
}

/* What to do when systemd refused: true for another try. */
static bool try_again(sd_bus *bus, struct call *call, const sd_bus_error *error)
{
	if (sd_bus_error_has_name(error, SYSTEMD ".UnitExists")) {
		/* It failed before, or is the one of a container that has just ended. */
		forget_failure(bus, call->unit);
		rest(20);
		return true;
	}
	if (call->all && sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY)) {
		call->all = false;
		return true;
	}
	return false;
}

/* One connection's attempt to make the unit: 0, 1 (and it was said why), or a lost connection.
 */
static int start_on(sd_bus *bus, struct call *call)
{
	bool slice = strcmp(call->verb, "slice") == 0;
	uint64_t deadline = bus_now() + GONE_TIMEOUT;
	struct job job;
	int done = watch_jobs(bus, &job);

	while (done >= 0) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		bool exists, again;

		done = begin(bus, call, &job, &error);
		if (done >= 0 || is_lost(done)) {
			sd_bus_error_free(&error);
			break;
		}
		exists = sd_bus_error_has_name(&error, SYSTEMD ".UnitExists");
		/* Of a slice there is one for all; and we may have been lost in mid-answer. */
		if (exists && (slice || is_in(call->unit))) {
			sd_bus_error_free(&error);
			return 0;
		}
		again = bus_now() < deadline && try_again(bus, call, &error);
		if (!again)
			(void)complain("error creating systemd unit `%s': %s", call->unit,
				error.message ? error.message : strerror(-done));
		sd_bus_error_free(&error);
		if (!again)
			return 1;
		done = 0;
	}
	if (done >= 0)
		done = await_job(bus, &job);
	if (done < 0 && is_lost(done))
		return done;
	if (done == -ETIMEDOUT)
		return complain("Timeout waiting for systemd to create %s", call->unit);
	if (done < 0)
		return complain(
			"error creating systemd unit `%s': %s", call->unit, strerror(-done));
	if (strcmp(job.result, "done") == 0)
		return 0;
	forget_failure(bus, call->unit);
	return complain("error creating systemd unit `%s': got `%s'", call->unit, job.result);
}

/* What the other side said, or our own errno: 0, 1 when there is a complaint, or lost. */
static int conclude(const struct call *call, const char *what, int done, sd_bus_error *error)
{
	int result = is_lost(done) ? done : 0;

	if (done < 0 && !is_lost(done))
		result = complain("%s systemd unit `%s': %s", what, call->unit,
			error->message ? error->message : strerror(-done));
	sd_bus_error_free(error);
	return result;
}

/* Whose is it? 1: it is described as DESCRIPTION; 0: it is another's, or there is none. */
static int is_described(
	sd_bus *bus, const char *unit, const char *description, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *path;
	char *found = NULL;
	int done = sd_bus_call_method(
		bus, SYSTEMD, OBJECT, MANAGER, "GetUnit", error, &reply, "s", unit);

	if (done >= 0)
		done = sd_bus_message_read(reply, "o", &path);
	if (done >= 0)
		done = sd_bus_get_property_string(
			bus, SYSTEMD, path, SYSTEMD ".Unit", "Description", error, &found);
	if (done >= 0)
		done = strcmp(found, description) == 0;
	else if (sd_bus_error_has_name(error, SYSTEMD ".NoSuchUnit") ||
		 sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT))
		done = 0;
	free(found);
	sd_bus_message_unref(reply);
	return done;
}

static int stop_any_on(sd_bus *bus, struct call *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	struct job job;
	int done = watch_jobs(bus, &job);

	if (done >= 0)
		done = sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "StopUnit", &error,
			&reply, "ss", call->unit, "replace");
	if (done >= 0)
		done = sd_bus_message_read(reply, "o", &path);
	if (done >= 0) {
		snprintf(job.path, sizeof(job.path), "%s", path);
		done = await_job(bus, &job);
	}
	if (done < 0 && sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit"))
		done = 0;
	if (!is_lost(done))
		forget_failure(bus, call->unit);
	sd_bus_message_unref(reply);
	return conclude(call, "stop", done, &error);
}

/* Of an interrupted create: only what that made, and at once. */
static int stop_on(sd_bus *bus, struct call *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (!*call->values)
		return stop_any_on(bus, call);

	int done = is_described(bus, call->unit, *call->values, &error);

	if (done <= 0)
		return conclude(call, "look at", done, &error);
	sd_bus_error_free(&error);
	/* Nobody is in it any more: fine. */
	(void)sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "KillUnit", NULL, NULL, "ssi",
		call->unit, "all", SIGKILL);
	return stop_any_on(bus, call);
}

static int send_properties(sd_bus *bus, const struct call *call, sd_bus_error *error)
{
	sd_bus_message *message = NULL;
	int done = sd_bus_message_new_method_call(
		bus, &message, SYSTEMD, OBJECT, MANAGER, "SetUnitProperties");

	if (done >= 0)
		done = sd_bus_message_append(message, "sb", call->unit, 1);
	if (done >= 0)
		done = append_properties(bus, message, call);
	if (done >= 0)
		done = sd_bus_call(bus, message, 0, error, NULL);
	sd_bus_message_unref(message);
	return done;
}

static int set_on(sd_bus *bus, struct call *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int done = send_properties(bus, call, &error);

	if (done < 0 && try_again(bus, call, &error)) {
		sd_bus_error_free(&error);
		done = send_properties(bus, call, &error);
	}
	return conclude(call, "set properties of", done, &error);
}

static int attach_on(sd_bus *bus, struct call *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = *call->values ? (uint32_t)strtoul(*call->values, NULL, 10) : 0;
	int done = sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "AttachProcessesToUnit",
		&error, NULL, "ssau", call->unit, "", 1, pid);

	return conclude(call, "attach a process to", done, &error);
}

static const struct verb {
	const char *name;
	int (*run)(sd_bus *bus, struct call *call);
} verbs[] = {
	{"scope", start_on},
	{"slice", start_on},
	{"set", set_on},
	{"stop", stop_on},
	{"attach", attach_on},
};

/* A systemd that is being executed anew (daemon-reexec) drops its connections. */
static int run(const struct verb *verb, struct call *call)
{
	int done = -ECONNRESET;

	for (int tries = 0; tries < 20 && is_lost(done); tries++) {
		sd_bus *bus = NULL;

		if (tries > 0)
			rest(250);
		done = connect_to_systemd(call, &bus);
		if (done >= 0)
			done = verb->run(bus, call);
		else if (tries > 0)
			done = -ECONNRESET; /* it does not listen again yet */
		sd_bus_close_unref(bus);
	}
	if (done < 0)
		return complain("cannot talk to systemd at %s: %s",
			*call->address ? call->address : call->private_socket, strerror(-done));
	return done;
}

/* Until whoever runs us has no more need of us, or is gone. */
static int stay(void)
{
	char path[4096], byte;

	if (own_cgroup(path) < 0)
		return complain("read /proc/self/cgroup: no cgroup v2 in it");
	if (say(path) != 0)
		return 1;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char *argv[])
{
	struct call call = {.all = true};
	const struct verb *verb = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (size_t i = 0; argc >= 5 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(argv[3], verbs[i].name) == 0)
			verb = &verbs[i];
	if (!verb) {
		fprintf(stderr, "mayfly-systemd is run by mayfly: PRIVATE BUS "
				"scope|slice|set|stop|attach UNIT ...\n");
		return 2;
	}
	call.private_socket = argv[1];
	call.address = argv[2];
	call.verb = argv[3];
	call.unit = argv[4];
	call.values = argv + 5;

	int done = run(verb, &call);

	if (done != 0)
		return done;
	return verb->run == start_on && strcmp(call.verb, "scope") == 0 ? stay() : say("/");
}
