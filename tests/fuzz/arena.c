/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena of the fuzzers: every piece is an allocation of its own with exactly its size, so
 * that AddressSanitizer sees the first byte that is read or written beyond it.
 */
#include "oci/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	void *memory;
};

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (arena->limit && (size > arena->limit || arena->total > arena->limit - size))
		return NULL;
	block = calloc(1, sizeof(*block));
	if (!block)
		return NULL;
	block->memory = calloc(1, size);
	block->next = arena->blocks;
	arena->blocks = block;
	arena->total += size;
	return block->memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_alloc(arena, bytes);
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

	char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);

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
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block->memory);
		free(block);
	}
	arena->total = 0;
}
