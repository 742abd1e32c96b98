/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller adds to the bundle: the command line, decided and absolute. */
#ifndef MAYFLY_REQUEST_H
#define MAYFLY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request_verb {
	REQUEST_CREATE, /* parks before the program until `start` */
	REQUEST_RUN,	/* goes on to the program */
	REQUEST_EXEC,	/* another process in a running container */
};

struct request {
	enum request_verb verb;
	const char *id;
	const char *bundle;	   /* absolute */
	unsigned int preserve_fds; /* descriptors after 2 that the program keeps, 3 … 3+N-1 */
	unsigned int
		listen_fds; /* how many of them are sockets of LISTEN_FDS (sd_listen_fds(3)) */
	bool no_pivot;	    /* --no-pivot: MS_MOVE and chroot (root on an initramfs) */
	bool no_new_keyring;
	bool systemd_cgroup;
	const char *allow_flag; /* what the caller would say for it; NULL: --allow-missing-… */
	bool allow_missing_controllers; /* run without the limits this host cannot enforce */
	/* The program is a child of the container's first process, which stays and reaps: it
	 * then dies of signals like any other program. */
	bool reaper;
	bool force_rootless;		/* --rootless=true */
	const char *base_mounts; /* the pinned, empty mount namespace to begin from, or NULL */

	/* REQUEST_EXEC */
	const char *cgroup;   /* where init is now, absolute below the cgroup2 mount */
	uint64_t join_mask;   /* CLONE_NEW… that differ from ours; joined by pidfd */
	bool cwd_given;	      /* process.cwd is not the configuration's, but --cwd's */
	bool has_chroot_only; /* no mount namespace: also chroot to init's root */
};

#endif
