/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psref(9)
 */

#ifndef _SYS_PSREF_H_
#define _SYS_PSREF_H_

#include <sys/types.h>

struct cpu_info;
struct psref_class;

/* What is referred to.  Its fields are psref(9)'s own. */
struct psref_target {
	struct psref_class	*prt_class;
	bool			prt_draining;
};

/* One reference.  Its fields are psref(9)'s own. */
struct psref {
	struct psref			*psref_next;
	struct lwp			*psref_lwp;
	struct cpu_info			*psref_cpu;
	const struct psref_target	*psref_target;
};

#ifdef _KERNEL
struct psref_class *psref_class_create(const char *, int);
void	psref_class_destroy(struct psref_class *);

void	psref_target_init(struct psref_target *, struct psref_class *);
void	psref_target_destroy(struct psref_target *, struct psref_class *);

void	psref_acquire(struct psref *, const struct psref_target *,
	    struct psref_class *);
void	psref_release(struct psref *, const struct psref_target *,
	    struct psref_class *);
void	psref_copy(struct psref *, const struct psref *, struct psref_class *);
bool	psref_held(const struct psref_target *, struct psref_class *);
#endif

#endif /* !_SYS_PSREF_H_ */
