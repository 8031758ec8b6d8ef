/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffercache(9) for drivers, and physio(9): transfers that belong to no file, and their completion.
 * There are no files here, and so there is no cache.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/buf.h>
#include <sys/cpu.h>
#include <sys/intr.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include "shim.h"

void	rumphost_buf_load(void);

/* Guards b_oflags and b_done of every transfer, and b_cflags. */
static kmutex_t transfers_lock;

/* What was completed in a hard interrupt and waits for the soft one. */
static TAILQ_HEAD(, buf) completed = TAILQ_HEAD_INITIALIZER(completed);
static void *completion;

static void
complete(buf_t *bp)
{
	void (*callback)(buf_t *);

	mutex_enter(bp->b_objlock);
	if ((bp->b_oflags & BO_DONE) != 0)
		rumphost_misuse("buffercache(9)", "biodone of a transfer that is done already");
	bp->b_oflags |= BO_DONE;
	BIO_SETPRIO(bp, BPRIO_DEFAULT);
	callback = bp->b_iodone;
	bp->b_iodone = NULL;
	if (callback == NULL && (bp->b_flags & B_ASYNC) != 0)
		rumphost_unsupported("buffercache(9)", "an asynchronous transfer of the cache's");
	if (callback == NULL)
		cv_broadcast(&bp->b_done);
	mutex_exit(bp->b_objlock);
	if (callback != NULL) {
		KERNEL_LOCK(1, NULL);
		(*callback)(bp);
		KERNEL_UNLOCK_ONE(NULL);
	}
}

static void
complete_all(void *cookie)
{
	buf_t *bp;
	int s;

	(void)cookie;
	for (;;) {
		s = splvm();
		bp = TAILQ_FIRST(&completed);
		if (bp != NULL)
			TAILQ_REMOVE(&completed, bp, b_actq);
		splx(s);
		if (bp == NULL)
			return;
		complete(bp);
	}
}

/* Called once for an image, when no device is attaching. */
void
rumphost_buf_load(void)
{

	mutex_init(&transfers_lock, MUTEX_DEFAULT, IPL_NONE);
	completion = softint_establish(SOFTINT_BIO | SOFTINT_MPSAFE, complete_all, NULL);
}

void
buf_init(buf_t *bp)
{

	cv_init(&bp->b_busy, "biolock");
	cv_init(&bp->b_done, "biowait");
	bp->b_dev = NODEV;
	bp->b_error = 0;
	bp->b_flags = 0;
	bp->b_cflags = 0;
	bp->b_oflags = 0;
	bp->b_objlock = &transfers_lock;
	bp->b_iodone = NULL;
	BIO_SETPRIO(bp, BPRIO_DEFAULT);
}

void
buf_destroy(buf_t *bp)
{

	cv_destroy(&bp->b_done);
	cv_destroy(&bp->b_busy);
}

buf_t *
getiobuf(struct vnode *vp, bool can_wait)
{
	buf_t *bp;

	if (vp != NULL)
		rumphost_unsupported("buffercache(9)", "getiobuf for a file");
	bp = rumphost_allocate(sizeof(*bp), CACHE_LINE_SIZE, RUMPHOST_CALLER);
	if (bp == NULL) {
		if (can_wait)
			rumphost_panic("getiobuf: out of memory");
		return NULL;
	}
	memset(bp, 0, sizeof(*bp));
	buf_init(bp);
	return bp;
}

void
putiobuf(buf_t *bp)
{

	buf_destroy(bp);
	rumphost_release(bp);
}

void
biodone(buf_t *bp)
{
	int s;

	if (!cpu_intr_p()) {
		complete(bp);
		return;
	}
	s = splvm();
	TAILQ_INSERT_TAIL(&completed, bp, b_actq);
	splx(s);
	softint_schedule(completion);
}

int
biowait(buf_t *bp)
{

	mutex_enter(bp->b_objlock);
	while ((bp->b_oflags & BO_DONE) == 0)
		cv_wait(&bp->b_done, bp->b_objlock);
	mutex_exit(bp->b_objlock);
	return bp->b_error;
}

void
minphys(buf_t *bp)
{

	if (bp->b_bcount > MAXPHYS)
		bp->b_bcount = MAXPHYS;
}

/* Make the caller's buffer header ours, once its last transfer is over. */
static void
take(buf_t *bp)
{

	mutex_enter(&transfers_lock);
	while ((bp->b_cflags & BC_BUSY) != 0) {
		bp->b_cflags |= BC_WANTED;
		cv_wait(&bp->b_busy, &transfers_lock);
	}
	bp->b_cflags |= BC_BUSY;
	mutex_exit(&transfers_lock);
}

static void
give_back(buf_t *bp)
{

	mutex_enter(&transfers_lock);
	if ((bp->b_cflags & BC_WANTED) != 0)
		cv_broadcast(&bp->b_busy);
	bp->b_cflags &= ~(BC_BUSY | BC_WANTED);
	bp->b_flags &= ~(B_PHYS | B_RAW);
	mutex_exit(&transfers_lock);
}

/* One transfer of what is left of an iovec; a short one is the end of the device. */
static int
transfer(void (*strategy)(buf_t *), buf_t *bp, dev_t dev, int flags, void (*limit)(buf_t *),
    struct uio *uio, bool *is_short)
{
	struct iovec *iov = uio->uio_iov;
	size_t done;
	int error, wanted;

	bp->b_dev = dev;
	bp->b_error = 0;
	bp->b_resid = 0;
	bp->b_iodone = NULL;
	bp->b_oflags &= ~BO_DONE;
	bp->b_flags = (u_int)flags | B_PHYS | B_RAW;
	bp->b_proc = &proc0;
	bp->b_blkno = (daddr_t)(uio->uio_offset >> DEV_BSHIFT);
	bp->b_data = iov->iov_base;
	bp->b_bcount = (int)MIN(iov->iov_len, (size_t)MAXPHYS);
	(*limit)(bp);
	wanted = bp->b_bufsize = bp->b_bcount;
	if (wanted <= 0)
		rumphost_misuse("physio(9)", "a minphys function that leaves no bytes to transfer");
	(*strategy)(bp);
	error = biowait(bp);
	if (bp->b_resid < 0 || bp->b_resid > wanted)
		rumphost_misuse("physio(9)", "a transfer that has more bytes left than it had");
	done = (size_t)(wanted - bp->b_resid);
	iov->iov_base = (char *)iov->iov_base + done;
	iov->iov_len -= done;
	uio->uio_resid -= done;
	uio->uio_offset += (off_t)done;
	*is_short = bp->b_resid != 0;
	return error;
}

/*
 * The caller's memory is memory of the host like any other: nothing is to be mapped or wired.  One
 * transfer at a time, in order.
 */
int
physio(void (*strategy)(buf_t *), buf_t *original, dev_t dev, int flags,
    void (*limit)(buf_t *), struct uio *uio)
{
	buf_t *bp = original;
	bool is_short = false;
	int error = 0;

	flags &= B_READ | B_WRITE;
	if (original != NULL)
		take(original);
	else
		bp = getiobuf(NULL, true);
	while (error == 0 && !is_short && uio->uio_iovcnt > 0) {
		if (uio->uio_iov->iov_len == 0) {
			uio->uio_iov++;
			uio->uio_iovcnt--;
		} else
			error = transfer(strategy, bp, dev, flags, limit, uio, &is_short);
	}
	if (original != NULL)
		give_back(original);
	else
		putiobuf(bp);
	return error;
}
