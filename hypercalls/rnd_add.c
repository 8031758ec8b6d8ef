/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rnd(9): what newer trees have as a function and older ones inline; so without their header.
 */

#include <sys/types.h>

#include "shim.h"

struct krndsource;

void	_rnd_add_uint32(struct krndsource *, uint32_t);
void	rnd_add_uint32(struct krndsource *, uint32_t);

void
rnd_add_uint32(struct krndsource *source, uint32_t value)
{

	_rnd_add_uint32(source, value);
}
