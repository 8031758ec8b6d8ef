/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): plain C values in dictionaries and arrays.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"
#include "prop_private.h"

bool
prop_dictionary_set_and_rel(prop_dictionary_t d, const char *name, prop_object_t object)
{
	bool done;

	if (object == NULL)
		return false;
	done = prop_dictionary_set(d, name, object);
	prop_object_release(object);
	return done;
}

bool
prop_array_add_and_rel(prop_array_t a, prop_object_t object)
{
	bool done;

	if (object == NULL)
		return false;
	done = prop_array_add(a, object);
	prop_object_release(object);
	return done;
}

bool
prop_array_add_uint32(prop_array_t a, uint32_t value)
{

	return prop_array_add_and_rel(a, prop_number_create_unsigned_integer(value));
}

bool
prop_array_add_cstring(prop_array_t a, const char *value)
{

	return prop_array_add_and_rel(a, prop_string_create_cstring(value));
}

bool
prop_dictionary_get_dict(prop_dictionary_t d, const char *name, prop_dictionary_t *valuep)
{
	prop_object_t object = prop_dictionary_get(d, name);

	if (!rumphost_prop_is(object, PROP_TYPE_DICTIONARY))
		return false;
	*valuep = object;
	return true;
}

bool
prop_dictionary_get_bool(prop_dictionary_t d, const char *name, bool *valuep)
{
	prop_object_t object = prop_dictionary_get(d, name);

	if (!rumphost_prop_is(object, PROP_TYPE_BOOL))
		return false;
	*valuep = prop_bool_true(object);
	return true;
}

bool
prop_dictionary_set_bool(prop_dictionary_t d, const char *name, bool value)
{

	return prop_dictionary_set_and_rel(d, name, prop_bool_create(value));
}

/* Numbers are got if they fit. */
#define INTEGER(bits, lowest, highest)					\
bool									\
prop_dictionary_get_int##bits(prop_dictionary_t d, const char *name,	\
    int##bits##_t *valuep)						\
{									\
	prop_number_t number = prop_dictionary_get(d, name);		\
	int64_t value;							\
									\
	if (!rumphost_prop_is(number, PROP_TYPE_NUMBER))		\
		return false;						\
	value = (int64_t)number->pn_value;				\
	if ((number->pn_unsigned && value < 0) || value < (lowest) ||	\
	    value > (highest))						\
		return false;						\
	*valuep = (int##bits##_t)value;					\
	return true;							\
}									\
									\
bool									\
prop_dictionary_set_int##bits(prop_dictionary_t d, const char *name,	\
    int##bits##_t value)						\
{									\
									\
	return prop_dictionary_set_and_rel(d, name,			\
	    prop_number_create_integer(value));				\
}									\
									\
bool									\
prop_dictionary_get_uint##bits(prop_dictionary_t d, const char *name,	\
    uint##bits##_t *valuep)						\
{									\
	prop_number_t number = prop_dictionary_get(d, name);		\
									\
	if (!rumphost_prop_is(number, PROP_TYPE_NUMBER))		\
		return false;						\
	if ((!number->pn_unsigned && (int64_t)number->pn_value < 0) ||	\
	    (uint##bits##_t)number->pn_value != number->pn_value)	\
		return false;						\
	*valuep = (uint##bits##_t)number->pn_value;			\
	return true;							\
}									\
									\
bool									\
prop_dictionary_set_uint##bits(prop_dictionary_t d, const char *name,	\
    uint##bits##_t value)						\
{									\
									\
	return prop_dictionary_set_and_rel(d, name,			\
	    prop_number_create_unsigned_integer(value));		\
}

INTEGER(8, -0x80, 0x7f)
INTEGER(16, -0x8000, 0x7fff)
INTEGER(32, -INT64_C(0x80000000), INT64_C(0x7fffffff))
INTEGER(64, -INT64_C(0x7fffffffffffffff) - 1, INT64_C(0x7fffffffffffffff))

bool
prop_dictionary_get_cstring_nocopy(prop_dictionary_t d, const char *name, const char **valuep)
{
	prop_object_t object = prop_dictionary_get(d, name);

	if (!rumphost_prop_is(object, PROP_TYPE_STRING))
		return false;
	*valuep = prop_string_cstring_nocopy(object);
	return true;
}

bool
prop_dictionary_get_cstring(prop_dictionary_t d, const char *name, char **valuep)
{
	prop_object_t object = prop_dictionary_get(d, name);

	if (!rumphost_prop_is(object, PROP_TYPE_STRING))
		return false;
	*valuep = prop_string_cstring(object);
	return true;
}

bool
prop_dictionary_set_cstring(prop_dictionary_t d, const char *name, const char *value)
{

	return prop_dictionary_set_and_rel(d, name, prop_string_create_cstring(value));
}

bool
prop_dictionary_set_cstring_nocopy(prop_dictionary_t d, const char *name, const char *value)
{

	return prop_dictionary_set_cstring(d, name, value);
}

bool
prop_dictionary_get_data(prop_dictionary_t d, const char *name, const void **valuep,
    size_t *sizep)
{
	prop_object_t object = prop_dictionary_get(d, name);

	if (!rumphost_prop_is(object, PROP_TYPE_DATA))
		return false;
	*valuep = prop_data_data_nocopy(object);
	*sizep = prop_data_size(object);
	return true;
}

bool
prop_dictionary_set_data(prop_dictionary_t d, const char *name, const void *value, size_t size)
{

	return prop_dictionary_set_and_rel(d, name, prop_data_create_data(value, size));
}
