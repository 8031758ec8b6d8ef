/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integer types and the formats that print them.
 */

#ifndef _SYS_INTTYPES_H_
#define _SYS_INTTYPES_H_

#include <sys/stdint.h>
#include <machine/int_fmtio.h>

#endif /* !_SYS_INTTYPES_H_ */
