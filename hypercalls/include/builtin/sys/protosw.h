/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protocol switch: no protocol lives in the shim, so that only the names are needed.
 */

#ifndef _SYS_PROTOSW_H_
#define _SYS_PROTOSW_H_

#include <sys/types.h>

struct protosw;

/* Why a protocol's control input is called. */
#define PRC_IFDOWN	0	/* an interface went down */
#define PRC_ROUTEDEAD	1
#define PRC_IFUP	2	/* an interface came up */

#endif
