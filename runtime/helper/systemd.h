/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of mayfly-systemd share; the only door to sd-bus(3). */
#ifndef MAYFLY_HELPER_SYSTEMD_H
#define MAYFLY_HELPER_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define OBJECT	"/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

/* Microseconds. */
enum { SECOND = 1000 * 1000 };

/* What we were asked. */
struct call {
	const char *private_socket, *address, *verb, *unit;
	char **values; /* of VERB */
	bool all;      /* with the properties that systemd may not know */
};

/* The one job that is waited for. */
struct job {
	char path[256], result[32];
};

/* systemd_bus.c; what answers an int answers a negative errno when it fails. */
int connect_to_systemd(const struct call *call, sd_bus **ret);

/* systemd is executing itself anew, or its bus is: worth another try. */
bool is_lost(int code);

/* Before the call that makes the job, so that its end is not missed; JOB stays where it is. */
int watch_jobs(sd_bus *bus, struct job *job);

/* Wait until the job has ended, as job->result says; -ETIMEDOUT after 30 seconds. */
int await_job(sd_bus *bus, const struct job *job);

/* ResetFailedUnit; one that has not failed, or is gone, is fine. */
void forget_failure(sd_bus *bus, const char *unit);

/* The monotonic clock. */
uint64_t bus_now(void);

/*
 * systemd_values.c: the properties of the call as "a(sv)", and for a scope who is in it at
 * first.
 */
int append_properties(sd_bus *bus, sd_bus_message *message, const struct call *call);

#endif
