/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glibc has and musl has not: names that mayfly prints, and the checked calls that
 * Debian's archives of yajl and libseccomp were compiled to. configure looks that they want
 * nothing else.
 */
#include "oci/base/libc.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __GLIBC__
const char *strerrorname_np(int code)
{
#define NAME(word) [word] = #word
	static const char names[][16] = {
		NAME(EPERM),
		NAME(ENOENT),
		NAME(ESRCH),
		NAME(EINTR),
		NAME(EIO),
		NAME(ENXIO),
		NAME(E2BIG),
		NAME(ENOEXEC),
		NAME(EBADF),
		NAME(ECHILD),
		NAME(EAGAIN),
		NAME(ENOMEM),
		NAME(EACCES),
		NAME(EFAULT),
		NAME(ENOTBLK),
		NAME(EBUSY),
		NAME(EEXIST),
		NAME(EXDEV),
		NAME(ENODEV),
		NAME(ENOTDIR),
		NAME(EISDIR),
		NAME(EINVAL),
		NAME(ENFILE),
		NAME(EMFILE),
		NAME(ENOTTY),
		NAME(ETXTBSY),
		NAME(EFBIG),
		NAME(ENOSPC),
		NAME(ESPIPE),
		NAME(EROFS),
		NAME(EMLINK),
		NAME(EPIPE),
		NAME(EDOM),
		NAME(ERANGE),
		NAME(EDEADLK),
		NAME(ENAMETOOLONG),
		NAME(ENOLCK),
		NAME(ENOSYS),
		NAME(ENOTEMPTY),
		NAME(ELOOP),
		NAME(ENOMSG),
		NAME(EIDRM),
		NAME(ECHRNG),
		NAME(EL2NSYNC),
		NAME(EL3HLT),
		NAME(EL3RST),
		NAME(ELNRNG),
		NAME(EUNATCH),
		NAME(ENOCSI),
		NAME(EL2HLT),
		NAME(EBADE),
		NAME(EBADR),
		NAME(EXFULL),
		NAME(ENOANO),
		NAME(EBADRQC),
		NAME(EBADSLT),
		NAME(EBFONT),
		NAME(ENOSTR),
		NAME(ENODATA),
		NAME(ETIME),
		NAME(ENOSR),
		NAME(ENONET),
		NAME(ENOPKG),
		NAME(EREMOTE),
		NAME(ENOLINK),
		NAME(EADV),
		NAME(ESRMNT),
		NAME(ECOMM),
		NAME(EPROTO),
		NAME(EMULTIHOP),
		NAME(EDOTDOT),
		NAME(EBADMSG),
		NAME(EOVERFLOW),
		NAME(ENOTUNIQ),
		NAME(EBADFD),
		NAME(EREMCHG),
		NAME(ELIBACC),
		NAME(ELIBBAD),
		NAME(ELIBSCN),
		NAME(ELIBMAX),
		NAME(ELIBEXEC),
		NAME(EILSEQ),
		NAME(ERESTART),
		NAME(ESTRPIPE),
		NAME(EUSERS),
		NAME(ENOTSOCK),
		NAME(EDESTADDRREQ),
		NAME(EMSGSIZE),
		NAME(EPROTOTYPE),
		NAME(ENOPROTOOPT),
		NAME(EPROTONOSUPPORT),
		NAME(ESOCKTNOSUPPORT),
		NAME(EOPNOTSUPP),
		NAME(EPFNOSUPPORT),
		NAME(EAFNOSUPPORT),
		NAME(EADDRINUSE),
		NAME(EADDRNOTAVAIL),
		NAME(ENETDOWN),
		NAME(ENETUNREACH),
		NAME(ENETRESET),
		NAME(ECONNABORTED),
		NAME(ECONNRESET),
		NAME(ENOBUFS),
		NAME(EISCONN),
		NAME(ENOTCONN),
		NAME(ESHUTDOWN),
		NAME(ETOOMANYREFS),
		NAME(ETIMEDOUT),
		NAME(ECONNREFUSED),
		NAME(EHOSTDOWN),
		NAME(EHOSTUNREACH),
		NAME(EALREADY),
		NAME(EINPROGRESS),
		NAME(ESTALE),
		NAME(EUCLEAN),
		NAME(ENOTNAM),
		NAME(ENAVAIL),
		NAME(EISNAM),
		NAME(EREMOTEIO),
		NAME(EDQUOT),
		NAME(ENOMEDIUM),
		NAME(EMEDIUMTYPE),
		NAME(ECANCELED),
		NAME(ENOKEY),
		NAME(EKEYEXPIRED),
		NAME(EKEYREVOKED),
		NAME(EKEYREJECTED),
		NAME(EOWNERDEAD),
		NAME(ENOTRECOVERABLE),
		NAME(ERFKILL),
		NAME(EHWPOISON),
	};
#undef NAME

	return code > 0 && (size_t)code < sizeof(names) / sizeof(*names) && *names[code]
		       ? names[code]
		       : NULL;
}

const char *sigabbrev_np(int signal)
{
#define NAME(word) [SIG##word] = #word
	static const char names[][8] = {
		NAME(HUP),
		NAME(INT),
		NAME(QUIT),
		NAME(ILL),
		NAME(TRAP),
		NAME(ABRT),
		NAME(BUS),
		NAME(FPE),
		NAME(KILL),
		NAME(USR1),
		NAME(SEGV),
		NAME(USR2),
		NAME(PIPE),
		NAME(ALRM),
		NAME(TERM),
		NAME(STKFLT),
		NAME(CHLD),
		NAME(CONT),
		NAME(STOP),
		NAME(TSTP),
		NAME(TTIN),
		NAME(TTOU),
		NAME(URG),
		NAME(XCPU),
		NAME(XFSZ),
		NAME(VTALRM),
		NAME(PROF),
		NAME(WINCH),
		NAME(IO),
		NAME(PWR),
		NAME(SYS),
	};
#undef NAME

	return signal > 0 && (size_t)signal < sizeof(names) / sizeof(*names) && *names[signal]
		       ? names[signal]
		       : NULL;
}

/* The archives' own checks are kept: who would write beyond the end is ended. */
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	if (size > room)
		abort();
	return memcpy(to, from, size);
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
	va_list values;
	int length;

	if (size > room)
		abort();
	va_start(values, format);
	length = vsnprintf(to, size, format, values);
	va_end(values);
	return length;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(to, room, format, values);
	va_end(values);
	if (length < 0 || (size_t)length >= room)
		abort();
	return length;
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vfprintf(file, format, values);
	va_end(values);
	return length;
}
#endif
