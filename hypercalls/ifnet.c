/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): interfaces come and go; their link-level address; the watchdog; the state of the link.
 *
 * There is no protocol above the interface: ether_input() and its like hand frames to the host,
 * which puts frames on if_snd.  Input is in ifnet_input.c, output in ifnet_output.c, ioctl(2) in
 * ifnet_ioctl.c.
 */

#include "ifnet_private.h"

struct interface *rumphost_interfaces;
struct ifnet_head ifnet_list = TAILQ_HEAD_INITIALIZER(ifnet_list);
static uint64_t generation;

struct interface *
rumphost_interface(const struct ifnet *ifp)
{
	struct interface *i;

	for (i = rumphost_interfaces; i != NULL; i = i->next)
		if (i->ifp == ifp)
			return i;
	return NULL;
}

struct ifnet *
if_alloc(u_char type)
{
	struct ifnet *ifp;

	ifp = rumphost_allocate(sizeof(*ifp), COHERENCY_UNIT, RUMPHOST_CALLER);
	if (ifp == NULL)
		rumphost_panic("ifnet(9): the arena is full: if_alloc");
	memset(ifp, 0, sizeof(*ifp));
	ifp->if_type = type;
	return ifp;
}

void
if_free(struct ifnet *ifp)
{

	rumphost_release(ifp);
}

void
if_initname(struct ifnet *ifp, const char *name, int unit)
{

	snprintf(ifp->if_xname, sizeof(ifp->if_xname), "%s%d", name, unit);
}

/* Call if_watchdog once if_timer seconds have passed. */
static void
watchdog_tick(void *arg)
{
	struct interface *i = arg;
	struct ifnet *ifp = i->ifp;
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);
	int s;

	if (locked)
		KERNEL_LOCK(1, NULL);
	s = splnet();
	if (ifp->if_timer > 0 && --ifp->if_timer == 0 && ifp->if_watchdog != NULL)
		(*ifp->if_watchdog)(ifp);
	splx(s);
	if (locked)
		KERNEL_UNLOCK_ONE(NULL);
	callout_schedule(&i->watchdog, hz / IFNET_SLOWHZ);
}

static int
lowest_free_index(void)
{
	struct interface *i;
	int index = 1;

	for (i = rumphost_interfaces; i != NULL;) {
		if (i->attached && i->ifp->if_index == index) {
			index++;
			i = rumphost_interfaces;
		} else
			i = i->next;
	}
	return index;
}

static void
initialize(struct ifnet *ifp, uint64_t site)
{
	struct interface *i;

	if (rumphost_interface(ifp) != NULL)
		rumphost_misuse("ifnet(9)", "an interface is attached that is attached already");
	i = rumphost_allocate(sizeof(*i), sizeof(void *), site);
	if (i == NULL)
		rumphost_panic("ifnet(9): the arena is full: if_attach");
	memset(i, 0, sizeof(*i));
	i->ifp = ifp;
	i->site = site;
	i->start = ifp->if_start;
	if (!rumphost_input_create(i))
		rumphost_panic("ifnet(9): the arena is full: if_attach");
	rumphost_bpf_init();

	TAILQ_INIT(&ifp->if_addrlist);
	ifp->if_index = (u_short)lowest_free_index();
	ifp->if_index_gen = ++generation;
	ifp->if_link_state = LINK_STATE_UNKNOWN;
	ifp->if_bpf = NULL;
	if (ifp->if_snd.ifq_maxlen == 0)
		ifp->if_snd.ifq_maxlen = IFQ_MAXLEN;
#ifdef IFEF_MPSAFE
	ifp->if_snd.ifq_lock = mutex_obj_alloc(MUTEX_DEFAULT, IPL_NET);
#else
	ifp->if_snd.ifq_lock = NULL;
#endif
#ifndef if_ipackets
	ifp->if_stats = percpu_alloc(sizeof(uint64_t) * (if_noproto + 1));
#endif
	rumphost_if_default(ifp);

	i->next = rumphost_interfaces;
	rumphost_interfaces = i;
}

