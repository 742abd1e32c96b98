/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations "org.systemd.property.NAME": properties of the container's unit. Only those of
 * the list below, which act on this unit and on nothing else; others could stop services,
 * start them, or reboot the host (docs/decisions/041-systemd-properties.md).
 */
#include "runtime/plan/unit.h"

#include "runtime/plan/rooms.h"

#include "oci/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PREFIX "org.systemd.property."

static const struct {
	const char *name, *type;
} allowed[] = {
	{"After", "as"},
	{"AllowedCPUs", "ay"},
	{"AllowedMemoryNodes", "ay"},
	{"CPUAccounting", "b"},
	{"CPUQuotaPerSecUSec", "t"},
	{"CPUQuotaPeriodUSec", "t"},
	{"CPUWeight", "t"},
	{"CollectMode", "s"},
	{"DefaultDependencies", "b"},
	{"Documentation", "as"},
	{"FinalKillSignal", "i"},
	{"IOAccounting", "b"},
	{"IOWeight", "t"},
	{"IPAccounting", "b"},
	{"KillMode", "s"},
	{"KillSignal", "i"},
	{"ManagedOOMMemoryPressure", "s"},
	{"ManagedOOMMemoryPressureLimit", "u"},
	{"ManagedOOMPreference", "s"},
	{"ManagedOOMSwap", "s"},
	{"MemoryAccounting", "b"},
	{"MemoryHigh", "t"},
	{"MemoryLow", "t"},
	{"MemoryMax", "t"},
	{"MemoryMin", "t"},
	{"MemorySwapMax", "t"},
	{"MemoryZSwapMax", "t"},
	{"OOMPolicy", "s"},
	{"RuntimeMaxUSec", "t"},
	{"RuntimeRandomizedExtraUSec", "t"},
	{"SendSIGHUP", "b"},
	{"SendSIGKILL", "b"},
	{"StartupCPUWeight", "t"},
	{"StartupIOWeight", "t"},
	{"TasksAccounting", "b"},
	{"TasksMax", "t"},
	{"TimeoutStopUSec", "t"},
};

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (!strcmp(allowed[i].name, name))
			return allowed[i].type;
	return NULL;
}

static int check_name(const char *name, struct error *err)
{
	if (strlen(name) < 3)
		return fail(err, 0, "the name of a systemd property has at least 3 letters");
	for (const char *at = name; *at; at++)
		if (!(*at >= 'A' && *at <= 'Z') && !(*at >= 'a' && *at <= 'z'))
			return fail(err, 0, "the name of a systemd property has letters only");
	return 0;
}

/* "TimeoutStopSec" is the name in unit files; on the bus it is "TimeoutStopUSec". */
static bool is_in_seconds(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 3, "Sec") && name[length - 4] >= 'a' &&
	       name[length - 4] <= 'z';
}

/* "1.5", "int32 3": seconds as microseconds, or "" when it is no number. */
static const char *microseconds(struct arena *arena, const char *value)
{
	static const char *const types[] = {
		"int16 ", "uint16 ", "int32 ", "uint32 ", "int64 ", "uint64 ", "double "};
	uint64_t whole, fraction = 0;
	char digits[24];
	size_t length;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (text_starts(value, types[i]))
			value += strlen(types[i]);
	length = strspn(value, "0123456789");
	if (length == 0 || length > 12)
		return "";
	memcpy(digits, value, length);
	digits[length] = '\0';
	if (!text_unsigned(digits, UINT64_MAX, &whole))
		return "";
	value += length;
	if (*value == '.') {
		uint64_t unit = 100000;

		for (value++; *value >= '0' && *value <= '9'; value++, unit /= 10)
			fraction += (uint64_t)(*value - '0') * unit;
	}
	if (*value)
		return "";
	return arena_format(arena, "%" PRIu64, whole * 1000000 + fraction);
}

static int add(struct unit_properties *properties, const char *name, const char *value)
{
	struct arena *arena = properties->arena;
	struct error *err = properties->err;
	const char *type;

	if (check_name(name, err) < 0)
		return -1;
	if (is_in_seconds(name)) {
		name = arena_format(arena, "%.*sUSec", (int)strlen(name) - 3, name);
		value = microseconds(arena, value);
		if (!name || !value)
			return no_memory(err);
		if (!*value)
			return fail(err, 0, "must be a number of seconds");
	}
	type = type_of(name);
	if (!type)
		return fail(err, 0,
			"systemd's property %s is not among those a container may set; see "
			"\"mayfly(1)\", ANNOTATIONS",
			name);

	struct unit_property *property = unit_property_of(properties, name, type, NULL, 0);

	if (!property)
		return no_memory(err);
	return gvariant_words(arena, value, type, &property->words, &property->n_words, err);
}

int plan_unit_annotations(struct unit_properties *properties, const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_annotations; i++) {
		const struct oci_pair *pair = &spec->annotations[i];

		if (!text_starts(pair->key, PREFIX))
			continue;
		if (add(properties, pair->key + strlen(PREFIX), pair->value) < 0)
			return fail_in(properties->err, "annotations[\"%.200s\"]", pair->key);
	}
	return 0;
}
