/* SPDX-License-Identifier: Apache-2.0 */
/* The controllers by name. Apart from the probes, because the plan, which calls no system call,
 * needs the names. */
#include "runtime/host/host.h"

#include <string.h>

const struct controller_name host_controllers[] = {
	{"cpuset", CONTROLLER_CPUSET},
	{"cpu", CONTROLLER_CPU},
	{"io", CONTROLLER_IO},
	{"memory", CONTROLLER_MEMORY},
	{"hugetlb", CONTROLLER_HUGETLB},
	{"pids", CONTROLLER_PIDS},
	{"rdma", CONTROLLER_RDMA},
	{"misc", CONTROLLER_MISC},
	{"dmem", CONTROLLER_DMEM},
	{NULL, 0},
};

unsigned int host_controllers_parse(const char *text)
{
	unsigned int mask = 0;

	while (*text) {
		size_t length = strcspn(text, " \n");

		for (const struct controller_name *row = host_controllers; row->name; row++)
			if (strlen(row->name) == length && !memcmp(row->name, text, length))
				mask |= row->bit;
		text += length;
		text += strspn(text, " \n");
	}
	return mask;
}
