/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifmedia(9): the media that an interface can use, and which one the user chose.
 */

#include "ifnet_private.h"

static void
add(struct ifmedia *ifm, u_int word, u_int data, void *aux, uint64_t site)
{
	struct ifmedia_entry *entry;

	entry = rumphost_allocate(sizeof(*entry), sizeof(void *), site);
	if (entry == NULL)
		rumphost_panic("ifmedia(9): the arena is full: ifmedia_add");
	memset(entry, 0, sizeof(*entry));
	entry->ifm_media = word;
	entry->ifm_data = data;
	entry->ifm_aux = aux;
	TAILQ_INSERT_TAIL(&ifm->ifm_list, entry, ifm_list);
}

/* Options in `mask' do not matter when a request is matched. */
void
ifmedia_init(struct ifmedia *ifm, int mask, ifm_change_cb_t change, ifm_stat_cb_t status)
{

	TAILQ_INIT(&ifm->ifm_list);
	ifm->ifm_cur = NULL;
	ifm->ifm_media = 0;
	ifm->ifm_mask = (u_int)mask;
	ifm->ifm_change = change;
	ifm->ifm_status = status;
}

#ifdef IFMEDIA_LOCK
void
ifmedia_init_with_lock(struct ifmedia *ifm, int mask, ifm_change_cb_t change,
    ifm_stat_cb_t status, kmutex_t *lock)
{

	ifmedia_init(ifm, mask, change, status);
	ifm->ifm_lock = lock;
}
#endif

void
ifmedia_add(struct ifmedia *ifm, int word, int data, void *aux)
{

	add(ifm, (u_int)word, (u_int)data, aux, RUMPHOST_CALLER);
}

void
ifmedia_list_add(struct ifmedia *ifm, struct ifmedia_entry *list, int count)
{
	int n;

	for (n = 0; n < count; n++)
		add(ifm, list[n].ifm_media, list[n].ifm_data, list[n].ifm_aux, RUMPHOST_CALLER);
}

struct ifmedia_entry *
ifmedia_match(struct ifmedia *ifm, u_int word, u_int mask)
{
	struct ifmedia_entry *entry, *found = NULL;

	TAILQ_FOREACH(entry, &ifm->ifm_list, ifm_list)
		if (((entry->ifm_media ^ word) & ~mask) == 0)
			found = entry;
	return found;
}

/* Choose a medium; when it is not among those there are, none of its type. */
void
ifmedia_set(struct ifmedia *ifm, int word)
{
	struct ifmedia_entry *entry;
	u_int none = ((u_int)word & IFM_NMASK) | IFM_NONE;

	entry = ifmedia_match(ifm, (u_int)word, ifm->ifm_mask);
	if (entry == NULL) {
		printf("ifmedia_set: no match for 0x%x/0x%x\n", (u_int)word, ~ifm->ifm_mask);
		entry = ifmedia_match(ifm, none, ifm->ifm_mask);
	}
	if (entry == NULL) {
		add(ifm, none, 0, NULL, RUMPHOST_CALLER);
		entry = ifmedia_match(ifm, none, ifm->ifm_mask);
	}
	ifm->ifm_cur = entry;
}

int
ifmedia_change(struct ifmedia *ifm, struct ifnet *ifp)
{

	if (ifm->ifm_change == NULL)
		return -1;
	return (*ifm->ifm_change)(ifp);
}

static int
set(struct ifnet *ifp, struct ifmedia *ifm, u_int word)
{
	struct ifmedia_entry *entry, *old_entry = ifm->ifm_cur;
	u_int old_word = ifm->ifm_media;
	int error;

	entry = ifmedia_match(ifm, word, ifm->ifm_mask);
	if (entry == NULL)
		return EINVAL;
	/* "auto" always makes the driver look again. */
	if (IFM_SUBTYPE(word) != IFM_AUTO && word == old_word && entry == old_entry)
		return 0;
	ifm->ifm_cur = entry;
	ifm->ifm_media = word;
	error = ifmedia_change(ifm, ifp);
	if (error != 0 && error != ENETRESET) {
		ifm->ifm_cur = old_entry;
		ifm->ifm_media = old_word;
	}
	return error;
}

