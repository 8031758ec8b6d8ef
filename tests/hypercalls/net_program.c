/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_mbuf.py and test_net.py run: mbuf(9) and ifnet(9) from a driver's side.  The check
 * functions return 0, or the line of the first check that failed.  The interface, echo0, receives
 * whatever it sends.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/mbuf.h>
#include <sys/sockio.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_ether.h>
#include <net/if_media.h>
#include <net/bpf.h>

#include <dev/pci/pcivar.h>

#include "shim.h"

#define CHECK(e)	do { if (!(e)) return __LINE__; } while (0)
#define ENTRY		RUMPHOST_UPCALL uint64_t

ENTRY plain(void), clusters(void), sharing(void), external(void), copies(void), back(void);
ENTRY cow(void), adjusting(void), pulling(void), pulling_down(void), splitting(void);
ENTRY joining(void), defragging(void), devget(void), tags(void), prepending(void), tools(void);
ENTRY double_free(void), forget(void), beyond(void), cached(void), crc(void), text(void);
ENTRY echo_attach(void), echo_attach_again(void), echo_detach(void), echo_link(uint64_t), echo_hold(uint64_t);
ENTRY echo_timer(uint64_t), echo_state(uint64_t), echo_direct(void), echo_tagged(uint64_t);
ENTRY sockaddrs(void), media(void);

/* Nothing matches: the driver is there for its functions only. */
static int
nettest_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return pa->pa_id == 0;
}

static void
nettest_attach(device_t parent __unused, device_t self __unused, void *aux __unused)
{
}

CFATTACH_DECL_NEW(nettest, 0, nettest_match, nettest_attach, NULL, NULL);

/* == mbuf(9) == */

static char pattern[8192];

static void
fill(void)
{
	size_t n;

	for (n = 0; n < sizeof(pattern); n++)
		pattern[n] = (char)(n * 7 + n / 251);
}

/* A packet of `length' bytes of the pattern, in mbufs of at most `piece'. */
static struct mbuf *
packet(int length, int piece)
{
	struct mbuf *first, *m, **next = &first;
	int offset = 0, count;

	fill();
	do {
		m = offset == 0 ? m_gethdr(M_DONTWAIT, MT_DATA) : m_get(M_DONTWAIT, MT_DATA);
		count = MIN(piece, length - offset);
		if (count > (int)(offset == 0 ? MHLEN : MLEN))
			MCLGET(m, M_DONTWAIT);
		memcpy(mtod(m, char *), pattern + offset, count);
		m->m_len = count;
		offset += count;
		*next = m;
		next = &m->m_next;
	} while (offset < length);
	first->m_pkthdr.len = length;
	return first;
}

/* Is the chain `length' bytes of the pattern from `offset' on? */
static bool
is_pattern(struct mbuf *m, int offset, int length)
{
	struct mbuf *n;

	for (n = m; n != NULL; n = n->m_next) {
		if (n->m_len > length || memcmp(n->m_data, pattern + offset, n->m_len) != 0)
			return false;
		offset += n->m_len;
		length -= n->m_len;
	}
	return length == 0;
}

static int
pieces(struct mbuf *m)
{
	int count = 0;

	for (; m != NULL; m = m->m_next)
		count++;
	return count;
}

uint64_t
plain(void)
{
	struct mbuf *m;

	m = m_get(M_DONTWAIT, MT_DATA);
	CHECK(m != NULL && m->m_flags == 0 && m->m_type == MT_DATA && m->m_len == 0);
	CHECK(m->m_data == m->m_dat && m->m_next == NULL && m->m_nextpkt == NULL);
	CHECK(M_TRAILINGSPACE(m) == (int)MLEN && M_LEADINGSPACE(m) == 0);
	CHECK(m_free(m) == NULL);
	m = m_gethdr(M_WAIT, MT_HEADER);
	CHECK(m->m_flags == M_PKTHDR && m->m_data == m->m_pktdat);
	CHECK(m->m_pkthdr.csum_flags == 0 && SLIST_EMPTY(&m->m_pkthdr.tags));
	CHECK(M_TRAILINGSPACE(m) == (int)MHLEN);
	MCHTYPE(m, MT_DATA);
	CHECK(m->m_type == MT_DATA);
	m_freem(m);
	m_freem(NULL);
	return 0;
}

