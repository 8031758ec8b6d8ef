/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf(9), log(9), panic(9), and the assertions of KASSERT(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/syslog.h>

#include "format.h"
#include "shim.h"

const char hexdigits[] = "0123456789abcdef";
const char HEXDIGITS[] = "0123456789ABCDEF";
const char *panicstr;

enum {
	PIECE = 256,		/* console output is handed over in pieces */
	LONGEST_PANIC = 512
};

static char panic_message[LONGEST_PANIC];

static void
put_console(struct rumphost_output *out, char c)
{

	if (c == '\0')
		return;			/* the console takes strings */
	out->buffer[out->length++] = c;
	if (out->length < out->size - 1)
		return;
	out->buffer[out->length] = '\0';
	out->length = 0;
	rumphost_console_write(out->level, out->device, out->buffer);
}

static void
put_buffer(struct rumphost_output *out, char c)
{

	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

void
rumphost_vprint(int level, void *device, const char *prefix, const char *format, va_list ap)
{
	char piece[PIECE];
	struct rumphost_output out = {
		.put = put_console,
		.buffer = piece,
		.size = sizeof(piece),
		.level = level,
		.device = device
	};

	if (prefix != NULL) {
		while (*prefix != '\0')
			put_console(&out, *prefix++);
		put_console(&out, ':');
		put_console(&out, ' ');
	}
	rumphost_format(&out, format, ap);
	if (out.length == 0)
		return;
	piece[out.length] = '\0';
	rumphost_console_write(level, device, piece);
}

#define PRINT(level, format) do {					\
	va_list _ap;							\
									\
	va_start(_ap, format);						\
	rumphost_vprint((level), NULL, NULL, (format), _ap);		\
	va_end(_ap);							\
} while (0)

void
printf(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_NORMAL, format);
}

void
vprintf(const char *format, va_list ap)
{

	rumphost_vprint(RUMPHOST_CONSOLE_NORMAL, NULL, NULL, format, ap);
}

void
printf_nolog(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_NORMAL, format);
}

void
printf_tolog(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_LOG, format);
}

/* No process has a terminal here; its messages are the kernel's. */
void
uprintf(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_NORMAL, format);
}

void
uprintf_locked(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_NORMAL, format);
}

int
vsnprintf(char *buffer, size_t size, const char *format, va_list ap)
{
	struct rumphost_output out = {
		.put = put_buffer,
		.buffer = buffer,
		.size = size
	};

	rumphost_format(&out, format, ap);
	if (size > 0)
		buffer[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int
snprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(buffer, size, format, ap);
	va_end(ap);
	return length;
}

void
log(int level, const char *format, ...)
{

	(void)level;
	PRINT(RUMPHOST_CONSOLE_LOG, format);
}

void
vlog(int level, const char *format, va_list ap)
{

	(void)level;
	rumphost_vprint(RUMPHOST_CONSOLE_LOG, NULL, NULL, format, ap);
}

void
addlog(const char *format, ...)
{

	PRINT(RUMPHOST_CONSOLE_LOG, format);
}

/* All that addlog() adds has one level. */
void
logpri(int level)
{

	(void)level;
}

void
vpanic(const char *format, va_list ap)
{

	(void)vsnprintf(panic_message, sizeof(panic_message), format, ap);
	panicstr = panic_message;
	rumphost_panic(panic_message);
	__builtin_trap();		/* not reached: the host ends the lwp */
}

void
panic(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vpanic(format, ap);
}

#ifdef __KASSERTSTR
void
kern_assert(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vpanic(format, ap);
}
#else
/* Older headers */
void
kern_assert(const char *kind, const char *file, int line, const char *expression)
{

	panic("kernel %sassertion \"%s\" failed: file \"%s\", line %d", kind, expression, file,
	    line);
}
#endif
