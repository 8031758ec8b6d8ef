/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which names headers show: in a kernel, all.
 */

#ifndef _SYS_FEATURETEST_H_
#define _SYS_FEATURETEST_H_

#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE	1
#endif

#endif /* !_SYS_FEATURETEST_H_ */
