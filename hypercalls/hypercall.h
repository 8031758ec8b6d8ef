/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every crossing between a driver's C and its host: the structures that both sides see, and every
 * hypercall with its contract.  pycparser reads this file; the C stubs and the Python names,
 * numbers and layouts all come from it, so nothing is copied by hand.  README.md has the rules.
 *
 * Only what pycparser understands without a preprocessor may stand below: enums, structures of
 * plain types, and prototypes.  Contracts stand above the prototype: what it does; whether it may
 * block; the IPLs at which it is legal; units; errors (NetBSD's errno values).
 */

#ifndef RUMPHOST_HYPERCALL_H
#define RUMPHOST_HYPERCALL_H

/* == structures == */

enum {
	RUMPHOST_ARGUMENTS = 8,		/* of a hypercall, at most */
	RUMPHOST_UPCALL_ARGUMENTS = 6,	/* of an upcall, at most */
	RUMPHOST_NAME_LENGTH = 32,
	RUMPHOST_WMESG_LENGTH = 16,
	RUMPHOST_HELD_LOCKS = 32,	/* that one lwp holds at once, at most */
	RUMPHOST_CHUNKS = 64		/* of DMA memory, at most */
};

/* Exit numbers that are not hypercalls; hypercalls count from RUMPHOST_EXIT_HYPERCALL. */
enum {
	RUMPHOST_EXIT_RETURN = 0,	/* the lwp's entry point returned; result has its value */
	RUMPHOST_EXIT_UPCALL_DONE = 1,	/* a nested upcall returned; result has its value */
	RUMPHOST_EXIT_FAULT = 2,	/* a signal ended the lwp; fault_* say where */
	RUMPHOST_EXIT_HUNG = 3,		/* the watchdog ended the lwp; fault_* say where */
	RUMPHOST_EXIT_ASLEEP = 4,	/* the lwp has gone to sleep by handover */
	RUMPHOST_EXIT_GUARD = 5,	/* the memory guard ended the lwp, and has a report */
	RUMPHOST_EXIT_HYPERCALL = 16
};

/* What an lwp does when it is run again after a hypercall. */
enum {
	RUMPHOST_RESUME_RESULT = 0,	/* return `result' to the driver */
	RUMPHOST_RESUME_UPCALL = 1	/* call upcall_entry on this stack, then exit UPCALL_DONE */
};

/* Which fast paths are off, so that every crossing is seen. */
enum {
	RUMPHOST_SLOW_BUS = 1,		/* bus_space(9) */
	RUMPHOST_SLOW_DMA = 2,		/* bus_dma(9) */
	RUMPHOST_SLOW_LOCK = 4,		/* mutex(9), rwlock(9), spl(9) */
	RUMPHOST_SLOW_MEMORY = 8,	/* kmem(9), malloc(9), pool(9) */
	RUMPHOST_SLOW_FAULT = 256,	/* what may fail asks whether it shall: fault(4) */
	RUMPHOST_SLOW_USE = 512		/* memory that may have come by DMA is told of where it is used */
};

struct rumphost_lwp {
	void *sp;			/* saved stack pointer while off the CPU */
	uint32_t exit;			/* number of the last exit */
	uint32_t resume;		/* RUMPHOST_RESUME_* */
	uint64_t args[8];		/* of the last hypercall */
	uint64_t result;		/* to the driver, or from an entry point */
	uint64_t upcall_entry;
	uint64_t upcall_args[6];
	uint64_t caller;		/* code address of the hypercall */
	int32_t ipl;			/* current interrupt priority level */
	int32_t spin_count;		/* spin mutexes held */
	int32_t spin_ipl;		/* IPL before the first of them */
	uint32_t held_count;
	uint64_t held[32];		/* addresses of the mutexes held, oldest first */
	uint32_t lid;
	uint32_t owner;			/* whom allocations are booked to: a device's number, or 0 */
	int32_t state;			/* a character: R runnable, O on the CPU, S asleep, Z gone */
	int32_t kind;			/* a character: i interrupt, s softint, t thread */
	char name[32];
	char wmesg[16];
	uint64_t stack;			/* lowest usable address */
	uint64_t stack_size;
	uint64_t fault_pc;
	uint64_t fault_sp;
	uint64_t fault_fp;
	uint64_t fault_address;		/* bit 63 alone: the processor does not tell */
	int32_t fault_signal;
	int32_t fault_write;		/* 1: a store, 0: a load, -1: the processor does not tell */
	int32_t in_fault;
	void *kernel_lwp;		/* the driver's struct lwp, made on demand by the image */
	struct rumphost_lwp *next;	/* all lwps of the process, for debuggers */
	void *volatile *sleeps_on;	/* asleep by handover: the word that names it, or named it */
	struct rumphost_lwp *next_ready; /* handover: woken, and Python does not know yet */
	struct rumphost_lwp *next_moved; /* handover: Python is to be told of it */
	int32_t moved;
};

/* What has become of an lwp by handover; `word' is what it sleeps on. */
struct rumphost_handed {
	uint32_t lid;
	int32_t state;
	void *volatile *word;
	char wmesg[16];
};

struct rumphost_chunk {
	uint64_t address;
	uint64_t size;
	uint64_t bus_address;
};

/* One virtual CPU: what the inline fast paths read. */
struct rumphost_cpu {
	struct rumphost_lwp *running;	/* NULL while Python runs */
	int32_t pending_ipl;		/* highest IPL that waits to run; -1: nothing does */
	uint32_t slow;			/* RUMPHOST_SLOW_* */
	uint64_t now_ns;		/* the machine's clock at the last entry */
	uint64_t boot_ns;		/* wall-clock time of machine time 0, since 1970 */
	struct rumphost_lwp *lwps;	/* list of all */
	uint64_t exits;
	uint32_t chunk_count;
	uint32_t fault_injection;	/* allocations until one fails; 0: never */
	uint32_t handovers;		/* from lwp to lwp, until Python has its turn; 0: none */
	struct rumphost_chunk chunks[64];
};

/* What the host's C gives to each image (shared object) when it is loaded. */
struct rumphost_host {
	struct rumphost_cpu *cpu;
	uint64_t (*trap)(struct rumphost_lwp *lwp);
	/* Memory in the arena; NULL when there is none.  `site' is the code address to blame. */
	void *(*allocate)(uint64_t size, uint64_t alignment, uint64_t site);
	void (*release)(void *address);
	uint64_t (*allocation_size)(void *address);
	/* Handover: threads at IPL_NONE that sleep without a limit and wake one another need no
	 * hypercall for that.  A word that names its only sleeper is an lwp's address; small
	 * numbers are the host's.  Both return 0 when the hypercall is to do it, else 1; `sleep'
	 * once the lwp is awake again. */
	int (*sleep)(void *volatile *word, const char *wmesg);
	int (*wake)(void *volatile *word);
};

/* == hypercalls follow, one banner for each section-9 page == */

/* == panic(9) == */

/* The driver cannot go on.  Never returns; any IPL. */
void rumphost_panic(const char *message);

/* A rule of a kernel interface was broken, found by the shim itself; `page' is "mutex(9)".
 * Never returns; any IPL. */
void rumphost_misuse(const char *page, const char *message);

/* Something that is not in order, but does no harm in any NetBSD kernel: it is reported once for
 * each `site' (the code address of the driver's call), and the driver goes on.  Any IPL. */
void rumphost_finding(const char *page, const char *what, uint64_t site);

/* A kernel interface, or a corner of one, that is not implemented.  Never returns; any IPL. */
void rumphost_unsupported(const char *page, const char *what);

/* == autoconf(9) == */

/* Tell of one attachment of the image: its struct cfdata, whose driver attaches to the interface
 * attribute `attribute'.  `match' is its ca_match.  At load time only. */
void rumphost_autoconf_cfdata(void *cf, const char *driver, const char *attachment,
    const char *attribute, void *match);

/* Tell that devices of `driver' carry an interface attribute.  At load time only. */
void rumphost_autoconf_attribute(const char *driver, const char *attribute);

/* Make a root device known: a bus that the host itself puts there.  May not block; IPL_NONE. */
void rumphost_autoconf_root(void *dev, const char *xname, const char *driver);

/* Find the attachment that matches best among those for `attribute' (NULL: any that the parent
 * carries).  `submatch' or `search' (int (*)(device_t, cfdata_t, const int *, void *)) is asked
 * instead of ca_match when not NULL; with `search' the first that answers is not the last.
 * Returns its struct cfdata, or NULL.  May block; IPL_NONE. */
void *rumphost_autoconf_search(void *parent, const char *attribute, const void *locators,
    void *aux, void *submatch);

/* Attach a device with the attachment `cf': give it a unit number, announce it (`print' adds
 * its place), call ca_attach.  `parent' NULL: a pseudo-device.  Returns the device, or NULL.
 * May block; IPL_NONE. */
void *rumphost_autoconf_attach(void *parent, void *cf, const void *locators, void *aux,
    void *print);

/* Detach a device; `flags' are DETACH_*.  May block; IPL_NONE.  Errors: EOPNOTSUPP, ENOENT,
 * and what ca_detach returns. */
int rumphost_autoconf_detach(void *dev, int32_t flags);

/* Detach all children of a device, youngest first; stops at the first that refuses. */
int rumphost_autoconf_detach_children(void *dev, int32_t flags);

/* When rumphost_autoconf_defer's functions are called. */
enum {
	RUMPHOST_DEFER_PARENT = 0,	/* config_defer: once the parent is attached */
	RUMPHOST_DEFER_INTERRUPTS = 1,	/* config_interrupts */
	RUMPHOST_DEFER_MOUNTROOT = 2,	/* config_mountroot */
	RUMPHOST_DEFER_FINALIZE = 3	/* config_finalize_register: until it returns 0 */
};

/* Call `function' with the device later.  Any IPL up to IPL_NONE; does not block. */
void rumphost_autoconf_defer(void *dev, void *function, int32_t stage);

/* Add `change' (1 or -1) to what configuration has to wait for.  Does not block. */
void rumphost_autoconf_pending(void *dev, int32_t change);

/* == bus_dma(9) == */

/* None of these blocks; any IPL.  The shim itself loads, synchronises and unloads memory of the
 * arena, unless RUMPHOST_SLOW_DMA is set. */

/* Book a map that the shim has allocated; `site' is the code address to blame for it. */
void rumphost_bus_dmamap_create(void *map, uint64_t size, int32_t segments,
    uint64_t maximum_segment, uint64_t boundary, int32_t flags, uint64_t site);

/* Unbook a map, unloading it. */
void rumphost_bus_dmamap_destroy(void *map, uint64_t site);

/* Load `count' pairs {address, length} (uint64_t) of kernel memory, or of bus addresses when
 * `raw', into the map; write pairs {bus address, length} to `segments'.  `limits' points to
 * {lowest, highest bus address of the tag, maximum segment size now}, `flags' are BUS_DMA_*.
 * Returns the number of segments, or a negative errno: EFBIG (more than the map has), EINVAL (no
 * DMA memory), ENOMEM (nowhere to bounce). */
int rumphost_bus_dmamap_load(void *map, void *segments, const void *pieces, uint32_t count,
    const void *limits, int32_t flags, int32_t raw, uint64_t site);

/* The driver gives up what rumphost_bus_dmamap_load loaded. */
void rumphost_bus_dmamap_unload(void *map, uint64_t site);

/* Synchronise a part of what rumphost_bus_dmamap_load loaded, which the shim has found to be
 * inside; `operations' are BUS_DMASYNC_*. */
void rumphost_bus_dmamap_sync(void *map, uint64_t offset, uint64_t length, int32_t operations,
    uint64_t site);

/* The shim has found a map used wrongly.  Does not return if that is `fatal'; else it is a
 * finding. */
void rumphost_bus_dmamap_wrong(void *map, const char *what, int32_t fatal, uint64_t site);

/* Memory that a driver may have got by DMA goes up to its class's users.  Called when
 * RUMPHOST_SLOW_USE is set only. */
void rumphost_bus_dma_used(const void *address, uint64_t length);

/* Book DMA-safe memory: `size' bytes at `address', in the arena's allocation `allocation'; its bus
 * address is a multiple of `alignment'. */
void rumphost_bus_dmamem_alloc(void *allocation, void *address, uint64_t bus_address,
    uint64_t size, uint64_t alignment, uint64_t site);

/* Unbook it; returns `allocation', to be released.  `site' is who is told of if it is mapped. */
void *rumphost_bus_dmamem_free(uint64_t bus_address, uint64_t site);

/* Map `size' bytes from a bus address on; NULL: not DMA-safe memory, or more than there is.
 * `flags' are BUS_DMA_*. */
void *rumphost_bus_dmamem_map(uint64_t bus_address, uint64_t size, int32_t flags);

/* Undo rumphost_bus_dmamem_map. */
void rumphost_bus_dmamem_unmap(void *address, uint64_t size);

/* == bus_space(9) == */

/* A handle is an address.  That of a region that is mapped into the process is where its registers
 * are; that of any other is negative (as int64_t), which no address of a process is, and each
 * access to it is one of these hypercalls.  Widths are 1, 2, 4 or 8 bytes.  They do not block and
 * are legal at any IPL, unless a contract says otherwise.  `space' is 0 memory, 1 I/O ports. */

/* Map bus addresses for access; `*handle' is set.  Errors: EINVAL, ENOENT (nobody answers
 * there), EAGAIN (mapped already), EOPNOTSUPP (linear, but not directly mapped).  `flags' are
 * BUS_SPACE_MAP_*. */
int rumphost_bus_space_map(int32_t space, uint64_t address, uint64_t size, int32_t flags,
    void *handle);

/* Undo rumphost_bus_space_map: same handle, same size. */
void rumphost_bus_space_unmap(int32_t space, uint64_t handle, uint64_t size);

/* Take bus addresses at which nobody answers, and map them.  `wanted' points to {first, last
 * address, size, alignment, boundary} (uint64_t); `*address' and `*handle' are set.  Errors:
 * EINVAL, EAGAIN (none are free), EOPNOTSUPP (linear). */
int rumphost_bus_space_alloc(int32_t space, const void *wanted, int32_t flags, void *address,
    void *handle);

/* Check that a part lies within a mapping; the handle of the part is handle + offset. */
void rumphost_bus_space_subregion(uint64_t handle, uint64_t offset, uint64_t size);

/* Return a register's value. */
uint64_t rumphost_bus_space_read(uint64_t handle, uint64_t offset, uint32_t width);

/* Write a register; may be posted. */
void rumphost_bus_space_write(uint64_t handle, uint64_t offset, uint32_t width, uint64_t value);

/* Read one register `count' times into an array of items of `width' bytes. */
void rumphost_bus_space_read_multi(uint64_t handle, uint64_t offset, uint32_t width, void *items,
    uint64_t count);

/* Write `count' items to one register. */
void rumphost_bus_space_write_multi(uint64_t handle, uint64_t offset, uint32_t width,
    const void *items, uint64_t count);

/* Read `count' successive registers. */
void rumphost_bus_space_read_region(uint64_t handle, uint64_t offset, uint32_t width, void *items,
    uint64_t count);

/* Write `count' successive registers. */
void rumphost_bus_space_write_region(uint64_t handle, uint64_t offset, uint32_t width,
    const void *items, uint64_t count);

/* Order accesses: with the read flag, posted writes have reached the device on return. */
void rumphost_bus_space_barrier(uint64_t handle, uint64_t offset, uint64_t size, int32_t flags);

/* == callout(9) == */

/*
 * A callout's first word (uint32_t) is shared: the host sets and clears the bits below as the
 * callout is scheduled, fires and is stopped; the shim reads them, and clears FIRED and INVOKING.
 */
enum {
	RUMPHOST_CALLOUT_PENDING = 0x2,
	RUMPHOST_CALLOUT_FIRED = 0x4,
	RUMPHOST_CALLOUT_INVOKING = 0x8,
	RUMPHOST_CALLOUT_MPSAFE = 0x100	/* of `flags' below: runs without the kernel lock */
};

/* The callout is new; one that is pending at this address must not be.  Any IPL. */
void rumphost_callout_init(void *callout);

/* Call function(argument) at the `ticks'th tick of hz from now, at IPL_SOFTCLOCK, in place of
 * what was pending.  Any IPL. */
void rumphost_callout_schedule(void *callout, int32_t ticks, void *function, void *argument,
    uint32_t flags);

/* Take a pending callout off.  Any IPL. */
void rumphost_callout_stop(void *callout);

/* As stop; returns 1 if its function runs on another lwp right now, so that the caller has to
 * let go of its interlock (or NULL) and wait.  Not from a hard interrupt. */
int rumphost_callout_halt(void *callout, void *interlock);

/* Block until the callout's function has returned.  Not from a hard interrupt. */
void rumphost_callout_wait(void *callout);

/* It must be neither pending nor running on another lwp.  Any IPL. */
void rumphost_callout_destroy(void *callout);

/* == condvar(9) == */

/*
 * The first word (uint64_t) of a condition variable is the number of lwps that wait on it; the
 * host writes it.
 */

/* Wait on `cv', having released the mutex: when `mutex' is not NULL others wait for it and the
 * host hands it on.  `ticks' of hz, or else `duration_ns', limit the wait; 0: no limit.
 * `interruptible' waits may end with EINTR.  Blocks, so only threads, without spin mutexes; a
 * raised IPL is allowed, and holds again afterwards.  Returns 0, EWOULDBLOCK or EINTR. */
int rumphost_cv_wait(void *cv, void *mutex, const char *wmesg, int32_t ticks,
    uint64_t duration_ns, int32_t interruptible);

/* Wake the lwp that has waited longest.  Any IPL. */
void rumphost_cv_signal(void *cv);

/* Wake all.  Any IPL. */
void rumphost_cv_broadcast(void *cv);

/* Lwps still wait on a condition variable that is being destroyed: does not return. */
void rumphost_cv_destroy(void *cv);

/* == console: printf(9) == */

/* Which function of printf(9) wrote it; the order of Level in kernel/console.py. */
enum {
	RUMPHOST_CONSOLE_NORMAL = 0,	/* printf, aprint_normal */
	RUMPHOST_CONSOLE_NAIVE = 1,
	RUMPHOST_CONSOLE_VERBOSE = 2,
	RUMPHOST_CONSOLE_DEBUG = 3,
	RUMPHOST_CONSOLE_ERROR = 4,
	RUMPHOST_CONSOLE_LOG = 5	/* log */
};

/* Write a piece of text: part of a line, or several.  `device' is the device_t that it is about, or
 * NULL.  Any IPL; does not block. */
void rumphost_console_write(int32_t level, void *device, const char *text);

/* == cprng(9), rnd(9) == */

/* Fill a buffer with bytes of the host's seeded generator.  Any IPL; does not block. */
void rumphost_cprng_bytes(void *buffer, uint64_t size);

/* A source of randomness comes, under a name, of type RND_TYPE_*.  Does not block. */
void rumphost_rnd_attach(void *source, const char *name, uint32_t type, uint32_t flags);

/* The source goes. */
void rumphost_rnd_detach(void *source);

/* A sample from a source (NULL: from nowhere).  Any IPL; does not block. */
void rumphost_rnd_add(void *source, uint64_t sample, uint32_t size);

/* == delay(9), time == */

/* Keep the CPU for this long, except for interrupts above the caller's IPL.  Any IPL. */
void rumphost_delay(uint32_t microseconds);

/* == evcnt(9) == */

/* An event counter comes; `count' is the address of its uint64_t.  Any IPL; does not block. */
void rumphost_evcnt_attach(void *ev, const void *count, int32_t type, const char *group,
    const char *name);

/* It goes. */
void rumphost_evcnt_detach(void *ev);

/* == fault(4) == */

/* Somebody asks for what a kernel may refuse: `what' is one of rumphost/faults.py's REFUSALS,
 * `name' a pool's, or NULL.  Returns 1 to have it fail.  `may_sleep': the caller would rather wait,
 * and so gets a failure only if one was asked for explicitly.  `site' is the caller's code address.
 * Called when RUMPHOST_SLOW_FAULT is set only.  Any IPL; does not block. */
int rumphost_fault_inject(const char *what, const char *name, uint64_t size, int32_t may_sleep,
    uint64_t site);

/* == firmload(9) == */

/* Open the firmware image `name' of `driver'; `*handle' is set.  May block; IPL_NONE.  Errors:
 * ENOENT, EINVAL (a name that leaves its directory). */
int rumphost_firmware_open(const char *driver, const char *name, void *handle);

/* Close it. */
int rumphost_firmware_close(uint64_t handle);

/* Return its size in bytes. */
int64_t rumphost_firmware_size(uint64_t handle);

/* Copy `size' bytes from `offset' on.  Errors: EINVAL (beyond the end). */
int rumphost_firmware_read(uint64_t handle, uint64_t offset, void *buffer, uint64_t size);

/* == ifnet(9) == */

/*
 * Frames cross in batches, without FCS and with their 802.1Q tag in place: `count' lengths
 * (uint32_t), and the frames one after the other elsewhere.
 */

/*
 * What the host reads of a struct ifnet.  rumphost_ifnet_attach gives, in this order, pairs
 * {address, size in bytes} (uint64_t) of the members.
 */
enum {
	RUMPHOST_IFNET_FLAGS = 0,	/* IFF_* */
	RUMPHOST_IFNET_MTU = 1,
	RUMPHOST_IFNET_LINK_STATE = 2,	/* LINK_STATE_* */
	RUMPHOST_IFNET_BAUDRATE = 3,	/* bits/s */
	RUMPHOST_IFNET_CAPABILITIES = 4,	/* IFCAP_* */
	RUMPHOST_IFNET_CAPENABLE = 5,
	RUMPHOST_IFNET_TIMER = 6,	/* seconds until the watchdog */
	RUMPHOST_IFNET_SND_LENGTH = 7,	/* frames on the output queue */
	RUMPHOST_IFNET_SND_DROPS = 8,
	RUMPHOST_IFNET_IPACKETS = 9,
	RUMPHOST_IFNET_IERRORS = 10,
	RUMPHOST_IFNET_OPACKETS = 11,
	RUMPHOST_IFNET_OERRORS = 12,
	RUMPHOST_IFNET_COLLISIONS = 13,
	RUMPHOST_IFNET_IBYTES = 14,
	RUMPHOST_IFNET_OBYTES = 15,
	RUMPHOST_IFNET_IMCASTS = 16,
	RUMPHOST_IFNET_OMCASTS = 17,
	RUMPHOST_IFNET_IQDROPS = 18,
	RUMPHOST_IFNET_NOPROTO = 19,
	RUMPHOST_IFNET_MEMBERS = 20
};

/*
 * Words (uint32_t) at the start of the memory through which the host sends.  The lengths of a
 * batch follow at RUMPHOST_IFNET_LENGTHS, its frames at RUMPHOST_IFNET_FRAMES.
 */
enum {
	RUMPHOST_IFNET_OUTSTANDING = 0,	/* the shim: frames that the driver has not freed yet */
	RUMPHOST_IFNET_WANT_ROOM = 4,	/* the host: tell when these are half or fewer */
	RUMPHOST_IFNET_LENGTHS = 64,
	RUMPHOST_IFNET_FRAMES = 2048,
	RUMPHOST_IFNET_BATCH = 256,	/* frames, at most */
	RUMPHOST_IFNET_OUTPUT_SIZE = 262144
};

/* What the upcall rumphost_ifnet_ioctl(ifp, command, a, b) does; it returns 0 or an errno.  Link-level
 * addresses are the low 48 bits, first byte highest. */
enum {
	RUMPHOST_IFNET_SET_FLAGS = 0,	/* set IFF_* a, clear IFF_* b */
	RUMPHOST_IFNET_SET_MTU = 1,	/* to a */
	RUMPHOST_IFNET_SET_PROMISC = 2,	/* one more (a 1) or fewer (a 0) who wants all frames */
	RUMPHOST_IFNET_ADD_MULTI = 3,	/* a: link-level address */
	RUMPHOST_IFNET_DEL_MULTI = 4,
	RUMPHOST_IFNET_SET_MEDIA = 5,	/* to the media word a */
	RUMPHOST_IFNET_GET_MEDIA = 6,	/* a: where b words (int32_t) may go: current, mask,
					 * status, active, count, and the words there are */
	RUMPHOST_IFNET_SET_CAPENABLE = 7,	/* to IFCAP_* a */
	RUMPHOST_IFNET_SET_ADDRESS = 8,	/* a: link-level address */
	RUMPHOST_IFNET_INIT_ADDRESS = 9,	/* a: IPv4 address, first byte highest */
	RUMPHOST_IFNET_SET_VLAN = 10,	/* a: 802.1Q identifier, b: 1 comes, 0 goes */
	RUMPHOST_IFNET_ZERO_COUNTERS = 11
};

/* An interface comes.  Thread context; does not block. */
void rumphost_ifnet_attach(void *ifp, const char *name, const void *members);

/* Its link-level address is this now. */
void rumphost_ifnet_address(void *ifp, const void *address, uint32_t length);

/* It goes.  Blocks until no lwp of the host's is at work in it. */
void rumphost_ifnet_detach(void *ifp);

/* The link's state is now LINK_STATE_*.  Any IPL; does not block. */
void rumphost_ifnet_link(void *ifp, int32_t state);

/* An 802.11 interface tells of an event, RTM_IEEE80211_*, with its struct.  Any IPL; does not
 * block. */
void rumphost_ifnet_event(void *ifp, int32_t what, const void *data, uint32_t size);

/* Frames have come in.  IPL_SOFTNET; does not block. */
void rumphost_ifnet_input(void *ifp, const void *lengths, const void *frames, uint32_t count,
    uint32_t size);

/* Block until the host has put a batch of frames into `buffer' to be sent; returns how many, or -1
 * when the interface goes.  `limit' is how many frames the driver may be given in all.  Only from
 * the lwp that the host started on rumphost_ifnet_serve. */
int rumphost_ifnet_output(void *ifp, void *buffer, uint32_t limit);

/* The host wanted room, and there is room.  Any IPL; does not block. */
void rumphost_ifnet_room(void *ifp);

/* == bpf(4) == */

/* A tap comes: while the host captures, it lets the pointer at `where' be `bpf', else NULL.  `dlt'
 * is DLT_*.  Does not block. */
void rumphost_bpf_attach(void *bpf, void *ifp, void *where, uint32_t dlt);

/* Its frames are of another type now. */
void rumphost_bpf_change_type(void *bpf, uint32_t dlt);

/* It goes. */
void rumphost_bpf_detach(void *bpf);

/* Captured frames: for each {time in ns, length, direction: 1 in, 2 out} of uint64_t, uint32_t,
 * uint32_t; and the frames one after the other elsewhere.  `dropped' were lost for want of memory.
 * Any IPL; does not block. */
void rumphost_bpf_capture(void *bpf, const void *records, const void *frames, uint32_t count,
    uint32_t size, uint32_t dropped);

/* == KERNEL_LOCK == */

/* Acquire the big lock `count' times more.  May block in a thread that does not hold it yet. */
void rumphost_kernel_lock(int32_t count);

/* Release it `count' times; 0: as often as it is held; -1: the last time.  Returns how often it
 * was held. */
int rumphost_kernel_unlock(int32_t count);

/* Returns 1 if the caller holds it. */
int rumphost_kernel_locked(void);

/* == kmem(9), malloc(9), pool_cache(9) == */

/* Memory was allocated for `page'.  Returns 1 to have it fail after all; not asked of a caller that
 * may wait.  Called when RUMPHOST_SLOW_MEMORY is set only.  Any IPL; does not block. */
int rumphost_kmem_allocated(const char *page, void *address, uint64_t size, int32_t may_wait);

/* Memory is about to be released.  Called when RUMPHOST_SLOW_MEMORY is set only. */
void rumphost_kmem_released(const char *page, void *address);

/* Memory was released wrongly; `message' says how.  Never returns; any IPL. */
void rumphost_kmem_misuse(const char *page, const char *message, void *address);

/* == kthread(9) == */

enum {
	RUMPHOST_KTHREAD_MPSAFE = 1,
	RUMPHOST_KTHREAD_MUSTJOIN = 2
};

/* Make a thread that calls the shim's rumphost_kthread_start(function, argument, l); `l' is its
 * struct lwp, by which it is joined.  Does not block.  Returns 0 or EAGAIN. */
int rumphost_kthread_create(void *function, void *argument, void *l, const char *name,
    int32_t priority, uint32_t flags);

/* End the calling thread; never returns.  IPL_NONE, no locks held. */
void rumphost_kthread_exit(int32_t code);

/* Block until a MUSTJOIN thread has exited. */
void rumphost_kthread_join(void *l);

/* == mutex(9) == */

/*
 * A mutex's first word (uint64_t) is 0 when free, else its owner's struct rumphost_lwp address, or'ed
 * with RUMPHOST_MUTEX_WAITERS when lwps sleep for it.  An uncontended operation happens in the shim
 * alone, unless RUMPHOST_SLOW_LOCK is set; the shim keeps held[], spin_count and ipl.
 */
enum {
	RUMPHOST_MUTEX_WAITERS = 1
};

/* What rumphost_lock_init is told of. */
enum {
	RUMPHOST_LOCK_ADAPTIVE = 0,
	RUMPHOST_LOCK_SPIN = 1,
	RUMPHOST_LOCK_RW = 2
};

/* A mutex or a read/write lock is new; `ipl' is a mutex's level, `site' the code address of who
 * initialised it.  Called when RUMPHOST_SLOW_LOCK is set only.  Any IPL; does not block. */
void rumphost_lock_init(void *lock, int32_t kind, int32_t ipl, uint64_t site);

/* Acquire an adaptive mutex.  May block; not from a hard interrupt, nor with a spin mutex held. */
void rumphost_mutex_enter(void *mutex);

/* Returns 1 if an adaptive or spin mutex was free and is now the caller's.  Does not block. */
int rumphost_mutex_tryenter(void *mutex);

/* Release an adaptive mutex, handing it to the lwp that has waited longest.  Does not block. */
void rumphost_mutex_exit(void *mutex);

/* Acquire a spin mutex of `ipl'; the caller's IPL was `old_ipl' and has been raised.  On one CPU it
 * can not be busy but by mistake.  Any IPL. */
void rumphost_mutex_spin_enter(void *mutex, int32_t ipl, int32_t old_ipl);

/* Release a spin mutex.  Any IPL. */
void rumphost_mutex_spin_exit(void *mutex);

/* The mutex must not be held.  Any IPL. */
void rumphost_mutex_destroy(void *mutex);

/* == options(4): KASAN, KUBSAN == */

/* An access that the address sanitizer does not allow is about to be made to `size' bytes.
 * Returns only if the driver `goes_on' and makes it.  Any IPL; does not block. */
void rumphost_kasan(uint64_t address, uint64_t size, int32_t is_write, int32_t goes_on);

/* What C does not define is about to be done at this place in the source; told once for each.  Any
 * IPL; does not block. */
void rumphost_kubsan(const char *what, const char *file, uint32_t line, uint32_t column);

/* == pci(9) == */

/* A tag is bus << 16 | device << 11 | function << 8.  None of these blocks; any IPL. */

/* Return 32 bits of configuration space; all ones where no function is. */
uint32_t rumphost_pci_conf_read(uint32_t tag, int32_t offset);

/* Write 32 bits of configuration space. */
void rumphost_pci_conf_write(uint32_t tag, int32_t offset, uint32_t value);

/* Return the offset of a capability, or 0; `extended' looks into the extended list. */
int rumphost_pci_capability(uint32_t tag, int32_t id, int32_t extended);

/* Tell address, size and BUS_SPACE_MAP_* flags of the base address register at the configuration
 * offset `reg' in `information' (three of uint64_t).  `type' is what the driver takes it for, as
 * in pci_mapreg_info(9); all ones: anything.  Returns 0, or 1: no such register, or of another
 * type. */
int rumphost_pci_mapreg_info(uint32_t tag, int32_t reg, uint32_t type, void *information);

/* Return the tag of the machine's `index'-th function, or -1. */
int64_t rumphost_pci_function(int32_t index);

/* What rumphost_pci_name names. */
enum {
	RUMPHOST_PCI_VENDOR = 0,
	RUMPHOST_PCI_PRODUCT = 1,	/* "Intel 82540EM Ethernet Controller" */
	RUMPHOST_PCI_CLASS = 2		/* " (ethernet network, revision 0x03)" */
};

/* Write the name of a function by its ID and class registers; cut to `size' bytes with the NUL. */
void rumphost_pci_name(int32_t what, uint32_t id, uint32_t class_register, void *buffer,
    uint64_t size);

/* == pci_intr(9) == */

/* An interrupt handle is made by the host; the driver only passes it on.  None of these blocks. */

/* Kinds, as pci_intr_type_t numbers them. */
enum {
	RUMPHOST_INTR_INTX = 0,
	RUMPHOST_INTR_MSI = 1,
	RUMPHOST_INTR_MSIX = 2
};

/* Set `*handle' to the function's INTx line.  Errors: ENODEV (it has none). */
int rumphost_pci_intr_map(uint32_t tag, void *handle);

/* Return how many vectors of a kind the function has. */
int rumphost_pci_intr_count(uint32_t tag, int32_t kind);

/* Allocate `count' vectors of a kind, or fewer but at least one unless `exact'; write their
 * handles.  Returns how many, or a negative errno: EINVAL, ENOSPC.  `entries' (uint32_t, or NULL)
 * names the MSI-X table entry of each. */
int rumphost_pci_intr_alloc(uint32_t tag, int32_t kind, int32_t count, int32_t exact,
    const void *entries, void *handles);

/* Give back `count' handles of rumphost_pci_intr_alloc. */
void rumphost_pci_intr_release(const void *handles, int32_t count);

/* Return the kind of a handle. */
int rumphost_pci_intr_kind(uint64_t handle);

/* Write what the line is called: "irq 11", "msix0 vec 2". */
void rumphost_pci_intr_string(uint64_t handle, void *buffer, uint64_t size);

/* Call int `function'(void *argument) at `ipl' for each interrupt.  `mpsafe': without the kernel
 * lock.  Returns a cookie, or NULL. */
void *rumphost_pci_intr_establish(uint64_t handle, int32_t ipl, void *function, void *argument,
    const char *xname, int32_t mpsafe);

/* Never again. */
void rumphost_pci_intr_disestablish(void *cookie);

/* == pmf(9) == */

/* A device says how it is suspended, resumed and shut down (any may be NULL).  Does not block. */
void rumphost_pmf_register(void *dev, void *suspend, void *resume, void *shutdown);

/* A device leaves power management. */
void rumphost_pmf_deregister(void *dev);

/* A device has been suspended (1) or resumed (0), or refused to be (-1).  Does not block. */
void rumphost_pmf_state(void *dev, int32_t suspended);

/* Call `handler'(dev) on an event of pmf_generic_event_t that concerns the device; `global': on
 * everybody's. */
void rumphost_pmf_event_register(void *dev, int32_t event, void *handler, int32_t global);

/* No longer. */
void rumphost_pmf_event_deregister(void *dev, int32_t event, void *handler, int32_t global);

/* An event has happened (`dev' NULL: to nobody in particular).  Handlers run later, on an lwp of
 * their own.  Returns 1: noted.  Any IPL. */
int rumphost_pmf_event_inject(void *dev, int32_t event);

/* A PMF quality of the machine (pmf_get_platform); returns 0 when unknown, else 1. */
int rumphost_pmf_platform(const char *key, void *buffer, uint64_t size);

/* Set one. */
void rumphost_pmf_set_platform(const char *key, const char *value);

/* == proplib(3), device properties == */

enum {
	RUMPHOST_PROPERTY_BOOL = 1,
	RUMPHOST_PROPERTY_NUMBER = 2,
	RUMPHOST_PROPERTY_STRING = 3,	/* in `data', with its NUL */
	RUMPHOST_PROPERTY_DATA = 4
};

/* A property that the host gives a device, such as an Ethernet address. */
struct rumphost_property {
	char key[64];
	uint32_t type;			/* RUMPHOST_PROPERTY_* */
	uint32_t size;			/* of `data' */
	uint64_t number;
	char data[256];
};

/* Fill in the `index'-th property that a new device starts with; returns 0 when there are no
 * more, else 1.  Does not block. */
int rumphost_property_initial(const char *xname, int32_t index, struct rumphost_property *property);

/* == rwlock(9) == */

/*
 * A read/write lock's first word (uint64_t): the flags below, and from RUMPHOST_RW_READER up the number
 * of readers, or the writer's struct rumphost_lwp address.  Uncontended operations happen in the
 * shim alone, unless RUMPHOST_SLOW_LOCK is set; the shim keeps held[].
 */
enum {
	RUMPHOST_RW_WAITERS = 1,
	RUMPHOST_RW_WRITE_LOCKED = 4,
	RUMPHOST_RW_READER = 16
};

/* Acquire for reading, or for writing.  May block; not from a hard interrupt, nor with a spin
 * mutex held. */
void rumphost_rw_enter(void *rwlock, int32_t writer);

/* Returns 1 if the lock could be had at once.  Does not block. */
int rumphost_rw_tryenter(void *rwlock, int32_t writer);

/* Release; `was_held' tells whether the shim found the lock among those the lwp holds. */
void rumphost_rw_exit(void *rwlock, int32_t was_held);

/* The only reader becomes the writer: returns 1, or 0 when there are others.  Does not block. */
int rumphost_rw_tryupgrade(void *rwlock);

/* The writer becomes a reader.  Does not block. */
void rumphost_rw_downgrade(void *rwlock);

/* The lock must not be held. */
void rumphost_rw_destroy(void *rwlock);

/* == softint(9) == */

enum {
	RUMPHOST_SOFTINT_MPSAFE = 1
};

/* Returns a cookie for function(argument) at the soft interrupt level `ipl'.  Thread context. */
void *rumphost_softint_establish(int32_t ipl, uint32_t flags, void *function, void *argument);

/* Blocks until the handler is not running.  Not from that handler, nor from a hard interrupt. */
void rumphost_softint_disestablish(void *cookie);

/* Have the handler run once, soon.  Any IPL; `preemptible' when the caller could be moved to another
 * CPU meanwhile, which it must not. */
void rumphost_softint_schedule(void *cookie, int32_t preemptible);

/* Entry of the lwp of one level: run what is scheduled, for ever. */
void rumphost_softint_serve(int32_t ipl);

/* == spl(9) == */

/* The IPL has been raised to `ipl'.  Called when RUMPHOST_SLOW_LOCK is set only. */
void rumphost_spl_raise(int32_t ipl);

/* The IPL has been lowered to `ipl', and something above it waits for the CPU. */
void rumphost_spl_lower(int32_t ipl);

/* == sysctl(9) == */

/* A node comes: `node' is its struct sysctlnode, `parent' that of its parent or NULL for the root.
 * `data' is where its value is (NULL: none), `size' its size, `function' its helper or NULL.
 * `flags' are CTLFLAG_* and CTLTYPE_*.  IPL_NONE; does not block. */
void rumphost_sysctl_create(void *node, void *parent, const char *name, int32_t number,
    uint32_t flags, void *data, uint64_t size, void *function);

/* It goes, and all below it. */
void rumphost_sysctl_destroy(void *node);

/* == tsleep(9), wakeup, kpause == */

/* Sleep until wakeup(ident).  `ticks' of hz limit it, 0: no limit.  `mutex', if not NULL, has
 * waiters and is handed on.  `interruptible' sleeps may end with EINTR.  Threads only, without spin
 * mutexes; a raised IPL is allowed, and holds again afterwards.  Returns 0, EWOULDBLOCK, EINTR. */
int rumphost_tsleep(const void *ident, const char *wmesg, int32_t ticks, int32_t interruptible,
    void *mutex);

/* Wake every lwp that sleeps on `ident'.  Any IPL. */
void rumphost_wakeup(const void *ident);

/* Wake the lwp that has slept longest on `ident'.  Any IPL. */
void rumphost_wakeup_one(const void *ident);

/* As tsleep, on nothing. */
int rumphost_kpause(const char *wmesg, int32_t ticks, int32_t interruptible, void *mutex);

/* The caller must be allowed to sleep; does not return when it is not. */
void rumphost_assert_sleepable(void);

/* Let other runnable threads of the same priority go first.  Threads only. */
void rumphost_preempt(void);

/* == workqueue(9) == */

enum {
	RUMPHOST_WORKQUEUE_MPSAFE = 1
};

/* Make a worker thread that calls function(work, argument); `ipl' is the highest level that
 * enqueues.  Returns a cookie.  Does not block. */
void *rumphost_workqueue_create(const char *name, void *function, void *argument,
    int32_t priority, int32_t ipl, uint32_t flags);

/* Append `work', which must not be queued already.  Up to the queue's IPL. */
void rumphost_workqueue_enqueue(void *cookie, void *work);

/* Block until `work' is neither queued nor running.  Not from the worker. */
void rumphost_workqueue_wait(void *cookie, void *work);

/* End the worker once it is idle; nothing may be queued.  Blocks; not from the worker. */
void rumphost_workqueue_destroy(void *cookie);

/* Entry of the worker: run what is queued, for ever. */
void rumphost_workqueue_serve(void *cookie);

#endif
