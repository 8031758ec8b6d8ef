/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine's <machine/endian.h> is <sys/endian.h>.
 */

#ifndef _RUMPHOST_ENDIAN_H_
#define _RUMPHOST_ENDIAN_H_

#include <sys/endian.h>

#endif /* !_RUMPHOST_ENDIAN_H_ */
