/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fibers: a C stack for each lwp, entered like a guest under a hypervisor.
 *
 * rumphost_fiber_run() switches to the fiber and returns at its next hypercall, return or fault.
 * Only callee-saved registers are switched: to the compiler a switch is a function call.
 */

#define _GNU_SOURCE
#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "host.h"

enum { STACKS_KEPT = 128, GUARD_SIZE = 4096 };

struct rumphost_cpu rumphost_cpu_state;

/* A fiber and what the driver need not see of it. */
struct fiber {
	struct rumphost_lwp lwp;	/* first: the two addresses are one */
	uint64_t enter;
	uint64_t entry;
	uint64_t args[RUMPHOST_UPCALL_ARGUMENTS];
	struct fiber *next_free;
#ifdef RUMPHOST_UCONTEXT
	ucontext_t context;
#endif
};

static struct fiber *free_fibers;
static int free_count;

typedef uint64_t enter_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
    uint64_t);

static void fiber_main(struct fiber *) __attribute__((__noreturn__, __used__));

/*
 * rumphost_switch(save, to): push the callee-saved registers, store the stack pointer in *save,
 * take `to' for the stack pointer and return there.  Control comes to rumphost_switch_in with the
 * new stack pointer in place; the fault handler jumps there too.
 */
#if !defined(RUMPHOST_UCONTEXT) && (defined(__x86_64__) || defined(__aarch64__))
void	rumphost_switch(void **, void *);
extern char rumphost_switch_in[];
extern char rumphost_fiber_start[];

static void *host_sp;			/* where rumphost_fiber_run waits */
#endif

#if !defined(RUMPHOST_UCONTEXT) && defined(__x86_64__)
enum { SAVED_WORDS = 8, SAVED_FP = 6, SAVED_PC = 7 };
__asm__(
"	.text\n"
"	.p2align 4\n"
"	.globl rumphost_switch\n"
"	.type rumphost_switch, @function\n"
"rumphost_switch:\n"
"	.cfi_startproc\n"
"	pushq	%rbp\n"
"	pushq	%rbx\n"
"	pushq	%r12\n"
"	pushq	%r13\n"
"	pushq	%r14\n"
"	pushq	%r15\n"
"	subq	$8, %rsp\n"
"	stmxcsr	(%rsp)\n"
"	fnstcw	4(%rsp)\n"
"	movq	%rsp, (%rdi)\n"
"	movq	%rsi, %rsp\n"
"	.globl rumphost_switch_in\n"
"rumphost_switch_in:\n"
"	ldmxcsr	(%rsp)\n"
"	fldcw	4(%rsp)\n"
"	addq	$8, %rsp\n"
"	popq	%r15\n"
"	popq	%r14\n"
"	popq	%r13\n"
"	popq	%r12\n"
"	popq	%rbx\n"
"	popq	%rbp\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size rumphost_switch, .-rumphost_switch\n"
"	.globl rumphost_fiber_start\n"
"	.type rumphost_fiber_start, @function\n"
"rumphost_fiber_start:\n"
"	.cfi_startproc\n"
"	.cfi_undefined rip\n"
"	movq	%rbx, %rdi\n"
"	xorl	%ebp, %ebp\n"
"	call	fiber_main\n"
"	ud2\n"
"	.cfi_endproc\n"
"	.size rumphost_fiber_start, .-rumphost_fiber_start\n"
);

