/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timecounter(9).  A driver's counter is registered and told of; the time is always the machine's own
 * clock, as if that were the counter of the best quality.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/timetc.h>

#include "shim.h"

enum {
	NS_PER_S = 1000000000,
	BEST = 1000000
};

static u_int
machine_time(struct timecounter *tc)
{

	(void)tc;
	return (u_int)rumphost_cpu()->now_ns;
}

static struct timecounter machine_clock = {
	.tc_get_timecount = machine_time,
	.tc_counter_mask = ~0U,
	.tc_frequency = NS_PER_S,
	.tc_name = "machine",
	.tc_quality = BEST
};

struct timecounter *timecounter = &machine_clock;

void
tc_init(struct timecounter *tc)
{

	tc->tc_next = machine_clock.tc_next;
	machine_clock.tc_next = tc;
	aprint_verbose("timecounter: Timecounter \"%s\" frequency %llu Hz quality %d\n",
	    tc->tc_name, (unsigned long long)tc->tc_frequency, tc->tc_quality);
}

int
tc_detach(struct timecounter *tc)
{

	for (struct timecounter **at = &machine_clock.tc_next; *at != NULL; at = &(*at)->tc_next)
		if (*at == tc) {
			*at = tc->tc_next;
			return 0;
		}
	return ESRCH;
}

uint64_t
tc_getfrequency(void)
{

	return timecounter->tc_frequency;
}
