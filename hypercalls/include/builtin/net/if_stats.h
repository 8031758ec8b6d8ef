/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interface counters by name.  On one CPU they are plain members of the ifnet.
 */

#ifndef _NET_IF_STATS_H_
#define _NET_IF_STATS_H_

#include <net/if.h>

typedef struct ifnet *net_stat_ref_t;

#define IF_STAT_GETREF(ifp)		(ifp)
#define IF_STAT_PUTREF(ifp)		((void)(ifp))

#define if_statinc(ifp, counter)	((void)(ifp)->counter++)
#define if_statdec(ifp, counter)	((void)(ifp)->counter--)
#define if_statadd(ifp, counter, n)	((void)((ifp)->counter += (n)))
#define if_statsub(ifp, counter, n)	((void)((ifp)->counter -= (n)))
#define if_statadd2(ifp, c1, n1, c2, n2)				\
	(if_statadd(ifp, c1, n1), if_statadd(ifp, c2, n2))
#define if_statinc_ref(...)		_if_statinc_ref(__VA_ARGS__)
#define _if_statinc_ref(ref, ...)	_if_statinc_last((ref), __VA_ARGS__, 0)
#define _if_statinc_last(ref, a, ...)	if_statinc((ref), a)
#define if_statadd_ref(ref, counter, n)	if_statadd((ref), counter, (n))
#define if_statdec_ref(ref, counter)	if_statdec((ref), counter)

#endif
