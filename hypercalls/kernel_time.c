/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time_second(9), microtime(9), hz(9), tvtohz(9), ratecheck(9), ppsratecheck(9), and the cycle
 * counter: all from the machine's clock, as it stood when this lwp was last entered.
 *
 * As in NetBSD, the time since the start begins with 1 s, so that 0 can mean "never".
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/time.h>
#include <sys/timevar.h>

#include <machine/cpu_counter.h>

#include "shim.h"

enum {
	HZ = 100,
	NS_PER_US = 1000,
	NS_PER_S = 1000000000,
	TICK_NS = NS_PER_S / HZ,
	START_S = 1,			/* time_uptime at the start */
	PATIENCE = 64			/* readings of the clock before it is made to move */
};

int	hz = HZ;
int	stathz = HZ;
int	profhz = HZ;
int	tick = 1000000 / HZ;
int	tickadj = 1;
int	hardclock_ticks;

/* Newer headers have macros of these names, for variables of others; older ones differ in volatile. */
#ifdef time_second
volatile time_t	time__second;
volatile time_t	time__uptime = START_S;
#else
__typeof__(time_second)	time_second;
__typeof__(time_uptime)	time_uptime = START_S;
#define time__second	time_second
#define time__uptime	time_uptime
#endif

static uint64_t next_tick_ns;		/* when the variables above are out of date */

int	getticks(void);

void
rumphost_update_clock(void)
{
	const struct rumphost_cpu *cpu = rumphost_cpu();
	uint64_t now = cpu->now_ns;

	if (now < next_tick_ns && next_tick_ns - now <= TICK_NS)
		return;
	hardclock_ticks = (int)(now / TICK_NS);
	next_tick_ns = (now / TICK_NS + 1) * TICK_NS;
	time__second = (time_t)((cpu->boot_ns + now) / NS_PER_S);
	time__uptime = (time_t)(now / NS_PER_S) + START_S;
}

#ifndef getticks
int
getticks(void)
{

	return hardclock_ticks;
}
#endif

/*
 * The machine's clock.  Whoever waits by reading it makes no hypercall, and no time would pass; so
 * after a number of readings some is made to.
 */
static uint64_t
read_clock(void)
{
	static uint64_t last;
	static u_int readings;
	uint64_t now = rumphost_cpu()->now_ns;

	if (now != last) {
		last = now;
		readings = 0;
	} else if (++readings >= PATIENCE) {
		readings = 0;
		rumphost_delay(1);
		last = now = rumphost_cpu()->now_ns;
	}
	return now;
}

static uint64_t
last_tick(void)
{

	return rumphost_cpu()->now_ns / TICK_NS * TICK_NS;
}

uint64_t
cpu_counter(void)
{

	return read_clock();
}

uint32_t
cpu_counter32(void)
{

	return (uint32_t)read_clock();
}

/* Nanoseconds in the three forms of time */
static void
to_timespec(uint64_t ns, struct timespec *ts)
{

	ts->tv_sec = (time_t)(ns / NS_PER_S);
	ts->tv_nsec = (long)(ns % NS_PER_S);
}

static void
to_timeval(uint64_t ns, struct timeval *tv)
{

	tv->tv_sec = (time_t)(ns / NS_PER_S);
	tv->tv_usec = (suseconds_t)(ns % NS_PER_S / NS_PER_US);
}

static void
to_bintime(uint64_t ns, struct bintime *bt)
{

	bt->sec = (time_t)(ns / NS_PER_S);
	bt->frac = ns % NS_PER_S * (UINT64_MAX / NS_PER_S);
}

static uint64_t
since_start(uint64_t ns)
{

	return ns + (uint64_t)START_S * NS_PER_S;
}

static uint64_t
since_1970(uint64_t ns)
{

	return ns + rumphost_cpu()->boot_ns;
}

static uint64_t
start_since_1970(void)
{
	uint64_t boot = rumphost_cpu()->boot_ns;

	return boot >= (uint64_t)START_S * NS_PER_S ? boot - (uint64_t)START_S * NS_PER_S : 0;
}

#undef binuptime
#undef nanouptime
#undef microuptime
#undef bintime
#undef nanotime
#undef microtime
#undef getbinuptime
#undef getnanouptime
#undef getmicrouptime
#undef getbintime
#undef getnanotime
#undef getmicrotime

