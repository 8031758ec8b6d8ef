/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integer constants of a given width.
 */

#ifndef _RUMPHOST_INT_CONST_H_
#define _RUMPHOST_INT_CONST_H_

#define INT8_C(c)	c
#define INT16_C(c)	c
#define INT32_C(c)	c
#define INT64_C(c)	__INT64_C(c)

#define UINT8_C(c)	c
#define UINT16_C(c)	c
#define UINT32_C(c)	c ## U
#define UINT64_C(c)	__UINT64_C(c)

#define INTMAX_C(c)	__INTMAX_C(c)
#define UINTMAX_C(c)	__UINTMAX_C(c)

#endif /* !_RUMPHOST_INT_CONST_H_ */
