/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the system was started, or is to be: boothowto.
 */

#ifndef _SYS_REBOOT_H_
#define _SYS_REBOOT_H_

#define RB_AUTOBOOT	0
#define RB_ASKNAME	0x00000001
#define RB_SINGLE	0x00000002
#define RB_NOSYNC	0x00000004
#define RB_HALT		0x00000008
#define RB_KDB		0x00000040
#define RB_RDONLY	0x00000080
#define RB_DUMP		0x00000100
#define RB_STRING	0x00000400
#define RB_POWERDOWN	(RB_HALT | 0x800)
#define RB_USERCONF	0x00001000

#define AB_NORMAL	0x00000000
#define AB_QUIET	0x00010000
#define AB_VERBOSE	0x00020000
#define AB_SILENT	0x00040000
#define AB_DEBUG	0x00080000

#endif /* !_SYS_REBOOT_H_ */
