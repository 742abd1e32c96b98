/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: files like config.json. The built-in ones are also installed, to be read and
 * copied; what stands there counts. */
#include "runtime/container/once.h"

#include "runtime/container/templates.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <string.h>

static int read_file(const char *path, struct arena *arena, char **ret, size_t *ret_length,
	struct error *err)
{
	return file_read(AT_FDCWD, path, OCI_BYTES_MAX, arena, ret, ret_length, err);
}

static int unknown(const char *name, struct error *err)
{
	char names[200] = "";

	for (const struct template_text *row = template_texts; row->name; row++) {
		strcat(names, names[0] ? ", " : "");
		strcat(names, row->name);
	}
	return fail(err, 0,
		"no template is called \"%.100s\": there are %s; for a file of yours give a "
		"path with a slash",
		name, names);
}

int once_read_template(const char *name, struct arena *arena, char **ret, size_t *ret_length,
	struct error *err)
{
	const struct template_text *row = template_texts;
	const char *path;

	if (strchr(name, '/'))
		return read_file(name, arena, ret, ret_length, err);
	while (row->name && strcmp(row->name, name) != 0)
		row++;
	if (!row->name)
		return unknown(name, err);
	path = arena_format(arena, TEMPLATEDIR "/%s.json", name);
	if (!path)
		return fail(err, ENOMEM, "read the template");
	if (read_file(path, arena, ret, ret_length, err) == 0)
		return 0;
	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	*ret = arena_text(arena, row->text);
	*ret_length = strlen(row->text);
	return *ret ? 0 : fail(err, ENOMEM, "read the template");
}

int mayfly_template(const char *name, char **ret_json, struct error *err)
{
	struct arena arena = {0};
	char *text;
	size_t length;
	int result = once_read_template(name, &arena, &text, &length, err);

	if (result == 0)
		result = operation_text(text, false, ret_json, err);
	arena_free(&arena);
	return result;
}
