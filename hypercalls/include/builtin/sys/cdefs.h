/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shorthands for what the compiler offers, and link sets.
 */

#ifndef _SYS_CDEFS_H_
#define _SYS_CDEFS_H_

#include <machine/cdefs.h>

#define __GNUC_PREREQ__(x, y) \
	((__GNUC__ == (x) && __GNUC_MINOR__ >= (y)) || (__GNUC__ > (x)))

#define __P(protos)	protos
#define __CONCAT(x, y)	x ## y
#define ___CONCAT(x, y)	__CONCAT(x, y)
#define __STRING(x)	#x
#define ___STRING(x)	__STRING(x)

#define __const		const
#define __signed	signed
#define __volatile	volatile
#define __aconst

#ifdef __cplusplus
#define __BEGIN_EXTERN_C	extern "C" {
#define __END_EXTERN_C		}
#else
#define __BEGIN_EXTERN_C
#define __END_EXTERN_C
#endif
#define __BEGIN_DECLS	__BEGIN_EXTERN_C
#define __END_DECLS	__END_EXTERN_C
#define __BEGIN_PUBLIC_DECLS	__BEGIN_EXTERN_C
#define __END_PUBLIC_DECLS	__END_EXTERN_C
#define __BEGIN_HIDDEN_DECLS	__BEGIN_EXTERN_C
#define __END_HIDDEN_DECLS	__END_EXTERN_C

/* What a function or a variable is */
#define __dead		__attribute__((__noreturn__))
#define __pure		__attribute__((__pure__))
#define __constfunc	__attribute__((__const__))
#define __noinline	__attribute__((__noinline__))
#define __always_inline	__attribute__((__always_inline__))
#define __returns_twice	__attribute__((__returns_twice__))
#define __noprofile	__attribute__((__no_instrument_function__))
#ifdef __clang__
#define __noclone
#else
#define __noclone	__attribute__((__noclone__))
#endif
#define __unused	__attribute__((__unused__))
#define __used		__attribute__((__used__))
#define __packed	__attribute__((__packed__))
#define __aligned(n)	__attribute__((__aligned__(n)))
#define __section(s)	__attribute__((__section__(s)))
#define __weak		__attribute__((__weak__))
#define __dso_public	__attribute__((__visibility__("default")))
#define __dso_hidden	__attribute__((__visibility__("hidden")))
#define __dso_protected	__attribute__((__visibility__("protected")))
#define __c99inline	extern __attribute__((__gnu_inline__)) __inline
#define __compactcall
#define __printflike(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#define __scanflike(format, first) \
	__attribute__((__format__(__scanf__, format, first)))
#define __format_arg(format)	__attribute__((__format_arg__(format)))
#define __read_mostly
#define __cacheline_aligned	__aligned(64)

#ifdef DIAGNOSTIC
#define __diagused
#else
#define __diagused	__unused
#endif
#ifdef DEBUG
#define __debugused
#else
#define __debugused	__unused
#endif

#define __alignof(t)	__alignof__(t)
#ifndef __restrict
#define __restrict	restrict
#endif

#define __unreachable()	__builtin_unreachable()
#define __insn_barrier()	__asm volatile("" ::: "memory")
#define __predict_true(e)	__builtin_expect((e) != 0, 1)
#define __predict_false(e)	__builtin_expect((e) != 0, 0)

#if __has_attribute(__fallthrough__)
#define __fallthrough	__attribute__((__fallthrough__))
#else
#define __fallthrough
#endif
#define FALLTHROUGH	__fallthrough

/* Checked while compiling */
#define __CTASSERT(e)	_Static_assert(e, #e)

/* Casts */
#define __CAST(dt, e)		((dt)(e))
#define __CASTV(dt, e)		((dt)(void *)(e))
#define __CASTCV(dt, e)		((dt)(const void *)(e))
#define __UNCONST(p)		((void *)(unsigned long)(const void *)(p))
#define __UNVOLATILE(p)		((void *)(unsigned long)(volatile void *)(p))
#define __USE(v)		((void)(v))

#define __arraycount(a)		(sizeof(a) / sizeof((a)[0]))

/* Bits of a register: bit n; bits m down to n; fields under a mask */
#define __BIT(n) \
	(((__UINTMAX_TYPE__)(n) >= 64) ? 0 : \
	    ((__UINTMAX_TYPE__)1 << (__UINTMAX_TYPE__)((n) & 63)))
