/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffercache(9), physio(9): what a driver that transfers blocks sees of a transfer.
 */

#ifndef _SYS_BUF_H_
#define _SYS_BUF_H_

#include <sys/types.h>
#include <sys/condvar.h>
#include <sys/mutex.h>
#include <sys/queue.h>
#include <sys/workqueue.h>

struct proc;
struct uio;
struct vnode;

struct buf {
	union {
		TAILQ_ENTRY(buf) u_actq;
		struct work	u_work;
	} b_u;				/* the driver's, while the transfer is its */
#define b_actq	b_u.u_actq
#define b_work	b_u.u_work
	void		(*b_iodone)(struct buf *);	/* called once, in place of a wake-up */
	int		b_error;
	int		b_resid;	/* bytes not transferred */
	u_int		b_flags;	/* B_* */
	int		b_prio;
	int		b_bufsize;
	int		b_bcount;	/* bytes to transfer */
	dev_t		b_dev;
	void		*b_data;
	daddr_t		b_blkno;	/* in the partition, in DEV_BSIZE */
	daddr_t		b_rawblkno;	/* in the volume */
	struct proc	*b_proc;
	void		*b_saveaddr;
	void		*b_private;
	kcondvar_t	b_busy;
	u_int		b_cflags;	/* BC_* */
	struct vnode	*b_vp;
	kcondvar_t	b_done;
	u_int		b_oflags;	/* BO_* */
	kmutex_t	*b_objlock;	/* guards b_done and b_oflags */
};

#define b_cylinder	b_resid

#define BC_BUSY		0x00000010
#define BC_WANTED	0x00800000
#define BO_DONE		0x00000200

#define B_WRITE		0x00000000
#define B_ASYNC		0x00000004
#define B_PHYS		0x00040000
#define B_RAW		0x00080000
#define B_READ		0x00100000
#define B_DEVPRIVATE	0x02000000

#define BUF_ISREAD(bp)	(((bp)->b_flags & B_READ) == B_READ)
#define BUF_ISWRITE(bp)	(((bp)->b_flags & B_READ) == B_WRITE)

#ifdef _KERNEL
#define BPRIO_TIMECRITICAL	2
#define BPRIO_TIMELIMITED	1
#define BPRIO_TIMENONCRITICAL	0
#define BPRIO_DEFAULT		BPRIO_TIMELIMITED
#define BIO_GETPRIO(bp)		((bp)->b_prio)
#define BIO_SETPRIO(bp, prio)	((bp)->b_prio = (prio))
#define BIO_COPYPRIO(to, from)	BIO_SETPRIO(to, BIO_GETPRIO(from))

void	buf_init(buf_t *);
void	buf_destroy(buf_t *);
buf_t	*getiobuf(struct vnode *, bool);
void	putiobuf(buf_t *);
void	biodone(buf_t *);
int	biowait(buf_t *);
void	minphys(buf_t *);
int	physio(void (*)(buf_t *), buf_t *, dev_t, int, void (*)(buf_t *), struct uio *);
#endif

#endif /* !_SYS_BUF_H_ */
