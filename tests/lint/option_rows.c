/* SPDX-License-Identifier: Apache-2.0 */
/* Print every option a user is told of, one a line: COMMAND --NAME LETTER ARGUMENT ("-" for
 * none). */
#include "runtime/command/command.h"

#include <stdio.h>

static void put(const char *command, const struct option *table)
{
	for (; table->name; table++)
		if (table->help)
			printf("%s --%s %c %s\n", command, table->name,
				table->letter ? table->letter : '-',
				table->argument ? table->argument : "-");
	printf("%s --help h -\n", command);
}

int main(void)
{
	put("mayfly", global_option_table);
	for (size_t i = 0; commands[i]; i++)
		put(commands[i]->name, commands[i]->options);
	return 0;
}
