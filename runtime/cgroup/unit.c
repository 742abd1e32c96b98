/* SPDX-License-Identifier: Apache-2.0 */
/* Ask mayfly-systemd for a unit. Its arguments are described in runtime/helper/systemd.c. */
#include "runtime/cgroup/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char program[] = LIBEXECDIR "/mayfly-systemd";

/* The most arguments before the properties. */
enum { FIRST_ARGUMENTS = 7 };

static int run(struct helper *helper, const struct unit_bus *bus, const char *verb,
	const char *name, const char *const *more, struct error *err)
{
	size_t count = 0, used = 0;

	while (more[count])
		count++;

	const char **argv = calloc(FIRST_ARGUMENTS + count, sizeof(*argv));
	const char *first[] = {program, bus->private_socket, bus->address, verb, name};
	struct error why;
	int result;

	if (!argv)
		return fail(err, ENOMEM, "talk to systemd");
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		argv[used++] = first[i] ? first[i] : "";
	memcpy(argv + used, more, count * sizeof(*argv));
	result = helper_run(helper, argv, &why);
	free(argv);
	if (result == 0)
		return 0;
	/* In systemd's own words, or in those of the dynamic linker. */
	if (helper->answer[0] && helper->answer[0] != '/')
		return fail(err, 0, "%s", helper->answer);
	*err = why;
	if (why.code == ENOENT || why.code == EACCES)
		error_while(err, "--systemd-cgroup needs mayfly-systemd");
	return -1;
}

static int run_once(const struct unit_bus *bus, const char *verb, const char *name,
	const char *const *more, struct error *err)
{
	struct helper helper = {.input = -1};
	int result = run(&helper, bus, verb, name, more, err);

	helper_end(&helper);
	return result;
}

/* NAME TYPE WORD… of each; a name with a '?' may be unknown to systemd. NULL: no memory. */
static const char **print_properties(
	const struct unit_property *properties, size_t count, bool start, char **ret_names)
{
	size_t words = 0, letters = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		words += 2 + properties[i].n_words;
		letters += strlen(properties[i].name) + 2;
	}

	const char **list = calloc(words + 1, sizeof(*list));
	char *name = *ret_names = malloc(letters + 1);

	if (!list || !name) {
		free(list);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const struct unit_property *property = &properties[i];

		if (property->at_start && !start)
			continue;
		list[used++] = name;
		name += sprintf(name, "%s%s", property->optional ? "?" : "", property->name) +
			1;
		list[used++] = property->type;
		for (size_t word = 0; word < property->n_words; word++)
			list[used++] = property->words[word];
	}
	return list;
}

int unit_start(struct helper *stand_in, const struct unit_bus *bus,
	const struct step_unit *unit, char path[PATH_MAX], struct error *err)
{
	char *names;
	const char **more =
		print_properties(unit->properties, unit->n_properties, true, &names);
	int result = more ? run(stand_in, bus, unit->slice ? "slice" : "scope", unit->name,
				    more, err)
			  : fail(err, ENOMEM, "talk to systemd");

	free(names);
	free(more);
	if (result < 0)
		return -1;
	snprintf(path, PATH_MAX, "%.*s", PATH_MAX - 1,
		unit->slice ? unit->path : stand_in->answer);
	return 0;
}

int unit_stop(const struct unit_bus *bus, const char *name, const char *id, struct error *err)
{
	char description[UNIT_DESCRIPTION_SIZE];
	const char *const more[] = {id ? description : NULL, NULL};

	if (id)
		snprintf(description, sizeof(description), UNIT_DESCRIPTION, id);
	return run_once(bus, "stop", name, more, err);
}

int unit_set(const struct unit_bus *bus, const char *name,
	const struct unit_property *properties, size_t count, struct error *err)
{
	char *names;
	const char **more = print_properties(properties, count, false, &names);
	int result = 0;

	if (!more)
		result = fail(err, ENOMEM, "talk to systemd");
	else if (more[0])
		result = run_once(bus, "set", name, more, err);
	free(names);
	free(more);
	return result;
}

int unit_attach(const struct unit_bus *bus, const char *name, pid_t pid, struct error *err)
{
	char number[16];
	const char *const more[] = {number, NULL};

	snprintf(number, sizeof(number), "%d", pid);
	return run_once(bus, "attach", name, more, err);
}
