/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): an ioctl(2) request of any kind on an interface, as a program of a user's would make it.
 * The host lays the request's structure out itself, and knows what is in it.
 */

#include "ifnet_private.h"

RUMPHOST_UPCALL uint64_t rumphost_ifnet_request(struct ifnet *, uint64_t, void *);

/* Returns an errno. "data" is the structure of "command", with the interface's name where it has one. */
uint64_t
rumphost_ifnet_request(struct ifnet *ifp, uint64_t command, void *data)
{
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);
	int error;

	if (locked)
		KERNEL_LOCK(1, NULL);
	error = (*ifp->if_ioctl)(ifp, (u_long)command, data);
	if (locked)
		KERNEL_UNLOCK_ONE(NULL);
	return (uint64_t)error;
}
