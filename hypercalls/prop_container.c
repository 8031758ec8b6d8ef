/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): arrays and dictionaries.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"
#include "prop_private.h"

/*
 * Arrays.
 */

prop_array_t
prop_array_create_with_capacity(unsigned int capacity)
{
	prop_array_t a = rumphost_prop_create(PROP_TYPE_ARRAY, sizeof(*a));

	(void)prop_array_ensure_capacity(a, capacity);
	return a;
}

prop_array_t
prop_array_create(void)
{

	return prop_array_create_with_capacity(0);
}

void
rumphost_prop_array_empty(prop_array_t a)
{

	while (a->pa_count > 0)
		prop_object_release(a->pa_objects[--a->pa_count]);
	if (a->pa_objects != NULL)
		rumphost_release(a->pa_objects);
}

prop_array_t
prop_array_copy_mutable(prop_array_t a)
{
	prop_array_t copy;

	if (!rumphost_prop_is(a, PROP_TYPE_ARRAY))
		return NULL;
	copy = prop_array_create_with_capacity(a->pa_count);
	for (unsigned int n = 0; n < a->pa_count; n++)
		(void)prop_array_add(copy, a->pa_objects[n]);
	return copy;
}

prop_array_t
prop_array_copy(prop_array_t a)
{
	prop_array_t copy = prop_array_copy_mutable(a);

	if (copy != NULL)
		copy->pa_immutable = a->pa_immutable;
	return copy;
}

unsigned int
prop_array_capacity(prop_array_t a)
{

	return rumphost_prop_is(a, PROP_TYPE_ARRAY) ? a->pa_capacity : 0;
}

unsigned int
prop_array_count(prop_array_t a)
{

	return rumphost_prop_is(a, PROP_TYPE_ARRAY) ? a->pa_count : 0;
}

bool
prop_array_ensure_capacity(prop_array_t a, unsigned int capacity)
{
	prop_object_t *objects;

	if (!rumphost_prop_is(a, PROP_TYPE_ARRAY))
		return false;
	if (capacity <= a->pa_capacity)
		return true;
	objects = rumphost_prop_memory(capacity * sizeof(*objects));
	if (a->pa_objects != NULL) {
		memcpy(objects, a->pa_objects, a->pa_count * sizeof(*objects));
		rumphost_release(a->pa_objects);
	}
	a->pa_objects = objects;
	a->pa_capacity = capacity;
	return true;
}

void
prop_array_make_immutable(prop_array_t a)
{

	if (rumphost_prop_is(a, PROP_TYPE_ARRAY))
		a->pa_immutable = true;
}

bool
prop_array_mutable(prop_array_t a)
{

	return rumphost_prop_is(a, PROP_TYPE_ARRAY) && !a->pa_immutable;
}

prop_object_t
prop_array_get(prop_array_t a, unsigned int index)
{

	return index < prop_array_count(a) ? a->pa_objects[index] : NULL;
}

bool
prop_array_set(prop_array_t a, unsigned int index, prop_object_t object)
{
	prop_object_t before;

	if (!prop_array_mutable(a) || object == NULL)
		return false;
	if (index == a->pa_count)
		return prop_array_add(a, object);
	if (index > a->pa_count)
		return false;
	before = a->pa_objects[index];
	prop_object_retain(object);
	a->pa_objects[index] = object;
	prop_object_release(before);
	return true;
}

bool
prop_array_add(prop_array_t a, prop_object_t object)
{

	if (!prop_array_mutable(a) || object == NULL)
		return false;
	if (a->pa_count == a->pa_capacity)
		(void)prop_array_ensure_capacity(a, a->pa_capacity + 8);
	prop_object_retain(object);
	a->pa_objects[a->pa_count++] = object;
	return true;
}

void
prop_array_remove(prop_array_t a, unsigned int index)
{
	prop_object_t object;

	if (!prop_array_mutable(a) || index >= a->pa_count)
		return;
	object = a->pa_objects[index];
	a->pa_count--;
	memmove(&a->pa_objects[index], &a->pa_objects[index + 1],
	    (a->pa_count - index) * sizeof(*a->pa_objects));
	prop_object_release(object);
}

