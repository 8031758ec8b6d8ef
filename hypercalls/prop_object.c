/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): objects, and those that hold one value.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"
#include "device_private.h"
#include "prop_private.h"

void *
rumphost_prop_memory(size_t size)
{
	/* Objects outlive the driver in what they were put into, so they are booked to nobody. */
	return rumphost_config_memory(size);
}

void *
rumphost_prop_create(prop_type_t type, size_t size)
{
	struct rumphost_prop *object = rumphost_prop_memory(size);

	object->pr_type = type;
	object->pr_references = 1;
	return object;
}

bool
rumphost_prop_is(prop_object_t object, prop_type_t type)
{

	return prop_object_type(object) == type;
}

prop_type_t
prop_object_type(prop_object_t object)
{

	return object != NULL ? ((struct rumphost_prop *)object)->pr_type : PROP_TYPE_UNKNOWN;
}

void
prop_object_retain(prop_object_t object)
{

	((struct rumphost_prop *)object)->pr_references++;
}

void
prop_object_release(prop_object_t object)
{
	struct rumphost_prop *header = object;

	if (header == NULL)
		return;
	if (header->pr_references < 1)
		rumphost_misuse("prop_object(3)", "prop_object_release: the object is gone already");
	if (--header->pr_references > 0)
		return;
	if (header->pr_type == PROP_TYPE_ARRAY)
		rumphost_prop_array_empty(object);
	else if (header->pr_type == PROP_TYPE_DICTIONARY)
		rumphost_prop_dictionary_empty(object);
	rumphost_release(object);
}

bool
prop_object_equals(prop_object_t a, prop_object_t b)
{

	if (a == b)
		return true;
	if (prop_object_type(a) != prop_object_type(b))
		return false;
	switch (prop_object_type(a)) {
	case PROP_TYPE_BOOL:
		return prop_bool_equals(a, b);
	case PROP_TYPE_NUMBER:
		return prop_number_equals(a, b);
	case PROP_TYPE_STRING:
		return prop_string_equals(a, b);
	case PROP_TYPE_DATA:
		return prop_data_equals(a, b);
	case PROP_TYPE_ARRAY:
		return prop_array_equals(a, b);
	case PROP_TYPE_DICTIONARY:
		return prop_dictionary_equals(a, b);
	default:
		return false;
	}
}

/*
 * Truth values.
 */

prop_bool_t
prop_bool_create(bool value)
{
	prop_bool_t b = rumphost_prop_create(PROP_TYPE_BOOL, sizeof(*b));

	b->pb_value = value;
	return b;
}

/* What holds a value never changes, so a copy is the same object. */
prop_bool_t
prop_bool_copy(prop_bool_t b)
{

	prop_object_retain(b);
	return b;
}

bool
prop_bool_true(prop_bool_t b)
{

	return rumphost_prop_is(b, PROP_TYPE_BOOL) && b->pb_value;
}

bool
prop_bool_equals(prop_bool_t a, prop_bool_t b)
{

	return rumphost_prop_is(a, PROP_TYPE_BOOL) && rumphost_prop_is(b, PROP_TYPE_BOOL) &&
	    a->pb_value == b->pb_value;
}

/*
 * Numbers.
 */

static prop_number_t
make_number(uint64_t value, bool is_unsigned)
{
	prop_number_t n = rumphost_prop_create(PROP_TYPE_NUMBER, sizeof(*n));

	n->pn_value = value;
	n->pn_unsigned = is_unsigned;
	return n;
}

prop_number_t
prop_number_create_integer(int64_t value)
{

	return make_number((uint64_t)value, false);
}

prop_number_t
prop_number_create_unsigned_integer(uint64_t value)
{

	return make_number(value, true);
}

prop_number_t
prop_number_copy(prop_number_t n)
{

	prop_object_retain(n);
	return n;
}

/* The fewest bits that hold it: 8, 16, 32 or 64. */
int
prop_number_size(prop_number_t n)
{

	if (!rumphost_prop_is(n, PROP_TYPE_NUMBER))
		return 0;
	for (int bits = 8; bits < 64; bits *= 2) {
		const int64_t value = (int64_t)n->pn_value, limit = INT64_C(1) << (bits - 1);

		if (n->pn_unsigned ? n->pn_value >> bits == 0 : value >= -limit && value < limit)
			return bits;
	}
	return 64;
}

bool
prop_number_unsigned(prop_number_t n)
{

	return rumphost_prop_is(n, PROP_TYPE_NUMBER) && n->pn_unsigned;
}

