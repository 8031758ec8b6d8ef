/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workqueue(9).  The queue is the host's; a struct workqueue is its cookie.
 */

#include <sys/param.h>
#include <sys/errno.h>
#include <sys/workqueue.h>

#include "shim.h"

RUMPHOST_UPCALL uint64_t rumphost_workqueue_thread(void *);
void	workqueue_wait(struct workqueue *, struct work *);

/* Where the worker begins; the host calls the queue's function on it. */
uint64_t
rumphost_workqueue_thread(void *cookie)
{

	rumphost_workqueue_serve(cookie);
	return 0;
}

int
workqueue_create(struct workqueue **wq, const char *name,
    void (*function)(struct work *, void *), void *argument, pri_t priority, int ipl,
    int flags)
{

	*wq = rumphost_workqueue_create(name, (void *)(uintptr_t)function, argument, priority,
	    ipl, (flags & WQ_MPSAFE) != 0 ? RUMPHOST_WORKQUEUE_MPSAFE : 0);
	return *wq != NULL ? 0 : ENOMEM;
}

void
workqueue_destroy(struct workqueue *wq)
{

	rumphost_workqueue_destroy(wq);
}

void
workqueue_enqueue(struct workqueue *wq, struct work *wk, struct cpu_info *ci __unused)
{

	rumphost_workqueue_enqueue(wq, wk);
}

void
workqueue_wait(struct workqueue *wq, struct work *wk)
{

	rumphost_workqueue_wait(wq, wk);
}
