/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of bpf(4): drivers include it out of habit and use nothing of it.
 */

#ifndef _NET_BPFDESC_H_
#define _NET_BPFDESC_H_

struct bpf_if;

#endif
