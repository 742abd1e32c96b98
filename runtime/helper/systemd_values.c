/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly-systemd: words of the command line as values of D-Bus. */
#include "runtime/helper/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the one complete type at the start of TYPE: arrays of arrays and structs are
 * not more than that deep. */
static size_t type_length(const char *type)
{
	size_t length = 0;

	while (type[length] == 'a')
		length++;
	if (type[length] == '(')
		return length + strcspn(type + length, ")") + 1;
	return length + 1;
}

static int append_value(sd_bus_message *message, const char *type, char ***values);

static int append_basic(sd_bus_message *message, char type, char ***values)
{
	const char *word = *(*values)++;
	union {
		uint8_t y;
		int b;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
	} value;

	if (!word)
		return -EINVAL;
	switch (type) {
	case 's':
	case 'o':
		return sd_bus_message_append_basic(message, type, word);
	case 'b':
		value.b = strcmp(word, "true") == 0;
		break;
	case 'y':
		value.y = (uint8_t)strtoul(word, NULL, 10);
		break;
	case 'i':
		value.i = (int32_t)strtol(word, NULL, 10);
		break;
	case 'u':
		value.u = (uint32_t)strtoul(word, NULL, 10);
		break;
	case 'x':
		value.x = strtoll(word, NULL, 10);
		break;
	case 't':
		value.t = strtoull(word, NULL, 10);
		break;
	default:
		return -EINVAL;
	}
	return sd_bus_message_append_basic(message, type, &value);
}

static int append_members(sd_bus_message *message, const char *types, char ***values)
{
	int done = 0;

	for (size_t length; done >= 0 && *types; types += length) {
		char one[64];

		length = type_length(types);
		if (length >= sizeof(one))
			return -EINVAL;
		snprintf(one, sizeof(one), "%.*s", (int)length, types);
		done = append_value(message, one, values);
	}
	return done;
}

static int append_value(sd_bus_message *message, const char *type, char ***values)
{
	bool array = *type == 'a';
	char inner[64] = "";
	unsigned long count = 1;
	int done;

	if (!array && *type != '(')
		return append_basic(message, *type, values);
	if (array && !**values)
		return -EINVAL;
	if (array)
		count = strtoul(*(*values)++, NULL, 10);
	snprintf(inner, sizeof(inner), "%.*s", (int)strlen(type) - (array ? 1 : 2), type + 1);
	done = sd_bus_message_open_container(message, array ? 'a' : 'r', inner);
	for (unsigned long i = 0; done >= 0 && i < count; i++)
		done = array ? append_value(message, inner, values)
			     : append_members(message, inner, values);
	return done < 0 ? done : sd_bus_message_close_container(message);
}

static int append_property(sd_bus_message *message, const char *name, char ***values)
{
	const char *type = *(*values)++;
	int done;

	if (!type)
		return -EINVAL;
	done = sd_bus_message_open_container(message, 'r', "sv");
	if (done >= 0)
		done = sd_bus_message_append_basic(message, 's', name);
	if (done >= 0)
		done = sd_bus_message_open_container(message, 'v', type);
	if (done >= 0)
		done = append_value(message, type, values);
	if (done >= 0)
		done = sd_bus_message_close_container(message);
	return done < 0 ? done : sd_bus_message_close_container(message);
}

/* Over the words of a property that is left out: into a message that is thrown away. */
static int skip_property(sd_bus *bus, const char *name, char ***values)
{
	sd_bus_message *nobody = NULL;
	int done = sd_bus_message_new_method_call(bus, &nobody, SYSTEMD, OBJECT, MANAGER, "X");

	if (done >= 0)
		done = append_property(nobody, name, values);
	sd_bus_message_unref(nobody);
	return done;
}

int append_properties(sd_bus *bus, sd_bus_message *message, const struct call *call)
{
	char **values = call->values;
	int done = sd_bus_message_open_container(message, 'a', "(sv)");

	if (done >= 0 && strcmp(call->verb, "scope") == 0)
		done = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1, 0); /* 0: us */
	while (done >= 0 && *values) {
		const char *name = *values++;
		bool optional = *name == '?';

		name += optional;
		done = optional && !call->all ? skip_property(bus, name, &values)
					      : append_property(message, name, &values);
	}
	return done < 0 ? done : sd_bus_message_close_container(message);
}
