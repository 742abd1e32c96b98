/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that goes away together: everything of one spec, or of one plan. Nothing inside is
 * freed alone. Allocation can fail, and every caller says so: the sweep of allocation failures
 * reaches each one.
 */
#ifndef MAYFLY_ARENA_H
#define MAYFLY_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used, size;	    /* of the newest block */
	size_t total, limit;	    /* bytes handed out; 0 for no limit */
};

/* Zeroed memory aligned for any type, or NULL (out of memory, or over the limit). */
void *arena_alloc(struct arena *arena, size_t size);

/* COUNT zeroed elements; NULL also when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Room for COUNT elements holding the first OLD of FROM; FROM itself stays until the end. */
void *arena_grow(struct arena *arena, const void *from, size_t old, size_t count, size_t size);

/* Copies of text; NULL when out of memory. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void arena_free(struct arena *arena);

#endif
