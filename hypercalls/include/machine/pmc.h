/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No performance-monitoring counters.
 */

#ifndef _RUMPHOST_PMC_H_
#define _RUMPHOST_PMC_H_

/* Nothing. */

#endif /* !_RUMPHOST_PMC_H_ */
