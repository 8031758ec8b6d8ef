/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's C library: strings, numbers, assertions.  libkern.c has what is not inline.
 */

#ifndef _LIB_LIBKERN_LIBKERN_H_
#define _LIB_LIBKERN_LIBKERN_H_

#include <sys/types.h>
#include <sys/null.h>

#ifndef LIBKERN_INLINE
#define LIBKERN_INLINE	static __inline
#define LIBKERN_BODY
#endif

/* The larger and the smaller of two, by type; absolute values */
#define __RUMPHOST_PICK(type, name, op)					\
LIBKERN_INLINE __unused type						\
name(type a, type b)							\
{									\
									\
	return a op b ? a : b;						\
}
__RUMPHOST_PICK(int, imax, >)
__RUMPHOST_PICK(int, imin, <)
__RUMPHOST_PICK(long, lmax, >)
__RUMPHOST_PICK(long, lmin, <)
__RUMPHOST_PICK(u_int, max, >)
__RUMPHOST_PICK(u_int, min, <)
__RUMPHOST_PICK(u_long, ulmax, >)
__RUMPHOST_PICK(u_long, ulmin, <)
#undef __RUMPHOST_PICK

#define __RUMPHOST_ABS(type, name)					\
LIBKERN_INLINE __unused type						\
name(type n)								\
{									\
									\
	return n < 0 ? -n : n;						\
}
__RUMPHOST_ABS(int, abs)
__RUMPHOST_ABS(long, labs)
__RUMPHOST_ABS(long long, llabs)
__RUMPHOST_ABS(intmax_t, imaxabs)
#undef __RUMPHOST_ABS

/* ctype(3) of ASCII */
#define __RUMPHOST_CTYPE(name, test)					\
LIBKERN_INLINE __unused int						\
name(int ch)								\
{									\
									\
	return test;							\
}
__RUMPHOST_CTYPE(isascii, ch >= 0 && ch < 0x80)
__RUMPHOST_CTYPE(isspace, ch == ' ' || (ch >= '\t' && ch <= '\r'))
__RUMPHOST_CTYPE(isupper, ch >= 'A' && ch <= 'Z')
__RUMPHOST_CTYPE(islower, ch >= 'a' && ch <= 'z')
__RUMPHOST_CTYPE(isdigit, ch >= '0' && ch <= '9')
__RUMPHOST_CTYPE(isalpha, isupper(ch) || islower(ch))
__RUMPHOST_CTYPE(isalnum, isalpha(ch) || isdigit(ch))
__RUMPHOST_CTYPE(isxdigit, isdigit(ch) || (ch >= 'A' && ch <= 'F') || (ch >= 'a' && ch <= 'f'))
__RUMPHOST_CTYPE(iscntrl, (ch >= 0 && ch < 0x20) || ch == 0x7f)
__RUMPHOST_CTYPE(isprint, ch >= 0x20 && ch < 0x7f)
__RUMPHOST_CTYPE(isgraph, ch > 0x20 && ch < 0x7f)
__RUMPHOST_CTYPE(ispunct, isgraph(ch) && !isalnum(ch))
__RUMPHOST_CTYPE(toupper, islower(ch) ? ch - 'a' + 'A' : ch)
__RUMPHOST_CTYPE(tolower, isupper(ch) ? ch - 'A' + 'a' : ch)
#undef __RUMPHOST_CTYPE

/* Assertions: KASSERT() needs options DIAGNOSTIC, KDASSERT() options DEBUG. */
void	kern_assert(const char *, ...) __printflike(1, 2);

