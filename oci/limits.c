/* SPDX-License-Identifier: Apache-2.0 */
/* Limits from words: exact, with a unit where one could be guessed wrong. */
#include "oci/limits.h"

#include <inttypes.h>
#include <string.h>

#define ROW(word, key, kind, member)                                                           \
	{                                                                                      \
		word, key, kind, offsetof(struct oci_limits, member)                           \
	}

/* clang-format off */
const struct oci_limit_row oci_limit_rows[] = {
	ROW("wall", "wall_ns", LIMIT_DURATION, wall_ns),
	ROW("grace", "grace_ns", LIMIT_DURATION, grace_ns),
	ROW("cpu", "cpu_ns", LIMIT_DURATION, cpu_ns),
	ROW("cpus", "cpus_milli", LIMIT_CPUS, cpus_milli),
	ROW("memory", "memory", LIMIT_SIZE, memory),
	ROW("pids", "pids", LIMIT_COUNT, pids),
	ROW("output", "output", LIMIT_SIZE, output),
	ROW("stdout", "stdout", LIMIT_SIZE, stdout_bytes),
	ROW("stderr", "stderr", LIMIT_SIZE, stderr_bytes),
	ROW("tmp", "tmp", LIMIT_TMP, tmp),
	ROW(NULL, "tmp_inodes", LIMIT_COUNT, tmp_inodes),
	ROW("fsize", "fsize", LIMIT_SIZE, fsize),
	ROW("nofile", "nofile", LIMIT_COUNT, nofile),
	ROW("stack", "stack", LIMIT_SIZE, stack),
	{NULL, NULL, LIMIT_COUNT, 0},
};

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000},
	{"m", UINT64_C(60) * 1000000000}, {"h", UINT64_C(3600) * 1000000000}, {0},
};

static const struct unit sizes[] = {
	{"", 1}, {"B", 1},
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", UINT64_C(1) << 40},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", UINT64_C(1) << 40},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", UINT64_C(1) << 40}, {0},
};

static const struct unit counts[] = {{"", 1}, {0}};
static const struct unit cpus[] = {{"", 1000}, {0}};

static const struct {
	const struct unit *units;
	const char *example;
} kinds[] = {
	[LIMIT_DURATION] = {durations, "a time like 1500ms, 2s or 1m; 0 is no limit"},
	[LIMIT_SIZE] = {sizes, "a size like 4096 or 64MiB; 0 is no limit"},
	[LIMIT_COUNT] = {counts, "a number; 0 is no limit"},
	[LIMIT_CPUS] = {cpus, "a number of CPUs like 0.5 or 2; 0 is no limit"},
	[LIMIT_TMP] = {sizes, "a size like 64MiB, or 64MiB,4096 with a number of inodes"},
};
/* clang-format on */

/* The kernel's own numbers are signed. */
enum { DIGITS_MAX = 18 };
#define VALUE_MAX ((uint64_t)INT64_MAX)

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
	for (; units->name; units++)
		if (strlen(units->name) == length && memcmp(units->name, name, length) == 0)
			return units;
	return NULL;
}

/* Digits into *ret; how many there were. */
static size_t read_digits(const char *text, uint64_t *ret)
{
	size_t count = strspn(text, "0123456789");

	*ret = 0;
	for (size_t i = 0; i < count && count <= DIGITS_MAX; i++)
		*ret = *ret * 10 + (uint64_t)(text[i] - '0');
	return count;
}

/* "12", "1.5" and a unit, LENGTH bytes. The part behind the point must come out whole. */
static bool parse_value(
	const struct unit *units, const char *text, size_t length, uint64_t *ret)
{
	uint64_t whole, part = 0, scale = 1;
	size_t digits = read_digits(text, &whole), behind = 0;
	const char *unit_name = text + digits;

	if (digits == 0 || digits > DIGITS_MAX)
		return false;
	if (*unit_name == '.') {
		behind = read_digits(unit_name + 1, &part);
		if (behind == 0 || behind > 9)
			return false;
		unit_name += 1 + behind;
	}
	for (size_t i = 0; i < behind; i++)
		scale *= 10;

	const struct unit *unit =
		find_unit(units, unit_name, length - (size_t)(unit_name - text));

	if (!unit && whole == 0 && part == 0 && unit_name == text + length) {
		*ret = 0; /* "0" needs no unit */
		return true;
	}
	if (!unit || whole > VALUE_MAX / unit->factor || part > VALUE_MAX / unit->factor ||
		part * unit->factor % scale)
		return false;
	*ret = whole * unit->factor + part * unit->factor / scale;
	return *ret <= VALUE_MAX;
}

static int wrong(const struct oci_limit_row *row, const char *text, struct error *err)
{
	return fail(err, 0, "invalid value \"%.100s\": not %s", text, kinds[row->kind].example);
}

int oci_limit_set(
	struct oci_limits *limits, const char *word, const char *text, struct error *err)
{
	const struct oci_limit_row *row = oci_limit_rows;
	size_t length = strlen(text);
	uint64_t value;

	while (row->key && (!row->word || strcmp(row->word, word) != 0))
		row++;
	if (!row->key)
		return fail(err, 0, "no limit is called \"%.100s\"", word);
	if (row->kind == LIMIT_TMP && strchr(text, ',')) {
		const char *inodes = strchr(text, ',') + 1;

		length = (size_t)(inodes - 1 - text);
		if (!parse_value(counts, inodes, strlen(inodes), &value))
			return wrong(row, text, err);
		limits->tmp_inodes = (struct opt_u64){true, value};
	}
	if (!parse_value(kinds[row->kind].units, text, length, &value))
		return wrong(row, text, err);
	*oci_limit_of(limits, row) = (struct opt_u64){true, value};
	return 0;
}

void oci_limits_tighten(
	struct oci_limits *limits, const struct oci_limits *ceiling, const char **ret_over)
{
	struct oci_limits top = *ceiling;

	*ret_over = NULL;
	for (const struct oci_limit_row *row = oci_limit_rows; row->key; row++) {
		const struct opt_u64 *most = oci_limit_of(&top, row);
		struct opt_u64 *asked = oci_limit_of(limits, row);

		if (!asked->set)
			*asked = *most;
		else if (most->set && most->value &&
			 (asked->value == 0 || asked->value > most->value) && !*ret_over)
			*ret_over = row->key;
	}
}
