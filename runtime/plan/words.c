/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the kernel as words of the spec, for printing a step. */
#include "runtime/plan/words.h"

#include "oci/linux.h"
#include "oci/mounts.h"
#include "oci/names.h"
#include "oci/process.h"

#include <limits.h>
#include <linux/mount.h>
#include <stdarg.h>
#include <stdio.h>

void put(struct line *line, const char *format, ...)
{
	bool fits = line->used < line->size;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(fits ? line->text + line->used : NULL,
		fits ? line->size - line->used : 0, format, args);
	va_end(args);
	if (n > 0)
		line->used += (size_t)n;
}

void put_quoted(struct line *line, const char *text)
{
	put(line, "\"");
	for (; *text; text++) {
		if (*text == '\n')
			put(line, "\\n");
		else if (*text == '\t')
			put(line, "\\t");
		else
			put(line, "%c", *text);
	}
	put(line, "\"");
}

void put_namespaces(struct line *line, uint64_t flags)
{
	for (const struct name *row = oci_namespace_names; row->name; row++)
		if (flags & row->value)
			put(line, " %s", row->name);
}

void put_propagation(struct line *line, unsigned long ms)
{
	const char *word = name_of(oci_propagation_names, ms);

	put(line, "%s", word ? word : "?");
}

struct attribute {
	uint64_t bit;
	const char *set, *clear;
};

static const struct attribute attributes[] = {
	{MOUNT_ATTR_RDONLY, "ro", "rw"},
	{MOUNT_ATTR_NOSUID, "nosuid", "suid"},
	{MOUNT_ATTR_NODEV, "nodev", "dev"},
	{MOUNT_ATTR_NOEXEC, "noexec", "exec"},
	{MOUNT_ATTR_NODIRATIME, "nodiratime", "diratime"},
	{MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow", "symfollow"},
};

static void put_list(struct line *line, const char *prefix, uint64_t set, uint64_t clear)
{
	const char *comma = " ";

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		const struct attribute *one = &attributes[i];

		if (!((set | clear) & one->bit))
			continue;
		put(line, "%s%s%s", comma, prefix, set & one->bit ? one->set : one->clear);
		comma = ",";
	}
	/* The access times are a field; its value 0 shows only in what is cleared. */
	if (!(clear & MOUNT_ATTR__ATIME) && !(set & MOUNT_ATTR__ATIME))
		return;
	put(line, "%s%s%s", comma, prefix,
		set & MOUNT_ATTR_NOATIME       ? "noatime"
		: set & MOUNT_ATTR_STRICTATIME ? "strictatime"
					       : "relatime");
}

void put_attributes(struct line *line, const struct step_mount *mount)
{
	put_list(line, "", mount->set, mount->clear);
	put_list(line, "r", mount->set_all, mount->clear_all);
}

void put_superblock(struct line *line, uint64_t ms)
{
	static const struct name words[] = {
		{"ro", MS_RDONLY},
		{"sync", MS_SYNCHRONOUS},
		{"dirsync", MS_DIRSYNC},
		{"mand", MS_MANDLOCK},
		{"lazytime", MS_LAZYTIME},
		{"iversion", MS_I_VERSION},
		{0},
	};
	const char *comma = " superblock ";

	for (const struct name *row = words; row->name; row++) {
		if (!(ms & row->value))
			continue;
		put(line, "%s%s", comma, row->name);
		comma = ",";
	}
}

void put_capabilities(struct line *line, const char *set, uint64_t mask, unsigned int last)
{
	const char *comma = " ";
	uint64_t all = last < 63 ? (UINT64_C(1) << (last + 1)) - 1 : UINT64_MAX;

	put(line, "%s", set);
	if (mask == 0 || mask == all) {
		put(line, mask ? " all" : " none");
		return;
	}
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = name_of(oci_capability_names, bit);

		if (!(mask & UINT64_C(1) << bit))
			continue;
		if (name)
			put(line, "%s%s", comma, name);
		else
			put(line, "%s%u", comma, bit);
		comma = ",";
	}
}

static bool has_bit(const unsigned long *mask, size_t bits, size_t bit)
{
	const size_t word = sizeof(*mask) * CHAR_BIT;

	return bit < bits && (mask[bit / word] >> (bit % word) & 1);
}

void put_bits(struct line *line, const unsigned long *mask, size_t bytes)
{
	size_t bits = bytes * CHAR_BIT;
	const char *comma = "";

	for (size_t first = 0; first < bits; first++) {
		size_t last = first;

		if (!has_bit(mask, bits, first))
			continue;
		while (has_bit(mask, bits, last + 1))
			last++;
		put(line, "%s%zu", comma, first);
		if (last > first)
			put(line, "-%zu", last);
		comma = ",";
		first = last;
	}
}

static void put_map(
	struct line *line, const char *what, const struct id_map *maps, size_t count)
{
	put(line, " %s", what);
	for (size_t i = 0; i < count; i++)
		put(line, " %u=%u+%u", maps[i].inside, maps[i].outside, maps[i].size);
}

void put_maps(struct line *line, const struct step_maps *maps)
{
	put_map(line, "uid", maps->uids, maps->n_uids);
	put_map(line, "gid", maps->gids, maps->n_gids);
	if (maps->deny_setgroups)
		put(line, ", deny setgroups");
	if (maps->helpers)
		put(line, ", by newuidmap and newgidmap");
}

void put_unit(struct line *line, const struct step_unit *unit)
{
	put(line, " %s as %s", unit->name, unit->path);
	for (size_t i = 0; i < unit->n_properties; i++) {
		const struct unit_property *property = &unit->properties[i];

		put(line, "%s %s=", i ? "," : ":", property->name);
		for (size_t word = 0; word < property->n_words; word++)
			put(line, "%s%s", word ? " " : "", property->words[word]);
	}
}
