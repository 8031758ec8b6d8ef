/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where disklabel(5) lies, as on x86: the second sector, with MBR partitions before it.
 */

#ifndef _RUMPHOST_DISKLABEL_H_
#define _RUMPHOST_DISKLABEL_H_

#define LABELUSESMBR	1
#define LABELSECTOR	1
#define LABELOFFSET	0
#define MAXPARTITIONS	16
#define RAW_PART	3

#if __has_include(<sys/bootblock.h>)
#include <sys/bootblock.h>
#endif

#if __has_include(<sys/dkbad.h>)
#include <sys/dkbad.h>

struct cpu_disklabel {
#define __HAVE_DISKLABEL_DKBAD
	struct dkbad	bad;
};
#else
struct cpu_disklabel {
	int		unused;
};
#endif

#endif /* !_RUMPHOST_DISKLABEL_H_ */
