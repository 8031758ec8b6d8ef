/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcq(9)
 */

#ifndef _SYS_PCQ_H_
#define _SYS_PCQ_H_

#include <sys/kmem.h>

typedef struct pcq pcq_t;

#ifdef _KERNEL
#define PCQ_MAXLEN	(0xffffU)

pcq_t	*pcq_create(size_t, km_flag_t);
void	pcq_destroy(pcq_t *);
bool	pcq_put(pcq_t *, void *);
void	*pcq_peek(pcq_t *);
void	*pcq_get(pcq_t *);
size_t	pcq_maxitems(pcq_t *);
#endif

#endif /* !_SYS_PCQ_H_ */
