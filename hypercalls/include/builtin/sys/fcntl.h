/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flags of open(2), as a device's functions see them.
 */

#ifndef _SYS_FCNTL_H_
#define _SYS_FCNTL_H_

#define O_RDONLY	0x00000000
#define O_WRONLY	0x00000001
#define O_RDWR		0x00000002
#define O_ACCMODE	0x00000003
#define O_NONBLOCK	0x00000004
#define O_APPEND	0x00000008
#define O_SHLOCK	0x00000010
#define O_EXLOCK	0x00000020
#define O_ASYNC		0x00000040
#define O_SYNC		0x00000080
#define O_NOFOLLOW	0x00000100
#define O_CREAT		0x00000200
#define O_TRUNC		0x00000400
#define O_EXCL		0x00000800
#define O_NOCTTY	0x00008000
#define O_DIRECTORY	0x00200000
#define O_CLOEXEC	0x00400000

#define FREAD		0x00000001
#define FWRITE		0x00000002
#define FAPPEND		O_APPEND
#define FASYNC		O_ASYNC
#define FNONBLOCK	O_NONBLOCK
#define FNDELAY		O_NONBLOCK
#define O_NDELAY	O_NONBLOCK
#ifdef _KERNEL
#define FFLAGS(oflags)	((oflags) + 1)
#define OFLAGS(fflags)	((fflags) - 1)
#define FKIOCTL		0x80000000
#endif

#endif /* !_SYS_FCNTL_H_ */