#define __BITS(m, n) \
	((__BIT(((m) > (n) ? (m) : (n)) + 1) - 1) ^ \
	    (__BIT((m) < (n) ? (m) : (n)) - 1))
#define __LOWEST_SET_BIT(mask)	((((mask) - 1) & (mask)) ^ (mask))
#define __SHIFTOUT(v, mask)	(((v) & (mask)) / __LOWEST_SET_BIT(mask))
#define __SHIFTIN(v, mask)	((v) * __LOWEST_SET_BIT(mask))
#define __SHIFTOUT_MASK(mask)	__SHIFTOUT((mask), (mask))
#define __PRIuBIT	PRIuMAX
#define __PRIuBITS	PRIuMAX
#define __PRIxBIT	PRIxMAX
#define __PRIxBITS	PRIxMAX

/* Ranges of types */
#define __type_is_signed(t)	((t)-1 < (t)1)
#define __type_min_s(t)		((t)(1ULL << (sizeof(t) * 8 - 1)))
#define __type_max_s(t)		((t)~(1ULL << (sizeof(t) * 8 - 1)))
#define __type_min_u(t)		((t)0)
#define __type_max_u(t)		((t)~0ULL)
#define __type_min(t)	(__type_is_signed(t) ? __type_min_s(t) : __type_min_u(t))
#define __type_max(t)	(__type_is_signed(t) ? __type_max_s(t) : __type_max_u(t))

/* Symbols */
#define _C_LABEL(x)		x
#define _C_LABEL_STRING(x)	x
#define ___RENAME(x)		__asm(___STRING(x))
#define __RENAME(x)		no renaming in a kernel
#define __strong_alias(alias, sym) \
	__asm(".global " #alias "\n" #alias " = " #sym);
#define __weak_alias(alias, sym) \
	__asm(".weak " #alias "\n" #alias " = " #sym);
#define __strict_weak_alias(alias, sym)	__weak_alias(alias, sym)
#define __weak_extern(sym)	__asm(".weak " #sym);
#define __weak_reference(sym)	__attribute__((__weakref__(#sym)))
#define __warn_references(sym, message)

/* Identification strings; with NO_KERNEL_RCSIDS, none */
#define __IDSTRING(n, s) \
	__asm(".pushsection .ident\n.asciz \"" s "\"\n.popsection");
#define __RCSID(s)		__IDSTRING(rcsid, s)
#define __SCCSID(s)
#define __COPYRIGHT(s)
#ifdef NO_KERNEL_RCSIDS
#define __KERNEL_RCSID(n, s)
#else
#define __KERNEL_RCSID(n, s)	__RCSID(s)
#endif
#define __KERNEL_SCCSID(n, s)
#define __KERNEL_COPYRIGHT(n, s)

/* Link sets: arrays that the linker gathers, one element from each place */
#define __link_set_make_entry(set, sym) \
	static void const * const __link_set_##set##_sym_##sym \
	    __section("link_set_" #set) __used = (const void *)&sym
#define __link_set_make_entry2(set, sym, n) \
	static void const * const __link_set_##set##_sym_##sym##_##n \
	    __section("link_set_" #set) __used = (const void *)&sym[n]
#define __link_set_add_text(set, sym)		__link_set_make_entry(set, sym)
#define __link_set_add_rodata(set, sym)		__link_set_make_entry(set, sym)
#define __link_set_add_data(set, sym)		__link_set_make_entry(set, sym)
#define __link_set_add_bss(set, sym)		__link_set_make_entry(set, sym)
#define __link_set_add_text2(set, sym, n)	__link_set_make_entry2(set, sym, n)
#define __link_set_add_rodata2(set, sym, n)	__link_set_make_entry2(set, sym, n)
#define __link_set_add_data2(set, sym, n)	__link_set_make_entry2(set, sym, n)
#define __link_set_add_bss2(set, sym, n)	__link_set_make_entry2(set, sym, n)
#define __link_set_start(set)	(__start_link_set_##set)
#define __link_set_end(set)	(__stop_link_set_##set)
#define __link_set_decl(set, ptype) \
	extern ptype * const __link_set_start(set)[] __weak __dso_hidden; \
	extern ptype * const __link_set_end(set)[] __weak __dso_hidden
#define __link_set_count(set)	(__link_set_end(set) - __link_set_start(set))
#define __link_set_entry(set, i)	(__link_set_start(set)[i])
#define __link_set_foreach(p, set) \
	for (p = __link_set_start(set); p < __link_set_end(set); p++)

#endif /* !_SYS_CDEFS_H_ */
