/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutex(9)
 */

#ifndef _SYS_MUTEX_H_
#define _SYS_MUTEX_H_

#include <sys/types.h>

typedef enum kmutex_type_t {
	MUTEX_SPIN = 0,		/* spins whatever its level */
	MUTEX_ADAPTIVE = 1,
	MUTEX_DEFAULT = 2,	/* what its level asks for */
	MUTEX_DRIVER = 3,
	MUTEX_NODEBUG = 4
} kmutex_type_t;

typedef struct kmutex kmutex_t;

#ifdef _KERNEL
#include <sys/intr.h>
#endif
#include <machine/mutex.h>

#ifdef _KERNEL
void	mutex_init(kmutex_t *, kmutex_type_t, int);
void	mutex_destroy(kmutex_t *);

void	mutex_enter(kmutex_t *);
void	mutex_exit(kmutex_t *);
int	mutex_tryenter(kmutex_t *);

void	mutex_spin_enter(kmutex_t *);
void	mutex_spin_exit(kmutex_t *);

int	mutex_owned(const kmutex_t *);
int	mutex_ownable(const kmutex_t *);
lwp_t	*mutex_owner(const kmutex_t *);

/* Mutexes that several users share */
kmutex_t *mutex_obj_alloc(kmutex_type_t, int);
void	mutex_obj_hold(kmutex_t *);
bool	mutex_obj_free(kmutex_t *);
u_int	mutex_obj_refcnt(kmutex_t *);
#endif /* _KERNEL */

#endif /* !_SYS_MUTEX_H_ */
