/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psref(9): references that may be held across sleeping, on one CPU.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/proc.h>

#if __has_include(<sys/psref.h>)
#include <sys/psref.h>

#include "shim.h"

/* References of one class; a struct psref belongs to the driver, so they are kept beside it. */
struct reference {
	struct reference *next;
	const struct psref *psref;
	const struct psref_target *target;
};

struct psref_class {
	int			prc_ipl;
	struct reference	*prc_references;
};

struct psref_class *
psref_class_create(const char *name __unused, int ipl)
{
	struct psref_class *class;

	class = rumphost_allocate(sizeof(*class), 16, RUMPHOST_CALLER);
	if (class == NULL)
		rumphost_panic("psref_class_create: out of memory");
	class->prc_ipl = ipl;
	class->prc_references = NULL;
	return class;
}

void
psref_class_destroy(struct psref_class *class)
{

	if (class->prc_references != NULL)
		rumphost_misuse("psref(9)", "psref_class_destroy while references are held");
	rumphost_release(class);
}

void
psref_target_init(struct psref_target *target, struct psref_class *class)
{

	target->prt_class = class;
	target->prt_draining = false;
}

static void
check_class(const struct psref_target *target, const struct psref_class *class)
{

	if (target->prt_class != class)
		rumphost_misuse("psref(9)", "a target with a class that is not its own");
}

bool
psref_held(const struct psref_target *target, struct psref_class *class)
{
	const struct reference *r;

	check_class(target, class);
	for (r = class->prc_references; r != NULL; r = r->next) {
		if (r->target == target && r->psref->psref_lwp == curlwp)
			return true;
	}
	return false;
}

static bool
referred_to(const struct psref_target *target, const struct psref_class *class)
{
	const struct reference *r;

	for (r = class->prc_references; r != NULL; r = r->next) {
		if (r->target == target)
			return true;
	}
	return false;
}

void
psref_target_destroy(struct psref_target *target, struct psref_class *class)
{

	check_class(target, class);
	if (target->prt_draining)
		rumphost_misuse("psref(9)", "psref_target_destroy of a target twice");
	assert_sleepable();
	if (psref_held(target, class))
		rumphost_misuse("psref(9)",
		    "psref_target_destroy by an lwp that itself holds a reference");
	target->prt_draining = true;
	while (referred_to(target, class))
		(void)tsleep(target, PWAIT, "psref", 0);
	target->prt_class = NULL;
}

void
psref_acquire(struct psref *psref, const struct psref_target *target,
    struct psref_class *class)
{
	struct reference *r;

	check_class(target, class);
	if (target->prt_draining)
		rumphost_misuse("psref(9)", "psref_acquire of a target that is being destroyed");
	r = rumphost_allocate(sizeof(*r), 16, RUMPHOST_CALLER);
	if (r == NULL)
		rumphost_panic("psref_acquire: out of memory");
	r->psref = psref;
	r->target = target;
	r->next = class->prc_references;
	class->prc_references = r;
	psref->psref_target = target;
	psref->psref_lwp = curlwp;
	psref->psref_cpu = curcpu();
}

void
psref_release(struct psref *psref, const struct psref_target *target,
    struct psref_class *class)
{
	struct reference **link, *r;

	check_class(target, class);
	for (link = &class->prc_references; (r = *link) != NULL; link = &r->next) {
		if (r->psref == psref && r->target == target)
			break;
	}
	if (r == NULL) {
		rumphost_misuse("psref(9)", "psref_release of what was not acquired");
		return;
	}
	if (psref->psref_lwp != curlwp)
		rumphost_misuse("psref(9)", "psref_release by an lwp that did not acquire it");
	*link = r->next;
	rumphost_release(r);
	psref->psref_target = NULL;
	if (target->prt_draining)
		wakeup(target);
}

void
psref_copy(struct psref *to, const struct psref *from, struct psref_class *class)
{

	if (from->psref_target == NULL || from->psref_lwp != curlwp)
		rumphost_misuse("psref(9)", "psref_copy of a reference that the caller lacks");
	psref_acquire(to, from->psref_target, class);
}

#endif
