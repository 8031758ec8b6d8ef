/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutex_obj(9) and rw_obj: locks in memory of their own, with a count of their users.
 */

#include <sys/param.h>
#include <sys/mutex.h>
#include <sys/rwlock.h>

#include "held.h"

u_int	mutex_obj_refcnt(kmutex_t *);
u_int	rw_obj_refcnt(krwlock_t *);

enum {
	MAGIC_MUTEX = 0x6d6f626a,
	MAGIC_RWLOCK = 0x726f626a
};

/* The lock is first, so that one address is both. */
struct lock_object {
	union {
		struct kmutex mutex;
		struct krwlock rwlock;
	} lo_lock;
	uint32_t lo_magic;
	u_int lo_users;
};

static struct lock_object *
object_new(uint32_t magic, uint64_t site)
{
	struct lock_object *o;

	o = rumphost_allocate(sizeof(*o), CACHE_LINE_SIZE, site);
	if (o == NULL)
		rumphost_panic("mutex_obj_alloc: out of memory");
	o->lo_magic = magic;
	o->lo_users = 1;
	return o;
}

static struct lock_object *
object_of(void *lock, uint32_t magic)
{
	struct lock_object *o = lock;

	if (o->lo_magic != magic || o->lo_users == 0)
		rumphost_misuse("mutex_obj(9)", "this lock did not come from mutex_obj_alloc "
		    "or rw_obj_alloc, or was freed already");
	return o;
}

kmutex_t *
mutex_obj_alloc(kmutex_type_t type, int ipl)
{
	struct lock_object *o = object_new(MAGIC_MUTEX, RUMPHOST_CALLER);

	rumphost_mutex_init(&o->lo_lock.mutex, (int)type, ipl, RUMPHOST_CALLER);
	return &o->lo_lock.mutex;
}

void
mutex_obj_hold(kmutex_t *lock)
{

	object_of(lock, MAGIC_MUTEX)->lo_users++;
}

bool
mutex_obj_free(kmutex_t *lock)
{
	struct lock_object *o = object_of(lock, MAGIC_MUTEX);

	if (--o->lo_users != 0)
		return false;
	mutex_destroy(lock);
	rumphost_release(o);
	return true;
}

u_int
mutex_obj_refcnt(kmutex_t *lock)
{

	return object_of(lock, MAGIC_MUTEX)->lo_users;
}

krwlock_t *
rw_obj_alloc(void)
{
	struct lock_object *o = object_new(MAGIC_RWLOCK, RUMPHOST_CALLER);

	rumphost_rw_init(&o->lo_lock.rwlock, RUMPHOST_CALLER);
	return &o->lo_lock.rwlock;
}

void
rw_obj_hold(krwlock_t *lock)
{

	object_of(lock, MAGIC_RWLOCK)->lo_users++;
}

bool
rw_obj_free(krwlock_t *lock)
{
	struct lock_object *o = object_of(lock, MAGIC_RWLOCK);

	if (--o->lo_users != 0)
		return false;
	rw_destroy(lock);
	rumphost_release(o);
	return true;
}

u_int
rw_obj_refcnt(krwlock_t *lock)
{

	return object_of(lock, MAGIC_RWLOCK)->lo_users;
}
