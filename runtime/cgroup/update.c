/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a cgroup that is in use: all are changed, or what was changed is put back. */
#include "runtime/cgroup/cgroup.h"

#include "runtime/cgroup/files.h"

#include <errno.h>
#include <string.h>

/* Files with a line for each device, and what a device without a line has. */
static const struct {
	const char *file, *nothing;
} keyed[] = {
	{"io.max", "rbps=max wbps=max riops=max wiops=max"},
	{"io.weight", "default"},
	{"io.bfq.weight", "default"},
};

static bool has_line_of(const char *text, const char *key, size_t length)
{
	while (text && *text) {
		if (!strncmp(text, key, length) && text[length] == ' ')
			return true;
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return false;
}

/* What to write into FILE so that it says OLD again, after STEP has written to it. */
static const char *text_to_restore(
	const struct step *step, const char *old, struct arena *arena)
{
	const char *new = step->file.text;
	size_t key = strcspn(new, " ");

	/* An empty list is taken back by an empty line. */
	if (!old[strspn(old, "\n")])
		old = strncmp(step->file.path, "cpuset.", 7) ? "" : "\n";
	for (size_t i = 0; i < sizeof(keyed) / sizeof(*keyed); i++) {
		if (strcmp(keyed[i].file, step->file.path) != 0 || !memchr(new, ':', key) ||
			has_line_of(old, new, key))
			continue;
		return arena_format(arena, "%.*s %s\n%s", (int)key, new, keyed[i].nothing, old);
	}
	return arena_text(arena, old);
}

static int save(const struct cgroup *cgroup, const struct step *step, struct arena *arena,
	struct cgroup_old *ret)
{
	char text[16384];
	ssize_t got = cgroup_read(cgroup, step->file.path, text, sizeof(text));

	*ret = (struct cgroup_old){.file = step->file.path};
	/* What cannot be read (memory.reclaim) is an order, and cannot be taken back. A file
	 * that is missing is the write's to complain about. */
	if (got < 0)
		return 0;
	ret->text = text_to_restore(step, text, arena);
	return ret->text ? 0 : -ENOMEM;
}

void cgroup_restore(const struct cgroup *cgroup, const struct cgroup_old *old, size_t count)
{
	struct error ignored; /* the error to tell is the one that brought us here */

	while (count-- > 0) {
		if (!old[count].text)
			continue;
		if (!strcmp(old[count].text, "\n"))
			(void)files_write(cgroup->fd, old[count].file, "\n", 1);
		else
			(void)cgroup_write(cgroup, old[count].file, old[count].text, &ignored);
	}
}

/* The kernel forgets a weight when the cgroup becomes idle: it is another limit that changes.
 */
static const struct step weight = {
	.kind = STEP_WRITE_CGROUP,
	.file = {.path = "cpu.weight", .text = ""},
};

static int update_one(const struct cgroup *cgroup, const struct step *step, struct arena *arena,
	struct cgroup_old *old, size_t *count, struct error *err)
{
	if (!strcmp(step->file.path, "cpu.idle") &&
		save(cgroup, &weight, arena, &old[(*count)++]) < 0)
		return fail(err, ENOMEM, "read the old limits");
	if (save(cgroup, step, arena, &old[(*count)++]) < 0)
		return fail(err, ENOMEM, "read the old limits");
	if (cgroup_write(cgroup, step->file.path, step->file.text, err) == 0)
		return 0;
	if (step->file.optional && err->code == ENOENT)
		return 0;
	/* Of several lines some may have been taken: this file is put back, too. */
	return fail_in(err, "%s", step->origin);
}

int cgroup_update(const struct cgroup *cgroup, const struct step *steps, size_t count,
	struct arena *arena, struct cgroup_old **ret_old, size_t *ret_count, struct error *err)
{
	struct cgroup_old *old = arena_array(arena, 2 * count + 1, sizeof(*old));
	size_t saved = 0;

	if (!old)
		return fail(err, ENOMEM, "read the old limits");
	for (size_t i = 0; i < count; i++) {
		if (steps[i].kind != STEP_WRITE_CGROUP)
			continue;
		if (update_one(cgroup, &steps[i], arena, old, &saved, err) < 0) {
			cgroup_restore(cgroup, old, saved);
			return -1;
		}
	}
	*ret_old = old;
	*ret_count = saved;
	return 0;
}
