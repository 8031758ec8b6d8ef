/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link types of bpf(4) and of capture files.
 */

#ifndef _NET_DLT_H_
#define _NET_DLT_H_

#define DLT_NULL		0
#define DLT_EN10MB		1
#define DLT_IEEE802		6
#define DLT_ARCNET		7
#define DLT_SLIP		8
#define DLT_PPP			9
#define DLT_FDDI		10
#define DLT_RAW			12
#define DLT_IEEE802_11		105
#define DLT_LOOP		108
#define DLT_IEEE802_11_RADIO	127

#endif
