/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of blocks, freed at once. */
#include "oci/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

enum { FIRST_BLOCK = 4 * 1024 - 64 };

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (arena->limit && (size > arena->limit || arena->total > arena->limit - size))
		return NULL;
	if (!arena->blocks || arena->size - arena->used < size) {
		size_t room = arena->size ? arena->size * 2 : FIRST_BLOCK;

		if (room > 1024 * 1024)
			room = 1024 * 1024;
		if (room < size)
			room = size;

		/* Cleared piece by piece below: what is never asked for is never touched. */
		struct arena_block *block = malloc(sizeof(*block) + room);

		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->size = room;
		arena->used = 0;
	}

	void *memory = (char *)arena->blocks->data + arena->used;

	arena->used += size;
	arena->total += size;
	return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, const void *from, size_t old, size_t count, size_t size)
{
	void *memory = arena_array(arena, count, size);

	if (memory && old)
		memcpy(memory, from, old * size);
	return memory;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length)
{
	char *copy = length == SIZE_MAX ? NULL : arena_alloc(arena, length + 1);

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return arena_text_n(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;

	char *text = arena_alloc(arena, (size_t)length + 1);

	if (text) {
		va_start(args, format);
		vsnprintf(text, (size_t)length + 1, format, args);
		va_end(args);
	}
	return text;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = arena->size = arena->total = 0;
}
