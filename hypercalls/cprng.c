/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cprng(9) and rnd(9): all numbers come from the host's one generator, whose seed
 * decides them, so that a run can be repeated.
 */

#include <sys/param.h>
#include <sys/systm.h>
/* A tree's inline functions have parameters that they do not use. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <sys/cprng.h>
#pragma GCC diagnostic pop
#if __has_include(<sys/rndsource.h>)
#include <sys/rndsource.h>
#else
#include <sys/rnd.h>
#endif

#include "shim.h"

#define LARGEST	524288	/* bytes of one request */

/* Generators of one's own are all the same one. */
struct cprng_strong {
	int	cs_unused;
};

static struct cprng_strong generator;
struct cprng_strong *kern_cprng = &generator;
extern struct cprng_strong *user_cprng;
struct cprng_strong *user_cprng = &generator;

struct cprng_strong *
cprng_strong_create(const char *name, int ipl, int flags)
{

	(void)name;
	(void)ipl;
	(void)flags;
	return &generator;
}

/* There is only the one, which stays. */
void
cprng_strong_destroy(struct cprng_strong *c)
{

	(void)c;
}

size_t
cprng_strong(struct cprng_strong *c, void *buffer, size_t size, int flags)
{

	(void)c;
	(void)flags;
	size = MIN(size, LARGEST);
	rumphost_cprng_bytes(buffer, size);
	return size;
}

size_t
cprng_fast(void *buffer, size_t size)
{

	rumphost_cprng_bytes(buffer, size);
	return size;
}

uint32_t
cprng_fast32(void)
{
	uint32_t value;

	rumphost_cprng_bytes(&value, sizeof(value));
	return value;
}

uint64_t
cprng_fast64(void)
{
	uint64_t value;

	rumphost_cprng_bytes(&value, sizeof(value));
	return value;
}

/*
 * Sources of randomness are noted, and change nothing.
 */

void
rnd_attach_source(krndsource_t *rs, const char *name, uint32_t type, uint32_t flags)
{

	strlcpy(rs->name, name, sizeof(rs->name));
	rs->type = type;
	rs->flags = flags | type;
	rumphost_rnd_attach(rs, name, type, flags);
}

void
rnd_detach_source(krndsource_t *rs)
{

	rumphost_rnd_detach(rs);
}

void	_rnd_add_uint32(krndsource_t *, uint32_t);
void	_rnd_add_uint64(krndsource_t *, uint64_t);
void	rnd_add_data_sync(krndsource_t *, const void *, uint32_t, uint32_t);

void
_rnd_add_uint32(krndsource_t *rs, uint32_t value)
{

	if (rs == NULL || (rs->flags & RND_FLAG_NO_COLLECT) == 0)
		rumphost_rnd_add(rs, value, sizeof(value));
}

void
_rnd_add_uint64(krndsource_t *rs, uint64_t value)
{

	if (rs == NULL || (rs->flags & RND_FLAG_NO_COLLECT) == 0)
		rumphost_rnd_add(rs, value, sizeof(value));
}

void
rnd_add_data(krndsource_t *rs, const void *data, uint32_t size, uint32_t entropy)
{
	uint64_t sample = 0;

	(void)entropy;
	memcpy(&sample, data, MIN(size, sizeof(sample)));
	if (rs == NULL || (rs->flags & RND_FLAG_NO_COLLECT) == 0)
		rumphost_rnd_add(rs, sample, size);
}

void
rnd_add_data_sync(krndsource_t *rs, const void *data, uint32_t size, uint32_t entropy)
{

	rnd_add_data(rs, data, size, entropy);
}
