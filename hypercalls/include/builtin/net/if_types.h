/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interface types, as the IANA numbers them.
 */

#ifndef _NET_IF_TYPES_H_
#define _NET_IF_TYPES_H_

#define IFT_OTHER	0x01
#define IFT_ETHER	0x06
#define IFT_ISO88025	0x09	/* token ring */
#define IFT_FDDI	0x0f
#define IFT_PPP		0x17
#define IFT_LOOP	0x18
#define IFT_SLIP	0x1c
#define IFT_ARCNET	0x23
#define IFT_IEEE80211	0x47
#define IFT_TUNNEL	0x83
#define IFT_L2VLAN	0x87
#define IFT_IEEE1394	0x90
#define IFT_BRIDGE	0xd1

#endif
