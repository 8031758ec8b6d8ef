/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bool, true and false are in <sys/types.h>.
 */

#ifndef _SYS_STDBOOL_H_
#define _SYS_STDBOOL_H_

#include <sys/types.h>

#endif /* !_SYS_STDBOOL_H_ */
