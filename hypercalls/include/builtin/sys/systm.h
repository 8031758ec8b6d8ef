/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every part of the kernel uses: printf(9), copy(9), uiomove(9), and some variables.
 */

#ifndef _SYS_SYSTM_H_
#define _SYS_SYSTM_H_

#include <sys/types.h>
#include <sys/stdarg.h>
#include <sys/device_if.h>
#include <machine/endian.h>

struct ifnet;
struct lwp;
struct proc;
struct timeval;
struct tty;
struct uio;
struct vmspace;
struct vnode;

#ifdef _KERNEL

extern const char *panicstr;	/* why the system went down */
extern int	doing_shutdown;

extern const char copyright[];
extern char	machine[];	/* "rumphost" */
extern char	machine_arch[];
extern const char osrelease[];
extern const char ostype[];
extern const char kernel_ident[];
extern const char version[];
extern const char buildinfo[];

extern int	maxmem;
extern int	physmem;	/* in pages */
extern device_t	root_device;
extern dev_t	rootdev;
extern int	ncpu;
extern int	ncpuonline;
extern bool	mp_online;
extern int	boothowto;	/* RB_*, AB_*: see <sys/reboot.h> */
#define bootverbose	(boothowto & AB_VERBOSE)
#define bootquiet	(boothowto & AB_QUIET)

extern const char hexdigits[];	/* "0123456789abcdef" */
extern const char HEXDIGITS[];

/* Functions for tables that have nothing to do, or an error to return */
void	voidop(void);
int	nullop(void *);
int	enodev(void);
int	enosys(void);
int	enoioctl(void);
int	enxio(void);
int	eopnotsupp(void);
int	seltrue(dev_t, int, struct lwp *);

/* hashinit(9) */
enum hashtype {
	HASH_LIST,
	HASH_SLIST,
	HASH_TAILQ
};
void	*hashinit(u_int, enum hashtype, bool, u_long *);
void	hashdone(void *, enum hashtype, u_long);

/* printf(9) */
void	printf(const char *, ...) __printflike(1, 2);
void	vprintf(const char *, va_list) __printflike(1, 0);
void	printf_tolog(const char *, ...) __printflike(1, 2);
void	printf_nolog(const char *, ...) __printflike(1, 2);
void	uprintf(const char *, ...) __printflike(1, 2);
void	uprintf_locked(const char *, ...) __printflike(1, 2);
int	snprintf(char *, size_t, const char *, ...) __printflike(3, 4);
int	vsnprintf(char *, size_t, const char *, va_list) __printflike(3, 0);

void	aprint_normal(const char *, ...) __printflike(1, 2);
void	aprint_naive(const char *, ...) __printflike(1, 2);
void	aprint_verbose(const char *, ...) __printflike(1, 2);
void	aprint_debug(const char *, ...) __printflike(1, 2);
void	aprint_error(const char *, ...) __printflike(1, 2);
int	aprint_get_error_count(void);

void	device_printf(device_t, const char *, ...) __printflike(2, 3);
void	aprint_normal_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_naive_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_verbose_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_debug_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_error_dev(device_t, const char *, ...) __printflike(2, 3);

void	aprint_normal_ifnet(struct ifnet *, const char *, ...) __printflike(2, 3);
void	aprint_naive_ifnet(struct ifnet *, const char *, ...) __printflike(2, 3);
void	aprint_verbose_ifnet(struct ifnet *, const char *, ...) __printflike(2, 3);
void	aprint_debug_ifnet(struct ifnet *, const char *, ...) __printflike(2, 3);
void	aprint_error_ifnet(struct ifnet *, const char *, ...) __printflike(2, 3);

/* shutdownhook_establish(9) */
void	*shutdownhook_establish(void (*)(void *), void *);
void	shutdownhook_disestablish(void *);
void	doshutdownhooks(void);

/* panic(9) */
void	panic(const char *, ...) __dead __printflike(1, 2);
void	vpanic(const char *, va_list) __dead __printflike(1, 0);

/* humanize_number(9) */
int	humanize_number(char *, size_t, uint64_t, const char *, int);
int	format_bytes(char *, size_t, uint64_t);

/* Old names */
#define bcopy(from, to, n)	memcpy((to), (from), (n))
#define bzero(to, n)		memset((to), 0, (n))
#define bcmp(a, b, n)		memcmp((a), (b), (n))

/* copy(9) */
typedef int	(*copyin_t)(const void *, void *, size_t);
typedef int	(*copyout_t)(const void *, void *, size_t);

int	kcopy(const void *, void *, size_t);
int	copystr(const void *, void *, size_t, size_t *);
int	copyinstr(const void *, void *, size_t, size_t *);
int	copyoutstr(const void *, void *, size_t, size_t *);
int	copyin(const void *, void *, size_t);
int	copyout(const void *, void *, size_t);
int	copyin_vmspace(struct vmspace *, const void *, void *, size_t);
int	copyout_vmspace(struct vmspace *, const void *, void *, size_t);
int	ioctl_copyin(int, const void *, void *, size_t);
int	ioctl_copyout(int, const void *, void *, size_t);

/* uiomove(9) */
int	uiomove(void *, size_t, struct uio *);
int	uiomove_frombuf(void *, size_t, struct uio *);

/* The kernel lock */
void	_kernel_lock(int);
void	_kernel_unlock(int, int *);
bool	_kernel_locked_p(void);
#define KERNEL_LOCK(count, l) do {					\
	if ((count) != 0)						\
		_kernel_lock((count));					\
} while (0)
#define KERNEL_UNLOCK(all, l, held)	_kernel_unlock((all), (held))
#define KERNEL_LOCKED_P()		_kernel_locked_p()
#define KERNEL_UNLOCK_LAST(l)		KERNEL_UNLOCK(-1, (l), NULL)
#define KERNEL_UNLOCK_ALL(l, held)	KERNEL_UNLOCK(0, (l), (held))
#define KERNEL_UNLOCK_ONE(l)		KERNEL_UNLOCK(1, (l), NULL)

/* kpreempt(9) */
void	kpreempt_disable(void);
void	kpreempt_enable(void);
bool	kpreempt_disabled(void);

void	assert_sleepable(void);
#ifdef DEBUG
#define ASSERT_SLEEPABLE()	assert_sleepable()
#else
#define ASSERT_SLEEPABLE()	do { } while (0)
#endif

#include <lib/libkern/libkern.h>

#endif /* _KERNEL */

#endif /* !_SYS_SYSTM_H_ */
