/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's variables, functions for tables (driver(9)), and hashinit(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/queue.h>

#include "memory.h"
#include "shim.h"

const char copyright[] = "";
const char osrelease[] = __STRING(__NetBSD_Version__);
const char ostype[] = "NetBSD";
const char kernel_ident[] = "RUMPHOST";
const char version[] = "rumphost\n";
const char buildinfo[] = "";
char	machine[] = MACHINE;
char	machine_arch[] = MACHINE_ARCH;

long	hostid;
char	hostname[MAXHOSTNAMELEN] = "rumphost";
int	hostnamelen = sizeof("rumphost") - 1;
char	domainname[MAXHOSTNAMELEN];
int	domainnamelen;
int	rtc_offset;

int	cold;				/* interrupts and threads work from the start */
int	doing_shutdown;
int	boothowto;
int	maxmem = 1 << 18;		/* pages: no driver is to think itself short of them */
int	physmem = 1 << 18;
dev_t	rootdev = NODEV;
const int schedppq = 1;
size_t	coherency_unit = COHERENCY_UNIT;

void
voidop(void)
{
}

int
nullop(void *v)
{

	(void)v;
	return 0;
}

int
enodev(void)
{

	return ENODEV;
}

int
enosys(void)
{

	return ENOSYS;
}

int
enoioctl(void)
{

	return ENOTTY;
}

int
enxio(void)
{

	return ENXIO;
}

int
eopnotsupp(void)
{

	return EOPNOTSUPP;
}

/* A device that is always ready: all that was asked for. */
int
seltrue(dev_t dev, int events, struct lwp *l)
{
	enum { NORMAL_READS_AND_WRITES = 0x0001 | 0x0004 | 0x0040 };

	(void)dev;
	(void)l;
	return events & NORMAL_READS_AND_WRITES;
}

LIST_HEAD(list_head, head);
SLIST_HEAD(slist_head, head);
TAILQ_HEAD(tailq_head, head);

/*
 * Make a table of at least `elements' lists, a power of two; `*mask' becomes that less one.
 */
void *
hashinit(u_int elements, enum hashtype type, bool wait, u_long *mask)
{
	size_t n, count = 1, size;
	char *table;

	if (elements == 0)
		rumphost_misusef("hashinit(9)", "a table of no elements");
	while (count < elements)
		count <<= 1;
	size = type == HASH_LIST ? sizeof(struct list_head) :
	    type == HASH_SLIST ? sizeof(struct slist_head) : sizeof(struct tailq_head);
	if (rumphost_refused("hash", NULL, count * size, wait, RUMPHOST_CALLER))
		return NULL;
	table = rumphost_memory("hashinit(9)", count * size, 0, wait, RUMPHOST_CALLER);
	if (table == NULL)
		return NULL;
	memset(table, 0, count * size);
	for (n = 0; type == HASH_TAILQ && n < count; n++)
		TAILQ_INIT(&((struct tailq_head *)(void *)table)[n]);
	*mask = count - 1;
	return table;
}

void
hashdone(void *table, enum hashtype type, u_long mask)
{

	(void)type;
	(void)mask;
	rumphost_memory_check("hashinit(9)", "hashdone", table, (size_t)-1);
	rumphost_memory_release("hashinit(9)", table);
}