#define CLOCK(function, type, convert, ns)				\
void	function(struct type *);					\
									\
void									\
function(struct type *t)						\
{									\
									\
	convert((ns), t);						\
}

/* Now, exactly; at the last tick; and when all began */
CLOCK(binuptime, bintime, to_bintime, since_start(read_clock()))
CLOCK(nanouptime, timespec, to_timespec, since_start(read_clock()))
CLOCK(microuptime, timeval, to_timeval, since_start(read_clock()))
CLOCK(bintime, bintime, to_bintime, since_1970(read_clock()))
CLOCK(nanotime, timespec, to_timespec, since_1970(read_clock()))
CLOCK(microtime, timeval, to_timeval, since_1970(read_clock()))

CLOCK(getbinuptime, bintime, to_bintime, since_start(last_tick()))
CLOCK(getnanouptime, timespec, to_timespec, since_start(last_tick()))
CLOCK(getmicrouptime, timeval, to_timeval, since_start(last_tick()))
CLOCK(getbintime, bintime, to_bintime, since_1970(last_tick()))
CLOCK(getnanotime, timespec, to_timespec, since_1970(last_tick()))
CLOCK(getmicrotime, timeval, to_timeval, since_1970(last_tick()))

CLOCK(getbinboottime, bintime, to_bintime, start_since_1970())
CLOCK(getnanoboottime, timespec, to_timespec, start_since_1970())
CLOCK(getmicroboottime, timeval, to_timeval, start_since_1970())

/* Ticks that last at least so long: rounded up, and one more for the tick that has begun. */
static int
ticks_of(int64_t sec, int64_t ns)
{
	int64_t ticks;

	if (sec < 0 || (sec == 0 && ns <= 0))
		return 0;
	if (sec >= INT_MAX / HZ)
		return INT_MAX;
	ticks = sec * HZ + (ns + TICK_NS - 1) / TICK_NS + 1;
	return ticks < INT_MAX ? (int)ticks : INT_MAX;
}

int
tvtohz(const struct timeval *tv)
{

	return ticks_of(tv->tv_sec, (int64_t)tv->tv_usec * NS_PER_US);
}

int
tstohz(const struct timespec *ts)
{

	return ticks_of(ts->tv_sec, ts->tv_nsec);
}

/* Ticks until a time of day */
int
tshzto(const struct timespec *until)
{
	struct timespec now, rest;

	getnanotime(&now);
	timespecsub(until, &now, &rest);
	return tstohz(&rest);
}

int
tvhzto(const struct timeval *until)
{
	struct timeval now, rest;

	getmicrotime(&now);
	timersub(until, &now, &rest);
	return tvtohz(&rest);
}

/* Make a timer's value fit for use: valid, and no shorter than a tick. */
int
itimerfix(struct timeval *tv)
{

	if (tv->tv_usec < 0 || tv->tv_usec >= 1000000 || tv->tv_sec < 0)
		return EINVAL;
	if (tv->tv_sec == 0 && tv->tv_usec != 0 && tv->tv_usec < tick)
		tv->tv_usec = tick;
	return 0;
}

int
itimespecfix(struct timespec *ts)
{

	if (ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S || ts->tv_sec < 0)
		return EINVAL;
	if (ts->tv_sec == 0 && ts->tv_nsec != 0 && ts->tv_nsec < TICK_NS)
		ts->tv_nsec = TICK_NS;
	return 0;
}

/* 1 when the last time that this was 1 is at least `interval' ago. */
int
ratecheck(struct timeval *last, const struct timeval *interval)
{
	struct timeval now, passed;

	getmicrouptime(&now);
	timersub(&now, last, &passed);
	if (timerisset(last) && timercmp(&passed, interval, <))
		return 0;
	*last = now;
	return 1;
}

/* 1 for the first `most' events (all, if negative) of each second; `count' counts all. */
int
ppsratecheck(struct timeval *last, int *count, int most)
{
	struct timeval now, passed;
	int allowed;

	getmicrouptime(&now);
	timersub(&now, last, &passed);
	if (!timerisset(last) || passed.tv_sec >= 1) {
		*last = now;
		*count = 0;
	}
	allowed = most < 0 || *count < most;
	if (*count < INT_MAX)
		++*count;
	return allowed;
}
