/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the filter cache. They become what stands between a container and the kernel, so
 * only the owner of this process may have written them: checked on the open descriptors.
 */
#include "runtime/launch/seccomp_cache.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an entry begins with; then the key, then the instructions, then nothing. */
struct entry_header {
	char magic[8];
	uint64_t sum; /* of the rest: a torn or rotten file is as good as none */
	uint32_t key_length, count;
};

static const char MAGIC[8] = "mayfly1";

/* ---- the key ---- */

/* Eight bytes at a time: a byte-wise FNV-1a of a large profile costs more than reading it. */
static uint64_t sum_of(uint64_t sum, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (; length > 0;) {
		size_t part = length < sizeof(uint64_t) ? length : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, at, part);
		sum = (sum ^ word ^ part) * UINT64_C(0x100000001b3);
		sum ^= sum >> 29;
		at += part;
		length -= part;
	}
	return sum;
}

struct text {
	unsigned char *bytes;
	size_t length, room;
	bool failed;
};

static void put(struct text *text, const void *bytes, size_t length)
{
	if (text->failed)
		return;
	if (text->room - text->length < length) {
		size_t room = (text->room + length) * 2 + 4096;
		unsigned char *more = realloc(text->bytes, room);

		if (!more) {
			text->failed = true;
			return;
		}
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static void put_number(struct text *text, uint64_t number)
{
	put(text, &number, sizeof(number));
}

/* With the length in front, so that no two lists of words are the same bytes. */
static void put_word(struct text *text, const char *word)
{
	uint32_t length = (uint32_t)strlen(word);

	put(text, &length, sizeof(length));
	put(text, word, length);
}

static void put_errno(struct text *text, struct opt_u32 number)
{
	put_number(text, number.set ? (uint64_t)1 << 32 | number.value : 0);
}

static void put_rule(struct text *text, const struct oci_seccomp_rule *rule)
{
	put_number(text, rule->action);
	put_errno(text, rule->errno_ret);
	put_number(text, rule->n_names);
	for (size_t i = 0; i < rule->n_names; i++)
		put_word(text, rule->names[i]);
	put_number(text, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		put_number(text, rule->args[i].index);
		put_number(text, rule->args[i].op);
		put_number(text, rule->args[i].value);
		put_number(text, rule->args[i].value_two);
	}
}

/*
 * All fields but flags, listener path and metadata, which choose how a filter is loaded and
 * never reach the compiler. The kernel's answers are not here either: they decide whether
 * libseccomp takes an action, not what it makes of it.
 */
int seccomp_key_make(
	const struct oci_seccomp *seccomp, const char *compiler, struct seccomp_key *ret)
{
	struct text text = {0};

	put_word(&text, compiler);
	put_number(&text, seccomp->default_action);
	put_errno(&text, seccomp->default_errno_ret);
	put_number(&text, seccomp->n_architectures);
	for (size_t i = 0; i < seccomp->n_architectures; i++)
		put_number(&text, seccomp->architectures[i]);
	put_number(&text, seccomp->n_syscalls);
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		put_rule(&text, &seccomp->syscalls[i]);
	if (text.failed) {
		free(text.bytes);
		return -1;
	}
	ret->bytes = text.bytes;
	ret->length = text.length;
	ret->hash = sum_of(UINT64_C(0xcbf29ce484222325), text.bytes, text.length);
	return 0;
}

/* ---- files ---- */

static bool is_ours(int fd, mode_t type, struct stat *ret_status)
{
	return fstat(fd, ret_status) == 0 && (ret_status->st_mode & S_IFMT) == type &&
	       ret_status->st_uid == geteuid() && (ret_status->st_mode & 077) == 0;
}

static int open_directory(const char *directory)
{
	struct stat status;
	int fd = sys_openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd >= 0 && !is_ours(fd, S_IFDIR, &status)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static void entry_name(const struct seccomp_key *key, char name[32])
{
	snprintf(name, 32, "%016llx.bpf", (unsigned long long)key->hash);
}

/* Read and compare; FILTER's memory is the caller's to free on failure. */
static bool read_entry(
	int fd, off_t size, const struct seccomp_key *key, struct launch_filter *filter)
{
	struct entry_header header;
	size_t code_size = (size_t)size - sizeof(header) - key->length;
	unsigned char *stored = malloc(key->length);

	filter->instructions = malloc(code_size);
	if (!stored || !filter->instructions) {
		free(stored);
		return false;
	}

	struct iovec parts[] = {
		{&header, sizeof(header)},
		{stored, key->length},
		{filter->instructions, code_size},
	};
	bool equal = preadv(fd, parts, 3, 0) == (ssize_t)size &&
		     memcmp(header.magic, MAGIC, sizeof(MAGIC)) == 0 &&
		     header.key_length == key->length &&
		     header.count * sizeof(struct sock_filter) == code_size &&
		     memcmp(stored, key->bytes, key->length) == 0 &&
		     header.sum == sum_of(key->hash, filter->instructions, code_size);

	free(stored);
	filter->count = (unsigned short)header.count;
	return equal;
}

bool seccomp_cache_load(
	const char *directory, const struct seccomp_key *key, struct launch_filter *ret)
{
	int AUTO_FD dir = open_directory(directory);
	struct stat status;
	char name[32];

	if (dir < 0)
		return false;
	entry_name(key, name);

	int AUTO_FD fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0 || !is_ours(fd, S_IFREG, &status))
		return false;

	uint64_t front = sizeof(struct entry_header) + key->length;
	uint64_t size = (uint64_t)status.st_size;

	if (size <= front || (size - front) % sizeof(struct sock_filter) ||
		(size - front) / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return false;

	struct launch_filter filter = {0};

	if (!read_entry(fd, status.st_size, key, &filter)) {
		free(filter.instructions);
		return false;
	}
	ret->instructions = filter.instructions;
	ret->count = filter.count;
	return true;
}

/* Remove the oldest entry when there are too many; true when there may be more to do. */
static bool prune_one(int dir)
{
	int listing = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *entries = listing < 0 ? NULL : fdopendir(listing);
	struct timespec oldest_time = {0};
	char oldest[256] = "";
	size_t count = 0;

	if (!entries) {
		fd_close(&listing);
		return false;
	}
	for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
		struct stat status;

		if (fstatat(dir, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(status.st_mode))
			continue;
		count++;

		struct timespec time = status.st_mtim;
		bool older = time.tv_sec < oldest_time.tv_sec ||
			     (time.tv_sec == oldest_time.tv_sec &&
				     time.tv_nsec < oldest_time.tv_nsec);

		if (oldest[0] == '\0' || older) {
			oldest_time = time;
			snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
		}
	}
	closedir(entries);
	return count > SECCOMP_CACHE_ENTRIES && unlinkat(dir, oldest, 0) == 0;
}

void seccomp_cache_save(const char *directory, const struct seccomp_key *key,
	const struct launch_filter *filter)
{
	int AUTO_FD dir = open_directory(directory);
	size_t code_size = filter->count * sizeof(struct sock_filter);
	size_t size = sizeof(struct entry_header) + key->length + code_size;
	struct error unheard;
	char name[32];

	if (dir == -ENOENT && mkdir(directory, 0700) == 0)
		dir = open_directory(directory);

	unsigned char *bytes = dir < 0 ? NULL : malloc(size);

	if (!bytes)
		return;

	struct entry_header header = {
		.sum = sum_of(key->hash, filter->instructions, code_size),
		.key_length = (uint32_t)key->length,
		.count = filter->count,
	};

	memcpy(header.magic, MAGIC, sizeof(MAGIC));
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), key->bytes, key->length);
	memcpy(bytes + sizeof(header) + key->length, filter->instructions, code_size);
	entry_name(key, name);
	(void)file_replace(dir, name, 0600, bytes, size, &unheard); /* a cache may miss */
	free(bytes);
	for (int i = 0; i < SECCOMP_CACHE_ENTRIES && prune_one(dir); i++)
		;
}
