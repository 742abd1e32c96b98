/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly-systemd against a manager of our own on a socket of our own: what it sends, and what
 * it does when it is refused, when the job fails, and when the connection breaks. How the unit
 * is to be treated is in its name.
 */
#include "tests/unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"

static char directory[] = "/tmp/mayfly-systemd-test.XXXXXX";

/* ---- the manager ---- */

struct manager {
	FILE *log;
	unsigned int calls;
	bool reset; /* ResetFailedUnit came */
};

static int tell_end(sd_bus *bus, const char *unit, const char *result)
{
	return sd_bus_emit_signal(bus, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
		"JobRemoved", "uoss", 7, "/job/7", unit, result);
}

/* What it was sent, as busctl would show it, without spaces. */
static void log_message(struct manager *manager, sd_bus_message *message)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return;
	sd_bus_message_dump(message, memory, 0);
	fclose(memory);
	fprintf(manager->log, "%s:", sd_bus_message_get_member(message));
	for (char *at = strstr(text, "MESSAGE \""); at && *at; at++)
		if (!strchr(" \n{};", *at))
			fputc(*at, manager->log);
	fputc('\n', manager->log);
	fflush(manager->log);
	free(text);
}

static int begin(struct manager *manager, sd_bus_message *message, const char *unit)
{
	sd_bus *bus = sd_bus_message_get_bus(message);

	if (!strcmp(unit, "lost.scope") && manager->calls == 1)
		return -ECONNRESET;
	if (!strcmp(unit, "failed-before.scope") && !manager->reset)
		return sd_bus_reply_method_errorf(
			message, SYSTEMD ".UnitExists", "Unit exists already");
	if (!strcmp(unit, "another.scope") || !strcmp(unit, "there.slice"))
		return sd_bus_reply_method_errorf(
			message, SYSTEMD ".UnitExists", "Unit %s exists", unit);
	if (!strcmp(unit, "old.scope") && manager->calls == 1)
		return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_PROPERTY_READ_ONLY,
			"Cannot set property OOMPolicy, or unknown property.");
	if (!strcmp(unit, "refused.scope"))
		return sd_bus_reply_method_errorf(
			message, SD_BUS_ERROR_ACCESS_DENIED, "Access denied to you");
	/* A job of somebody else's ends first, and not well. */
	(void)sd_bus_emit_signal(bus, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
		"JobRemoved", "uoss", 6, "/job/6", "other.scope", "failed");

	int done = sd_bus_reply_method_return(message, "o", "/job/7");

	return done < 0 ? done
			: tell_end(bus, unit, strcmp(unit, "bad.scope") ? "done" : "failed");
}

static int answer(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct manager *manager = data;
	const char *member = sd_bus_message_get_member(message), *unit = "";

	if (!member || sd_bus_message_is_signal(message, NULL, NULL))
		return 0;
	log_message(manager, message);
	sd_bus_message_rewind(message, true);
	sd_bus_message_read(message, "s", &unit);
	if (!strcmp(member, "StartTransientUnit")) {
		manager->calls++;
		return begin(manager, message, unit) == -ECONNRESET ? -ECONNRESET : 1;
	}
	if (!strcmp(member, "StopUnit") && !strcmp(unit, "gone.scope")) {
		sd_bus_reply_method_errorf(
			message, SYSTEMD ".NoSuchUnit", "Unit gone.scope not loaded.");
		return 1;
	}
	if (!strcmp(member, "StopUnit")) {
		sd_bus_reply_method_return(message, "o", "/job/7");
		tell_end(sd_bus_message_get_bus(message), unit, "done");
		return 1;
	}
	if (!strcmp(member, "GetUnit")) {
		sd_bus_reply_method_return(message, "o", "/unit");
		return 1;
	}
	if (!strcmp(member, "Get")) {
		sd_bus_reply_method_return(message, "v", "s", "mayfly container me");
		return 1;
	}
	manager->reset |= !strcmp(member, "ResetFailedUnit");
	sd_bus_reply_method_return(message, "");
	return 1;
}

