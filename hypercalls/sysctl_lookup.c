/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysctl(9): reading and writing a node's value, and the functions that nodes may name.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/sysctl.h>

#include "shim.h"
#include "sysctl_private.h"

#define MANUAL	"sysctl(9)"

void *
rumphost_sysctl_value(struct sysctlnode *node)
{

	if ((node->sysctl_flags & CTLFLAG_IMMEDIATE) == 0)
		return node->sysctl_data;
	if (SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_INT)
		return &node->sysctl_idata;
	if (SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_BOOL)
		return &node->sysctl_bdata;
	return &node->sysctl_qdata;
}

static int
check_write(const struct sysctlnode *node, const void *newp, size_t newlen)
{
	const size_t size = node->sysctl_size;

	if ((node->sysctl_flags & CTLFLAG_READWRITE) != CTLFLAG_READWRITE)
		return EPERM;
	if (SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_STRING) {
		if (newlen > size || (newlen == size && ((const char *)newp)[size - 1] != '\0'))
			return newlen > size ? EINVAL : ENAMETOOLONG;
		return 0;
	}
	if (SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_BOOL && newlen == sizeof(bool) &&
	    *(const unsigned char *)newp > 1)
		return EINVAL;
	return newlen == size ? 0 : EINVAL;
}

/* What a node without a function does, and what functions call on a copy of their node. */
int
sysctl_lookup(SYSCTLFN_ARGS)
{
	struct sysctlnode *node = __UNCONST(rnode);
	const bool string = SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_STRING;
	void *data = rumphost_sysctl_value(node);
	size_t size = node->sysctl_size;
	int error;

	(void)name;
	(void)oname;
	if (SYSCTL_TYPE(node->sysctl_flags) == CTLTYPE_NODE)
		return EINVAL;
	if (namelen != 0)
		return ENOTDIR;
	if (data == NULL)
		return 0;
	if (newp != NULL && (error = check_write(node, newp, newlen)) != 0)
		return error;
	if (oldlenp != NULL) {
		const size_t room = *oldlenp, have = string ? strlen(data) + 1 : size;

		*oldlenp = have;
		if (oldp != NULL) {
			error = sysctl_copyout(l, data, oldp, MIN(room, have));
			if (error != 0)
				return error;
			if (room < have)
				return ENOMEM;
		}
	}
	if (newp == NULL)
		return 0;
	error = sysctl_copyin(l, newp, data, newlen);
	if (string && error == 0 && newlen < size)
		((char *)data)[newlen] = '\0';
	return error;
}

/* The host lists nodes by itself. */
int
sysctl_query(SYSCTLFN_ARGS)
{

	(void)name;
	(void)namelen;
	(void)oldp;
	(void)oldlenp;
	(void)newp;
	(void)newlen;
	(void)oname;
	(void)l;
	(void)rnode;
	rumphost_unsupported(MANUAL, "sysctl_query: a driver that lists nodes by itself");
	return EOPNOTSUPP;
}

/* The function of nodes that are to be given one. */
int
sysctl_needfunc(SYSCTLFN_ARGS)
{

	(void)name;
	(void)namelen;
	(void)oldp;
	(void)oldlenp;
	(void)newp;
	(void)newlen;
	(void)oname;
	(void)l;
	(void)rnode;
	return EOPNOTSUPP;
}

int
sysctl_notavail(SYSCTLFN_ARGS)
{

	return sysctl_needfunc(SYSCTLFN_CALL(rnode));
}

int
sysctl_null(SYSCTLFN_ARGS)
{

	(void)name;
	(void)namelen;
	(void)oldp;
	(void)oldlenp;
	(void)newp;
	(void)newlen;
	(void)oname;
	(void)l;
	(void)rnode;
	return 0;
}

/* What is asked for is the host's, in the same memory. */

int
sysctl_copyin(struct lwp *l, const void *from, void *to, size_t size)
{

	(void)l;
	memcpy(to, from, size);
	return 0;
}

int
sysctl_copyout(struct lwp *l, const void *from, void *to, size_t size)
{

	(void)l;
	memcpy(to, from, size);
	return 0;
}

int
sysctl_copyinstr(struct lwp *l, const void *from, void *to, size_t size, size_t *done)
{
	const size_t length = strnlen(from, size);

	(void)l;
	if (length == size)
		return ENAMETOOLONG;
	memcpy(to, from, length + 1);
	if (done != NULL)
		*done = length + 1;
	return 0;
}
