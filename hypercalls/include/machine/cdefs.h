/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strictest alignment that ALIGN() must give.
 */

#ifndef _RUMPHOST_CDEFS_H_
#define _RUMPHOST_CDEFS_H_

#define __ALIGNBYTES	(sizeof(long) - 1)

#endif /* !_RUMPHOST_CDEFS_H_ */
