/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files that somebody else has made, and that have to go. */
#ifndef MAYFLY_TREE_H
#define MAYFLY_TREE_H

/*
 * Remove NAME in the directory DIR whatever it is, with all that is below it, however deep and
 * of whatever name. No link is followed and nothing but a directory is opened for more than its
 * flags; what chmod or chattr (+i, +a) keep from being removed is made removable. Nothing above
 * or beside NAME is touched, also if a process that still runs moves directories about in it.
 *
 * Missing is success. 0, -ETIMEDOUT after TIMEOUT_MS, what was removed until then stays
 * removed, or another -errno.
 */
int tree_remove(int dir, const char *name, int timeout_ms);

#endif
