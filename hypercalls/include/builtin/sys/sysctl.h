/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysctl(9): the tree of named values.
 */

#ifndef _SYS_SYSCTL_H_
#define _SYS_SYSCTL_H_

#include <sys/param.h>
#include <sys/types.h>

#define CTL_MAXNAME	12	/* components of a name */
#define SYSCTL_NAMELEN	32	/* of one component, with the NUL */
#define CREATE_BASE	1024	/* first number given out */
#define SYSCTL_DEFSIZE	8

/* Types */
#define CTLTYPE_NODE	1
#define CTLTYPE_INT	2
#define CTLTYPE_STRING	3
#define CTLTYPE_QUAD	4
#define CTLTYPE_STRUCT	5
#define CTLTYPE_BOOL	6
#ifdef _LP64
#define CTLTYPE_LONG	CTLTYPE_QUAD
#else
#define CTLTYPE_LONG	CTLTYPE_INT
#endif

/* Flags */
#define CTLFLAG_READONLY	0x00000000
#define CTLFLAG_READWRITE	0x00000070
#define CTLFLAG_ANYWRITE	0x00000080
#define CTLFLAG_PRIVATE		0x00000100
#define CTLFLAG_PERMANENT	0x00000200
#define CTLFLAG_OWNDATA		0x00000400
#define CTLFLAG_IMMEDIATE	0x00000800
#define CTLFLAG_HEX		0x00001000
#define CTLFLAG_ROOT		0x00002000
#define CTLFLAG_ANYNUMBER	0x00004000
#define CTLFLAG_HIDDEN		0x00008000
#define CTLFLAG_ALIAS		0x00010000
#define CTLFLAG_MMAP		0x00020000
#define CTLFLAG_OWNDESC		0x00040000
#define CTLFLAG_UNSIGNED	0x00080000

#define SYSCTL_VERS_MASK	0xff000000
#define SYSCTL_VERS_1		0x01000000
#define SYSCTL_VERSION		SYSCTL_VERS_1
#define SYSCTL_VERS(f)		((f) & SYSCTL_VERS_MASK)
#define SYSCTL_TYPEMASK		0x0000000f
#define SYSCTL_TYPE(f)		((f) & SYSCTL_TYPEMASK)
#define SYSCTL_FLAGMASK		0x00fffff0
#define SYSCTL_FLAGS(f)		((f) & SYSCTL_FLAGMASK)

/* Numbers with a meaning of their own */
#define CTL_EOL		(-1)
#define CTL_QUERY	(-2)
#define CTL_CREATE	(-3)
#define CTL_CREATESYM	(-4)
#define CTL_DESTROY	(-5)
#define CTL_MMAP	(-6)
#define CTL_DESCRIBE	(-7)

/* Top level */
#define CTL_UNSPEC	0
#define CTL_KERN	1
#define CTL_VM		2
#define CTL_VFS		3
#define CTL_NET		4
#define CTL_DEBUG	5
#define CTL_HW		6
#define CTL_MACHDEP	7
#define CTL_USER	8
#define CTL_DDB		9
#define CTL_PROC	10
#define CTL_VENDOR	11
#define CTL_EMUL	12
#define CTL_SECURITY	13

#ifdef _KERNEL

#include <sys/systm.h>

struct lwp;
struct sysctllog;
struct sysctlnode;

#define SYSCTLFN_PROTO const int *, u_int, void *, size_t *, const void *, size_t, \
	const int *, struct lwp *, const struct sysctlnode *
#define SYSCTLFN_ARGS const int *name, u_int namelen, void *oldp, size_t *oldlenp, \
	const void *newp, size_t newlen, const int *oname, struct lwp *l, \
	const struct sysctlnode *rnode
#define SYSCTLFN_CALL(node) \
	name, namelen, oldp, oldlenp, newp, newlen, oname, l, node
#define SYSCTLFN_RWPROTO const int *, u_int, void *, size_t *, const void *, size_t, \
	const int *, struct lwp *, struct sysctlnode *

typedef int (*sysctlfn)(SYSCTLFN_PROTO);

struct sysctlnode {
	uint32_t	sysctl_flags;	/* CTLFLAG_*, CTLTYPE_*, version */
	int32_t		sysctl_num;
	char		sysctl_name[SYSCTL_NAMELEN];
	uint32_t	sysctl_ver;
	uint32_t	sysctl_csize;
	uint32_t	sysctl_clen;
	union {
		struct sysctlnode *sysctl_child;
		void		*sysctl_data;
		int32_t		sysctl_alias;
		int32_t		sysctl_idata;
		u_quad_t	sysctl_qdata;
		bool		sysctl_bdata;
	};
	size_t		sysctl_offset;
	size_t		sysctl_size;
	sysctlfn	sysctl_func;
	struct sysctlnode *sysctl_parent;
	const char	*sysctl_desc;
};

extern struct sysctlnode sysctl_root;

/* Functions that are called when the tree is made. */
#define SYSCTL_SETUP_PROTO(name)
#define SYSCTL_SETUP(name, description)					\
	static void name(struct sysctllog **);				\
	__link_set_add_text(sysctl_funcs, name);			\
	static void name(struct sysctllog **clog)

#ifdef SYSCTL_INCLUDE_DESCR
#define SYSCTL_DESCR(s)	s
#else
#define SYSCTL_DESCR(s)	NULL
#endif

int	sysctl_createv(struct sysctllog **, int, const struct sysctlnode **,
	    const struct sysctlnode **, int, int, const char *, const char *, sysctlfn, u_quad_t,
	    void *, size_t, ...);
int	sysctl_destroyv(struct sysctlnode *, ...);
void	sysctl_teardown(struct sysctllog **);

int	sysctl_lookup(SYSCTLFN_PROTO);
int	sysctl_query(SYSCTLFN_PROTO);
int	sysctl_needfunc(SYSCTLFN_PROTO);
int	sysctl_notavail(SYSCTLFN_PROTO);
int	sysctl_null(SYSCTLFN_PROTO);

int	sysctl_copyin(struct lwp *, const void *, void *, size_t);
int	sysctl_copyout(struct lwp *, const void *, void *, size_t);
int	sysctl_copyinstr(struct lwp *, const void *, void *, size_t, size_t *);

void	sysctl_lock(bool);
void	sysctl_unlock(void);
void	sysctl_relock(void);
#endif

#endif /* !_SYS_SYSCTL_H_ */