bool
prop_array_equals(prop_array_t a, prop_array_t b)
{

	if (!rumphost_prop_is(a, PROP_TYPE_ARRAY) || !rumphost_prop_is(b, PROP_TYPE_ARRAY) ||
	    a->pa_count != b->pa_count)
		return false;
	for (unsigned int n = 0; n < a->pa_count; n++) {
		if (!prop_object_equals(a->pa_objects[n], b->pa_objects[n]))
			return false;
	}
	return true;
}

/*
 * Dictionaries.
 */

prop_dictionary_t
prop_dictionary_create_with_capacity(unsigned int capacity)
{
	prop_dictionary_t d = rumphost_prop_create(PROP_TYPE_DICTIONARY, sizeof(*d));

	(void)prop_dictionary_ensure_capacity(d, capacity);
	return d;
}

prop_dictionary_t
prop_dictionary_create(void)
{

	return prop_dictionary_create_with_capacity(0);
}

void
rumphost_prop_dictionary_empty(prop_dictionary_t d)
{

	while (d->pd_count > 0) {
		struct rumphost_prop_entry *entry = &d->pd_entries[--d->pd_count];

		prop_object_release(entry->pe_key);
		prop_object_release(entry->pe_object);
	}
	if (d->pd_entries != NULL)
		rumphost_release(d->pd_entries);
}

prop_dictionary_t
prop_dictionary_copy_mutable(prop_dictionary_t d)
{
	prop_dictionary_t copy;

	if (!rumphost_prop_is(d, PROP_TYPE_DICTIONARY))
		return NULL;
	copy = prop_dictionary_create_with_capacity(d->pd_count);
	for (unsigned int n = 0; n < d->pd_count; n++)
		(void)prop_dictionary_set_keysym(copy, d->pd_entries[n].pe_key,
		    d->pd_entries[n].pe_object);
	return copy;
}

prop_dictionary_t
prop_dictionary_copy(prop_dictionary_t d)
{
	prop_dictionary_t copy = prop_dictionary_copy_mutable(d);

	if (copy != NULL)
		copy->pd_immutable = d->pd_immutable;
	return copy;
}

unsigned int
prop_dictionary_count(prop_dictionary_t d)
{

	return rumphost_prop_is(d, PROP_TYPE_DICTIONARY) ? d->pd_count : 0;
}

bool
prop_dictionary_ensure_capacity(prop_dictionary_t d, unsigned int capacity)
{
	struct rumphost_prop_entry *entries;

	if (!rumphost_prop_is(d, PROP_TYPE_DICTIONARY))
		return false;
	if (capacity <= d->pd_capacity)
		return true;
	entries = rumphost_prop_memory(capacity * sizeof(*entries));
	if (d->pd_entries != NULL) {
		memcpy(entries, d->pd_entries, d->pd_count * sizeof(*entries));
		rumphost_release(d->pd_entries);
	}
	d->pd_entries = entries;
	d->pd_capacity = capacity;
	return true;
}

void
prop_dictionary_make_immutable(prop_dictionary_t d)
{

	if (rumphost_prop_is(d, PROP_TYPE_DICTIONARY))
		d->pd_immutable = true;
}

bool
prop_dictionary_mutable(prop_dictionary_t d)
{

	return rumphost_prop_is(d, PROP_TYPE_DICTIONARY) && !d->pd_immutable;
}

/* Where a name is, or would be. */
static unsigned int
position(prop_dictionary_t d, const char *name, bool *there)
{
	unsigned int n;
	int order = 1;

	for (n = 0; n < d->pd_count; n++) {
		order = strcmp(d->pd_entries[n].pe_key->pk_name, name);
		if (order >= 0)
			break;
	}
	*there = n < d->pd_count && order == 0;
	return n;
}

prop_object_t
prop_dictionary_get(prop_dictionary_t d, const char *name)
{
	unsigned int n;
	bool there;

	if (!rumphost_prop_is(d, PROP_TYPE_DICTIONARY))
		return NULL;
	n = position(d, name, &there);
	return there ? d->pd_entries[n].pe_object : NULL;
}