static void
tell_members(struct ifnet *ifp)
{
	uint64_t members[RUMPHOST_IFNET_MEMBERS][2];

#define MEMBER(number, pointer) do {					\
	members[(number)][0] = (uint64_t)(uintptr_t)(pointer);		\
	members[(number)][1] = sizeof(*(pointer));			\
} while (0)
#define COUNTER(number, counter)	MEMBER((number), RUMPHOST_STAT_ADDRESS(ifp, counter))
	MEMBER(RUMPHOST_IFNET_FLAGS, &ifp->if_flags);
	MEMBER(RUMPHOST_IFNET_MTU, &ifp->if_mtu);
	MEMBER(RUMPHOST_IFNET_LINK_STATE, &ifp->if_link_state);
	MEMBER(RUMPHOST_IFNET_BAUDRATE, &ifp->if_baudrate);
	MEMBER(RUMPHOST_IFNET_CAPABILITIES, &ifp->if_capabilities);
	MEMBER(RUMPHOST_IFNET_CAPENABLE, &ifp->if_capenable);
	MEMBER(RUMPHOST_IFNET_TIMER, &ifp->if_timer);
	MEMBER(RUMPHOST_IFNET_SND_LENGTH, &ifp->if_snd.ifq_len);
	MEMBER(RUMPHOST_IFNET_SND_DROPS, &ifp->if_snd.ifq_drops);
	COUNTER(RUMPHOST_IFNET_IPACKETS, if_ipackets);
	COUNTER(RUMPHOST_IFNET_IERRORS, if_ierrors);
	COUNTER(RUMPHOST_IFNET_OPACKETS, if_opackets);
	COUNTER(RUMPHOST_IFNET_OERRORS, if_oerrors);
	COUNTER(RUMPHOST_IFNET_COLLISIONS, if_collisions);
	COUNTER(RUMPHOST_IFNET_IBYTES, if_ibytes);
	COUNTER(RUMPHOST_IFNET_OBYTES, if_obytes);
	COUNTER(RUMPHOST_IFNET_IMCASTS, if_imcasts);
	COUNTER(RUMPHOST_IFNET_OMCASTS, if_omcasts);
	COUNTER(RUMPHOST_IFNET_IQDROPS, if_iqdrops);
	COUNTER(RUMPHOST_IFNET_NOPROTO, if_noproto);
#undef COUNTER
#undef MEMBER
	rumphost_ifnet_attach(ifp, ifp->if_xname, members);
}

void
if_initialize(struct ifnet *ifp)
{

	initialize(ifp, RUMPHOST_CALLER);
}

void
if_register(struct ifnet *ifp)
{
	struct interface *i = rumphost_interface(ifp);

	if (i == NULL)
		rumphost_misuse("ifnet(9)", "if_register without if_initialize");
	if (i->attached)
		rumphost_misuse("ifnet(9)", "an interface is registered twice");
	i->attached = true;
	TAILQ_INSERT_TAIL(&ifnet_list, ifp, if_list);
	tell_members(ifp);
	if (ifp->if_sadl == NULL)
		if_alloc_sadl(ifp);
	else if (ifp->if_addrlen > 0)
		rumphost_ifnet_address(ifp, CLLADDR(ifp->if_sadl), ifp->if_addrlen);
	if (ifp->if_watchdog != NULL) {
		callout_init(&i->watchdog, CALLOUT_MPSAFE);
		callout_setfunc(&i->watchdog, watchdog_tick, i);
		callout_schedule(&i->watchdog, hz / IFNET_SLOWHZ);
		i->watching = true;
	}
}

/* As if_initialize and if_register; input goes by if_percpuq where that exists. */
void
if_attach(struct ifnet *ifp)
{

	initialize(ifp, RUMPHOST_CALLER);
#ifdef IFEF_MPSAFE
	ifp->if_percpuq = if_percpuq_create(ifp);
#endif
	if_register(ifp);
}

