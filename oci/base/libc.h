/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc has and musl has not. */
#ifndef MAYFLY_BASE_LIBC_H
#define MAYFLY_BASE_LIBC_H

#include <stddef.h>
#include <stdio.h>

#ifndef __GLIBC__
/* "ENOENT", or NULL: as strerrorname_np(3) */
const char *strerrorname_np(int code);
/* "TERM", or NULL: as sigabbrev_np(3) */
const char *sigabbrev_np(int signal);

/* For the archives alone: the Linux Standard Base says what they do. */
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...);
int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
#endif

#endif
