/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cprng(9): random numbers.
 */

#ifndef _SYS_CPRNG_H_
#define _SYS_CPRNG_H_

#ifdef _KERNEL
#include <sys/types.h>

#define CPRNG_MAX_LEN	524288

#define CPRNG_INIT_ANY	0x01
#define CPRNG_REKEY_ANY	0x02
#define CPRNG_USE_CV	0x04
#define CPRNG_HARD	0x08

typedef struct cprng_strong cprng_strong_t;

extern cprng_strong_t	*kern_cprng;
extern cprng_strong_t	*user_cprng;

cprng_strong_t *cprng_strong_create(const char *, int, int);
void	cprng_strong_destroy(cprng_strong_t *);
size_t	cprng_strong(cprng_strong_t *, void *, size_t, int);

static inline uint32_t
cprng_strong32(void)
{
	uint32_t r;

	cprng_strong(kern_cprng, &r, sizeof(r), 0);
	return r;
}

static inline uint64_t
cprng_strong64(void)
{
	uint64_t r;

	cprng_strong(kern_cprng, &r, sizeof(r), 0);
	return r;
}

size_t	cprng_fast(void *, size_t);
uint32_t cprng_fast32(void);
uint64_t cprng_fast64(void);
#endif

#endif /* !_SYS_CPRNG_H_ */
