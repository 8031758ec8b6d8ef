/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameters of the machine, included by <sys/param.h>.
 */

#ifndef _RUMPHOST_PARAM_H_
#define _RUMPHOST_PARAM_H_

#ifdef _KERNEL
#include <machine/cpu.h>
#endif

#define _MACHINE	rumphost
#define MACHINE		"rumphost"
#if defined(__x86_64__)
#define _MACHINE_ARCH	x86_64
#define MACHINE_ARCH	"x86_64"
#define MID_MACHINE	MID_X86_64
#elif defined(__aarch64__)
#define _MACHINE_ARCH	aarch64
#define MACHINE_ARCH	"aarch64"
#define MID_MACHINE	MID_AARCH64
#else
#error "rumphost: only x86-64 and aarch64 hosts"
#endif

#define ALIGNED_POINTER(p, t)	1
#define ALIGNED_POINTER_LOAD(q, p, t)	memcpy((q), (p), sizeof(t))

/* Pages */
#define PGSHIFT		12
#define NBPG		(1 << PGSHIFT)
#define PGOFSET		(NBPG - 1)
#define btop(x)		((unsigned long)(x) >> PGSHIFT)
#define ptob(x)		((unsigned long)(x) << PGSHIFT)

/* Disks */
#define DEV_BSHIFT	9
#define DEV_BSIZE	(1 << DEV_BSHIFT)
#define BLKDEV_IOSIZE	2048
#ifndef MAXPHYS
#define MAXPHYS		(64 * 1024)
#endif

/* An lwp's stack */
#define UPAGES		16
#define USPACE		(UPAGES * NBPG)

#ifndef MSGBUFSIZE
#define MSGBUFSIZE	(8 * NBPG)
#endif

/* mbufs */
#ifndef MSIZE
#define MSIZE		512
#endif
#ifndef MCLSHIFT
#define MCLSHIFT	11
#endif
#define MCLBYTES	(1 << MCLSHIFT)

#define NKMEMPAGES_MIN_DEFAULT	((8 * 1024 * 1024) >> PGSHIFT)
#define NKMEMPAGES_MAX_DEFAULT	((1024 * 1024 * 1024) >> PGSHIFT)

#endif /* !_RUMPHOST_PARAM_H_ */
