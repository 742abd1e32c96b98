/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of user ids for one container. Whoever has it holds a lock on one byte of a file of
 * the state root, which goes away with the process: nothing is to be given back.
 */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

enum {
	FIRST_ID = 0x70000000, /* behind those of systemd's containers: uid-gid(7) of systemd */
	RANGES = 4000,
};

int once_take_ids(struct store *store, int *ret_lock, uint32_t *ret_first, struct error *err)
{
	int AUTO_FD fd = sys_openat(store->fd, ".ids", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail(err, -fd, "open the file of user ids in \"%s\"", store->path);
	for (int i = 0; i < RANGES; i++) {
		/* From a place of our own on, so that many at a time do not all try the first.
		 */
		int range = (getpid() + i) % RANGES;
		struct flock lock = {.l_type = F_WRLCK, .l_start = range, .l_len = 1};

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
			*ret_first = FIRST_ID + (uint32_t)range * ONCE_IDS;
			*ret_lock = take_fd(&fd);
			return 0;
		}
		if (errno != EAGAIN && errno != EACCES)
			return fail(err, errno, "lock a range of user ids");
	}
	return fail(err, EAGAIN, "all %d ranges of user ids are taken", RANGES);
}