/* User memory is memory of the host's here: it may be written as it is. */
static int
get(struct ifnet *ifp, struct ifmedia *ifm, struct ifmediareq *request)
{
	struct ifmedia_entry *entry;
	int count = 0, room = request->ifm_ulist != NULL ? request->ifm_count : 0;

	request->ifm_current = ifm->ifm_cur != NULL ? (int)ifm->ifm_cur->ifm_media : IFM_NONE;
	request->ifm_mask = (int)ifm->ifm_mask;
	request->ifm_status = 0;
	if (ifm->ifm_status != NULL)
		(*ifm->ifm_status)(ifp, request);
	TAILQ_FOREACH(entry, &ifm->ifm_list, ifm_list) {
		if (count < room)
			request->ifm_ulist[count] = (int)entry->ifm_media;
		count++;
	}
	request->ifm_count = count;
	return room != 0 && room < count ? E2BIG : 0;
}

int
ifmedia_ioctl(struct ifnet *ifp, struct ifreq *ifr, struct ifmedia *ifm, u_long command)
{

	if (ifp == NULL || ifr == NULL || ifm == NULL)
		return EINVAL;
	switch (command) {
	case SIOCSIFMEDIA:
		return set(ifp, ifm, (u_int)ifr->ifr_media);
	case SIOCGIFMEDIA:
		return get(ifp, ifm, (struct ifmediareq *)(void *)ifr);
	default:
		return EINVAL;
	}
}

/* Remove the media of one instance, or of all (IFM_INST_ANY). */
void
ifmedia_delete_instance(struct ifmedia *ifm, u_int instance)
{
	struct ifmedia_entry *entry, *next;

	for (entry = TAILQ_FIRST(&ifm->ifm_list); entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, ifm_list);
		if (instance != IFM_INST_ANY && instance != IFM_INST(entry->ifm_media))
			continue;
		TAILQ_REMOVE(&ifm->ifm_list, entry, ifm_list);
		if (ifm->ifm_cur == entry)
			ifm->ifm_cur = NULL;
		rumphost_release(entry);
	}
	if (instance == IFM_INST_ANY) {
		ifm->ifm_cur = NULL;
		ifm->ifm_media = IFM_NONE;
	}
}

void
ifmedia_removeall(struct ifmedia *ifm)
{

	ifmedia_delete_instance(ifm, IFM_INST_ANY);
}

#ifdef IFMEDIA_LOCK
void
ifmedia_fini(struct ifmedia *ifm)
{

	ifmedia_delete_instance(ifm, IFM_INST_ANY);
}
#endif

/* Bits per second of a medium; 0: unknown. */
uint64_t
ifmedia_baudrate(int word)
{
	static const struct {
		u_int word;
		uint32_t rate;		/* kbit/s */
	} rates[] = {
		{ IFM_ETHER | IFM_10_T,		10000 },
		{ IFM_ETHER | IFM_10_2,		10000 },
		{ IFM_ETHER | IFM_10_5,		10000 },
		{ IFM_ETHER | IFM_10_STP,	10000 },
		{ IFM_ETHER | IFM_10_FL,	10000 },
		{ IFM_ETHER | IFM_HPNA_1,	1000 },
		{ IFM_ETHER | IFM_100_TX,	100000 },
		{ IFM_ETHER | IFM_100_FX,	100000 },
		{ IFM_ETHER | IFM_100_T4,	100000 },
		{ IFM_ETHER | IFM_100_VG,	100000 },
		{ IFM_ETHER | IFM_100_T2,	100000 },
		{ IFM_ETHER | IFM_1000_SX,	1000000 },
		{ IFM_ETHER | IFM_1000_LX,	1000000 },
		{ IFM_ETHER | IFM_1000_CX,	1000000 },
		{ IFM_ETHER | IFM_1000_T,	1000000 },
		{ IFM_ETHER | IFM_10G_LR,	10000000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_FH1,	1000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_FH2,	2000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_DS1,	1000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_DS2,	2000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_DS5,	5500 },
		{ IFM_IEEE80211 | IFM_IEEE80211_DS11,	11000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_DS22,	22000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM6,	6000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM9,	9000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM12,	12000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM18,	18000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM24,	24000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM36,	36000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM48,	48000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM54,	54000 },
		{ IFM_IEEE80211 | IFM_IEEE80211_OFDM72,	72000 },
	};
	size_t n;

	for (n = 0; n < sizeof(rates) / sizeof(rates[0]); n++)
		if (IFM_TYPE((u_int)word) == IFM_TYPE(rates[n].word) &&
		    IFM_SUBTYPE((u_int)word) == IFM_SUBTYPE(rates[n].word))
			return (uint64_t)rates[n].rate * 1000;
	return 0;
}
