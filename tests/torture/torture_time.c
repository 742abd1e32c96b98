/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that take time: processor's, or only the clock's. */
#define _GNU_SOURCE
#include "torture.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *spin(void *unused)
{
	volatile unsigned long n = 0;

	(void)unused;
	for (;;)
		n++;
	return NULL;
}

int run_spin(int argc, char **argv)
{
	int processes = !strcmp(argv[0], "processes"), count = atoi(argv[1]);
	pthread_t thread;

	(void)argc;
	for (int i = 1; i < count; i++) {
		if (processes && fork() == 0)
			break;
		if (!processes && pthread_create(&thread, NULL, spin, NULL))
			return REFUSED;
	}
	spin(NULL);
	return 0;
}

int run_sleep(int argc, char **argv)
{
	unsigned long long until = now_ns() + number(argv[0]) * 1000000000ULL;

	(void)argc;
	while (now_ns() < until)
		nap_ms(20);
	return 0;
}

static int term_code;

static void on_term(int signal_number)
{
	(void)signal_number;
	_exit(term_code);
}

int run_term(int argc, char **argv)
{
	(void)argc;
	term_code = atoi(argv[0]);
	signal(SIGTERM, strcmp(argv[0], "ignore") ? on_term : SIG_IGN);
	for (;;)
		pause();
}

int run_clock(int argc, char **argv)
{
	unsigned long seconds = number(argv[0]);

	(void)argc;
	for (unsigned long i = 0; i < seconds * 5; i++)
		nap_ms(200);
	return 0;
}

int run_shout(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (write(1, "!", 1) != 1)
		return REFUSED;
	spin(NULL);
	return 0;
}
