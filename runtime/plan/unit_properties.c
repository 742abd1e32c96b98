/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which property of systemd stands for which file of the cgroup: the one table of it. What has
 * a property is written by systemd again whenever it is reloaded, from the property; what has
 * none it leaves alone. So a limit is told twice, in both forms. systemd.resource-control(5).
 */
#include "runtime/plan/unit.h"

#include "runtime/plan/rooms.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CPUs and memory nodes of a list are a mask of at most so many bits. */
enum { MASK_BITS = 8192 };

struct unit_row;
typedef int converter(
	struct unit_properties *properties, const struct unit_row *row, const char *text);

struct unit_row {
	const char *file, *property;
	converter *convert;
	bool optional, at_start;
};

static struct unit_property *append(
	struct unit_properties *properties, const char *name, const char *type, size_t count)
{
	struct arena *arena = properties->arena;

	if (properties->count == properties->room) {
		size_t room = properties->room ? 2 * properties->room : 16;
		void *list = arena_grow(arena, properties->list, properties->count, room,
			sizeof(*properties->list));

		if (!list) {
			error_set(properties->err, ENOMEM, "make the plan");
			return NULL;
		}
		properties->list = list;
		properties->room = room;
	}

	const char **words = arena_array(arena, count + 1, sizeof(*words));

	if (!words) {
		error_set(properties->err, ENOMEM, "make the plan");
		return NULL;
	}

	struct unit_property *property = &properties->list[properties->count++];

	*property = (struct unit_property){
		.name = name, .type = type, .words = words, .n_words = count};
	return property;
}

struct unit_property *unit_property_of(struct unit_properties *properties, const char *name,
	const char *type, const char *const *words, size_t count)
{
	struct unit_property *property = append(properties, name, type, count);
	const char **copy = property ? (const char **)(uintptr_t)property->words : NULL;

	for (size_t i = 0; property && i < count; i++) {
		if (!words[i]) {
			error_set(properties->err, ENOMEM, "make the plan");
			return NULL;
		}
		copy[i] = words[i];
	}
	return property;
}

static int put_number(struct unit_properties *properties, const struct unit_row *row,
	const char *name, uint64_t value)
{
	const char *text = arena_format(properties->arena, "%" PRIu64, value);
	struct unit_property *property =
		text ? unit_property(properties, name, "t", text) : NULL;

	if (!property)
		return no_memory(properties->err);
	property->optional = row->optional;
	property->at_start = row->at_start;
	return 0;
}

static int not_understood(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	return fail(properties->err, 0, "\"%.100s\" is no value for %s (systemd's %s)", text,
		row->file, row->property);
}

/* Digits at *TEXT, which moves behind them. */
static bool take_number(const char **text, uint64_t *ret)
{
	char digits[24];
	size_t length = strspn(*text, "0123456789");

	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, *text, length);
	digits[length] = '\0';
	*text += length;
	return text_unsigned(digits, UINT64_MAX, ret);
}

/* "max", or a number that the kernel reads with memparse(): 64M is one. */
static int bytes(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	static const char suffixes[] = "KMGTPE";
	const char *at = text, *suffix;
	uint64_t value = UINT64_MAX;

	if (!strcmp(text, "max"))
		return put_number(properties, row, row->property, UINT64_MAX);
	if (!take_number(&at, &value))
		return not_understood(properties, row, text);
	if (*at) {
		char upper = (char)(*at & ~0x20);
		unsigned int shift;

		suffix = strchr(suffixes, upper);
		shift = suffix ? 10 * (unsigned int)(suffix - suffixes + 1) : 0;
		if (!suffix || at[1] || value > UINT64_MAX >> shift)
			return not_understood(properties, row, text);
		value <<= shift;
	}
	return put_number(properties, row, row->property, value);
}

