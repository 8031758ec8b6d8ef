/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameters of the system, and macros that everybody uses.
 */

#ifndef _SYS_PARAM_H_
#define _SYS_PARAM_H_

#define BSD		199506
#define BSD4_3		1
#define BSD4_4		1
#define NetBSD		199905
/* The interface that these headers follow. */
#define __NetBSD_Version__	1000000000
#define __NetBSD_Prereq__(major, minor, patch) \
	((major) * 100000000 + (minor) * 1000000 + (patch) * 100 <= \
	    __NetBSD_Version__)

#include <sys/cdefs.h>
#include <sys/null.h>
#include <sys/inttypes.h>
#include <sys/types.h>
#include <sys/syslimits.h>

#define MAXCOMLEN	16
#define MAXINTERP	PATH_MAX
#define MAXLOGNAME	(LOGIN_NAME_MAX - 1)
#define MAXHOSTNAMELEN	256
#define MAXPATHLEN	PATH_MAX
#define MAXSYMLINKS	32
#define NCARGS		ARG_MAX
#define NGROUPS		NGROUPS_MAX
#define NOGROUP		65535
#define NOFILE		OPEN_MAX

#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))

#ifdef _KERNEL
#include <sys/errno.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <uvm/uvm_param.h>
#endif

#include <sys/signal.h>
#include <machine/param.h>
#include <machine/limits.h>

/* Pages, disk blocks, bytes */
#define ctod(x)		((x) << (PGSHIFT - DEV_BSHIFT))
#define dtoc(x)		((x) >> (PGSHIFT - DEV_BSHIFT))
#define ctob(x)		((x) << PGSHIFT)
#define btoc(x)		(((x) + PGOFSET) >> PGSHIFT)
#define dbtob(x)	((x) << DEV_BSHIFT)
#define btodb(x)	((x) >> DEV_BSHIFT)

#ifndef COHERENCY_UNIT
#define COHERENCY_UNIT	64
#endif
#ifndef CACHE_LINE_SIZE
#define CACHE_LINE_SIZE	64
#endif
#ifndef MAXCPUS
#define MAXCPUS		32
#endif

#define ALIGNBYTES	__ALIGNBYTES
#define ALIGN(p)	(((uintptr_t)(p) + ALIGNBYTES) & ~ALIGNBYTES)
#ifndef ALIGNED_POINTER
#define ALIGNED_POINTER(p, t)	((((uintptr_t)(p)) & (sizeof(t) - 1)) == 0)
#endif

/* Priorities of tsleep(9), and flags with them */
#define PSWP	0
#define PVM	4
#define PINOD	8
#define PRIBIO	16
#define PVFS	20
#define PZERO	22
#define PSOCK	24
#define PWAIT	32
#define PLOCK	36
#define PPAUSE	40
#define PUSER	50
#define MAXPRI	127
#define PCATCH		0x100
#define PNORELOCK	0x200

/* Priorities of lwps */
#define PRI_COUNT		224
#define PRI_NONE		(-1)
#define PRI_KERNEL_RT		192
#define NPRI_KERNEL_RT		32
#define MAXPRI_KERNEL_RT	(PRI_KERNEL_RT + NPRI_KERNEL_RT - 1)
#define PRI_USER_RT		128
#define NPRI_USER_RT		64
#define MAXPRI_USER_RT		(PRI_USER_RT + NPRI_USER_RT - 1)
#define PRI_KTHREAD		96
#define NPRI_KTHREAD		32
#define MAXPRI_KTHREAD		(PRI_KTHREAD + NPRI_KTHREAD - 1)
#define PRI_KERNEL		64
#define NPRI_KERNEL		32
#define MAXPRI_KERNEL		(PRI_KERNEL + NPRI_KERNEL - 1)
#define PRI_USER		0
#define NPRI_USER		64
#define MAXPRI_USER		(PRI_USER + NPRI_USER - 1)

#define PRI_SOFTSERIAL	MAXPRI_KERNEL_RT
#define PRI_SOFTNET	(MAXPRI_KERNEL_RT - schedppq * 1)
#define PRI_SOFTBIO	(MAXPRI_KERNEL_RT - schedppq * 2)
#define PRI_SOFTCLOCK	(MAXPRI_KERNEL_RT - schedppq * 3)
#define PRI_XCALL	MAXPRI_KTHREAD
#define PRI_PGDAEMON	(MAXPRI_KTHREAD - schedppq * 1)
#define PRI_VM		(MAXPRI_KTHREAD - schedppq * 2)
#define PRI_IOFLUSH	(MAXPRI_KTHREAD - schedppq * 3)
#define PRI_BIO		(MAXPRI_KTHREAD - schedppq * 4)
#define PRI_IDLE	PRI_USER

#define NBPW		sizeof(int)
#define NODEV		(dev_t)(-1)
#define MAXBSIZE	MAXPHYS

/* Bit maps of bytes */
#define setbit(a, i)	((a)[(i) / NBBY] |= 1 << ((i) % NBBY))
#define clrbit(a, i)	((a)[(i) / NBBY] &= ~(1 << ((i) % NBBY)))
#define isset(a, i)	((a)[(i) / NBBY] & (1 << ((i) % NBBY)))
#define isclr(a, i)	(((a)[(i) / NBBY] & (1 << ((i) % NBBY))) == 0)

/* Counting and rounding */
#define howmany(x, y)	(((x) + ((y) - 1)) / (y))
#define roundup(x, y)	((((x) + ((y) - 1)) / (y)) * (y))
#define rounddown(x, y)	(((x) / (y)) * (y))
#define roundup2(x, m)	((((x) - 1) | ((m) - 1)) + 1)
#define rounddown2(x, m)	((x) & ~((__typeof__(x))((m) - 1)))
#define powerof2(x)	((((x) - 1) & (x)) == 0)

#ifdef _KERNEL
/* Milliseconds and ticks */
#define mstohz(ms) \
	(__predict_false((ms) >= 0x20000) ? \
	    ((ms + 0u) / 1000u) * hz : ((ms + 0u) * hz) / 1000u)
#define hztoms(t) \
	(__predict_false((t) >= 0x20000) ? \
	    ((t + 0u) / hz) * 1000u : ((t + 0u) * 1000u) / hz)

extern const int	schedppq;
extern size_t		coherency_unit;
#endif

#endif /* !_SYS_PARAM_H_ */