bool
prop_dictionary_set(prop_dictionary_t d, const char *name, prop_object_t object)
{
	const size_t size = strlen(name) + 1;
	prop_dictionary_keysym_t key;
	prop_object_t before;
	unsigned int n;
	bool there;

	if (!prop_dictionary_mutable(d) || object == NULL)
		return false;
	prop_object_retain(object);
	n = position(d, name, &there);
	if (there) {
		before = d->pd_entries[n].pe_object;
		d->pd_entries[n].pe_object = object;
		prop_object_release(before);
		return true;
	}
	if (d->pd_count == d->pd_capacity)
		(void)prop_dictionary_ensure_capacity(d, d->pd_capacity + 8);
	key = rumphost_prop_create(PROP_TYPE_DICT_KEYSYM, sizeof(*key) + size);
	memcpy(key->pk_name, name, size);
	memmove(&d->pd_entries[n + 1], &d->pd_entries[n],
	    (d->pd_count - n) * sizeof(*d->pd_entries));
	d->pd_entries[n].pe_key = key;
	d->pd_entries[n].pe_object = object;
	d->pd_count++;
	return true;
}

void
prop_dictionary_remove(prop_dictionary_t d, const char *name)
{
	struct rumphost_prop_entry entry;
	unsigned int n;
	bool there;

	if (!prop_dictionary_mutable(d))
		return;
	n = position(d, name, &there);
	if (!there)
		return;
	entry = d->pd_entries[n];
	d->pd_count--;
	memmove(&d->pd_entries[n], &d->pd_entries[n + 1],
	    (d->pd_count - n) * sizeof(*d->pd_entries));
	prop_object_release(entry.pe_key);
	prop_object_release(entry.pe_object);
}

prop_object_t
prop_dictionary_get_keysym(prop_dictionary_t d, prop_dictionary_keysym_t key)
{

	return prop_dictionary_get(d, key->pk_name);
}

bool
prop_dictionary_set_keysym(prop_dictionary_t d, prop_dictionary_keysym_t key,
    prop_object_t object)
{

	return prop_dictionary_set(d, key->pk_name, object);
}

void
prop_dictionary_remove_keysym(prop_dictionary_t d, prop_dictionary_keysym_t key)
{

	prop_dictionary_remove(d, key->pk_name);
}

const char *
prop_dictionary_keysym_cstring_nocopy(prop_dictionary_keysym_t key)
{

	return key->pk_name;
}

prop_array_t
prop_dictionary_all_keys(prop_dictionary_t d)
{
	prop_array_t keys;

	if (!rumphost_prop_is(d, PROP_TYPE_DICTIONARY))
		return NULL;
	keys = prop_array_create_with_capacity(d->pd_count);
	for (unsigned int n = 0; n < d->pd_count; n++)
		(void)prop_array_add(keys, d->pd_entries[n].pe_key);
	return keys;
}

bool
prop_dictionary_equals(prop_dictionary_t a, prop_dictionary_t b)
{

	if (!rumphost_prop_is(a, PROP_TYPE_DICTIONARY) ||
	    !rumphost_prop_is(b, PROP_TYPE_DICTIONARY) || a->pd_count != b->pd_count)
		return false;
	for (unsigned int n = 0; n < a->pd_count; n++) {
		if (!prop_object_equals(a->pd_entries[n].pe_object,
		    prop_dictionary_get_keysym(b, a->pd_entries[n].pe_key)))
			return false;
	}
	return true;
}

/*
 * Visiting what is in a container: an array's objects, a dictionary's names.
 */

static prop_object_iterator_t
iterator(prop_object_t container, prop_type_t type)
{
	prop_object_iterator_t it;

	if (!rumphost_prop_is(container, type))
		return NULL;
	it = rumphost_prop_memory(sizeof(*it));
	prop_object_retain(container);
	it->pi_container = container;
	return it;
}

prop_object_iterator_t
prop_array_iterator(prop_array_t a)
{

	return iterator(a, PROP_TYPE_ARRAY);
}

prop_object_iterator_t
prop_dictionary_iterator(prop_dictionary_t d)
{

	return iterator(d, PROP_TYPE_DICTIONARY);
}

prop_object_t
prop_object_iterator_next(prop_object_iterator_t it)
{
	prop_dictionary_t d = it->pi_container;

	if (rumphost_prop_is(it->pi_container, PROP_TYPE_ARRAY))
		return prop_array_get(it->pi_container, it->pi_next++);
	if (it->pi_next >= d->pd_count)
		return NULL;
	return d->pd_entries[it->pi_next++].pe_key;
}

void
prop_object_iterator_reset(prop_object_iterator_t it)
{

	it->pi_next = 0;
}

void
prop_object_iterator_release(prop_object_iterator_t it)
{

	prop_object_release(it->pi_container);
	rumphost_release(it);
}
