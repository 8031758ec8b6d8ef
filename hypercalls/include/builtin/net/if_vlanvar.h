/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 802.1Q headers.
 */

#ifndef _NET_IF_VLANVAR_H_
#define _NET_IF_VLANVAR_H_

#include <net/if_ether.h>

struct ether_vlan_header {
	uint8_t	 evl_dhost[ETHER_ADDR_LEN];
	uint8_t	 evl_shost[ETHER_ADDR_LEN];
	uint16_t evl_encap_proto;	/* ETHERTYPE_VLAN */
	uint16_t evl_tag;
	uint16_t evl_proto;
} __packed;

#define EVL_VLID_MASK		0x0fff
#define EVL_VLANOFTAG(tag)	((tag) & EVL_VLID_MASK)
#define EVL_PRIOFTAG(tag)	(((tag) >> 13) & 7)
#define EVL_CFIOFTAG(tag)	(((tag) >> 12) & 1)

#endif
