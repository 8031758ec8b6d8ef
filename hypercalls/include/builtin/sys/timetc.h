/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timecounter(9).
 */

#ifndef _SYS_TIMETC_H_
#define _SYS_TIMETC_H_

#include <sys/types.h>

struct timecounter;
typedef u_int timecounter_get_t(struct timecounter *);
typedef void timecounter_pps_t(struct timecounter *);

struct timecounter {
	timecounter_get_t	*tc_get_timecount;
	timecounter_pps_t	*tc_poll_pps;
	u_int			tc_counter_mask;	/* the counter's bits */
	uint64_t		tc_frequency;		/* Hz */
	const char		*tc_name;
	int			tc_quality;		/* negative: only if asked for */
	void			*tc_priv;		/* the driver's own */
	struct timecounter	*tc_next;
};

#ifdef _KERNEL
extern struct timecounter *timecounter;

uint64_t tc_getfrequency(void);
void	tc_init(struct timecounter *);
int	tc_detach(struct timecounter *);
#endif

#endif /* !_SYS_TIMETC_H_ */
