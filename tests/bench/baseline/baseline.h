/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The baselines of the benchmarks: bare C that does what a driver under rumphost is measured at.
 * Compiled by native.py into one library.  Times are nanoseconds of CLOCK_MONOTONIC.
 */

#ifndef BASELINE_H
#define BASELINE_H

#include <stdint.h>
#include <time.h>

static inline uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* loops.c: how long `count' of them take. */
uint64_t bench_load(uint64_t count);
uint64_t bench_cas(uint64_t count);
uint64_t bench_system_call(uint64_t count);

/* threads.c */
/* Round trips of two threads over a mutex and a condition variable. */
uint64_t bench_pingpong(uint64_t count);
/* Resident bytes that `count' threads asleep on a condition variable take. */
uint64_t bench_sleepers(uint64_t count);
/* Round trips of one message and its reply between two threads over a socket pair. */
uint64_t bench_message(uint64_t count);

/* eventfd.c */
/* Signal `fd' every `gap_ns', `count' times; when[] tells when. */
void	bench_signal(int fd, uint64_t count, uint64_t gap_ns, uint64_t *when);
/* The same to a poll(2) loop in another thread; took[] tells how long each was under way. */
void	bench_poll(uint64_t count, uint64_t gap_ns, uint64_t *took);
/* The processor's counter, and in *ns what the time is then. */
uint64_t bench_counter(uint64_t *ns);

/* frames.c */
/* From one thread to another over a datagram socket pair. */
uint64_t bench_frames(uint64_t size, uint64_t count);
/* Send a frame `count' times; returns how often that worked. */
uint64_t bench_send(int fd, const void *frame, uint64_t size, uint64_t count);
/* Receive until `count' frames have come, or none for a second; returns how many came. */
uint64_t bench_receive(int fd, uint64_t count);

#endif
