/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * microtime(9), ratecheck(9), ppsratecheck(9), tvtohz(9), time_second(9).
 */

#ifndef _SYS_TIMEVAR_H_
#define _SYS_TIMEVAR_H_

#include <sys/systm.h>

struct bintime;
struct timespec;
struct timeval;

void	binuptime(struct bintime *);
void	nanouptime(struct timespec *);
void	microuptime(struct timeval *);
void	bintime(struct bintime *);
void	nanotime(struct timespec *);
void	microtime(struct timeval *);

void	getbinuptime(struct bintime *);
void	getnanouptime(struct timespec *);
void	getmicrouptime(struct timeval *);
void	getbintime(struct bintime *);
void	getnanotime(struct timespec *);
void	getmicrotime(struct timeval *);

void	getbinboottime(struct bintime *);
void	getnanoboottime(struct timespec *);
void	getmicroboottime(struct timeval *);

int	tvtohz(const struct timeval *);
int	tstohz(const struct timespec *);
int	tvhzto(const struct timeval *);
int	tshzto(const struct timespec *);
int	itimerfix(struct timeval *);
int	itimespecfix(struct timespec *);
int	ppsratecheck(struct timeval *, int *, int);
int	ratecheck(struct timeval *, const struct timeval *);

extern volatile time_t	time_second;	/* since 1970 */
extern volatile time_t	time_uptime;	/* since the start */

#endif /* !_SYS_TIMEVAR_H_ */
