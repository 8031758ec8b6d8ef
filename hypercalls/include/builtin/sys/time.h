/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times, and arithmetic on them.
 */

#ifndef _SYS_TIME_H_
#define _SYS_TIME_H_

#include <sys/types.h>

struct timeval {
	time_t		tv_sec;
	suseconds_t	tv_usec;
};

struct timespec {
	time_t		tv_sec;
	long		tv_nsec;
};

struct timezone {
	int		tz_minuteswest;
	int		tz_dsttime;
};

struct bintime {
	time_t		sec;
	uint64_t	frac;		/* of a second, in units of 2^-64 s */
};

struct itimerval {
	struct timeval	it_interval;
	struct timeval	it_value;
};

struct itimerspec {
	struct timespec	it_interval;
	struct timespec	it_value;
};

#define ITIMER_REAL		0
#define ITIMER_VIRTUAL		1
#define ITIMER_PROF		2
#define ITIMER_MONOTONIC	3
#define CLOCK_REALTIME		0
#define CLOCK_VIRTUAL		1
#define CLOCK_PROF		2
#define CLOCK_MONOTONIC		3
#define TIMER_RELTIME		0x0
#define TIMER_ABSTIME		0x1

#define TIMEVAL_TO_TIMESPEC(tv, ts) do { \
	(ts)->tv_sec = (tv)->tv_sec; \
	(ts)->tv_nsec = (tv)->tv_usec * 1000L; \
} while (0)
#define TIMESPEC_TO_TIMEVAL(tv, ts) do { \
	(tv)->tv_sec = (ts)->tv_sec; \
	(tv)->tv_usec = (suseconds_t)((ts)->tv_nsec / 1000); \
} while (0)

#define __RUMPHOST_TIME_CMP(a, b, cmp, field) \
	((a)->tv_sec == (b)->tv_sec ? (a)->field cmp (b)->field : \
	    (a)->tv_sec cmp (b)->tv_sec)
#define __RUMPHOST_TIME_ADD(a, b, sum, field, unit) do { \
	(sum)->tv_sec = (a)->tv_sec + (b)->tv_sec; \
	(sum)->field = (a)->field + (b)->field; \
	if ((sum)->field >= (unit)) { \
		(sum)->tv_sec++; \
		(sum)->field -= (unit); \
	} \
} while (0)
#define __RUMPHOST_TIME_SUB(a, b, rest, field, unit) do { \
	(rest)->tv_sec = (a)->tv_sec - (b)->tv_sec; \
	(rest)->field = (a)->field - (b)->field; \
	if ((rest)->field < 0) { \
		(rest)->tv_sec--; \
		(rest)->field += (unit); \
	} \
} while (0)

#define timerclear(t)		((t)->tv_sec = (t)->tv_usec = 0)
#define timerisset(t)		((t)->tv_sec || (t)->tv_usec)
#define timercmp(a, b, cmp)	__RUMPHOST_TIME_CMP(a, b, cmp, tv_usec)
#define timeradd(a, b, sum)	__RUMPHOST_TIME_ADD(a, b, sum, tv_usec, 1000000)
#define timersub(a, b, rest)	__RUMPHOST_TIME_SUB(a, b, rest, tv_usec, 1000000)

#define timespecclear(t)	((t)->tv_sec = (t)->tv_nsec = 0)
#define timespecisset(t)	((t)->tv_sec || (t)->tv_nsec)
#define timespeccmp(a, b, cmp)	__RUMPHOST_TIME_CMP(a, b, cmp, tv_nsec)
#define timespecadd(a, b, sum)	__RUMPHOST_TIME_ADD(a, b, sum, tv_nsec, 1000000000L)
#define timespecsub(a, b, rest)	__RUMPHOST_TIME_SUB(a, b, rest, tv_nsec, 1000000000L)
#define timespec2ns(t)	((uint64_t)(t)->tv_sec * 1000000000UL + (uint64_t)(t)->tv_nsec)

static __inline __unused void
bintime_addx(struct bintime *bt, uint64_t frac)
{

	if (__builtin_add_overflow(bt->frac, frac, &bt->frac))
		bt->sec++;
}

static __inline __unused void
bintime_add(struct bintime *bt, const struct bintime *more)
{

	bintime_addx(bt, more->frac);
	bt->sec += more->sec;
}

static __inline __unused void
bintime_sub(struct bintime *bt, const struct bintime *less)
{

	if (__builtin_sub_overflow(bt->frac, less->frac, &bt->frac))
		bt->sec--;
	bt->sec -= less->sec;
}

static __inline __unused void
bintime2timespec(const struct bintime *bt, struct timespec *ts)
{

	ts->tv_sec = bt->sec;
	ts->tv_nsec = (long)(((bt->frac >> 32) * 1000000000UL) >> 32);
}

static __inline __unused void
timespec2bintime(const struct timespec *ts, struct bintime *bt)
{

	bt->sec = ts->tv_sec;
	bt->frac = (uint64_t)ts->tv_nsec * (UINT64_MAX / 1000000000UL);
}

static __inline __unused void
bintime2timeval(const struct bintime *bt, struct timeval *tv)
{

	tv->tv_sec = bt->sec;
	tv->tv_usec = (suseconds_t)(((bt->frac >> 32) * 1000000UL) >> 32);
}

static __inline __unused void
timeval2bintime(const struct timeval *tv, struct bintime *bt)
{

	bt->sec = tv->tv_sec;
	bt->frac = (uint64_t)tv->tv_usec * (UINT64_MAX / 1000000UL);
}

#ifdef _KERNEL
#include <sys/timevar.h>
#endif

#endif /* !_SYS_TIME_H_ */
