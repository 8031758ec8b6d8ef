/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modes of files.
 */

#ifndef _SYS_STAT_H_
#define _SYS_STAT_H_

#include <sys/types.h>

#define S_IRWXU	0000700
#define S_IRUSR	0000400
#define S_IWUSR	0000200
#define S_IXUSR	0000100
#define S_IRWXG	0000070
#define S_IRGRP	0000040
#define S_IWGRP	0000020
#define S_IXGRP	0000010
#define S_IRWXO	0000007
#define S_IROTH	0000004
#define S_IWOTH	0000002
#define S_IXOTH	0000001

#define S_IFMT	0170000
#define S_IFIFO	0010000
#define S_IFCHR	0020000
#define S_IFDIR	0040000
#define S_IFBLK	0060000
#define S_IFREG	0100000

#endif /* !_SYS_STAT_H_ */