static int number(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	uint64_t value;

	if (!strcmp(text, "max"))
		value = UINT64_MAX;
	else if (!text_unsigned(text, UINT64_MAX, &value))
		return not_understood(properties, row, text);
	return put_number(properties, row, row->property, value);
}

/* An idle cgroup is one whose weight is 0; one that is not idle any more has the default. */
static int idle(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return not_understood(properties, row, text);
	for (size_t i = 0; *text == '0' && i < properties->count; i++)
		if (!strcmp(properties->list[i].name, row->property))
			return 0; /* a weight was asked for, too */
	return put_number(properties, row, row->property, *text == '1' ? 0 : 100);
}

/*
 * "QUOTA PERIOD" in microseconds; systemd has the time per second. Its own files keep whole
 * percents, so what is not one is rounded up: else a reload would take time away.
 */
static int quota(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	uint64_t per_second = UINT64_MAX, value, period = 100000;
	const char *at = text;
	bool has_quota = strncmp(text, "max", 3) != 0;

	if (!has_quota)
		at += 3;
	else if (!take_number(&at, &value) || value > UINT32_MAX * UINT64_C(1000))
		return not_understood(properties, row, text);

	bool has_period = *at == ' ';

	at += has_period;
	if ((has_period && !take_number(&at, &period)) || *at || period == 0)
		return not_understood(properties, row, text);
	if (has_quota) {
		per_second = value * 1000000 / period;
		per_second = (per_second + 9999) / 10000 * 10000;
	}
	if (put_number(properties, row, row->property, per_second) < 0)
		return -1;
	return has_period ? put_number(properties, row, "CPUQuotaPeriodUSec", period) : 0;
}

/* "0-3,7": the range at *TEXT, which moves behind it and its comma. */
static bool take_range(const char **text, uint64_t *first, uint64_t *last)
{
	if (!take_number(text, first))
		return false;
	*last = *first;
	if (**text == '-') {
		(*text)++;
		if (!take_number(text, last))
			return false;
	}
	if (**text == ',')
		(*text)++;
	else if (**text && strcmp(*text, "\n") != 0)
		return false;
	return *first <= *last && *last < MASK_BITS;
}

static int mask(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	unsigned char bits[MASK_BITS / 8] = {0};
	size_t length = 0;

	for (const char *at = text; *at && *at != '\n';) {
		uint64_t first, last;

		if (!take_range(&at, &first, &last))
			return not_understood(properties, row, text);
		for (uint64_t bit = first; bit <= last; bit++)
			bits[bit / 8] |= (unsigned char)(1 << bit % 8);
		if (last / 8 >= length)
			length = last / 8 + 1;
	}

	struct unit_property *property = append(properties, row->property, "ay", length + 1);
	const char **words = property ? (const char **)(uintptr_t)property->words : NULL;

	if (!words)
		return -1;
	words[0] = arena_format(properties->arena, "%zu", length);
	for (size_t i = 0; i < length; i++)
		words[i + 1] = arena_format(properties->arena, "%u", bits[i]);
	for (size_t i = 0; i <= length; i++)
		if (!words[i])
			return no_memory(properties->err);
	return 0;
}

/* The weight that systemd would turn into this one of bfq: it has 1 … 10000 for 1 … 1000. */
static uint64_t of_bfq(uint64_t weight)
{
	return weight <= 100 ? weight : 100 + (weight - 100) * 11;
}

/* NAME of one device: a list of one, which systemd adds to those it has. */
static int put_device(struct unit_properties *properties, const char *name, const char *device,
	size_t length, uint64_t value)
{
	struct arena *arena = properties->arena;
	const char *path = arena_format(arena, "/dev/block/%.*s", (int)length, device);
	const char *text = arena_format(arena, "%" PRIu64, value);

	if (!path || !text || !unit_property(properties, name, "a(st)", "1", path, text))
		return no_memory(properties->err);
	return 0;
}

