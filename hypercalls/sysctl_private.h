/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RUMPHOST_SYSCTL_PRIVATE_H
#define RUMPHOST_SYSCTL_PRIVATE_H

/* Where a node's value is: in itself, or where its driver said; NULL: it has none. */
void	*rumphost_sysctl_value(struct sysctlnode *);

#endif
