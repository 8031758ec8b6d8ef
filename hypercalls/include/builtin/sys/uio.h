/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uiomove(9).
 */

#ifndef _SYS_UIO_H_
#define _SYS_UIO_H_

#include <sys/types.h>

struct iovec {
	void	*iov_base;
	size_t	iov_len;
};

enum uio_rw { UIO_READ, UIO_WRITE };
enum uio_seg { UIO_USERSPACE, UIO_SYSSPACE };

struct vmspace;

struct uio {
	struct iovec	*uio_iov;
	int		uio_iovcnt;
	off_t		uio_offset;
	size_t		uio_resid;
	enum uio_rw	uio_rw;
	struct vmspace	*uio_vmspace;
};
#define UIO_SETUP_SYSSPACE(uio)	uio_setup_sysspace(uio)
#define UIO_MAXIOV	1024
#define UIO_SMALLIOV	8

#ifdef _KERNEL
void	uio_setup_sysspace(struct uio *);
int	ureadc(int, struct uio *);
#endif

#endif /* !_SYS_UIO_H_ */
