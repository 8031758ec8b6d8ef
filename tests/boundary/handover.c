/* SPDX-License-Identifier: BSD-2-Clause */
/* For test_handover.py: two lwps that sleep on a word each, and wake one another. */

#include <sys/types.h>

#include "shim.h"

static void *volatile words[2];
static uint64_t turns[2];

RUMPHOST_UPCALL uint64_t play(uint64_t me, uint64_t count);
RUMPHOST_UPCALL uint64_t taken(uint64_t me);
RUMPHOST_UPCALL uint64_t doze(void);

RUMPHOST_UPCALL uint64_t
play(uint64_t me, uint64_t count)
{

	while (count-- > 0) {
		turns[me]++;
		(void)(*rumphost_host->wake)(&words[!me]);
		if (!(*rumphost_host->sleep)(&words[me], me ? "pong" : "ping"))
			return 0;
	}
	(void)(*rumphost_host->wake)(&words[!me]);
	return 1;
}

RUMPHOST_UPCALL uint64_t
taken(uint64_t me)
{

	return turns[me];
}

RUMPHOST_UPCALL uint64_t
doze(void)
{

	return (uint64_t)(*rumphost_host->sleep)(&words[0], "doze");
}
