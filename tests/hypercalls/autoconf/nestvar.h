/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two drivers share.
 */

#ifndef _NESTVAR_H_
#define _NESTVAR_H_

struct nestbus_attach_args {
	int	na_slot;
};

#endif /* !_NESTVAR_H_ */
