/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers have mapped, for debuggers: Python keeps it, and nothing here reads it.
 */

#include "host.h"

struct rumphost_mapping rumphost_mappings[RUMPHOST_MAPPINGS];