uint64_t
clusters(void)
{
	struct mbuf *m;

	m = m_getcl(M_DONTWAIT, MT_DATA, M_PKTHDR);
	CHECK((m->m_flags & (M_EXT | M_PKTHDR)) == (M_EXT | M_PKTHDR) && !M_READONLY(m));
	CHECK(m->m_ext.ext_size == MCLBYTES && m->m_ext.ext_refcnt == 1);
	CHECK(M_TRAILINGSPACE(m) == MCLBYTES);
	memset(m->m_data, 0x5a, MCLBYTES);
	m_freem(m);
	MGETHDR(m, M_DONTWAIT, MT_DATA);
	MCLGET(m, M_DONTWAIT);
	CHECK((m->m_flags & M_EXT) != 0);
	m_freem(m);
	return 0;
}

uint64_t
sharing(void)
{
	struct mbuf *m = packet(1500, MCLBYTES), *n, *o;

	n = m_copypacket(m, M_DONTWAIT);
	o = m_copym(m, 100, 200, M_DONTWAIT);
	CHECK(n->m_data == m->m_data && o->m_data == m->m_data + 100);
	CHECK(m->m_ext.ext_refcnt == 3 && M_READONLY(m) && M_READONLY(o));
	CHECK(n->m_pkthdr.len == 1500 && (o->m_flags & M_PKTHDR) == 0);
	/* The one that the storage came with goes first. */
	m_freem(m);
	CHECK(is_pattern(n, 0, 1500) && n->m_ext.ext_refcnt == 2);
	m_freem(n);
	CHECK(is_pattern(o, 100, 200) && !M_READONLY(o));
	m_freem(o);
	return 0;
}

static int freed;

static void
external_free(struct mbuf *m, void *buf, size_t size, void *arg)
{

	if (buf == pattern && size == sizeof(pattern) && arg == &freed)
		freed++;
	if (m != NULL)
		pool_cache_put(mb_cache, m);
}

uint64_t
external(void)
{
	struct mbuf *m, *n;

	freed = 0;
	m = m_gethdr(M_DONTWAIT, MT_DATA);
	MEXTADD(m, pattern, sizeof(pattern), M_DEVBUF, external_free, &freed);
	m->m_len = m->m_pkthdr.len = 64;
	CHECK(M_READONLY(m));
	n = m_copypacket(m, M_DONTWAIT);
	m_freem(m);
	CHECK(freed == 0);
	m_freem(n);
	CHECK(freed == 1);
	m = m_get(M_DONTWAIT, MT_DATA);
	MEXTMALLOC(m, 9000, M_NOWAIT);
	CHECK((m->m_flags & M_EXT) != 0 && m->m_ext.ext_size == 9000 && !M_READONLY(m));
	m_freem(m);
	return 0;
}

uint64_t
copies(void)
{
	struct mbuf *m = packet(3000, 700), *n;
	char buffer[3000];

	m_copydata(m, 0, 3000, buffer);
	CHECK(memcmp(buffer, pattern, 3000) == 0);
	m_copydata(m, 699, 2, buffer);
	CHECK(memcmp(buffer, pattern + 699, 2) == 0);
	n = m_dup(m, 0, M_COPYALL, M_DONTWAIT);
	CHECK(is_pattern(n, 0, 3000) && n->m_pkthdr.len == 3000 && n->m_data != m->m_data);
	m_freem(n);
	n = m_copym(m, 650, M_COPYALL, M_DONTWAIT);
	CHECK(is_pattern(n, 650, 2350));
	m_freem(n);
	n = m_copym(m, 3000, 0, M_DONTWAIT);
	CHECK(n != NULL && n->m_len == 0);
	m_freem(n);
	m_freem(m);
	return 0;
}

