/* SPDX-License-Identifier: BSD-2-Clause */

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "baseline.h"

enum { LARGEST = 65536, PATIENCE_MS = 1000 };

struct frames {
	int fd;
	const void *frame;
	uint64_t size;
	uint64_t count;
};

static int
may(int fd, short what)
{
	struct pollfd poller = { fd, what, 0 };

	return poll(&poller, 1, PATIENCE_MS) > 0;
}

uint64_t
bench_send(int fd, const void *frame, uint64_t size, uint64_t count)
{
	uint64_t n = 0;

	while (n < count) {
		if (send(fd, frame, size, MSG_NOSIGNAL) >= 0)
			n++;
		else if ((errno != EAGAIN && errno != ENOBUFS) || !may(fd, POLLOUT))
			break;
	}
	return n;
}

uint64_t
bench_receive(int fd, uint64_t count)
{
	char frame[LARGEST];
	uint64_t n = 0;

	while (n < count) {
		if (recv(fd, frame, sizeof(frame), MSG_DONTWAIT) > 0)
			n++;
		else if (errno != EAGAIN || !may(fd, POLLIN))
			break;
	}
	return n;
}

static void *
sender(void *arg)
{
	const struct frames *f = arg;

	bench_send(f->fd, f->frame, f->size, f->count);
	return NULL;
}

uint64_t
bench_frames(uint64_t size, uint64_t count)
{
	char frame[LARGEST] = "frame";
	struct frames f = { -1, frame, size, count };
	pthread_t other;
	uint64_t start, took;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		abort();
	f.fd = ends[0];
	start = now_ns();
	if (pthread_create(&other, NULL, sender, &f) != 0 ||
	    bench_receive(ends[1], count) != count)
		abort();
	took = now_ns() - start;
	pthread_join(other, NULL);
	close(ends[0]);
	close(ends[1]);
	return took;
}
