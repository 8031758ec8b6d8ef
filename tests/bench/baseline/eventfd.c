/* SPDX-License-Identifier: BSD-2-Clause */

#define _GNU_SOURCE
#include <sys/eventfd.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "baseline.h"
#include "counter.h"

struct signals {
	int fd;
	uint64_t count;
	uint64_t gap_ns;
	uint64_t *when;
};

/*
 * A device does not contend with its driver for a processor.  Where both threads are on one, the
 * one that is woken would run at once or after this one's next system call, as the scheduler's
 * accounts of the two may be; so this one is of the class that always gives way.
 */
void
bench_signal(int fd, uint64_t count, uint64_t gap_ns, uint64_t *when)
{
	struct timespec gap = { (time_t)(gap_ns / 1000000000), (long)(gap_ns % 1000000000) };
	struct sched_param none = { 0 };
	uint64_t one = 1, n;

	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		abort();
	for (n = 0; n < count; n++) {
		nanosleep(&gap, NULL);
		when[n] = now_ns();
		if (write(fd, &one, sizeof(one)) != sizeof(one))
			abort();
	}
}

static void *
signaller(void *arg)
{
	struct signals *s = arg;

	bench_signal(s->fd, s->count, s->gap_ns, s->when);
	return NULL;
}

void
bench_poll(uint64_t count, uint64_t gap_ns, uint64_t *took)
{
	struct signals signals = { -1, count, gap_ns, calloc(count, sizeof(uint64_t)) };
	struct pollfd poller;
	pthread_t other;
	uint64_t n, pending, end;

	signals.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	poller.fd = signals.fd;
	poller.events = POLLIN;
	if (signals.fd < 0 || pthread_create(&other, NULL, signaller, &signals) != 0)
		abort();
	for (n = 0; n < count; n += pending) {
		if (poll(&poller, 1, -1) < 0 ||
		    read(signals.fd, &pending, sizeof(pending)) != sizeof(pending))
			abort();
		end = now_ns();
		if (n + pending <= count)
			took[n + pending - 1] = end - signals.when[n + pending - 1];
	}
	pthread_join(other, NULL);
	close(signals.fd);
	free(signals.when);
}

/* Of several attempts, the one that was least disturbed. */
uint64_t
bench_counter(uint64_t *ns)
{
	uint64_t before, after, best = UINT64_MAX, value, found = 0;
	int n;

	for (n = 0; n < 100; n++) {
		before = now_ns();
		value = counter();
		after = now_ns();
		if (after - before < best) {
			best = after - before;
			*ns = before + best / 2;
			found = value;
		}
	}
	return found;
}
