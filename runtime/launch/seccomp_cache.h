/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters, kept by content. An entry holds everything that the compiler looked at, and
 * is used only when that is equal byte for byte; its name is a cheap hash that decides nothing.
 */
#ifndef MAYFLY_SECCOMP_CACHE_H
#define MAYFLY_SECCOMP_CACHE_H

#include "runtime/launch/launch.h"

#include <stdbool.h>

/* More profiles than a host has; then the oldest entry goes. */
enum { SECCOMP_CACHE_ENTRIES = 64 };

struct seccomp_key {
	unsigned char *bytes; /* malloc'ed */
	size_t length;
	uint64_t hash; /* cheap: of the bytes */
};

/* COMPILER is text that names library, version and build. -1: out of memory. */
int seccomp_key_make(
	const struct oci_seccomp *seccomp, const char *compiler, struct seccomp_key *ret);

/* Fill instructions and count; false when there is no such entry, or one that cannot be
 * trusted. */
bool seccomp_cache_load(
	const char *directory, const struct seccomp_key *key, struct launch_filter *ret);

/* Best effort: without the entry the next container compiles again. */
void seccomp_cache_save(const char *directory, const struct seccomp_key *key,
	const struct launch_filter *filter);

#endif
