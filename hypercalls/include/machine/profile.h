/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No kernel profiling by mcount.
 */

#ifndef _RUMPHOST_PROFILE_H_
#define _RUMPHOST_PROFILE_H_

#define _MCOUNT_DECL	static __inline void _mcount
#define MCOUNT

#endif /* !_RUMPHOST_PROFILE_H_ */
