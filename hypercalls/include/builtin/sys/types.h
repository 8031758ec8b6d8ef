/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The basic types of the kernel.
 */

#ifndef _SYS_TYPES_H_
#define _SYS_TYPES_H_

#include <sys/featuretest.h>
#include <machine/types.h>
#include <sys/ansi.h>

/* Of an exact width */
typedef __int8_t	int8_t;
typedef __int16_t	int16_t;
typedef __int32_t	int32_t;
typedef __int64_t	int64_t;
typedef __uint8_t	uint8_t;
typedef __uint16_t	uint16_t;
typedef __uint32_t	uint32_t;
typedef __uint64_t	uint64_t;
typedef __uint8_t	u_int8_t;
typedef __uint16_t	u_int16_t;
typedef __uint32_t	u_int32_t;
typedef __uint64_t	u_int64_t;
typedef __intptr_t	intptr_t;
typedef __uintptr_t	uintptr_t;

/* BSD's and System V's */
typedef unsigned char	u_char;
typedef unsigned short	u_short;
typedef unsigned int	u_int;
typedef unsigned long	u_long;
typedef unsigned char	unchar;
typedef unsigned short	ushort;
typedef unsigned int	uint;
typedef unsigned long	ulong;
typedef int64_t		quad_t;
typedef uint64_t	u_quad_t;
typedef int64_t		longlong_t;
typedef uint64_t	u_longlong_t;

/* ISO C's and POSIX's */
typedef _BSD_CLOCK_T_		clock_t;
typedef _BSD_CLOCKID_T_		clockid_t;
typedef _BSD_PTRDIFF_T_		ptrdiff_t;
typedef _BSD_SIZE_T_		size_t;
typedef _BSD_SSIZE_T_		ssize_t;
typedef _BSD_SUSECONDS_T_	suseconds_t;
typedef _BSD_TIME_T_		time_t;
typedef _BSD_TIMER_T_		timer_t;
typedef _BSD_USECONDS_T_	useconds_t;
#define _SIZE_T

typedef int64_t		blkcnt_t;
typedef int32_t		blksize_t;
typedef int64_t		daddr_t;
typedef uint64_t	dev_t;
typedef uint32_t	fixpt_t;
typedef __fsblkcnt_t	fsblkcnt_t;
typedef __fsfilcnt_t	fsfilcnt_t;
typedef __gid_t		gid_t;
typedef uint32_t	id_t;
typedef int		idtype_t;
typedef uint64_t	ino_t;
typedef long		key_t;
typedef int32_t		lwpid_t;
typedef __mode_t	mode_t;
typedef uint32_t	nlink_t;
typedef __off_t		off_t;
typedef __pid_t		pid_t;
typedef uint64_t	rlim_t;
typedef int32_t		segsz_t;
typedef int32_t		swblk_t;
typedef __uid_t		uid_t;
typedef __in_addr_t	in_addr_t;
typedef __in_port_t	in_port_t;

/* The kernel's own */
typedef unsigned long	cpuid_t;
typedef int		psetid_t;
typedef int		pri_t;
typedef int		mqd_t;
typedef struct kauth_cred *kauth_cred_t;
typedef volatile const void *wchan_t;

#define bool	_Bool
#define true	1
#define false	0
typedef int	boolean_t;
#ifndef TRUE
#define TRUE	1
#endif
#ifndef FALSE
#define FALSE	0
#endif

struct buf;
struct file;
struct lwp;
struct pgrp;
struct proc;
struct rusage;
struct tty;
struct uio;
typedef struct buf	buf_t;
typedef struct file	file_t;
typedef struct lwp	lwp_t;
typedef struct proc	proc_t;

/* Device numbers: 12 bits major, 20 bits minor in two parts */
typedef int32_t		devmajor_t;
typedef int32_t		devminor_t;
#define NODEVMAJOR	(-1)
#define major(d)	((devmajor_t)(((uint32_t)(d) >> 8) & 0xfff))
#define minor(d) \
	((devminor_t)((((uint32_t)(d) >> 12) & 0xfff00) | ((uint32_t)(d) & 0xff)))
#define makedev(maj, min) \
	((dev_t)((((maj) << 8) & 0xfff00) | (((min) << 12) & 0xfff00000) | \
	    ((min) & 0xff)))

#define NBBY	8

#define SET(t, f)	((t) |= (f))
#define ISSET(t, f)	((t) & (f))
#define CLR(t, f)	((t) &= ~(f))

#include <sys/stdint.h>
#include <machine/endian.h>

#endif /* !_SYS_TYPES_H_ */