static void
prepare(struct fiber *f)
{
	uint64_t *sp;

	sp = (uint64_t *)(uintptr_t)(f->lwp.stack + f->lwp.stack_size - 16);
	sp -= SAVED_WORDS;
	memset(sp, 0, SAVED_WORDS * sizeof(*sp));
	sp[0] = 0x037f00001f80ULL;		/* MXCSR and x87 control word at reset */
	sp[5] = (uint64_t)(uintptr_t)f;		/* rbx */
	sp[SAVED_PC] = (uint64_t)(uintptr_t)rumphost_fiber_start;
	f->lwp.sp = sp;
}
#elif !defined(RUMPHOST_UCONTEXT) && defined(__aarch64__)
enum { SAVED_WORDS = 20, SAVED_FP = 10, SAVED_PC = 11 };
__asm__(
"	.text\n"
"	.p2align 4\n"
"	.globl rumphost_switch\n"
"	.type rumphost_switch, %function\n"
"rumphost_switch:\n"
"	.cfi_startproc\n"
"	sub	sp, sp, #160\n"
"	stp	x19, x20, [sp, #0]\n"
"	stp	x21, x22, [sp, #16]\n"
"	stp	x23, x24, [sp, #32]\n"
"	stp	x25, x26, [sp, #48]\n"
"	stp	x27, x28, [sp, #64]\n"
"	stp	x29, x30, [sp, #80]\n"
"	stp	d8, d9, [sp, #96]\n"
"	stp	d10, d11, [sp, #112]\n"
"	stp	d12, d13, [sp, #128]\n"
"	stp	d14, d15, [sp, #144]\n"
"	mov	x2, sp\n"
"	str	x2, [x0]\n"
"	mov	sp, x1\n"
"	.globl rumphost_switch_in\n"
"rumphost_switch_in:\n"
"	ldp	x19, x20, [sp, #0]\n"
"	ldp	x21, x22, [sp, #16]\n"
"	ldp	x23, x24, [sp, #32]\n"
"	ldp	x25, x26, [sp, #48]\n"
"	ldp	x27, x28, [sp, #64]\n"
"	ldp	x29, x30, [sp, #80]\n"
"	ldp	d8, d9, [sp, #96]\n"
"	ldp	d10, d11, [sp, #112]\n"
"	ldp	d12, d13, [sp, #128]\n"
"	ldp	d14, d15, [sp, #144]\n"
"	add	sp, sp, #160\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size rumphost_switch, .-rumphost_switch\n"
"	.globl rumphost_fiber_start\n"
"	.type rumphost_fiber_start, %function\n"
"rumphost_fiber_start:\n"
"	.cfi_startproc\n"
"	.cfi_undefined x30\n"
"	mov	x0, x19\n"
"	mov	x29, #0\n"
"	mov	x30, #0\n"
"	bl	fiber_main\n"
"	brk	#0\n"
"	.cfi_endproc\n"
"	.size rumphost_fiber_start, .-rumphost_fiber_start\n"
);

static void
prepare(struct fiber *f)
{
	uint64_t *sp;

	sp = (uint64_t *)(uintptr_t)(f->lwp.stack + f->lwp.stack_size);
	sp -= SAVED_WORDS;
	memset(sp, 0, SAVED_WORDS * sizeof(*sp));
	sp[0] = (uint64_t)(uintptr_t)f;		/* x19 */
	sp[SAVED_PC] = (uint64_t)(uintptr_t)rumphost_fiber_start;
	f->lwp.sp = sp;
}
#else
#define RUMPHOST_SWAP
static ucontext_t host_context;

static void
start(unsigned int high, unsigned int low)
{

	fiber_main((struct fiber *)(((uintptr_t)high << 32) | low));
}

static void
prepare(struct fiber *f)
{
	uintptr_t address = (uintptr_t)f;

	getcontext(&f->context);
	f->context.uc_stack.ss_sp = (void *)(uintptr_t)f->lwp.stack;
	f->context.uc_stack.ss_size = f->lwp.stack_size;
	f->context.uc_link = NULL;
	makecontext(&f->context, (void (*)(void))start, 2, (unsigned int)(address >> 32),
	    (unsigned int)address);
}
#endif

/* From the fiber back to rumphost_fiber_run. */
static void
leave(struct fiber *f)
{

#ifdef RUMPHOST_SWAP
	swapcontext(&f->context, &host_context);
#else
	rumphost_switch(&f->lwp.sp, host_sp);
#endif
}

void
rumphost_fiber_leave(struct rumphost_lwp *lwp)
{

	leave((struct fiber *)lwp);
}

void
rumphost_fiber_hand_over(struct rumphost_lwp *from, struct rumphost_lwp *to)
{

	rumphost_cpu_state.running = to;
#ifdef RUMPHOST_SWAP
	swapcontext(&((struct fiber *)from)->context, &((struct fiber *)to)->context);
#else
	rumphost_switch(&from->sp, to->sp);
#endif
}

