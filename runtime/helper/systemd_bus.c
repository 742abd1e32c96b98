/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly-systemd: the connection to a manager, and its jobs. */
#include "runtime/helper/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { JOB_TIMEOUT = 30 * SECOND, READY_TIMEOUT = 10 * SECOND };

uint64_t bus_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec / 1000;
}

static int await_ready(sd_bus *bus)
{
	uint64_t deadline = bus_now() + READY_TIMEOUT;

	for (;;) {
		int done = sd_bus_is_ready(bus);

		if (done != 0)
			return done < 0 ? done : 0;
		done = sd_bus_process(bus, NULL);
		if (done < 0)
			return done;
		if (bus_now() >= deadline)
			return -ETIMEDOUT;
		if (done == 0)
			(void)sd_bus_wait(bus, deadline - bus_now());
	}
}

static int open_bus(const char *address, bool is_bus, sd_bus **ret)
{
	sd_bus *bus = NULL;
	int done = sd_bus_new(&bus);

	if (done >= 0)
		done = sd_bus_set_address(bus, address);
	if (done >= 0)
		done = sd_bus_set_bus_client(bus, is_bus);
	if (done >= 0)
		done = sd_bus_start(bus);
	if (done >= 0)
		done = await_ready(bus);
	if (done < 0) {
		sd_bus_close_unref(bus);
		return done;
	}
	*ret = bus;
	return 0;
}

int connect_to_systemd(const struct call *call, sd_bus **ret)
{
	char address[512];
	int length = snprintf(address, sizeof(address), "unix:path=%s", call->private_socket);
	int done = -ENOENT;

	if (*call->private_socket && length < (int)sizeof(address))
		done = open_bus(address, false, ret);
	if (done < 0 && *call->address)
		done = open_bus(call->address, true, ret);
	return done;
}

bool is_lost(int code)
{
	return code == -ECONNRESET || code == -ENOTCONN || code == -EPIPE || code == -ESHUTDOWN;
}

/* ---- jobs ---- */

static int job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0 &&
		strcmp(path, job->path) == 0)
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

int watch_jobs(sd_bus *bus, struct job *job)
{
	*job = (struct job){0};
	return sd_bus_match_signal(bus, NULL, sd_bus_is_bus_client(bus) ? SYSTEMD : NULL,
		OBJECT, MANAGER, "JobRemoved", job_removed, job);
}

int await_job(sd_bus *bus, const struct job *job)
{
	uint64_t deadline = bus_now() + JOB_TIMEOUT;

	while (!*job->result) {
		int done = sd_bus_process(bus, NULL);

		if (done < 0)
			return done;
		if (done > 0)
			continue;
		if (bus_now() >= deadline)
			return -ETIMEDOUT;
		done = sd_bus_wait(bus, deadline - bus_now());
		if (done < 0 && done != -EINTR)
			return done;
	}
	return 0;
}

void forget_failure(sd_bus *bus, const char *unit)
{
	(void)sd_bus_call_method(
		bus, SYSTEMD, OBJECT, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}