#define __KASSERTSTR	"kernel %sassertion \"%s\" failed: file \"%s\", line %d "
#define __RUMPHOST_ASSERT(e, text, kind, msg, ...)			\
	(__predict_true((e)) ? (void)0 :				\
	    kern_assert(__KASSERTSTR msg, kind, text, __FILE__, __LINE__, ## __VA_ARGS__))

#ifdef NDEBUG
#define assert(e)	((void)0)
#else
#define assert(e)	__RUMPHOST_ASSERT(e, #e, "", "")
#endif

#ifdef DIAGNOSTIC
#define _DIAGASSERT(e)	assert(e)
#define KASSERT(e)	__RUMPHOST_ASSERT(e, #e, "diagnostic ", "")
#define KASSERTMSG(e, msg, ...)						\
	__RUMPHOST_ASSERT(e, #e, "diagnostic ", msg, ## __VA_ARGS__)
#else
#define _DIAGASSERT(e)	((void)0)
#define KASSERT(e)	((void)0)
#define KASSERTMSG(e, msg, ...)	((void)0)
#endif

#ifdef DEBUG
#define KDASSERT(e)	__RUMPHOST_ASSERT(e, #e, "debugging ", "")
#define KDASSERTMSG(e, msg, ...)					\
	__RUMPHOST_ASSERT(e, #e, "debugging ", msg, ## __VA_ARGS__)
#else
#define KDASSERT(e)	((void)0)
#define KDASSERTMSG(e, msg, ...)	((void)0)
#endif

#define CTASSERT(e)		__CTASSERT(e)
#define CTASSERT_SIGNED(x)	__CTASSERT(((__typeof__(x))-1) < 0)
#define CTASSERT_UNSIGNED(x)	__CTASSERT(((__typeof__(x))-1) >= 0)

#ifndef offsetof
#define offsetof(type, member)	__builtin_offsetof(type, member)
#endif
#define container_of(p, type, member) \
	((type *)((uintptr_t)(p) - offsetof(type, member)))

/* Memory */
void	*memcpy(void *, const void *, size_t);
void	*memmove(void *, const void *, size_t);
void	*memset(void *, int, size_t);
int	memcmp(const void *, const void *, size_t);
void	*memchr(const void *, int, size_t);
void	*memmem(const void *, size_t, const void *, size_t);
void	*explicit_memset(void *, int, size_t);
int	consttime_memequal(const void *, const void *, size_t);
int	skpc(int, size_t, u_char *);
int	scanc(u_int, const u_char *, const u_char *, int);

#define memcpy(to, from, n)	__builtin_memcpy(to, from, n)
#define memset(to, c, n)	__builtin_memset(to, c, n)
#define memcmp(a, b, n)		__builtin_memcmp(a, b, n)
#define alloca(n)		__builtin_alloca(n)

/* Strings */
char	*strcpy(char *, const char *);
char	*strncpy(char *, const char *, size_t);
size_t	strlcpy(char *, const char *, size_t);
char	*strcat(char *, const char *);
char	*strncat(char *, const char *, size_t);
size_t	strlcat(char *, const char *, size_t);
size_t	strlen(const char *);
size_t	strnlen(const char *, size_t);
int	strcmp(const char *, const char *);
int	strncmp(const char *, const char *, size_t);
int	strcasecmp(const char *, const char *);
int	strncasecmp(const char *, const char *, size_t);
char	*strchr(const char *, int);
char	*strrchr(const char *, int);
char	*strstr(const char *, const char *);
char	*strpbrk(const char *, const char *);
size_t	strspn(const char *, const char *);
size_t	strcspn(const char *, const char *);
char	*strsep(char **, const char *);
int	pmatch(const char *, const char *, const char **);

/* Numbers in strings */
u_long	strtoul(const char *, char **, int);
long long strtoll(const char *, char **, int);
unsigned long long strtoull(const char *, char **, int);
intmax_t strtoimax(const char *, char **, int);
uintmax_t strtoumax(const char *, char **, int);
intmax_t strtoi(const char * __restrict, char ** __restrict, int, intmax_t, intmax_t, int *);
uintmax_t strtou(const char * __restrict, char ** __restrict, int, uintmax_t, uintmax_t, int *);
int	snprintb(char *, size_t, const char *, uint64_t);
int	snprintb_m(char *, size_t, const char *, uint64_t, size_t);
char	*intoa(uint32_t);
#define inet_ntoa(a)	intoa((a).s_addr)

/* Bits, sums, order, chance */
int	ffs(int);
#define ffs(n)	__builtin_ffs(n)
unsigned int	popcount(unsigned int) __constfunc;
unsigned int	popcountl(unsigned long) __constfunc;
unsigned int	popcountll(unsigned long long) __constfunc;
unsigned int	popcount32(uint32_t) __constfunc;
unsigned int	popcount64(uint64_t) __constfunc;
uint32_t crc32(uint32_t, const uint8_t *, size_t);
int	kheapsort(void *, size_t, size_t, int (*)(const void *, const void *), void *);
void	srandom(unsigned long);
long	random(void);

#endif /* !_LIB_LIBKERN_LIBKERN_H_ */