uint64_t
back(void)
{
	struct mbuf *m = packet(100, 60);

	m_copyback(m, 50, 40, pattern);
	CHECK(memcmp(mtod(m, char *) + 50, pattern, 10) == 0 && m->m_pkthdr.len == 100);
	m_copyback(m, 90, 5000, pattern);
	CHECK(m->m_pkthdr.len == 5090 && m_length(m) == 5090);
	CHECK(m_append(m, 300, pattern) == 1 && m->m_pkthdr.len == 5390);
	m_freem(m);
	return 0;
}

uint64_t
cow(void)
{
	struct mbuf *m = packet(4000, MCLBYTES), *n;

	n = m_copypacket(m, M_DONTWAIT);
	CHECK(M_READONLY(m) && m->m_next != NULL && M_READONLY(m->m_next));
	CHECK(m_makewritable(&m, 0, 100, M_DONTWAIT) == 0);
	CHECK(!M_READONLY(m) && m->m_pkthdr.len == 4000 && is_pattern(m, 0, 4000));
	m = m_copyback_cow(m, 3990, 10, "abcdefghij", M_DONTWAIT);
	CHECK(m != NULL && is_pattern(n, 0, 4000) && !is_pattern(m, 0, 4000));
	m_freem(m);
	m_freem(n);
	return 0;
}

uint64_t
adjusting(void)
{
	struct mbuf *m = packet(1000, 300);

	m_adj(m, 310);
	CHECK(m->m_pkthdr.len == 690 && m->m_len == 0);
	m_adj(m, -110);
	CHECK(m->m_pkthdr.len == 580 && is_pattern(m, 310, 580));
	m_adj(m, -5000);
	CHECK(m->m_pkthdr.len == 0);
	m_freem(m);
	return 0;
}

uint64_t
pulling(void)
{
	struct mbuf *m = packet(200, 10), *n;

	m = m_pullup(m, 60);
	CHECK(m != NULL && m->m_len >= 60 && is_pattern(m, 0, 200) && m->m_pkthdr.len == 200);
	m_freem(m);
	m = packet(3000, MCLBYTES);
	n = m_copyup(m, 54, 2);
	CHECK(n != NULL && n->m_len == 54 && n->m_data == n->m_pktdat + 2);
	CHECK(is_pattern(n, 0, 3000) && n->m_pkthdr.len == 3000);
	CHECK(m_ensure_contig(&n, 900) && n->m_len >= 900 && is_pattern(n, 0, 3000));
	CHECK(!m_ensure_contig(&n, 3001));
	m_freem(n);
	CHECK(m_pullup(packet(20, 10), 30) == NULL);
	return 0;
}

uint64_t
pulling_down(void)
{
	struct mbuf *m = packet(400, 50), *n;
	int where;

	n = m_pulldown(m, 45, 20, &where);
	CHECK(n != NULL && memcmp(n->m_data + where, pattern + 45, 20) == 0);
	CHECK(n->m_len - where >= 20 && is_pattern(m, 0, 400));
	n = m_pulldown(m, 110, 10, NULL);
	CHECK(n != NULL && memcmp(n->m_data, pattern + 110, 10) == 0 && is_pattern(m, 0, 400));
	n = m_getptr(m, 399, &where);
	CHECK(n != NULL && n->m_data[where] == pattern[399]);
	m_freem(m);
	return 0;
}

uint64_t
splitting(void)
{
	struct mbuf *m = packet(2500, 1000), *n;

	n = m_split(m, 1200, M_DONTWAIT);
	CHECK(n != NULL && (n->m_flags & M_PKTHDR) != 0 && n->m_pkthdr.len == 1300);
	CHECK(m->m_pkthdr.len == 1200 && is_pattern(m, 0, 1200) && is_pattern(n, 1200, 1300));
	m_freem(n);
	n = m_split(m, 1000, M_DONTWAIT);
	CHECK(is_pattern(m, 0, 1000) && is_pattern(n, 1000, 200) && n->m_pkthdr.len == 200);
	m_freem(n);
	CHECK(m_split(m, 4000, M_DONTWAIT) == NULL);
	m_freem(m);
	return 0;
}

