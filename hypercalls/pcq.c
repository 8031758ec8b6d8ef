/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcq(9): a queue of pointers with many producers and one consumer.  Nothing comes between two
 * statements here, so a plain ring will do.
 */

#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/pcq.h>

#include "shim.h"

struct pcq {
	size_t	pcq_maximum;
	size_t	pcq_first;
	size_t	pcq_count;
	void	*pcq_items[];
};

pcq_t *
pcq_create(size_t maximum, km_flag_t flags)
{
	pcq_t *pcq;

	if (maximum == 0 || maximum > PCQ_MAXLEN)
		rumphost_misuse("pcq(9)", "pcq_create for no items, or for more than PCQ_MAXLEN");
	pcq = rumphost_allocate(sizeof(*pcq) + maximum * sizeof(pcq->pcq_items[0]),
	    CACHE_LINE_SIZE, RUMPHOST_CALLER);
	if (pcq == NULL) {
		if ((flags & KM_SLEEP) != 0)
			rumphost_panic("pcq_create: out of memory");
		return NULL;
	}
	pcq->pcq_maximum = maximum;
	pcq->pcq_first = 0;
	pcq->pcq_count = 0;
	return pcq;
}

void
pcq_destroy(pcq_t *pcq)
{

	rumphost_release(pcq);
}

bool
pcq_put(pcq_t *pcq, void *item)
{

	if (item == NULL)
		rumphost_misuse("pcq(9)", "pcq_put of NULL");
	if (pcq->pcq_count == pcq->pcq_maximum)
		return false;
	pcq->pcq_items[(pcq->pcq_first + pcq->pcq_count++) % pcq->pcq_maximum] = item;
	return true;
}

void *
pcq_peek(pcq_t *pcq)
{

	return pcq->pcq_count == 0 ? NULL : pcq->pcq_items[pcq->pcq_first];
}

void *
pcq_get(pcq_t *pcq)
{
	void *item = pcq_peek(pcq);

	if (item != NULL) {
		pcq->pcq_first = (pcq->pcq_first + 1) % pcq->pcq_maximum;
		pcq->pcq_count--;
	}
	return item;
}

size_t
pcq_maxitems(pcq_t *pcq)
{

	return pcq->pcq_maximum;
}