/* "N", "default N" or "MAJ:MIN N" */
static int weight(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	const char *space = strrchr(text, ' '), *digits = space ? space + 1 : text;
	size_t device = strcspn(text, " ");
	uint64_t value;

	if (!text_unsigned(digits, 10000, &value))
		return not_understood(properties, row, text);
	if (!strcmp(row->file, "io.bfq.weight"))
		value = of_bfq(value);
	if (!space || (device == 7 && !strncmp(text, "default", 7)))
		return put_number(properties, row, row->property, value);
	return put_device(properties, "IODeviceWeight", text, device, value);
}

/* "MAJ:MIN rbps=N wiops=max" */
static int throttle(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	static const struct {
		const char *key, *property;
	} keys[] = {
		{"rbps=", "IOReadBandwidthMax"},
		{"wbps=", "IOWriteBandwidthMax"},
		{"riops=", "IOReadIOPSMax"},
		{"wiops=", "IOWriteIOPSMax"},
	};
	size_t device = strcspn(text, " ");

	for (const char *at = text + device; *at;) {
		uint64_t value = UINT64_MAX;
		size_t i = 0;

		at += strspn(at, " ");
		while (i < 4 && strncmp(at, keys[i].key, strlen(keys[i].key)) != 0)
			i++;
		if (i == 4)
			return not_understood(properties, row, text);
		at += strlen(keys[i].key);
		if (!strncmp(at, "max", 3))
			at += 3;
		else if (!take_number(&at, &value))
			return not_understood(properties, row, text);
		if (*at && *at != ' ')
			return not_understood(properties, row, text);
		if (put_device(properties, keys[i].property, text, device, value) < 0)
			return -1;
	}
	return 0;
}

static int oom_group(
	struct unit_properties *properties, const struct unit_row *row, const char *text)
{
	struct unit_property *property = unit_property(
		properties, row->property, "s", strcmp(text, "1") == 0 ? "kill" : "continue");

	if (!property)
		return -1;
	property->optional = row->optional;
	property->at_start = row->at_start;
	return 0;
}

static const struct unit_row rows[] = {
	{"pids.max", "TasksMax", number},
	{"memory.min", "MemoryMin", bytes},
	{"memory.low", "MemoryLow", bytes},
	{"memory.high", "MemoryHigh", bytes},
	{"memory.max", "MemoryMax", bytes},
	{"memory.swap.max", "MemorySwapMax", bytes},
	{"memory.zswap.max", "MemoryZSwapMax", bytes, .optional = true},
	{"memory.oom.group", "OOMPolicy", oom_group, .optional = true, .at_start = true},
	{"cpu.weight", "CPUWeight", number},
	{"cpu.idle", "CPUWeight", idle},
	{"cpu.max", "CPUQuotaPerSecUSec", quota},
	{"cpuset.cpus", "AllowedCPUs", mask},
	{"cpuset.mems", "AllowedMemoryNodes", mask},
	{"io.weight", "IOWeight", weight},
	{"io.bfq.weight", "IOWeight", weight},
	{"io.max", "IOReadBandwidthMax", throttle},
};

/* The kernel takes a file's text a line at a time, and so do the rows. */
static int convert(
	struct unit_properties *properties, const struct unit_row *row, const struct step *step)
{
	char *copy = arena_text(properties->arena, step->file.text);

	if (!copy)
		return no_memory(properties->err);
	for (char *line = copy, *end; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (*line && row->convert(properties, row, line) < 0) {
			error_in(properties->err, "%s", step->origin);
			return -1;
		}
	}
	return 0;
}

int plan_unit_properties(
	struct unit_properties *properties, const struct step_list *list, size_t first)
{
	for (size_t i = first; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		if (step->kind != STEP_WRITE_CGROUP)
			continue;
		for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++)
			if (!strcmp(rows[row].file, step->file.path) &&
				convert(properties, &rows[row], step) < 0)
				return -1;
	}
	return 0;
}