uint64_t
joining(void)
{
	struct mbuf *m = packet(50, 50), *n = m_get(M_DONTWAIT, MT_DATA);

	memcpy(n->m_data, pattern + 50, 20);
	n->m_len = 20;
	m_cat(m, n);
	CHECK(pieces(m) == 1 && is_pattern(m, 0, 70));
	n = m_getcl(M_DONTWAIT, MT_DATA, 0);
	memcpy(n->m_data, pattern + 70, 2000);
	n->m_len = 2000;
	m_cat(m, n);
	CHECK(pieces(m) == 2 && is_pattern(m, 0, 2070));
	CHECK(m_add(NULL, m) == m);
	m_freem(m);
	return 0;
}

uint64_t
defragging(void)
{
	struct mbuf *m = packet(3000, 100), *n;

	CHECK(pieces(m) == 30);
	n = m_defrag(m, M_DONTWAIT);
	CHECK(n != NULL && pieces(n) == 2 && is_pattern(n, 0, 3000) && n->m_pkthdr.len == 3000);
	CHECK((n->m_flags & M_PKTHDR) != 0);
	m_freem(n);
	m = packet(100, 100);
	CHECK(m_defrag(m, M_DONTWAIT) == m);
	m_freem(m);
	return 0;
}

uint64_t
devget(void)
{
	struct mbuf *m;

	fill();
#ifdef IFEF_MPSAFE
	m = m_devget(pattern, 1514, 2, NULL);
#else
	m = m_devget(pattern, 1514, 2, NULL, NULL);
#endif
	CHECK(m != NULL && m->m_pkthdr.len == 1514 && is_pattern(m, 0, 1514));
	CHECK(((uintptr_t)m->m_data & 3) == 2);
	m_freem(m);
	return 0;
}

uint64_t
tags(void)
{
	struct mbuf *m = packet(64, 64), *n;
	struct m_tag *t;

	t = m_tag_get(PACKET_TAG_ENCAP, 8, M_NOWAIT);
	memcpy(t + 1, "encapsul", 8);
	m_tag_prepend(m, t);
	m_tag_prepend(m, m_tag_get(PACKET_TAG_PF, 0, M_NOWAIT));
	n = m_copypacket(m, M_DONTWAIT);
	t = m_tag_find(n, PACKET_TAG_ENCAP, NULL);
	CHECK(t != NULL && t->m_tag_len == 8 && memcmp(t + 1, "encapsul", 8) == 0);
	CHECK(SLIST_FIRST(&n->m_pkthdr.tags)->m_tag_id == PACKET_TAG_PF);
	m_tag_delete(n, t);
	CHECK(m_tag_find(n, PACKET_TAG_ENCAP, NULL) == NULL);
	CHECK(m_tag_find(m, PACKET_TAG_ENCAP, NULL) != NULL);
	m_freem(n);
	n = m_gethdr(M_DONTWAIT, MT_DATA);
	M_MOVE_PKTHDR(n, m);
	CHECK(m_tag_find(n, PACKET_TAG_PF, NULL) != NULL && (m->m_flags & M_PKTHDR) == 0);
	m_freem(m);
	m_freem(n);
	return 0;
}

uint64_t
prepending(void)
{
	struct mbuf *m = packet(1000, 1000), *first = m;

	M_PREPEND(m, 14, M_DONTWAIT);
	CHECK(m != first && m->m_len == 14 && m->m_pkthdr.len == 1014 && m->m_next == first);
	M_PREPEND(m, 4, M_DONTWAIT);
	CHECK(m->m_len == 18 && m->m_pkthdr.len == 1018);
	m_adj(m, 18);
	CHECK(is_pattern(m, 0, 1000));
	m_freem(m);
	m = m_gethdr(M_DONTWAIT, MT_DATA);
	MH_ALIGN(m, 40);
	CHECK(M_TRAILINGSPACE(m) >= 40 && ((uintptr_t)m->m_data & (sizeof(long) - 1)) == 0);
	m_freem(m);
	return 0;
}

