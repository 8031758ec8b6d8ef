/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vlan(4), from below: no interface of that kind is ever on top of a driver's here.
 */

#include <sys/param.h>

#include <net/if.h>

#include "shim.h"

void	vlan_ifdetach(struct ifnet *);

/* Take down the vlan interfaces of one that goes away. */
void
vlan_ifdetach(struct ifnet *ifp)
{

	(void)ifp;
}
