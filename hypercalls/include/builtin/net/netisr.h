/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protocol input by soft interrupt.  No protocol lives in the shim.
 */

#ifndef _NET_NETISR_H_
#define _NET_NETISR_H_

#define NETISR_ARP	28
#define NETISR_IP	2
#define NETISR_IPV6	24

#endif
