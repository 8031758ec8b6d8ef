/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variable arguments, where <sys/stdarg.h> is not there yet.
 */

#ifndef _RUMPHOST_STDARG_H_
#define _RUMPHOST_STDARG_H_

#if __has_include(<sys/stdarg.h>)
#include <sys/stdarg.h>
#else
typedef __builtin_va_list	va_list;
#define va_start(ap, last)	__builtin_va_start((ap), (last))
#define va_arg(ap, type)	__builtin_va_arg((ap), type)
#define va_copy(to, from)	__builtin_va_copy((to), (from))
#define va_end(ap)		__builtin_va_end(ap)
#define __va_copy(to, from)	__builtin_va_copy((to), (from))
#endif

#endif /* !_RUMPHOST_STDARG_H_ */
