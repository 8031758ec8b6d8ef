/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The older name of <sys/rndsource.h>.
 */

#ifndef _SYS_RND_H_
#define _SYS_RND_H_

#include <sys/rndsource.h>

#endif /* !_SYS_RND_H_ */