static int
add_up(void *arg, void *data, unsigned int length)
{

	(void)data;
	*(unsigned int *)arg += length;
	return *(unsigned int *)arg > 500 ? EFBIG : 0;
}

uint64_t
tools(void)
{
	struct mbuf *m = packet(1000, 100), *n;
	MBUFQ_HEAD(queue) q;
	unsigned int sum = 0;

	CHECK(m_apply(m, 50, 300, add_up, &sum) == 0 && sum == 300);
	CHECK(m_apply(m, 0, 1000, add_up, &sum) == EFBIG);
	MBUFQ_INIT(&q);
	MBUFQ_ENQUEUE(&q, m);
	n = packet(10, 10);
	MBUFQ_ENQUEUE(&q, n);
	MBUFQ_DEQUEUE(&q, m);
	CHECK(m->m_pkthdr.len == 1000);
	m_freem(m);
	MBUFQ_DRAIN(&q);
	CHECK(MBUFQ_FIRST(&q) == NULL);
	return 0;
}

uint64_t
cached(void)
{
	struct mbuf *m = m_gethdr(M_DONTWAIT, MT_DATA);
	void *cluster = pool_cache_get(mcl_cache, PR_NOWAIT);

	CHECK(cluster != NULL);
	pool_cache_put(mcl_cache, cluster);
	pool_cache_put(mb_cache, m);
	return 0;
}

uint64_t
double_free(void)
{
	struct mbuf *m = m_get(M_DONTWAIT, MT_DATA);

	m_freem(m);
	m_freem(m);
	return 0;
}

uint64_t
beyond(void)
{
	char buffer[64];

	m_copydata(packet(32, 32), 0, 64, buffer);
	return 0;
}

static struct mbuf *forgotten;

uint64_t
forget(void)
{

	forgotten = m_getcl(M_DONTWAIT, MT_DATA, M_PKTHDR);
	return 0;
}

/* == ethersubr(9) == */

uint64_t
crc(void)
{

	CHECK((ether_crc32_le((const uint8_t *)"123456789", 9) ^ 0xffffffff) == 0xcbf43926);
	CHECK(ether_crc32_be((const uint8_t *)"123456789", 9) == 0x9b63d02c);
	return 0;
}

uint64_t
text(void)
{
	static const uint8_t address[ETHER_ADDR_LEN] = { 0x52, 0x54, 0x00, 0xab, 0xcd, 0x0e };
	u_char bytes[ETHER_ADDR_LEN];
	char buffer[ETHER_ADDR_LEN * 3];

	CHECK(strcmp(ether_sprintf(address), "52:54:00:ab:cd:0e") == 0);
	CHECK(strcmp(ether_snprintf(buffer, sizeof(buffer), address), "52:54:00:ab:cd:0e") == 0);
	CHECK(ether_aton_r(bytes, sizeof(bytes), "52:54:0:ab:CD:e") == 0);
	CHECK(memcmp(bytes, address, sizeof(bytes)) == 0);
	CHECK(ether_aton_r(bytes, sizeof(bytes), "52:54") == EINVAL);
	return 0;
}

uint64_t
sockaddrs(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_dl *sdl = (struct sockaddr_dl *)&ss;

	CHECK(sockaddr_dl_init(sdl, sizeof(ss), 3, 6, "wm0", 3, "\1\2\3\4\5\6", 6) == sdl);
	CHECK(sdl->sdl_index == 3 && sdl->sdl_nlen == 3 && sdl->sdl_alen == 6);
	CHECK(memcmp(LLADDR(sdl), "\1\2\3\4\5\6", 6) == 0);
	CHECK(sockaddr_dl_setaddr(sdl, sizeof(ss), "\6\5\4\3\2\1", 6) == sdl);
	CHECK(memcmp(CLLADDR(sdl), "\6\5\4\3\2\1", 6) == 0);
	CHECK(sockaddr_dl_setaddr(sdl, 8, "\6\5\4\3\2\1", 6) == NULL);
	return 0;
}

/* == echo0 == */

