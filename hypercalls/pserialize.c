/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pserialize(9).  A reader runs at IPL_SOFTSERIAL and may not sleep; so when a thread gets to
 * pserialize_perform() on the one CPU, no reader is under way.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/intr.h>
#include <sys/pserialize.h>

#include "held.h"

bool	pserialize_in_read_section(void);
bool	pserialize_not_in_read_section(void);

struct pserialize {
	uint64_t psz_performed;
};

static u_int readers;			/* nested, on the one CPU */

pserialize_t
pserialize_create(void)
{
	pserialize_t psz;

	psz = rumphost_allocate(sizeof(*psz), 16, RUMPHOST_CALLER);
	if (psz == NULL)
		rumphost_panic("pserialize_create: out of memory");
	psz->psz_performed = 0;
	return psz;
}

void
pserialize_destroy(pserialize_t psz)
{

	rumphost_release(psz);
}

void
pserialize_perform(pserialize_t psz)
{

	if (readers != 0)
		rumphost_misuse("pserialize(9)", "pserialize_perform inside a read section");
	assert_sleepable();
	psz->psz_performed++;
}

int
pserialize_read_enter(void)
{
	int s = splsoftserial();

	readers++;
	return s;
}

void
pserialize_read_exit(int s)
{

	if (readers == 0)
		rumphost_misuse("pserialize(9)",
		    "pserialize_read_exit without pserialize_read_enter");
	readers--;
	splx(s);
}

bool
pserialize_in_read_section(void)
{

	return readers != 0;
}

bool
pserialize_not_in_read_section(void)
{

	return readers == 0;
}

int
rumphost_may_sleep(void)
{

	return readers == 0;
}
