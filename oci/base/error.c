/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values. Runs on both sides of clone(): no allocation, no locks. */
#include "oci/base/error.h"

#include "oci/base/libc.h"
#include "oci/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	err->code = code;
	err->where[0] = '\0';
	va_start(args, format);
	vsnprintf(err->what, sizeof(err->what), format, args);
	va_end(args);
}

/* Put TEXT and SEPARATOR in front of what BUFFER holds; what does not fit is cut at the end. */
static void prepend(char *buffer, size_t size, const char *text, const char *separator)
{
	size_t room = size - 1;
	size_t text_length = strnlen(text, room);
	size_t separator_length = strnlen(separator, room - text_length);
	size_t front = text_length + separator_length;
	size_t rest = strnlen(buffer, room - front);

	memmove(buffer + front, buffer, rest);
	memcpy(buffer, text, text_length);
	memcpy(buffer + text_length, separator, separator_length);
	buffer[front + rest] = '\0';
}

void error_in(struct error *err, const char *format, ...)
{
	char place[ERROR_WHERE_MAX];
	va_list args;
	bool dot = err->where[0] != '\0' && err->where[0] != '[';

	va_start(args, format);
	vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	prepend(err->where, sizeof(err->where), place, dot ? "." : "");
}

void error_while(struct error *err, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	prepend(err->what, sizeof(err->what), words, ": ");
}

const char *error_text(int code)
{
	/*
	 * The words callers compare with are Go's, which are the C library's in lower case. A
	 * table of those that a runtime can meet keeps this free of strerror()'s locale and
	 * locks; what is missing is printed by its kernel name.
	 */
	static const struct {
		int code;
		const char *text;
	} texts[] = {
		{EPERM, "operation not permitted"},
		{ENOENT, "no such file or directory"},
		{ESRCH, "no such process"},
		{EINTR, "interrupted system call"},
		{EIO, "input/output error"},
		{ENXIO, "no such device or address"},
		{E2BIG, "argument list too long"},
		{ENOEXEC, "exec format error"},
		{EBADF, "bad file descriptor"},
		{ECHILD, "no child processes"},
		{EAGAIN, "resource temporarily unavailable"},
		{ENOMEM, "cannot allocate memory"},
		{EACCES, "permission denied"},
		{EFAULT, "bad address"},
		{EBUSY, "device or resource busy"},
		{EEXIST, "file exists"},
		{EXDEV, "invalid cross-device link"},
		{ENODEV, "no such device"},
		{ENOTDIR, "not a directory"},
		{EISDIR, "is a directory"},
		{EINVAL, "invalid argument"},
		{ENFILE, "too many open files in system"},
		{EMFILE, "too many open files"},
		{ENOTTY, "inappropriate ioctl for device"},
		{ETXTBSY, "text file busy"},
		{EFBIG, "file too large"},
		{ENOSPC, "no space left on device"},
		{EROFS, "read-only file system"},
		{EMLINK, "too many links"},
		{EPIPE, "broken pipe"},
		{ERANGE, "numerical result out of range"},
		{EDEADLK, "resource deadlock avoided"},
		{ENAMETOOLONG, "file name too long"},
		{ENOSYS, "function not implemented"},
		{ENOTEMPTY, "directory not empty"},
		{ELOOP, "too many levels of symbolic links"},
		{EOVERFLOW, "value too large for defined data type"},
		{EUSERS, "too many users"},
		{ENOTSOCK, "socket operation on non-socket"},
		{EPROTO, "protocol error"},
		{EOPNOTSUPP, "operation not supported"},
		{EADDRINUSE, "address already in use"},
		{ECONNRESET, "connection reset by peer"},
		{ECONNREFUSED, "connection refused"},
		{ETIMEDOUT, "connection timed out"},
		{ESTALE, "stale file handle"},
		{EDQUOT, "disk quota exceeded"},
		{EKEYREJECTED, "key was rejected by service"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].code == code)
			return texts[i].text;

	const char *name = strerrorname_np(code);
	return name ? name : "unknown error";
}

/* The length of the UTF-8 character at TEXT, or 0 when it is none or a control character. */
static size_t printable(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = utf8_length(text, strnlen(text, 4));

	if (length == 1 && (byte[0] < 0x20 || byte[0] == 0x7F))
		return 0;
	/* U+0080 to U+009F, which some terminals obey */
	if (length == 2 && byte[0] == 0xC2 && byte[1] < 0xA0)
		return 0;
	return length;
}

static size_t add(char *buffer, size_t size, size_t used, const char *text)
{
	const char *from = text;

	while (*from) {
		size_t length = printable(from);

		if (used + (length ? length : 1) >= size)
			break;
		if (length) {
			memcpy(buffer + used, from, length);
			used += length;
			from += length;
		} else {
			buffer[used++] = '?';
			from++;
		}
	}
	buffer[used] = '\0';
	return used;
}

size_t error_print(const struct error *err, char *buffer, size_t size)
{
	size_t used = 0;

	if (size == 0)
		return 0;
	buffer[0] = '\0';
	if (err->where[0]) {
		used = add(buffer, size, used, err->where);
		used = add(buffer, size, used, ": ");
	}
	used = add(buffer, size, used, err->what);
	if (err->code > 0) {
		used = add(buffer, size, used, ": ");
		used = add(buffer, size, used, error_text(err->code));
	}
	return used;
}