static uint64_t
call(struct fiber *f, uint64_t entry, const uint64_t *a)
{
	enter_function *enter = (enter_function *)(uintptr_t)f->enter;

	return enter(entry, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
fiber_main(struct fiber *f)
{

	for (;;) {
		f->lwp.result = call(f, f->entry, f->args);
		f->lwp.exit = RUMPHOST_EXIT_RETURN;
		leave(f);
	}
}

/* A hypercall: the stub has filled in exit and args. */
static uint64_t
trap(struct rumphost_lwp *lwp)
{
	struct fiber *f = (struct fiber *)lwp;

	for (;;) {
		leave(f);
		if (lwp->resume != RUMPHOST_RESUME_UPCALL)
			return lwp->result;
		lwp->resume = RUMPHOST_RESUME_RESULT;
		lwp->result = call(f, lwp->upcall_entry, lwp->upcall_args);
		lwp->exit = RUMPHOST_EXIT_UPCALL_DONE;
	}
}

const struct rumphost_host *
rumphost_host_table(void)
{
	static const struct rumphost_host table = {
		.cpu = &rumphost_cpu_state,
		.trap = trap,
		.allocate = rumphost_arena_allocate,
		.release = rumphost_arena_release,
		.allocation_size = rumphost_arena_size,
		.sleep = rumphost_handover_sleep,
		.wake = rumphost_handover_wake,
	};

	return &table;
}

uint32_t
rumphost_fiber_run(struct rumphost_lwp *lwp)
{
	struct rumphost_cpu *cpu = &rumphost_cpu_state;

	cpu->exits++;
	cpu->running = lwp;
	lwp->state = 'O';
#ifdef RUMPHOST_SWAP
	swapcontext(&host_context, &((struct fiber *)lwp)->context);
#else
	rumphost_switch(&host_sp, lwp->sp);
#endif
	lwp = cpu->running;
	cpu->running = NULL;
	return lwp->exit | (rumphost_handover_moved() ? RUMPHOST_MOVED : 0);
}

void
rumphost_set_clock(uint64_t now_ns, uint32_t handovers)
{

	rumphost_cpu_state.now_ns = now_ns;
	rumphost_cpu_state.handovers = handovers;
}

static struct fiber *
fiber_new(uint64_t stack_size)
{
	struct fiber *f;
	char *memory;

	memory = mmap(NULL, stack_size + GUARD_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL || mprotect(memory, GUARD_SIZE, PROT_NONE) != 0) {
		munmap(memory, stack_size + GUARD_SIZE);
		free(f);
		return NULL;
	}
	f->lwp.stack = (uint64_t)(uintptr_t)memory + GUARD_SIZE;
	f->lwp.stack_size = stack_size;
	return f;
}

static void
fiber_delete(struct fiber *f)
{

	rumphost_shadow_stack(f->lwp.stack, f->lwp.stack_size, 0);
	munmap((void *)(uintptr_t)(f->lwp.stack - GUARD_SIZE), f->lwp.stack_size + GUARD_SIZE);
	free(f);
}

struct rumphost_lwp *
rumphost_fiber_create(uint64_t enter, uint64_t entry, const uint64_t *args, uint64_t stack_size)
{
	struct rumphost_cpu *cpu = &rumphost_cpu_state;
	struct fiber *f = free_fibers;
	uint64_t stack;

	if (f != NULL && f->lwp.stack_size == stack_size) {
		free_fibers = f->next_free;
		free_count--;
		stack = f->lwp.stack;
		memset(f, 0, sizeof(*f));
		f->lwp.stack = stack;
		f->lwp.stack_size = stack_size;
	} else if ((f = fiber_new(stack_size)) == NULL)
		return NULL;
	rumphost_shadow_stack(f->lwp.stack, stack_size, 0);
	f->enter = enter;
	f->entry = entry;
	memcpy(f->args, args, sizeof(f->args));
	f->lwp.state = 'R';
	prepare(f);
	f->lwp.next = cpu->lwps;
	cpu->lwps = &f->lwp;
	return &f->lwp;
}

void
rumphost_fiber_introduce(struct rumphost_lwp *lwp, uint32_t lid, int32_t kind, int32_t ipl,
    const char *name)
{

	lwp->lid = lid;
	lwp->kind = kind;
	lwp->ipl = ipl;
	strncpy(lwp->name, name, sizeof(lwp->name) - 1);
}

void
rumphost_fiber_again(struct rumphost_lwp *lwp, int32_t ipl)
{

	lwp->ipl = ipl;
	lwp->state = 'R';
	lwp->wmesg[0] = '\0';
}

void
rumphost_fiber_destroy(struct rumphost_lwp *lwp)
{
	struct fiber *f = (struct fiber *)lwp;
	struct rumphost_lwp **link;

	for (link = &rumphost_cpu_state.lwps; *link != lwp; link = &(*link)->next)
		;
	*link = lwp->next;
	rumphost_handover_forget(lwp);
	rumphost_arena_release(lwp->kernel_lwp);
	rumphost_shadow_stack(lwp->stack, lwp->stack_size, RUMPHOST_SHADOW_GONE);
	if (free_count >= STACKS_KEPT) {
		fiber_delete(f);
		return;
	}
	f->next_free = free_fibers;
	free_fibers = f;
	free_count++;
}

int
rumphost_on_fiber(uintptr_t sp)
{
	const struct rumphost_lwp *lwp = rumphost_cpu_state.running;

	return lwp != NULL && sp >= lwp->stack - GUARD_SIZE && sp <= lwp->stack + lwp->stack_size;
}

void
rumphost_fiber_abandon(void *context, uint32_t exit, int sig, uintptr_t address)
{
	struct rumphost_lwp *lwp = rumphost_cpu_state.running;
	ucontext_t *uc = context;

	lwp->exit = exit;
	lwp->in_fault = 1;
	lwp->fault_signal = sig;
	lwp->fault_address = address;
	lwp->fault_write = -1;
#if defined(__x86_64__)
	if (uc->uc_mcontext.gregs[REG_TRAPNO] == 14)	/* a page fault's code has a bit for it */
		lwp->fault_write = (uc->uc_mcontext.gregs[REG_ERR] & 2) != 0;
	lwp->fault_pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	lwp->fault_sp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP];
	lwp->fault_fp = (uint64_t)uc->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
	lwp->fault_pc = uc->uc_mcontext.pc;
	lwp->fault_sp = uc->uc_mcontext.sp;
	lwp->fault_fp = uc->uc_mcontext.regs[29];
#endif
#ifdef RUMPHOST_SWAP
	setcontext(&host_context);
#elif defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)host_sp;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)rumphost_switch_in;
	uc->uc_mcontext.gregs[REG_EFL] &= ~0x400;	/* direction flag, as at any call */
#elif defined(__aarch64__)
	uc->uc_mcontext.sp = (uintptr_t)host_sp;
	uc->uc_mcontext.pc = (uintptr_t)rumphost_switch_in;
#endif
}

static int
on_stack(const struct rumphost_lwp *lwp, uint64_t address)
{

	return address >= lwp->stack && address + 16 <= lwp->stack + lwp->stack_size &&
	    address % 8 == 0;
}

void
rumphost_fiber_places(uint64_t *places, int max, uint64_t site)
{
	const struct rumphost_lwp *lwp = rumphost_cpu_state.running;
	const uint64_t *frame = __builtin_frame_address(0);
	int n = 0;

	memset(places, 0, (size_t)max * sizeof(*places));
	while (lwp != NULL && n < max && on_stack(lwp, (uint64_t)(uintptr_t)frame)) {
		places[n++] = frame[1];
		if (frame[0] <= (uint64_t)(uintptr_t)frame)
			break;
		frame = (const uint64_t *)(uintptr_t)frame[0];
	}
	if (n == 0)
		places[0] = site;
}

/* Along the frame pointers: drivers and shim are compiled with them. */
int
rumphost_fiber_backtrace(struct rumphost_lwp *lwp, uint64_t *pcs, int max)
{
	const uint64_t *words;
	uint64_t fp = 0, pc = 0;
	int n = 0;

	if (lwp->in_fault) {
		fp = lwp->fault_fp;
		pc = lwp->fault_pc;
		/* A call through a bad pointer: the caller's address is on the stack. */
		if (rumphost_image_base(pc) == 0 && on_stack(lwp, lwp->fault_sp)) {
			if (n < max)
				pcs[n++] = pc;
			pc = *(const uint64_t *)(uintptr_t)lwp->fault_sp;
		}
	} else {
#ifdef RUMPHOST_SWAP
		ucontext_t *uc = &((struct fiber *)lwp)->context;
#if defined(__x86_64__)
		fp = (uint64_t)uc->uc_mcontext.gregs[REG_RBP];
		pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
		fp = uc->uc_mcontext.regs[29];
		pc = uc->uc_mcontext.pc;
#endif
#else
		words = lwp->sp;
		fp = words[SAVED_FP];
		pc = words[SAVED_PC];
#endif
	}
	while (pc != 0 && n < max) {
		pcs[n++] = pc;
		if (!on_stack(lwp, fp))
			break;
		words = (const uint64_t *)(uintptr_t)fp;
		pc = words[1];
		if (words[0] <= fp)
			break;
		fp = words[0];
	}
	return n;
}
