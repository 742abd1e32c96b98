/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that make a system call, by both entries of an x86_64 kernel. */
#define _GNU_SOURCE
#include "torture.h"
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

int run_call(int argc, char **argv)
{
	unsigned long word[7] = {0};

	for (int i = 0; i < argc && i < 7; i++)
		word[i] = number(argv[i]);
	return syscall((long)word[0], word[1], word[2], word[3], word[4], word[5], word[6]) < 0
		       ? REFUSED
		       : 0;
}

#if defined(__x86_64__)
int run_call32(int argc, char **argv)
{
	unsigned long word[5] = {0};
	long result;

	for (int i = 0; i < argc && i < 5; i++)
		word[i] = number(argv[i]);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(word[0]), "b"(word[1]), "c"(word[2]), "d"(word[3]), "S"(word[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result < 0 ? REFUSED : 0;
}
#else
int run_call32(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return USAGE;
}
#endif

static void *nothing(void *unused)
{
	return unused;
}

int run_clone3(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	(void)argv;
	/* As glibc: the new call first; a kernel or a filter that does not have it answers
	 * ENOSYS, and clone() follows. */
	syscall(SYS_clone3, NULL, (size_t)0);
	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		return REFUSED;
	return 0;
}
