/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter of a device that is always ready; see kfilter_register(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/event.h>

#include "shim.h"

int	filt_seltrue(struct knote *, long);

int
filt_seltrue(struct knote *kn, long hint)
{

	(void)hint;
	kn->kn_data = 0;		/* how much there is to read is not known */
	return 1;
}
