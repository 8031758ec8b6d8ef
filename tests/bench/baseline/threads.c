/* SPDX-License-Identifier: BSD-2-Clause */

#include <sys/socket.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "baseline.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_cv[2] = { PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER };
static pthread_cond_t wake_cv = PTHREAD_COND_INITIALIZER;
static pthread_cond_t slept_cv = PTHREAD_COND_INITIALIZER;
static int turn;
static uint64_t rounds;
static uint64_t asleep;
static int wake;
static int ends[2];

static void *
player(void *arg)
{
	int me = arg != NULL;
	uint64_t i;

	for (i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (turn != me)
			pthread_cond_wait(&turn_cv[me], &lock);
		turn = !me;
		pthread_cond_signal(&turn_cv[!me]);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

uint64_t
bench_pingpong(uint64_t count)
{
	pthread_t other;
	uint64_t start;

	turn = 0;
	rounds = count;
	if (pthread_create(&other, NULL, player, &turn) != 0)
		abort();
	start = now_ns();
	player(NULL);
	pthread_join(other, NULL);
	return now_ns() - start;
}

static void *
sleeper(void *arg)
{

	(void)arg;
	pthread_mutex_lock(&lock);
	if (++asleep == rounds)
		pthread_cond_signal(&slept_cv);
	while (!wake)
		pthread_cond_wait(&wake_cv, &lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static uint64_t
resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &size, &pages) != 2)
		abort();
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t
bench_sleepers(uint64_t count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));
	uint64_t before, after, n;

	rounds = count;
	asleep = 0;
	wake = 0;
	before = resident();
	for (n = 0; n < count; n++) {
		if (pthread_create(&threads[n], NULL, sleeper, NULL) != 0)
			abort();
	}
	pthread_mutex_lock(&lock);
	while (asleep < count)
		pthread_cond_wait(&slept_cv, &lock);
	after = resident();
	wake = 1;
	pthread_cond_broadcast(&wake_cv);
	pthread_mutex_unlock(&lock);
	for (n = 0; n < count; n++)
		pthread_join(threads[n], NULL);
	free(threads);
	return after > before ? after - before : 0;
}

static void *
replier(void *arg)
{
	char text[64];
	ssize_t size;

	(void)arg;
	while ((size = read(ends[1], text, sizeof(text))) > 0) {
		if (write(ends[1], text, (size_t)size) != size)
			abort();
	}
	return NULL;
}

uint64_t
bench_message(uint64_t count)
{
	char text[24] = "readl 0xfebc0000";
	pthread_t other;
	uint64_t start, took;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    pthread_create(&other, NULL, replier, NULL) != 0)
		abort();
	start = now_ns();
	while (count-- > 0) {
		if (write(ends[0], text, sizeof(text)) != sizeof(text) ||
		    read(ends[0], text, sizeof(text)) != sizeof(text))
			abort();
	}
	took = now_ns() - start;
	close(ends[0]);
	pthread_join(other, NULL);
	close(ends[1]);
	return took;
}
