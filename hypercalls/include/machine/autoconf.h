/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing of a port's own configuration is open to drivers.
 */

#ifndef _RUMPHOST_AUTOCONF_H_
#define _RUMPHOST_AUTOCONF_H_

/* Nothing. */

#endif /* !_RUMPHOST_AUTOCONF_H_ */
