/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysctl(9): an image's own tree, of which the host is told node by node.
 *
 * A node never moves, so its address names it to the host, and to sysctl_teardown(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/rwlock.h>
#include <sys/sysctl.h>

#include "shim.h"
#include "device_private.h"
#include "sysctl_private.h"

#undef sysctl_createv

struct sysctllog;
typedef void setup_function(struct sysctllog **);
__link_set_decl(sysctl_funcs, setup_function);
/* An image may have none. */
#pragma weak __start_link_set_sysctl_funcs
#pragma weak __stop_link_set_sysctl_funcs

/* A node and its place in the tree. */
struct place {
	struct sysctlnode p_node;
	struct place	*p_parent;
	struct place	*p_children;	/* youngest first */
	struct place	*p_next;
	struct sysctllog *p_log;	/* the log that it is in, or NULL */
	struct place	*p_logged;	/* the one made before it, of the same log */
};

/* What one driver has made: youngest first. */
struct sysctllog {
	struct place	*log_last;
};

RUMPHOST_UPCALL void rumphost_sysctl_forget(struct sysctlnode *);
RUMPHOST_UPCALL int rumphost_sysctl_access(struct sysctlnode *, void *, size_t *, const void *,
    size_t);

static krwlock_t sysctl_treelock;	/* the tree, and all who are in a node's function */
static struct place root;
static int next_number = CREATE_BASE;

struct sysctlnode sysctl_root;

static int create(struct sysctllog **, struct place *, const struct sysctlnode **, int, int,
    const char *, const char *, sysctlfn, u_quad_t, void *, size_t, const int *, int);

static struct place *
place(const struct sysctlnode *node)
{

	if (node == NULL || node == &sysctl_root)
		return &root;
	return (struct place *)__UNCONST(node);
}

static struct place *
child_by_number(struct place *parent, int number)
{
	struct place *p;

	for (p = parent->p_children; p != NULL; p = p->p_next) {
		if (p->p_node.sysctl_num == number)
			return p;
	}
	return NULL;
}

static struct place *
child_by_name(struct place *parent, const char *name)
{
	struct place *p;

	for (p = parent->p_children; p != NULL; p = p->p_next) {
		if (strcmp(p->p_node.sysctl_name, name) == 0)
			return p;
	}
	return NULL;
}

static struct place *
make(struct place *parent, const char *name, int number, int flags, int type, size_t size)
{
	struct place *p = rumphost_config_memory(sizeof(*p));
	struct sysctlnode *node = &p->p_node;

	node->sysctl_flags = SYSCTL_VERSION | (uint32_t)flags | (uint32_t)type;
	node->sysctl_num = number;
	strlcpy(node->sysctl_name, name, sizeof(node->sysctl_name));
	node->sysctl_size = size;
	node->sysctl_parent = parent == &root ? &sysctl_root : &parent->p_node;
	p->p_parent = parent;
	p->p_next = parent->p_children;
	parent->p_children = p;
	return p;
}

static void
announce(struct place *p, void *data)
{
	const struct sysctlnode *node = &p->p_node;

	rumphost_sysctl_create(&p->p_node, p->p_parent == &root ? NULL : &p->p_parent->p_node,
	    node->sysctl_name, node->sysctl_num, node->sysctl_flags, data, node->sysctl_size,
	    (void *)node->sysctl_func);
}

/* The top level, as everywhere. */
void
rumphost_sysctl_load(void)
{
	static const struct {
		const char	*name;
		int		number;
	} top[] = {
		{ "kern", CTL_KERN }, { "vm", CTL_VM }, { "vfs", CTL_VFS }, { "net", CTL_NET },
		{ "debug", CTL_DEBUG }, { "hw", CTL_HW }, { "machdep", CTL_MACHDEP },
		{ "ddb", CTL_DDB }, { "vendor", CTL_VENDOR }, { "security", CTL_SECURITY },
	};
	setup_function * const *setup;

	rw_init(&sysctl_treelock);
	sysctl_root.sysctl_flags = SYSCTL_VERSION | CTLFLAG_ROOT | CTLTYPE_NODE;
	for (size_t n = 0; n < __arraycount(top); n++)
		announce(make(&root, top[n].name, top[n].number, CTLFLAG_PERMANENT, CTLTYPE_NODE,
		    0), NULL);
	for (setup = __link_set_start(sysctl_funcs); setup < __link_set_end(sysctl_funcs); setup++)
		(**setup)(NULL);
}

/*
 * Making and removing nodes.
 */

/* Where the new node's value is; NULL when only its function knows. */
static int
place_data(struct place *p, int flags, int type, u_quad_t value, void *data)
{
	struct sysctlnode *node = &p->p_node;

	if (type == CTLTYPE_NODE)
		return data != NULL ? EINVAL : 0;
	if (node->sysctl_size == 0) {
		switch (type) {
		case CTLTYPE_INT:
			node->sysctl_size = sizeof(int);
			break;
		case CTLTYPE_QUAD:
			node->sysctl_size = sizeof(u_quad_t);
			break;
		case CTLTYPE_BOOL:
			node->sysctl_size = sizeof(bool);
			break;
		case CTLTYPE_STRING:
			if (data != NULL)
				node->sysctl_size = strlen(data) + 1;
			break;
		default:
			break;
		}
	}
	if ((flags & CTLFLAG_IMMEDIATE) != 0) {
		if (type == CTLTYPE_INT)
			node->sysctl_idata = (int32_t)value;
		else if (type == CTLTYPE_BOOL)
			node->sysctl_bdata = value != 0;
		else if (type == CTLTYPE_QUAD)
			node->sysctl_qdata = value;
		else
			return EINVAL;
		return 0;
	}
	if ((flags & CTLFLAG_OWNDATA) != 0) {
		void *copy = rumphost_config_memory(MAX(node->sysctl_size, 1));

		if (data != NULL)
			memcpy(copy, data, node->sysctl_size);
		node->sysctl_data = copy;
	} else {
		node->sysctl_data = data;
		if (data == NULL && node->sysctl_func == NULL)
			return EINVAL;
	}
	return 0;
}

static void
unlink_place(struct place *p)
{
	struct place **link = &p->p_parent->p_children;

	while (*link != p)
		link = &(*link)->p_next;
	*link = p->p_next;
	if (p->p_log == NULL)
		return;
	for (link = &p->p_log->log_last; *link != p; link = &(*link)->p_logged)
		continue;
	*link = p->p_logged;
}

static void
destroy(struct place *p, bool tell)
{

	while (p->p_children != NULL)
		destroy(p->p_children, false);
	if (tell)
		rumphost_sysctl_destroy(&p->p_node);
	unlink_place(p);
	if ((p->p_node.sysctl_flags & CTLFLAG_OWNDATA) != 0)
		rumphost_release(p->p_node.sysctl_data);
	rumphost_release(p);
}

static void
note(struct sysctllog **log, struct place *p)
{

	if (log == NULL)
		return;
	if (*log == NULL)
		*log = rumphost_config_memory(sizeof(**log));
	p->p_log = *log;
	p->p_logged = (*log)->log_last;
	(*log)->log_last = p;
}

/* As sysctl(7) has it: letters, digits, `-' and `_', and no digit first. */
static bool
is_name(const char *name)
{
	const char *p;

	for (p = name; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9' && p != name) && *p != '-' && *p != '_')
			return false;
	return p != name;
}

/*
 * The numbers that follow name the parent from `*start' (the root) on, then the node itself:
 * CTL_CREATE for whatever is free; CTL_EOL ends them.
 */
int
sysctl_createv(struct sysctllog **log, int create_flags, const struct sysctlnode **start,
    const struct sysctlnode **made, int flags, int type, const char *name,
    const char *description, sysctlfn function, u_quad_t value, void *data, size_t size, ...)
{
	int numbers[CTL_MAXNAME], count = 0, number, error;
	va_list arguments;

	(void)create_flags;
	va_start(arguments, size);
	while ((number = va_arg(arguments, int)) != CTL_EOL && count < CTL_MAXNAME)
		numbers[count++] = number;
	va_end(arguments);
	sysctl_lock(true);
	error = create(log, place(start != NULL ? *start : NULL), made, flags, type, name,
	    description, function, value, data, size, numbers, count);
	sysctl_unlock();
	return error;
}

static int
create(struct sysctllog **log, struct place *parent, const struct sysctlnode **made, int flags,
    int type, const char *name, const char *description, sysctlfn function, u_quad_t value,
    void *data, size_t size, const int *numbers, int count)
{
	struct place *p;
	int number, error;

	if (count == 0 || name == NULL || !is_name(name))
		return EINVAL;
	for (int n = 0; n < count - 1; n++) {
		parent = child_by_number(parent, numbers[n]);
		if (parent == NULL)
			return ENOENT;
	}
	number = numbers[count - 1];
	p = child_by_name(parent, name);
	if (p != NULL) {
		/* The same inner node may be asked for by many. */
		if (made != NULL)
			*made = &p->p_node;
		return type == CTLTYPE_NODE &&
		    SYSCTL_TYPE(p->p_node.sysctl_flags) == CTLTYPE_NODE ? 0 : EEXIST;
	}
	if (number == CTL_CREATE)
		number = next_number++;
	p = make(parent, name, number, flags, type, size);
	p->p_node.sysctl_desc = description;
	p->p_node.sysctl_func = function;
	error = place_data(p, flags, type, value, data);
	if (error != 0) {
		p->p_node.sysctl_flags &= ~(uint32_t)CTLFLAG_OWNDATA;
		destroy(p, false);
		return error;
	}
	note(log, p);
	announce(p, type == CTLTYPE_NODE ? NULL : rumphost_sysctl_value(&p->p_node));
	if (made != NULL)
		*made = &p->p_node;
	return 0;
}

int
sysctl_destroyv(struct sysctlnode *start, ...)
{
	struct place *p = place(start);
	va_list arguments;
	int number, error = 0;

	sysctl_lock(true);
	va_start(arguments, start);
	while ((number = va_arg(arguments, int)) != CTL_EOL && p != NULL)
		p = child_by_number(p, number);
	va_end(arguments);
	if (p == NULL)
		error = ENOENT;
	else if (p == &root || (p->p_node.sysctl_flags & CTLFLAG_PERMANENT) != 0)
		error = EPERM;
	else
		destroy(p, true);
	sysctl_unlock();
	return error;
}

/* The host takes a node away whose driver has crashed. */
void
rumphost_sysctl_forget(struct sysctlnode *node)
{

	destroy(place(node), false);
}

/* Nodes that others have put children into stay, as in a kernel. */
void
sysctl_teardown(struct sysctllog **log)
{
	struct place *p, *before;

	if (*log == NULL)
		return;
	sysctl_lock(true);
	for (p = (*log)->log_last; p != NULL; p = before) {
		before = p->p_logged;
		p->p_log = NULL;
		if (p->p_children == NULL)
			destroy(p, true);
	}
	sysctl_unlock();
	rumphost_release(*log);
	*log = NULL;
}

/* `wanted' may be gone, and is only compared. */
static bool
is_below(const struct place *above, const struct place *wanted)
{

	for (const struct place *p = above->p_children; p != NULL; p = p->p_next) {
		if (p == wanted || is_below(p, wanted))
			return true;
	}
	return false;
}

/* The host reads (`newp' NULL) or writes a node, on an lwp of its own. */
int
rumphost_sysctl_access(struct sysctlnode *node, void *oldp, size_t *oldlenp, const void *newp,
    size_t newlen)
{
	sysctlfn function;
	int number, error;

	sysctl_lock(newp != NULL);
	if (!is_below(&root, place(node)))
		error = ENOENT;		/* torn down since the host asked */
	else if (newp != NULL && (node->sysctl_flags & CTLFLAG_READWRITE) != CTLFLAG_READWRITE)
		error = EPERM;
	else {
		function = node->sysctl_func != NULL ? node->sysctl_func : sysctl_lookup;
		number = node->sysctl_num;
		error = (*function)(&number + 1, 0, oldp, oldlenp, newp, newlen, &number, NULL,
		    node);
	}
	sysctl_unlock();
	return error;
}

/* Held while a node's function runs: who tears its node down waits for it. */
void
sysctl_lock(bool write)
{

	rw_enter(&sysctl_treelock, write ? RW_WRITER : RW_READER);
	if (write)
		curlwp->l_pflag |= LP_SYSCTLWRITE;
	else
		curlwp->l_pflag &= ~LP_SYSCTLWRITE;
}

void
sysctl_unlock(void)
{

	rw_exit(&sysctl_treelock);
}

/* After sysctl_unlock() in a node's function, as it was before. */
void
sysctl_relock(void)
{

	sysctl_lock((curlwp->l_pflag & LP_SYSCTLWRITE) != 0);
}
