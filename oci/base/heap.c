/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command needs of memory is little, and asked for once. It comes from the binary's own
 * zero pages, one behind the other, so that no system call is made and no page touched for the
 * housekeeping of a heap. When they are used up, the C library's malloc takes over.
 *
 * The linker sends the four calls here (--wrap). One thread only, as all of mayfly.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *memory);

enum { POOL_SIZE = 256 * 1024 };

/* In front of what is handed out; its size keeps that aligned. */
union piece {
	size_t size;
	max_align_t align;
};

static _Alignas(4096) unsigned char pool[POOL_SIZE];
static size_t pool_used;

static bool is_ours(const void *memory)
{
	return (uintptr_t)memory - (uintptr_t)pool < POOL_SIZE;
}

static union piece *piece_of(void *memory)
{
	return (union piece *)memory - 1;
}

static bool is_last(void *memory)
{
	return (unsigned char *)memory + piece_of(memory)->size == pool + pool_used;
}

static size_t rounded(size_t size)
{
	return (size + sizeof(union piece) - 1) / sizeof(union piece) * sizeof(union piece);
}

static void *from_pool(size_t size)
{
	union piece *piece;

	if (size > POOL_SIZE)
		return NULL;
	size = rounded(size ? size : 1);
	if (sizeof(*piece) + size > POOL_SIZE - pool_used)
		return NULL;
	piece = (union piece *)(pool + pool_used);
	piece->size = size;
	pool_used += sizeof(*piece) + size;
	return piece + 1;
}

void *__wrap_malloc(size_t size)
{
	void *memory = from_pool(size);

	return memory ? memory : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : from_pool(bytes);

	/* A piece may have been used before. */
	return memory ? memset(memory, 0, bytes) : __real_calloc(count, size);
}

/* Only the newest piece can be used again: nothing is searched, nothing can be corrupted. */
void __wrap_free(void *memory)
{
	if (!is_ours(memory))
		__real_free(memory);
	else if (is_last(memory))
		pool_used -= sizeof(union piece) + piece_of(memory)->size;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *memory;

	if (old && !is_ours(old))
		return __real_realloc(old, size);
	memory = __wrap_malloc(size);
	if (memory && old) {
		size_t had = piece_of(old)->size;

		memcpy(memory, old, had < size ? had : size);
		__wrap_free(old);
	}
	return memory;
}