int64_t
prop_number_integer_value(prop_number_t n)
{

	return rumphost_prop_is(n, PROP_TYPE_NUMBER) ? (int64_t)n->pn_value : 0;
}

uint64_t
prop_number_unsigned_integer_value(prop_number_t n)
{

	return rumphost_prop_is(n, PROP_TYPE_NUMBER) ? n->pn_value : 0;
}

bool
prop_number_equals(prop_number_t a, prop_number_t b)
{

	if (!rumphost_prop_is(a, PROP_TYPE_NUMBER) || !rumphost_prop_is(b, PROP_TYPE_NUMBER))
		return false;
	if (a->pn_unsigned != b->pn_unsigned && (int64_t)a->pn_value < 0)
		return false;
	return a->pn_value == b->pn_value;
}

bool
prop_number_equals_integer(prop_number_t n, int64_t value)
{

	return rumphost_prop_is(n, PROP_TYPE_NUMBER) && n->pn_value == (uint64_t)value &&
	    (!n->pn_unsigned || value >= 0);
}

bool
prop_number_equals_unsigned_integer(prop_number_t n, uint64_t value)
{

	return rumphost_prop_is(n, PROP_TYPE_NUMBER) && n->pn_value == value &&
	    (n->pn_unsigned || (int64_t)value >= 0);
}

/*
 * Strings.
 */

prop_string_t
prop_string_create_cstring(const char *text)
{
	const size_t size = strlen(text);
	prop_string_t s = rumphost_prop_create(PROP_TYPE_STRING, sizeof(*s) + size + 1);

	s->ps_size = size;
	memcpy(s->ps_text, text, size + 1);
	return s;
}

prop_string_t
prop_string_create_cstring_nocopy(const char *text)
{

	return prop_string_create_cstring(text);
}

prop_string_t
prop_string_create(void)
{

	return prop_string_create_cstring("");
}

prop_string_t
prop_string_copy(prop_string_t s)
{

	prop_object_retain(s);
	return s;
}

size_t
prop_string_size(prop_string_t s)
{

	return rumphost_prop_is(s, PROP_TYPE_STRING) ? s->ps_size : 0;
}

/* The caller releases the copy with free(9), as proplib(3) says. */
char *
prop_string_cstring(prop_string_t s)
{

	(void)s;
	rumphost_unsupported("prop_string(3)", "prop_string_cstring: a copy to be freed");
	return NULL;
}

const char *
prop_string_cstring_nocopy(prop_string_t s)
{

	return rumphost_prop_is(s, PROP_TYPE_STRING) ? s->ps_text : NULL;
}

bool
prop_string_equals(prop_string_t a, prop_string_t b)
{

	return rumphost_prop_is(b, PROP_TYPE_STRING) && prop_string_equals_cstring(a, b->ps_text);
}

bool
prop_string_equals_cstring(prop_string_t s, const char *text)
{

	return rumphost_prop_is(s, PROP_TYPE_STRING) && strcmp(s->ps_text, text) == 0;
}

/*
 * Bytes.
 */

prop_data_t
prop_data_create_data(const void *bytes, size_t size)
{
	prop_data_t d = rumphost_prop_create(PROP_TYPE_DATA, sizeof(*d) + size);

	d->pd_size = size;
	memcpy(d->pd_bytes, bytes, size);
	return d;
}

prop_data_t
prop_data_create_data_nocopy(const void *bytes, size_t size)
{

	return prop_data_create_data(bytes, size);
}

prop_data_t
prop_data_copy(prop_data_t d)
{

	prop_object_retain(d);
	return d;
}

size_t
prop_data_size(prop_data_t d)
{

	return rumphost_prop_is(d, PROP_TYPE_DATA) ? d->pd_size : 0;
}

void *
prop_data_data(prop_data_t d)
{

	(void)d;
	rumphost_unsupported("prop_data(3)", "prop_data_data: a copy to be freed");
	return NULL;
}

const void *
prop_data_data_nocopy(prop_data_t d)
{

	return rumphost_prop_is(d, PROP_TYPE_DATA) ? d->pd_bytes : NULL;
}

bool
prop_data_equals(prop_data_t a, prop_data_t b)
{

	return rumphost_prop_is(b, PROP_TYPE_DATA) &&
	    prop_data_equals_data(a, b->pd_bytes, b->pd_size);
}

bool
prop_data_equals_data(prop_data_t d, const void *bytes, size_t size)
{

	return rumphost_prop_is(d, PROP_TYPE_DATA) && d->pd_size == size &&
	    memcmp(d->pd_bytes, bytes, size) == 0;
}