/* From here on the driver is not called any more. */
void
if_deactivate(struct ifnet *ifp)
{
	int s;

	s = splnet();
	ifp->if_output = (__typeof__(ifp->if_output))if_nulloutput;
	RUMPHOST_IF_INPUT(ifp) = if_nullinput;
	ifp->if_start = if_nullstart;
	ifp->if_ioctl = if_nullioctl;
	ifp->if_init = if_nullinit;
	ifp->if_stop = if_nullstop;
	ifp->if_watchdog = if_nullwatchdog;
	ifp->if_drain = if_nulldrain;
#ifdef IFEF_MPSAFE
	ifp->if_transmit = if_nulltransmit;
#endif
	ifp->if_snd.ifq_maxlen = 0;
	IFQ_PURGE(&ifp->if_snd);
	splx(s);
}

static void
remove_addresses(struct ifnet *ifp)
{
	struct ifaddr *ifa;

	while ((ifa = TAILQ_FIRST(&ifp->if_addrlist)) != NULL) {
		TAILQ_REMOVE(&ifp->if_addrlist, ifa, ifa_list);
		ifafree(ifa);
	}
	if (ifp->if_hwdl != NULL)
		ifafree(ifp->if_hwdl);
	ifp->if_dl = ifp->if_hwdl = NULL;
	ifp->if_sadl = NULL;
}

/* Thread context; waits for whoever is at work in the interface. */
void
if_detach(struct ifnet *ifp)
{
	struct interface *i = rumphost_interface(ifp), **ip;

	if (i == NULL)
		rumphost_misuse("ifnet(9)", "if_detach of an interface that is not attached");
	rumphost_ifnet_detach(ifp);
	if (i->watching) {
		callout_halt(&i->watchdog, NULL);
		callout_destroy(&i->watchdog);
	}
	if_deactivate(ifp);
	if (i->attached)
		TAILQ_REMOVE(&ifnet_list, ifp, if_list);
	rumphost_bpf_detach_all(i);
	rumphost_input_destroy(i);
	rumphost_output_destroy(i);
	remove_addresses(ifp);
#ifdef IFEF_MPSAFE
	mutex_obj_free(ifp->if_snd.ifq_lock);
	ifp->if_snd.ifq_lock = NULL;
	ifp->if_percpuq = NULL;
#endif
#ifndef if_ipackets
	percpu_free(ifp->if_stats, sizeof(uint64_t) * (if_noproto + 1));
#endif
	for (ip = &rumphost_interfaces; *ip != i; ip = &(*ip)->next)
		continue;
	*ip = i->next;
	rumphost_release(i);
}

/* Any IPL. */
void
if_link_state_change(struct ifnet *ifp, int state)
{

	if (ifp->if_link_state == state)
		return;
	ifp->if_link_state = state;
	if (rumphost_interface(ifp) != NULL)
		rumphost_ifnet_link(ifp, state);
}

void	rt_ieee80211msg(struct ifnet *, int, void *, size_t);

/* What a routing socket would tell of a wireless interface. */
void
rt_ieee80211msg(struct ifnet *ifp, int what, void *data, size_t size)
{

	rumphost_ifnet_event(ifp, what, data, (uint32_t)size);
}

void
if_up(struct ifnet *ifp)
{

	ifp->if_flags |= IFF_UP;
}

/* Frames that wait are thrown away. */
void
if_down(struct ifnet *ifp)
{
	int s;

	s = splnet();
	ifp->if_flags &= ~IFF_UP;
	IFQ_PURGE(&ifp->if_snd);
	splx(s);
}

struct ifnet *
ifunit(const char *name)
{
	struct interface *i;

	for (i = rumphost_interfaces; i != NULL; i = i->next)
		if (i->attached && strcmp(i->ifp->if_xname, name) == 0)
			return i->ifp;
	return NULL;
}

struct ifnet *if_byindex(u_int);

struct ifnet *
if_byindex(u_int index)
{
	struct interface *i;

	for (i = rumphost_interfaces; i != NULL; i = i->next)
		if (i->attached && i->ifp->if_index == index)
			return i->ifp;
	return NULL;
}
