/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP, as drivers of Ethernet interfaces call it.  The host speaks the protocol itself.
 */

#ifndef _NETINET_IF_INARP_H_
#define _NETINET_IF_INARP_H_

struct ifaddr;
struct ifnet;

void	arp_ifinit(struct ifnet *, struct ifaddr *);

#endif
