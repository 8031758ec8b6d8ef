/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IEEE 802.2 logical link control headers.
 */

#ifndef _NET_IF_LLC_H_
#define _NET_IF_LLC_H_

#include <sys/types.h>

struct llc {
	uint8_t llc_dsap;
	uint8_t llc_ssap;
	union {
		struct {
			uint8_t control;
			uint8_t org_code[3];
			uint16_t ether_type;
		} __packed type_snap;
		struct {
			uint8_t control;
		} __packed type_u;
	} llc_un;
} __packed;

#define llc_control	llc_un.type_u.control
#define llc_snap	llc_un.type_snap

#define LLC_UI		0x03
#define LLC_SNAP_LSAP	0xaa
#define LLC_SNAPFRAMELEN 8

#endif
