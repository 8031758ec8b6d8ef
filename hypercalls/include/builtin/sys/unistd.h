/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing but where to seek from and what to ask access(2).
 */

#ifndef _SYS_UNISTD_H_
#define _SYS_UNISTD_H_

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2

#define F_OK	0
#define X_OK	1
#define W_OK	2
#define R_OK	4

#endif /* !_SYS_UNISTD_H_ */
