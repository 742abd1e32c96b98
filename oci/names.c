/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up words. */
#include "oci/names.h"

#include <string.h>

const struct name *name_find(const struct name *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *name_of(const struct name *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}
