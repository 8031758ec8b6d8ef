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
/* 1 in an allocation, 0 in memory of the arena that is free, -1 elsewhere. */
int rumphost_arena_find(uint64_t address);
uint64_t rumphost_arena_in_use(void);
/* Live allocations of an owner (all for UINT32_MAX); returns how many there are. */
uint64_t rumphost_arena_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max);
uint64_t rumphost_arena_release_owner(uint32_t owner);

/* guard.c */
enum { RUMPHOST_GUARD_PLACES = 12 };
enum {
	RUMPHOST_GUARD_BOUNDS = 1,	/* bytes next to it were written to */
	RUMPHOST_GUARD_TWICE = 2,	/* released once more */
	RUMPHOST_GUARD_WRITTEN = 3	/* written to, by a device, after its release */
};
/* What the guard knows of an allocation.  The places are code addresses, innermost first, up to
 * the first 0. */
struct rumphost_guarded {
	uint64_t address;
	uint64_t size;
	uint64_t site;
	uint32_t owner;
	uint32_t serial;
	int32_t released;
	int32_t seen;			/* rumphost_guard_sweep has told of it */
	int32_t what;			/* RUMPHOST_GUARD_*; 0 when nothing is wrong */
	uint64_t where;			/* address of the byte that it is about */
	uint64_t allocated_at[12];
	uint64_t released_at[12];
};
extern int rumphost_guarding;
/* Have the arena, just started, watched over from now on; 0 or an errno.  Moves cpu->chunks to
 * where drivers see them. */
int rumphost_guard_start(void);
void rumphost_guard_stop(void);
/* What an address belongs to, or did last; returns 0 when that is nothing. */
int rumphost_guard_find(uint64_t address, struct rumphost_guarded *found);
/* Returns 1 when none of these bytes is out of bounds or released. */
int rumphost_guard_reachable(uint64_t address, uint64_t size);
/* What the guard has found; returns 0 when there is nothing that it has not told. */
int rumphost_guard_reported(struct rumphost_guarded *found);
/* Look at all that is or was an owner's; returns 1 for each of which something is wrong, once. */
int rumphost_guard_sweep(uint32_t owner, struct rumphost_guarded *found);

/* shadow.c */
enum {
	RUMPHOST_SHADOW_FREE = 0xfe,	/* why memory of the arena is out of bounds: not allocated */
	RUMPHOST_SHADOW_RELEASED = 0xfd,
	RUMPHOST_SHADOW_GONE = 0xf5	/* why a stack is: its lwp is gone */
};
extern int rumphost_shadowing;
/* Map the shadow, with that of address 0 at `offset', and keep the arena's from now on; 0 or an
 * errno.  Called when an image that needs it is loaded. */
int rumphost_shadow_start(uint64_t offset);
/* Unmap it: no image that needs it may be loaded any more. */
void rumphost_shadow_stop(void);
/* The allocation nearest to an address, live or released, at most so many bytes off; returns 0
 * when there is none. */
int rumphost_shadow_find(uint64_t address, uint64_t most, struct rumphost_guarded *found);

/* mapping.c */
enum { RUMPHOST_MAPPINGS = 64, RUMPHOST_REGION_LENGTH = 32 };
/* Registers that bus_space(9) has mapped, from `start' of a region; unused with size 0. */
struct rumphost_mapping {
	uint64_t handle;
	uint64_t size;
	uint64_t start;
	char region[32];
};
extern struct rumphost_mapping rumphost_mappings[64];

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

/* guard.c, for arena.c: its functions while rumphost_guarding */
void	*rumphost_guard_allocate(uint64_t size, uint64_t alignment, uint64_t site);
void	rumphost_guard_release(void *address);
uint64_t rumphost_guard_size(void *address);
uint64_t rumphost_guard_in_use(void);
uint64_t rumphost_guard_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max);

/* fiber.c: the return addresses of the lwp that runs, innermost first, up to a 0; `site' where no
 * lwp does. */
void	rumphost_fiber_places(uint64_t *places, int max, uint64_t site);

/* arena.c, for shadow.c: memory that nobody watches over; hidden, so that it is inlined there */
void	*rumphost_arena_take(uint64_t size, uint64_t alignment, uint64_t site)
	    __attribute__((__visibility__("hidden")));
void	rumphost_arena_give(void *address) __attribute__((__visibility__("hidden")));

/* shadow.c, for arena.c: its functions while rumphost_shadowing */
void	*rumphost_shadow_allocate(uint64_t size, uint64_t alignment, uint64_t site);
void	rumphost_shadow_release(void *address);
uint64_t rumphost_shadow_size(void *address);
uint64_t rumphost_shadow_in_use(void);
uint64_t rumphost_shadow_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max);
/* shadow.c, for fiber.c: a whole stack is out of bounds, or (0) nothing of it is. */
void	rumphost_shadow_stack(uint64_t stack, uint64_t size, int why);

/* handover.c, for fiber.c */
int	rumphost_handover_moved(void);
void	rumphost_handover_forget(struct rumphost_lwp *lwp);
int	rumphost_handover_sleep(void *volatile *word, const char *wmesg);
int	rumphost_handover_wake(void *volatile *word);
void	rumphost_fiber_abandon(void *context, uint32_t exit, int sig, uintptr_t address);

#endif
