/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter behind printf(9): format.c has it, subr_prf.c and aprint.c feed it.
 */

#ifndef RUMPHOST_FORMAT_H
#define RUMPHOST_FORMAT_H

#include <sys/types.h>
#include <machine/stdarg.h>

#ifndef __printflike
#define __printflike(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#endif

/* Where characters go. */
struct rumphost_output {
	void	(*put)(struct rumphost_output *, char);
	char	*buffer;	/* for the console: a piece; for snprintf: the caller's */
	size_t	size;
	size_t	length;		/* characters that came so far */
	int	level;		/* of the console: RUMPHOST_CONSOLE_* */
	void	*device;
};

void	rumphost_format(struct rumphost_output *, const char *, va_list) __printflike(2, 0);

/* To the console, at a level; `prefix' (NULL: none) and ": " come first. */
void	rumphost_vprint(int, void *, const char *, const char *, va_list) __printflike(4, 0);

#endif
