/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character and block devices: driver(9).
 */

#ifndef _SYS_CONF_H_
#define _SYS_CONF_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/device_if.h>

struct knote;

#define D_OTHER		0x0000
#define D_TAPE		0x0001
#define D_DISK		0x0002
#define D_TTY		0x0003
#define D_TYPEMASK	0x00ff
#define D_MPSAFE	0x0100
#define D_NEGOFFSAFE	0x0200

struct bdevsw {
	int		(*d_open)(dev_t, int, int, struct lwp *);
	int		(*d_close)(dev_t, int, int, struct lwp *);
	void		(*d_strategy)(struct buf *);
	int		(*d_ioctl)(dev_t, u_long, void *, int, struct lwp *);
	int		(*d_dump)(dev_t, daddr_t, void *, size_t);
	int		(*d_psize)(dev_t);
	int		(*d_discard)(dev_t, off_t, off_t);
	int		d_flag;
};

struct cdevsw {
	int		(*d_open)(dev_t, int, int, struct lwp *);
	int		(*d_close)(dev_t, int, int, struct lwp *);
	int		(*d_read)(dev_t, struct uio *, int);
	int		(*d_write)(dev_t, struct uio *, int);
	int		(*d_ioctl)(dev_t, u_long, void *, int, struct lwp *);
	void		(*d_stop)(struct tty *, int);
	struct tty	*(*d_tty)(dev_t);
	int		(*d_poll)(dev_t, int, struct lwp *);
	paddr_t		(*d_mmap)(dev_t, off_t, int);
	int		(*d_kqfilter)(dev_t, struct knote *);
	int		(*d_discard)(dev_t, off_t, off_t);
	int		d_flag;
};

#ifdef _KERNEL
#define dev_type_open(n)	int n(dev_t, int, int, struct lwp *)
#define dev_type_close(n)	int n(dev_t, int, int, struct lwp *)
#define dev_type_read(n)	int n(dev_t, struct uio *, int)
#define dev_type_write(n)	int n(dev_t, struct uio *, int)
#define dev_type_ioctl(n)	int n(dev_t, u_long, void *, int, struct lwp *)
#define dev_type_stop(n)	void n(struct tty *, int)
#define dev_type_tty(n)		struct tty *n(dev_t)
#define dev_type_poll(n)	int n(dev_t, int, struct lwp *)
#define dev_type_mmap(n)	paddr_t n(dev_t, off_t, int)
#define dev_type_strategy(n)	void n(struct buf *)
#define dev_type_dump(n)	int n(dev_t, daddr_t, void *, size_t)
#define dev_type_size(n)	int n(dev_t)
#define dev_type_kqfilter(n)	int n(dev_t, struct knote *)
#define dev_type_discard(n)	int n(dev_t, off_t, off_t)

/* Not supported */
#define noopen		((dev_type_open((*)))(void *)enodev)
#define noclose		((dev_type_close((*)))(void *)enodev)
#define noread		((dev_type_read((*)))(void *)enodev)
#define nowrite		((dev_type_write((*)))(void *)enodev)
#define noioctl		((dev_type_ioctl((*)))(void *)enodev)
#define nostop		((dev_type_stop((*)))(void *)enodev)
#define notty		NULL
#define nopoll		seltrue
#define nommap		((dev_type_mmap((*)))(void *)enodev)
#define nodump		((dev_type_dump((*)))(void *)enodev)
#define nosize		NULL
#define nokqfilter	seltrue_kqfilter
#define nodiscard	((dev_type_discard((*)))(void *)enodev)

/* Supported, and nothing to do */
#define nullopen	((dev_type_open((*)))(void *)nullop)
#define nullclose	((dev_type_close((*)))(void *)nullop)
#define nullread	((dev_type_read((*)))(void *)nullop)
#define nullwrite	((dev_type_write((*)))(void *)nullop)
#define nullioctl	((dev_type_ioctl((*)))(void *)nullop)
#define nullstop	((dev_type_stop((*)))(void *)nullop)
#define nullpoll	((dev_type_poll((*)))(void *)nullop)
#define nullmmap	((dev_type_mmap((*)))(void *)nullop)
#define nulldump	((dev_type_dump((*)))(void *)nullop)
#define nullkqfilter	((dev_type_kqfilter((*)))(void *)eopnotsupp)
#define nulldiscard	((dev_type_discard((*)))(void *)nullop)

int	devsw_attach(const char *, const struct bdevsw *, devmajor_t *,
	    const struct cdevsw *, devmajor_t *);
int	devsw_detach(const struct bdevsw *, const struct cdevsw *);
const struct bdevsw *bdevsw_lookup(dev_t);
const struct cdevsw *cdevsw_lookup(dev_t);
devmajor_t bdevsw_lookup_major(const struct bdevsw *);
devmajor_t cdevsw_lookup_major(const struct cdevsw *);
int	seltrue_kqfilter(dev_t, struct knote *);
#endif

#endif /* !_SYS_CONF_H_ */
