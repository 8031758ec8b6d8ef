/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * copy(9) and uiomove(9).  The one address space is the process's: a caller's buffers are memory of the
 * host, so "user space" is memory like any other.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include "shim.h"

enum { NOBODYS = 4096 };		/* bytes from NULL on */

/* Addresses that are nobody's: NULL, with an offset perhaps. */
static bool
bad(const void *address)
{

	return (uintptr_t)address < NOBODYS;
}

int
kcopy(const void *from, void *to, size_t n)
{

	if (n != 0 && (bad(from) || bad(to)))
		return EFAULT;
	memmove(to, from, n);
	return 0;
}

int
copyin(const void *from, void *to, size_t n)
{

	return kcopy(from, to, n);
}

int
copyout(const void *from, void *to, size_t n)
{

	return kcopy(from, to, n);
}

int
copyin_vmspace(struct vmspace *space, const void *from, void *to, size_t n)
{

	(void)space;
	return kcopy(from, to, n);
}

int
copyout_vmspace(struct vmspace *space, const void *from, void *to, size_t n)
{

	(void)space;
	return kcopy(from, to, n);
}

int
ioctl_copyin(int flags, const void *from, void *to, size_t n)
{

	(void)flags;
	return kcopy(from, to, n);
}

int
ioctl_copyout(int flags, const void *from, void *to, size_t n)
{

	(void)flags;
	return kcopy(from, to, n);
}

/* Copy a string of at most `size' bytes; `*done' becomes its length with the NUL. */
int
copystr(const void *from, void *to, size_t size, size_t *done)
{
	size_t length;

	if (bad(from) || bad(to))
		return EFAULT;
	length = strnlen(from, size);
	memcpy(to, from, length < size ? length + 1 : size);
	if (done != NULL)
		*done = length < size ? length + 1 : size;
	return length < size ? 0 : ENAMETOOLONG;
}

int
copyinstr(const void *from, void *to, size_t size, size_t *done)
{

	return copystr(from, to, size, done);
}

int
copyoutstr(const void *from, void *to, size_t size, size_t *done)
{

	return copystr(from, to, size, done);
}

/* Take up to n bytes off a uio; returns how many, at `*where'; 0: there are no more. */
static size_t
advance(struct uio *uio, size_t n, void **where)
{
	struct iovec *iov = uio->uio_iov;

	while (uio->uio_resid > 0 && iov->iov_len == 0) {
		if (uio->uio_iovcnt <= 1)
			return 0;
		uio->uio_iov = ++iov;
		uio->uio_iovcnt--;
	}
	n = MIN(n, MIN(iov->iov_len, (size_t)uio->uio_resid));
	*where = iov->iov_base;
	iov->iov_base = (char *)iov->iov_base + n;
	iov->iov_len -= n;
	uio->uio_resid -= n;
	uio->uio_offset += (off_t)n;
	return n;
}

int
uiomove(void *buffer, size_t n, struct uio *uio)
{
	char *p = buffer;
	size_t part;
	void *where;
	int error;

	for (; n > 0; n -= part, p += part) {
		part = advance(uio, n, &where);
		if (part == 0)
			break;
		error = uio->uio_rw == UIO_READ ? kcopy(p, where, part) : kcopy(where, p, part);
		if (error != 0)
			return error;
	}
	return 0;
}

/* uiomove() from or to the part of a buffer that the uio's offset names. */
int
uiomove_frombuf(void *buffer, size_t size, struct uio *uio)
{
	size_t offset = (size_t)uio->uio_offset;

	if (uio->uio_offset < 0)
		return EINVAL;
	if (offset >= size)
		return 0;
	return uiomove((char *)buffer + offset, size - offset, uio);
}

void
uio_setup_sysspace(struct uio *uio)
{

	uio->uio_vmspace = vmspace_kernel();
}

int
ureadc(int c, struct uio *uio)
{
	char byte = (char)c;

	return uiomove(&byte, 1, uio);
}

/*
 * fetch(9) and store(9), in their older form: one byte or word; -1 when there is no such address.
 */

#define STORE(name, type, argument)					\
int	name(void *, argument);						\
									\
int									\
name(void *to, argument value)						\
{									\
	type v = (type)value;						\
									\
	return kcopy(&v, to, sizeof(v)) == 0 ? 0 : -1;			\
}

#define FETCH(name, type, result)					\
result	name(const void *);						\
									\
result									\
name(const void *from)							\
{									\
	type v;								\
									\
	return kcopy(from, &v, sizeof(v)) == 0 ? (result)v : -1;	\
}

STORE(subyte, uint8_t, int)
STORE(susword, uint16_t, short)
STORE(suword, long, long)
FETCH(fubyte, uint8_t, int)
FETCH(fusword, uint16_t, int)
FETCH(fuword, long, long)
