/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the kernel as words of the spec, for printing a step. */
#ifndef MAYFLY_WORDS_H
#define MAYFLY_WORDS_H

#include "runtime/plan/step.h"

#include <stddef.h>

/* A line being written; what does not fit is counted and left out. */
struct line {
	char *text;
	size_t size, used;
};

void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_quoted(struct line *line, const char *text);			/* "a\nb" */
void put_namespaces(struct line *line, uint64_t flags);			/* " ipc pid" */
void put_propagation(struct line *line, unsigned long ms);		/* "rprivate" */
void put_attributes(struct line *line, const struct step_mount *mount); /* " ro,nosuid rro" */
void put_superblock(struct line *line, uint64_t ms);			/* " sync" */
void put_capabilities(struct line *line, const char *set, uint64_t mask, unsigned int last);
void put_bits(struct line *line, const unsigned long *mask, size_t bytes); /* "0-3,7" */
void put_maps(struct line *line, const struct step_maps *maps);
void put_unit(struct line *line, const struct step_unit *unit); /* and its properties */

#endif
