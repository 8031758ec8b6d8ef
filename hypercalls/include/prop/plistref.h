/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): a property list in an ioctl's argument.
 */

#ifndef _PROPLIB_PLISTREF_H_
#define _PROPLIB_PLISTREF_H_

#include <sys/types.h>

struct plistref {
	void	*pref_plist;
	size_t	pref_len;
};

#endif /* !_PROPLIB_PLISTREF_H_ */