static void serve(struct manager *manager, int connection)
{
	sd_bus *bus = NULL;
	sd_id128_t id = {{1, 2, 3}};

	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, connection, connection) < 0 ||
		sd_bus_set_server(bus, 1, id) < 0 || sd_bus_start(bus) < 0 ||
		sd_bus_add_filter(bus, NULL, answer, manager) < 0)
		_exit(2);
	for (;;) {
		int done = sd_bus_process(bus, NULL);

		if (done < 0)
			break;
		if (done == 0 && sd_bus_wait(bus, UINT64_MAX) < 0)
			break;
	}
	sd_bus_close_unref(bus);
}

static pid_t start_manager(const char *socket_path, const char *log_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	(void)unlink(socket_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 4) < 0) {
		puts("Bail out! no socket");
		exit(1);
	}

	pid_t pid = fork();

	if (pid == 0) {
		struct manager manager = {.log = fopen(log_path, "we")};

		for (;;) {
			int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

			if (connection < 0)
				_exit(1);
			serve(&manager, connection);
		}
	}
	close(listener);
	return pid;
}

/* ---- the cases ---- */

struct outcome {
	char said[4096], log[16384];
	int status;
};

static void read_all(const char *path, char *buffer, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(buffer, 1, size - 1, file) : 0;

	buffer[length] = '\0';
	if (file)
		fclose(file);
}

static struct outcome call(const char *arguments)
{
	struct outcome outcome = {.status = -1};
	char socket_path[64], log_path[64], command[2048];

	snprintf(socket_path, sizeof(socket_path), "%s/private", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);

	pid_t manager = start_manager(socket_path, log_path);

	snprintf(command, sizeof(command), "./mayfly-systemd %s '' %s </dev/null >%s/out 2>&1",
		socket_path, arguments, directory);
	outcome.status = WEXITSTATUS(system(command));
	kill(manager, SIGKILL);
	waitpid(manager, NULL, 0);
	read_all(log_path, outcome.log, sizeof(outcome.log));
	snprintf(command, sizeof(command), "%s/out", directory);
	read_all(command, outcome.said, sizeof(outcome.said));
	outcome.said[strcspn(outcome.said, "\n")] = '\0';
	return outcome;
}

static void has(const struct outcome *outcome, const char *text, const char *name)
{
	if (!is_true(strstr(outcome->log, text) != NULL, "%s", name))
		printf("# no %s in:\n# %s\n# said: %s\n", text, outcome->log, outcome->said);
}

static void test_values(void)
{
	struct outcome outcome =
		call("scope plain.scope Slice s a.slice Delegate b true MemoryMax t "
		     "18446744073709551615 AllowedCPUs ay 2 255 1 After as 2 x.service "
		     "y.service IODeviceWeight 'a(st)' 1 /dev/block/8:0 50 KillSignal i 15 "
		     "'?OOMPolicy' s kill");

	is_number((uint64_t)outcome.status, 0, "a scope: success");
	is_true(outcome.said[0] == '/', "a scope: the cgroup is said");
	has(&outcome, "STRING\"plain.scope\"STRING\"replace\"", "name and mode");
	has(&outcome, "STRING\"PIDs\"VARIANT\"au\"ARRAY\"u\"UINT320", "whoever sends is in it");
	has(&outcome, "STRING\"Slice\"VARIANT\"s\"STRING\"a.slice\"", "a string");
	has(&outcome, "STRING\"Delegate\"VARIANT\"b\"BOOLEANtrue", "a boolean");
	has(&outcome, "VARIANT\"t\"UINT6418446744073709551615", "the largest number");
	has(&outcome, "VARIANT\"ay\"ARRAY\"y\"BYTE255BYTE1", "bytes");
	has(&outcome, "VARIANT\"as\"ARRAY\"s\"STRING\"x.service\"STRING\"y.service\"", "list");
	has(&outcome, "ARRAY\"(st)\"STRUCT\"st\"STRING\"/dev/block/8:0\"UINT6450", "pairs");
	has(&outcome, "STRING\"KillSignal\"VARIANT\"i\"INT3215", "a signed number");
	has(&outcome, "STRING\"OOMPolicy\"", "what may be unknown is asked for first");
}