static struct {
	struct ethercom ec;
	struct ifmedia media;
	u_int held;		/* frames to keep instead of sending them back */
	struct mbuf *kept;
	u_int inits, stops, watchdogs, changes, starts;
	bool direct;
} echo;

#define ifp	(&echo.ec.ec_if)

static void
echo_receive(struct mbuf *m)
{

#ifdef IFEF_MPSAFE
	m_set_rcvif(m, ifp);
	if (echo.direct)
		if_input(ifp, m);
	else
		if_percpuq_enqueue(ifp->if_percpuq, m);
#else
	m->m_pkthdr.rcvif = ifp;
	ifp->if_ipackets++;
	bpf_mtap(ifp, m);
	(*ifp->if_input)(ifp, m);
#endif
}

static void
echo_start(struct ifnet *i __unused)
{
	struct mbuf *m, *n;

	echo.starts++;
	for (;;) {
		IFQ_DEQUEUE(&ifp->if_snd, m);
		if (m == NULL)
			return;
#ifdef BPF_D_OUT
		bpf_mtap(ifp, m, BPF_D_OUT);
#else
		bpf_mtap(ifp, m);
#endif
		ifp->if_opackets++;
		if (echo.held > 0) {
			echo.held--;
			m->m_nextpkt = echo.kept;
			echo.kept = m;
			continue;
		}
		n = m_dup(m, 0, M_COPYALL, M_DONTWAIT);
		m_freem(m);
		if (n != NULL)
			echo_receive(n);
	}
}

static int
echo_init(struct ifnet *i __unused)
{

	echo.inits++;
	ifp->if_flags |= IFF_RUNNING;
	return 0;
}

static void
echo_stop(struct ifnet *i __unused, int disable __unused)
{

	echo.stops++;
	ifp->if_flags &= ~IFF_RUNNING;
}

static void
echo_watchdog(struct ifnet *i __unused)
{

	echo.watchdogs++;
}

static int
echo_ioctl(struct ifnet *i, u_long command, void *data)
{
	int error, s;

	s = splnet();
	if (command == SIOCSIFMEDIA || command == SIOCGIFMEDIA)
		error = ifmedia_ioctl(i, data, &echo.media, command);
	else
		error = ether_ioctl(i, command, data);
	if (error == ENETRESET) {
		echo.changes++;
		error = 0;
	}
	splx(s);
	return error;
}

static int
echo_mediachange(struct ifnet *i __unused)
{

	echo.changes++;
	return 0;
}

static void
echo_mediastatus(struct ifnet *i __unused, struct ifmediareq *request)
{

	request->ifm_status = IFM_AVALID | IFM_ACTIVE;
	request->ifm_active = IFM_ETHER | IFM_1000_T | IFM_FDX;
}

uint64_t
echo_attach(void)
{
	static const uint8_t address[ETHER_ADDR_LEN] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

	memset(&echo, 0, sizeof(echo));
	strlcpy(ifp->if_xname, "echo0", sizeof(ifp->if_xname));
	ifp->if_flags = IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST;
	ifp->if_start = echo_start;
	ifp->if_ioctl = echo_ioctl;
	ifp->if_init = echo_init;
	ifp->if_stop = echo_stop;
	ifp->if_watchdog = echo_watchdog;
	ifp->if_capabilities = IFCAP_CSUM_IPv4_Tx | IFCAP_CSUM_UDPv4_Tx;
	echo.ec.ec_capabilities = ETHERCAP_VLAN_MTU | ETHERCAP_VLAN_HWTAGGING | ETHERCAP_JUMBO_MTU;
	IFQ_SET_MAXLEN(&ifp->if_snd, 64);
	IFQ_SET_READY(&ifp->if_snd);
	ifmedia_init(&echo.media, 0, echo_mediachange, echo_mediastatus);
	ifmedia_add(&echo.media, IFM_ETHER | IFM_10_T, 0, NULL);
	ifmedia_add(&echo.media, IFM_ETHER | IFM_1000_T | IFM_FDX, 0, NULL);
	ifmedia_add(&echo.media, IFM_ETHER | IFM_AUTO, 0, NULL);
	ifmedia_set(&echo.media, IFM_ETHER | IFM_AUTO);
	if_attach(ifp);
	ether_ifattach(ifp, address);
	CHECK(ifunit("echo0") == ifp);
	return 0;
}

