/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(4) as drivers use it: taps.  A tap costs nothing until the host captures: then the driver's
 * pointer to it is set, and each frame is copied into a buffer that goes to the host from the
 * interface's soft interrupt, or when it is full.
 */

#include "ifnet_private.h"

enum {
	TAP_BATCH = 256,		/* frames */
	TAP_SIZE = 64 * 1024,
	TAP_IN = 1,
	TAP_OUT = 2
};

struct record {
	uint64_t time_ns;
	uint32_t length;
	uint32_t direction;
};

struct bpf_if {
	struct bpf_if *next;
	struct interface *interface;
	struct bpf_if **where;		/* the driver's pointer */
	struct record *records;		/* NULL until the first frame */
	char *frames;
	uint32_t count;
	uint32_t size;
	uint32_t dropped;
};

static void	unsupported(void);

/* Functions of one vintage or another that nothing here calls by name are caught. */
static union {
	struct bpf_ops ops;
	void (*all[sizeof(struct bpf_ops) / sizeof(void (*)(void))])(void);
} table = {
	.all = { [0 ... sizeof(struct bpf_ops) / sizeof(void (*)(void)) - 1] = unsupported }
};

struct bpf_ops *bpf_ops = &table.ops;

static void
unsupported(void)
{

	rumphost_unsupported("bpf(4)", "a kind of tap other than of mbufs");
}

static void
flush(struct bpf_if *bpf)
{

	if (bpf->count != 0 || bpf->dropped != 0)
		rumphost_bpf_capture(bpf, bpf->records, bpf->frames, bpf->count, bpf->size,
		    bpf->dropped);
	bpf->count = bpf->size = bpf->dropped = 0;
}

/* Room for one more frame of `length' bytes; NULL: there is none. */
static char *
room(struct bpf_if *bpf, uint32_t length, bool out)
{
	struct record *record;

	if (bpf->records == NULL) {
		bpf->records = rumphost_allocate(TAP_BATCH * sizeof(*bpf->records) + TAP_SIZE,
		    sizeof(uint64_t), bpf->interface->site);
		bpf->frames = (char *)&bpf->records[TAP_BATCH];
	}
	if (bpf->records == NULL || length > TAP_SIZE) {
		bpf->dropped++;
		return NULL;
	}
	if (bpf->count == TAP_BATCH || bpf->size + length > TAP_SIZE)
		flush(bpf);
	record = &bpf->records[bpf->count++];
	record->time_ns = rumphost_cpu()->now_ns;
	record->length = length;
	record->direction = out ? TAP_OUT : TAP_IN;
	bpf->size += length;
	rumphost_input_schedule(bpf->interface);
	return bpf->frames + bpf->size - length;
}

/* Only frames that came in have a receiving interface. */
static bool
is_out(const struct mbuf *m, u_int direction)
{
#ifdef BPF_D_OUT
	(void)m;
	return direction == BPF_D_OUT;
#else
	(void)direction;
	return !rumphost_m_hasrcvif(m);
#endif
}

static void
copy(struct bpf_if *bpf, const void *header, uint32_t header_length, struct mbuf *m, bool out)
{
	uint32_t length = 0;
	struct mbuf *n;
	char *to;

	for (n = m; n != NULL; n = n->m_next)
		length += (uint32_t)n->m_len;
	to = room(bpf, header_length + length, out);
	if (to == NULL)
		return;
	memcpy(to, header, header_length);
	m_copydata(m, 0, (int)length, to + header_length);
}

static void
tap_mbuf(struct bpf_if *bpf, struct mbuf *m, u_int direction)
{

	if (bpf != NULL)
		copy(bpf, "", 0, m, is_out(m, direction));
}

static void
tap_headed(struct bpf_if *bpf, void *header, u_int length, struct mbuf *m, u_int direction)
{

	if (bpf != NULL)
		copy(bpf, header, length, m, is_out(m, direction));
}

static void
tap_family(struct bpf_if *bpf, uint32_t family, struct mbuf *m, u_int direction)
{

	if (bpf != NULL)
		copy(bpf, &family, sizeof(family), m, is_out(m, direction));
}

static void
attach(struct ifnet *ifp, u_int dlt, u_int header_length, struct bpf_if **where)
{
	struct interface *i = rumphost_interface(ifp);
	struct bpf_if *bpf;

	(void)header_length;
	if (i == NULL)
		rumphost_misuse("bpf(4)", "bpf_attach before if_attach");
	bpf = rumphost_allocate(sizeof(*bpf), sizeof(void *), i->site);
	if (bpf == NULL)
		rumphost_panic("bpf(4): the arena is full: bpf_attach");
	memset(bpf, 0, sizeof(*bpf));
	bpf->interface = i;
	bpf->where = where;
	*where = NULL;
	bpf->next = i->taps;
	i->taps = bpf;
	rumphost_bpf_attach(bpf, ifp, where, dlt);
}

void
rumphost_bpf_detach_all(struct interface *i)
{
	struct bpf_if *bpf;

	while ((bpf = i->taps) != NULL) {
		*bpf->where = NULL;
		flush(bpf);
		rumphost_bpf_detach(bpf);
		i->taps = bpf->next;
		if (bpf->records != NULL)
			rumphost_release(bpf->records);
		rumphost_release(bpf);
	}
}

static void
detach(struct ifnet *ifp)
{
	struct interface *i = rumphost_interface(ifp);

	if (i != NULL)
		rumphost_bpf_detach_all(i);
}

static void
change_type(struct ifnet *ifp, u_int dlt, u_int header_length)
{
	struct interface *i = rumphost_interface(ifp);
	struct bpf_if *bpf;

	(void)header_length;
	for (bpf = i->taps; bpf != NULL; bpf = bpf->next)
		if (bpf->where == &ifp->if_bpf)
			rumphost_bpf_change_type(bpf, dlt);
}

/* All that the interface's taps have goes to the host. */
void
rumphost_bpf_flush(struct interface *i)
{
	struct bpf_if *bpf;

	for (bpf = i->taps; bpf != NULL; bpf = bpf->next)
		flush(bpf);
}

void
rumphost_bpf_init(void)
{

#define SET_OP(member, function)						\
	(table.ops.member = (__typeof__(table.ops.member))(void (*)(void))(function))
	SET_OP(bpf_attach, attach);
	SET_OP(bpf_detach, detach);
	SET_OP(bpf_change_type, change_type);
	SET_OP(bpf_mtap, tap_mbuf);
	SET_OP(bpf_mtap2, tap_headed);
	SET_OP(bpf_mtap_af, tap_family);
#undef SET_OP
}