static void test_refusals(void)
{
	struct outcome outcome = call("scope failed-before.scope");

	is_number((uint64_t)outcome.status, 0, "one that failed before is forgotten");
	has(&outcome, "ResetFailedUnit:", "by ResetFailedUnit");

	outcome = call("scope another.scope");
	is_number((uint64_t)outcome.status, 1, "one that stays is not taken");
	is_text(outcome.said,
		"error creating systemd unit `another.scope': Unit another.scope exists",
		"and it is said");

	outcome = call("slice there.slice");
	is_text(outcome.said, "/", "a slice may be there");
	is_true(!strstr(outcome.log, "PIDs"), "and nobody is put into it");

	outcome = call("scope old.scope '?OOMPolicy' s kill TasksMax t 5");
	is_number(
		(uint64_t)outcome.status, 0, "an older systemd: without what it does not know");

	const char *again = strstr(strchr(outcome.log, '\n') + 1, "StartTransientUnit:");

	is_true(again && strstr(again, "TasksMax") && !strstr(again, "OOMPolicy"),
		"and the rest is sent again");

	outcome = call("scope refused.scope");
	is_text(outcome.said,
		"error creating systemd unit `refused.scope': Access denied to you",
		"a refusal in systemd's words");

	outcome = call("scope bad.scope");
	is_text(outcome.said, "error creating systemd unit `bad.scope': got `failed'",
		"a job that fails");
	has(&outcome, "ResetFailedUnit:", "is not left behind as failed");
}

static void test_others(void)
{
	struct outcome outcome = call("scope lost.scope");

	is_number((uint64_t)outcome.status, 0, "a connection that breaks is made again");
	outcome = call("stop any.scope");
	is_text(outcome.said, "/", "stop");
	has(&outcome, "ResetFailedUnit:", "and its failure is forgotten");
	outcome = call("stop gone.scope");
	is_text(outcome.said, "/", "stop of what is not there");
	outcome = call("stop any.scope 'mayfly container you'");
	is_text(outcome.said, "/", "stop of what is another's");
	is_true(!strstr(outcome.log, "StopUnit:") && !strstr(outcome.log, "KillUnit:"),
		"does nothing");
	outcome = call("stop any.scope 'mayfly container me'");
	is_text(outcome.said, "/", "stop of what is ours");
	has(&outcome, "KillUnit:", "kills");
	has(&outcome, "StopUnit:", "and stops");
	outcome = call("set some.scope MemoryMax t 5");
	is_text(outcome.said, "/", "set");
	has(&outcome,
		"STRING\"some.scope\"BOOLEANtrueARRAY\"(sv)\"STRUCT\"sv\"STRING\"MemoryMax\"",
		"until the next boot");
	outcome = call("attach some.scope 4711");
	has(&outcome, "STRING\"some.scope\"STRING\"\"ARRAY\"u\"UINT324711", "attach");
	outcome = call("dance some.scope");
	is_number((uint64_t)outcome.status, 2, "an unknown verb");

	char command[256];

	snprintf(command, sizeof(command),
		"./mayfly-systemd /nowhere unix:path=/nowhere/bus stop x.scope >%s/out 2>&1",
		directory);
	is_number((uint64_t)WEXITSTATUS(system(command)), 1, "nobody listens");
}

int main(void)
{
	if (!mkdtemp(directory)) {
		puts("Bail out! no directory");
		return 1;
	}
	test_values();
	test_refusals();
	test_others();

	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	is_number((uint64_t)WEXITSTATUS(system(command)), 0, "the directory goes");
	return tap_end();
}
