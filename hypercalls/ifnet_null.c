/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): what the functions of an interface are before the driver sets them, and after it has
 * gone.
 */

#include "ifnet_private.h"

int	null_output(struct ifnet *, struct mbuf *, const struct sockaddr *,
		    const struct rtentry *) RUMPHOST_SYMBOL(if_nulloutput);

int
null_output(struct ifnet *ifp, struct mbuf *m, const struct sockaddr *address,
    const struct rtentry *route)
{

	(void)ifp;
	(void)address;
	(void)route;
	m_freem(m);
	return ENXIO;
}

void
if_nullinput(struct ifnet *ifp, struct mbuf *m)
{

	(void)ifp;
	m_freem(m);
}

void
if_nullstart(struct ifnet *ifp)
{

	(void)ifp;
}

int
if_nullioctl(struct ifnet *ifp, u_long command, void *data)
{

	(void)ifp;
	(void)command;
	(void)data;
	return ENXIO;
}

int
if_nullinit(struct ifnet *ifp)
{

	(void)ifp;
	return ENXIO;
}

void
if_nullstop(struct ifnet *ifp, int disable)
{

	(void)ifp;
	(void)disable;
}

void
if_nullwatchdog(struct ifnet *ifp)
{

	(void)ifp;
}

void
if_nulldrain(struct ifnet *ifp)
{

	(void)ifp;
}

#ifdef IFEF_MPSAFE
int	if_nulltransmit(struct ifnet *, struct mbuf *);

int
if_nulltransmit(struct ifnet *ifp, struct mbuf *m)
{

	(void)ifp;
	m_freem(m);
	return ENXIO;
}
#endif
