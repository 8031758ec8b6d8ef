/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No processor status word.
 */

#ifndef _RUMPHOST_PSL_H_
#define _RUMPHOST_PSL_H_

/* Nothing. */

#endif /* !_RUMPHOST_PSL_H_ */
