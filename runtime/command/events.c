/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly events: what a container uses, and when the kernel killed for want of memory. */
#include "runtime/command/command.h"

#include <limits.h>
#include <string.h>

struct events_options {
	const char *interval;
	bool stats;
};

static const struct option options[] = {
	OPTION(struct events_options, "interval", 0, interval, "TIME",
		"time between two lines of statistics, as 5s or 1m30s (default: 5s)"),
	OPTION(struct events_options, "stats", 0, stats, NULL,
		"print the statistics once, and exit"),
	{0},
};

static const struct events_options defaults = {.interval = "5s"};

static const struct {
	const char *name;
	double ms;
} units[] = {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};

/* The unit at TEXT: its length, or 0. */
static size_t find_unit(const char *text, double *ret_ms)
{
	size_t length = strspn(text, "hmnsu");

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strlen(units[i].name) != length || memcmp(units[i].name, text, length) != 0)
			continue;
		*ret_ms = units[i].ms;
		return length;
	}
	return 0;
}

/* Go's durations: "300ms", "1.5h", "2m30s". */
static bool parse_duration(const char *text, double *ret_ms)
{
	*ret_ms = 0;
	if (!*text)
		return false;
	while (*text) {
		double value = 0, part = 1, ms;
		bool digits = false, point = false;

		for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
			if (*text == '.') {
				point = true;
				continue;
			}
			digits = true;
			if (point)
				value += (part /= 10) * (*text - '0');
			else
				value = value * 10 + (*text - '0');
		}

		size_t unit = find_unit(text, &ms);

		if (!digits || !unit)
			return false;
		*ret_ms += value * ms;
		text += unit;
	}
	return true;
}

static int events(const struct call *call, int *ret_status, struct error *err)
{
	const struct events_options *given = call->options;
	struct mayfly_events wanted = MAYFLY_OPTIONS(struct mayfly_events);
	double ms;

	if (strcmp(given->interval, "0") == 0 || given->interval[0] == '-')
		return fail(err, 0, "duration interval must be greater than 0");
	if (!parse_duration(given->interval, &ms))
		return fail(err, 0,
			"invalid value \"%.100s\" for flag --interval: not a time like 5s, "
			"500ms or 1m30s",
			given->interval);
	if (!(ms > 0))
		return fail(err, 0, "duration interval must be greater than 0");
	wanted.once = given->stats;
	wanted.interval_ms = ms < 1 ? 1 : ms > INT_MAX ? INT_MAX : (unsigned int)ms;
	wanted.line = put_text;
	return mayfly_events(call->global, call->arguments[0], &wanted, err);
}

const struct command command_events = {
	.name = "events",
	.arguments = "ID",
	.purpose = "Print what a container uses, and its OOM kills, as lines of JSON.",
	.example = "mayfly events --stats job7",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.run = events,
};
