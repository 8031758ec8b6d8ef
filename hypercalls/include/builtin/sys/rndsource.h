/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rnd(9): sources of randomness.
 */

#ifndef _SYS_RNDSOURCE_H_
#define _SYS_RNDSOURCE_H_

#include <sys/types.h>
#include <sys/queue.h>

#define RND_TYPE_UNKNOWN	0
#define RND_TYPE_DISK		1
#define RND_TYPE_NET		2
#define RND_TYPE_TAPE		3
#define RND_TYPE_TTY		4
#define RND_TYPE_RNG		5
#define RND_TYPE_SKEW		6
#define RND_TYPE_ENV		7
#define RND_TYPE_VM		8
#define RND_TYPE_POWER		9
#define RND_TYPE_MAX		9

#define RND_FLAG_NO_ESTIMATE	0x00000100
#define RND_FLAG_NO_COLLECT	0x00000200
#define RND_FLAG_FAST		0x00000400
#define RND_FLAG_HASCB		0x00000800
#define RND_FLAG_COLLECT_TIME	0x00001000
#define RND_FLAG_COLLECT_VALUE	0x00002000
#define RND_FLAG_ESTIMATE_TIME	0x00004000
#define RND_FLAG_ESTIMATE_VALUE	0x00008000
#define RND_FLAG_HASENABLE	0x00010000
#define RND_FLAG_DEFAULT \
	(RND_FLAG_COLLECT_VALUE | RND_FLAG_COLLECT_TIME | RND_FLAG_ESTIMATE_TIME)

#ifdef _KERNEL
typedef struct krndsource {
	LIST_ENTRY(krndsource) list;
	char		name[16];
	uint32_t	type;		/* RND_TYPE_* */
	uint32_t	flags;		/* RND_FLAG_* */
	void		(*get)(size_t, void *);
	void		*getarg;
	void		(*enable)(struct krndsource *, bool);
} krndsource_t;

static inline void
rndsource_setcb(struct krndsource *rs, void (*get)(size_t, void *), void *argument)
{

	rs->get = get;
	rs->getarg = argument;
}

static inline void
rndsource_setenable(struct krndsource *rs, void *enable)
{

	rs->enable = (void (*)(struct krndsource *, bool))enable;
}

void	rnd_attach_source(krndsource_t *, const char *, uint32_t, uint32_t);
void	rnd_detach_source(krndsource_t *);
void	_rnd_add_uint32(krndsource_t *, uint32_t);
void	_rnd_add_uint64(krndsource_t *, uint64_t);
void	rnd_add_uint32(krndsource_t *, uint32_t);
void	rnd_add_data(krndsource_t *, const void *, uint32_t, uint32_t);
void	rnd_add_data_sync(krndsource_t *, const void *, uint32_t, uint32_t);
#endif

#endif /* !_SYS_RNDSOURCE_H_ */
