/* SPDX-License-Identifier: Apache-2.0 */
/* The first moments of the process: what it was given, and what it hands on. */
#include "runtime/container/operation.h"

#include "oci/base/text.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/self.h"
#include "runtime/sys/sys.h"

#include <stdlib.h>
#include <string.h>

/* How many descriptors after 2, without a gap, the caller gave us. All that we open comes after
 * them. */
static unsigned int inherited;

/* All that he gave us, where somebody may name one. */
static int *given;
static size_t n_given;

/* Our command line and environment, as the kernel shows them to others. */
static char *words;
static size_t words_length;

static void remember_words(char *const argv[])
{
	size_t last = 0;
	char *end;

	while (argv[last + 1])
		last++;
	end = argv[last] + strlen(argv[last]) + 1;
	/* The environment stands behind it, unless somebody moved it. */
	for (char **entry = environ; *entry == end; entry++)
		end += strlen(end) + 1;
	words = argv[0];
	words_length = (size_t)(end - argv[0]);
}

char *operation_words(size_t *ret_length)
{
	*ret_length = words_length;
	return words;
}

int mayfly_setup(char *const argv[], bool seal, struct error *err)
{
	if (self_setup(err) < 0)
		return -1;
	if (seal && self_seal(argv, err) < 0)
		return -1;

	remember_words(argv);
	/* After the seal, whose exec would close what --preserve-fds keeps. */
	int done = fd_cloexec_from(3);

	/* Only what makes a process asks for them. */
	if (!seal)
		return done < 0 ? fail(err, -done, "mark descriptors close-on-exec") : 0;

	int free_fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	if (free_fd < 0)
		return fail(err, errno, "count the descriptors we were given");
	inherited = (unsigned int)free_fd - 3;
	close(free_fd);
	return done < 0 ? fail(err, -done, "mark descriptors close-on-exec") : 0;
}

int mayfly_note_descriptors(struct error *err)
{
	int done = fd_list(&given, &n_given);

	return done < 0 ? fail(err, -done, "look which descriptors we were given") : 0;
}

bool operation_was_given(int fd)
{
	for (size_t i = 0; i < n_given; i++)
		if (given[i] == fd)
			return true;
	return false;
}

/* A number of the environment, at most MAX; or 0. */
static uint64_t number(const char *name, uint64_t max)
{
	const char *text = getenv(name);
	uint64_t value;

	return text && text_unsigned(text, max, &value) ? value : 0;
}

int operation_descriptors(struct request *request, unsigned int preserve, struct error *err)
{
	uint64_t listen = number("LISTEN_FDS", UINT16_MAX),
		 pid = number("LISTEN_PID", INT32_MAX);

	/* Meant for somebody else: sd_listen_fds(3). conmon writes our pid there before it
	 * executes us. */
	if (listen && pid != (uint64_t)getpid())
		listen = 0;
	/* A caller that has closed some of them does not mean them any more. */
	if (listen > inherited)
		listen = inherited;
	/* Podman counts the same sockets in both: what is not there beyond them was never
	 * meant. */
	if (preserve > inherited - listen && !listen)
		return fail(err, EBADF, "unable to stat preserved-fd %u: --preserve-fds %u",
			3 + inherited, preserve);
	request->listen_fds = (unsigned int)listen;
	request->preserve_fds =
		preserve > inherited - listen ? inherited : preserve + (unsigned int)listen;
	return 0;
}
