/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RUN_ONCE(9).
 */

#ifndef _SYS_ONCE_H_
#define _SYS_ONCE_H_

#include <sys/types.h>

typedef struct {
	int		o_error;	/* what the function returned */
	uint16_t	o_refcnt;	/* INIT_ONCE() less FINI_ONCE() */
	uint16_t	o_status;
#define ONCE_VIRGIN	0
#define ONCE_RUNNING	1
#define ONCE_DONE	2
} once_t;

#define ONCE_DECL(o)	once_t (o) = { .o_status = ONCE_VIRGIN, .o_refcnt = 0 }

int	_run_once(once_t *, int (*)(void));
int	_init_once(once_t *, int (*)(void));
void	_fini_once(once_t *, void (*)(void));

#define RUN_ONCE(o, fn) \
	(__predict_true((o)->o_status == ONCE_DONE) ? (o)->o_error : _run_once((o), (fn)))
#define INIT_ONCE(o, fn)	_init_once((o), (fn))
#define FINI_ONCE(o, fn)	_fini_once((o), (fn))

#endif /* !_SYS_ONCE_H_ */