uint64_t
echo_attach_again(void)
{

	if_attach(ifp);
	return 0;
}

uint64_t
echo_detach(void)
{

	ether_ifdetach(ifp);
	if_detach(ifp);
	ifmedia_delete_instance(&echo.media, IFM_INST_ANY);
	while (echo.kept != NULL) {
		struct mbuf *m = echo.kept;

		echo.kept = m->m_nextpkt;
		m_freem(m);
	}
	return 0;
}

uint64_t
echo_link(uint64_t state)
{

	if_link_state_change(ifp, (int)state);
	return 0;
}

/* Keep the next `count' frames; 0: let those go that were kept. */
uint64_t
echo_hold(uint64_t count)
{
	struct mbuf *m;

	echo.held = (u_int)count;
	while (count == 0 && (m = echo.kept) != NULL) {
		echo.kept = m->m_nextpkt;
		m_freem(m);
	}
	return 0;
}

uint64_t
echo_timer(uint64_t seconds)
{

	ifp->if_timer = (short)seconds;
	return 0;
}

uint64_t
echo_direct(void)
{

	echo.direct = true;
	return 0;
}

/* A frame comes in whose tag the hardware has taken off. */
uint64_t
echo_tagged(uint64_t tag)
{
	struct mbuf *m = packet(60, 60);

#ifdef M_VLANTAG
	vlan_set_tag(m, (uint16_t)tag);
#else
	VLAN_INPUT_TAG(ifp, m, (u_int)tag, return 1);
#endif
	echo_receive(m);
	return 0;
}

uint64_t
echo_state(uint64_t what)
{
	u_int states[] = {
		echo.inits, echo.stops, echo.watchdogs, echo.changes, echo.starts,
		(u_int)echo.ec.ec_multicnt, (u_int)echo.ec.ec_capenable,
		(u_int)ifp->if_csum_flags_tx,
		echo.kept != NULL ? (u_int)echo.kept->m_pkthdr.csum_flags : 0,
		echo.kept != NULL ? echo.kept->m_pkthdr.csum_data : 0,
	};

	return states[what];
}

uint64_t
media(void)
{
	struct ifmedia ifm;

	ifmedia_init(&ifm, IFM_IMASK, echo_mediachange, echo_mediastatus);
	ifmedia_add(&ifm, IFM_MAKEWORD(IFM_ETHER, IFM_100_TX, IFM_FDX, 0), 5, NULL);
	ifmedia_add(&ifm, IFM_MAKEWORD(IFM_ETHER, IFM_100_TX, 0, 1), 6, NULL);
	CHECK(ifmedia_match(&ifm, IFM_ETHER | IFM_100_TX, IFM_IMASK)->ifm_data == 6);
	CHECK(ifmedia_match(&ifm, IFM_ETHER | IFM_10_T, IFM_IMASK) == NULL);
	ifmedia_set(&ifm, IFM_ETHER | IFM_100_TX | IFM_FDX);
	CHECK(ifm.ifm_cur->ifm_data == 5);
	ifmedia_set(&ifm, IFM_ETHER | IFM_10_T);
	CHECK(IFM_SUBTYPE(ifm.ifm_cur->ifm_media) == IFM_NONE);
	CHECK(ifmedia_baudrate(IFM_ETHER | IFM_1000_T | IFM_FDX) == 1000000000);
	CHECK(ifmedia_baudrate(IFM_ETHER | IFM_AUTO) == 0);
	ifmedia_delete_instance(&ifm, 1);
	CHECK(ifmedia_match(&ifm, IFM_ETHER | IFM_100_TX, IFM_IMASK) == NULL);
	ifmedia_removeall(&ifm);
	CHECK(TAILQ_EMPTY(&ifm.ifm_list) && ifm.ifm_cur == NULL);
	return 0;
}
