/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's half of the boundary: fibers, the arena, images.  Ordinary user-space C, compiled
 * once and driven from Python; the drivers' half is the shim one directory up.  Everything here
 * runs in one OS thread and never calls Python.
 *
 * Below the line, only declarations that cffi can read.
 */

#ifndef RUMPHOST_HOST_H
#define RUMPHOST_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "../hypercall.h"

/* -- cffi reads from here -- */

enum { RUMPHOST_MOVED = 0x40000000 };

/* fiber.c */
extern struct rumphost_cpu rumphost_cpu_state;

/* Make a fiber that will call enter(entry, args...); NULL when there is no memory.  `enter' is
 * the image's rumphost_enter. */
struct rumphost_lwp *rumphost_fiber_create(uint64_t enter, uint64_t entry, const uint64_t *args,
    uint64_t stack_size);
/* Tell who a new fiber is. */
void rumphost_fiber_introduce(struct rumphost_lwp *lwp, uint32_t lid, int32_t kind, int32_t ipl,
    const char *name);
/* Of a fiber that has returned: the next run will make the same call once more. */
void rumphost_fiber_again(struct rumphost_lwp *lwp, int32_t ipl);
void rumphost_fiber_destroy(struct rumphost_lwp *lwp);
/* Run until the next exit of this lwp, or of one that it handed over to; returns the exit's number,
 * with RUMPHOST_MOVED when rumphost_handed_over() has something to tell. */
uint32_t rumphost_fiber_run(struct rumphost_lwp *lwp);
/* What the machine's clock says, and how often lwps may hand over before Python's next turn. */
void rumphost_set_clock(uint64_t now_ns, uint32_t handovers);
/* Store at most `max' code addresses, innermost first; returns how many. */
int rumphost_fiber_backtrace(struct rumphost_lwp *lwp, uint64_t *pcs, int max);
/* The table that images get. */
const struct rumphost_host *rumphost_host_table(void);

/* handover.c */
/* Tell of the next lwp that moved by handover; 0 when there is none left.  Sleeping and running
 * ones come first, then the runnable ones in the order of their waking. */
int rumphost_handed_over(struct rumphost_handed *handed);

/* fault.c */
/* Take over SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP on fibers; 0 or an errno. */
int rumphost_fault_start(void);
/* Give them back to whoever had them. */
void rumphost_fault_stop(void);
/* End a fiber that makes no hypercall for so much CPU time; 0 ms: never. */
int rumphost_watchdog_start(uint64_t limit_ms);
void rumphost_watchdog_stop(void);

/* arena.c */
struct rumphost_allocation {
	uint64_t address;
	uint64_t size;
	uint64_t site;
	uint32_t owner;
	uint32_t serial;
};
/* Hand out memory of cpu->chunks from now on; forgets what was there before. */
int rumphost_arena_start(void);
void rumphost_arena_stop(void);
void *rumphost_arena_allocate(uint64_t size, uint64_t alignment, uint64_t site);
void rumphost_arena_release(void *address);
/* Size asked for, or 0 where no allocation starts. */
uint64_t rumphost_arena_size(void *address);
uint64_t rumphost_arena_in_use(void);
/* Live allocations of an owner (all for UINT32_MAX); returns how many there are. */
uint64_t rumphost_arena_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max);
uint64_t rumphost_arena_release_owner(uint32_t owner);

/* image.c */
/* Load a shared object and give it the host's table; NULL on failure, see image_error. */
void *rumphost_image_open(const char *path);
const char *rumphost_image_error(void);
uint64_t rumphost_image_symbol(void *image, const char *name);
void rumphost_image_close(void *image);
/* Bounds of the mapping that holds a code address; 0 when it is in no image. */
uint64_t rumphost_image_base(uint64_t address);

/* -- and no further -- */

/* fiber.c, for fault.c: leave the current fiber from a signal handler's context. */
int	rumphost_on_fiber(uintptr_t sp);
/* fiber.c, for handover.c: from the current fiber to Python, or to another fiber. */
void	rumphost_fiber_leave(struct rumphost_lwp *lwp);
void	rumphost_fiber_hand_over(struct rumphost_lwp *from, struct rumphost_lwp *to);

/* handover.c, for fiber.c */
int	rumphost_handover_moved(void);
void	rumphost_handover_forget(struct rumphost_lwp *lwp);
int	rumphost_handover_sleep(void *volatile *word, const char *wmesg);
int	rumphost_handover_wake(void *volatile *word);
void	rumphost_fiber_abandon(void *context, uint32_t exit, int sig, uintptr_t address);

#endif
