/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks in C that test_autoconf_drivers.py calls: each returns 0, or the line of what failed.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/callout.h>
#include <sys/device.h>
#include <sys/pmf.h>

#include <prop/proplib.h>

#include "shim.h"

#define CHECK(condition)	do { if (!(condition)) return __LINE__; } while (0)

RUMPHOST_UPCALL int check_values(void);
RUMPHOST_UPCALL int check_arrays(void);
RUMPHOST_UPCALL int check_dictionaries(void);
RUMPHOST_UPCALL int check_devices(device_t);
RUMPHOST_UPCALL int check_self_suspend(device_t);
RUMPHOST_UPCALL int check_references(device_t);

/* Newer trees declare these. */
device_t device_find_by_driver_unit_acquire(const char *, int);
void	device_release(device_t);

int
check_values(void)
{
	prop_number_t a = prop_number_create_integer(-129);
	prop_number_t b = prop_number_create_unsigned_integer(0xffffffffffffffffULL);
	prop_string_t s = prop_string_create_cstring("text");
	prop_data_t d = prop_data_create_data("\0\1", 2);
	prop_bool_t yes = prop_bool_create(true);

	CHECK(prop_number_size(a) == 16 && !prop_number_unsigned(a));
	CHECK(prop_number_integer_value(a) == -129);
	CHECK(prop_number_size(b) == 64 && prop_number_unsigned(b));
	CHECK(!prop_number_equals(a, b));
	CHECK(prop_number_equals_integer(a, -129) && !prop_number_equals_integer(b, -1));
	CHECK(prop_string_size(s) == 4 && prop_string_equals_cstring(s, "text"));
	CHECK(prop_data_equals_data(d, "\0\1", 2) && !prop_data_equals_data(d, "\0", 1));
	CHECK(prop_bool_true(yes) && prop_object_type(yes) == PROP_TYPE_BOOL);
	CHECK(!prop_bool_true((prop_bool_t)(void *)s));
	CHECK(!prop_object_equals(s, d) && prop_object_equals(s, s));
	CHECK(prop_object_type(NULL) == PROP_TYPE_UNKNOWN);
	prop_object_release(a);
	prop_object_release(b);
	prop_object_release(s);
	prop_object_release(d);
	prop_object_release(yes);
	return 0;
}

int
check_arrays(void)
{
	prop_array_t a = prop_array_create(), copy;
	prop_object_iterator_t it;
	prop_object_t object;
	uint32_t n = 0;

	for (n = 0; n < 20; n++)
		CHECK(prop_array_add_uint32(a, n));
	CHECK(prop_array_count(a) == 20 && prop_array_get(a, 20) == NULL);
	prop_array_remove(a, 0);
	CHECK(prop_number_equals_integer(prop_array_get(a, 0), 1));
	copy = prop_array_copy(a);
	CHECK(prop_array_equals(a, copy));
	it = prop_array_iterator(a);
	for (n = 1; (object = prop_object_iterator_next(it)) != NULL; n++)
		CHECK(prop_number_equals_integer(object, n));
	CHECK(n == 20);
	prop_object_iterator_release(it);
	prop_array_make_immutable(a);
	CHECK(!prop_array_add_uint32(a, 5) && prop_array_count(a) == 19);
	prop_object_release(a);
	CHECK(prop_number_equals_integer(prop_array_get(copy, 18), 19));
	prop_object_release(copy);
	return 0;
}

int
check_dictionaries(void)
{
	prop_dictionary_t d = prop_dictionary_create(), copy, inner;
	prop_object_iterator_t it;
	prop_object_t key;
	const char *text;
	const void *bytes;
	uint8_t small = 7;
	int16_t negative;
	size_t size;
	char last = 'a' - 1;

	CHECK(prop_dictionary_set_uint32(d, "c", 300));
	CHECK(prop_dictionary_set_int16(d, "a", -2));
	CHECK(prop_dictionary_set_cstring(d, "b", "old"));
	CHECK(prop_dictionary_set_cstring(d, "b", "new"));
	CHECK(prop_dictionary_set_data(d, "d", "xy", 2));
	CHECK(prop_dictionary_count(d) == 4);
	CHECK(!prop_dictionary_get_uint8(d, "c", &small) && small == 7);
	CHECK(prop_dictionary_get_int16(d, "a", &negative) && negative == -2);
	CHECK(!prop_dictionary_get_uint8(d, "a", &small));
	CHECK(prop_dictionary_get_cstring_nocopy(d, "b", &text) && strcmp(text, "new") == 0);
	CHECK(prop_dictionary_get_data(d, "d", &bytes, &size) && size == 2);
	it = prop_dictionary_iterator(d);
	while ((key = prop_object_iterator_next(it)) != NULL) {
		text = prop_dictionary_keysym_cstring_nocopy(key);
		CHECK(text[0] == last + 1);
		CHECK(prop_dictionary_get_keysym(d, key) == prop_dictionary_get(d, text));
		last = text[0];
	}
	prop_object_iterator_release(it);
	CHECK(last == 'd');
	copy = prop_dictionary_copy_mutable(d);
	CHECK(prop_dictionary_equals(d, copy));
	prop_dictionary_remove(copy, "b");
	CHECK(!prop_dictionary_equals(d, copy) && prop_dictionary_get(copy, "b") == NULL);
	CHECK(prop_dictionary_set_and_rel(d, "inner", copy));
	CHECK(prop_dictionary_get_dict(d, "inner", &inner) && inner == copy);
	prop_object_release(d);
	return 0;
}

/* `nest' has two eggs below it. */
int
check_devices(device_t nest)
{
	deviter_t di;
	device_t dev;
	int depth = 99, count = 0;

	for (dev = deviter_first(&di, DEVITER_F_LEAVES_FIRST); dev != NULL;
	    dev = deviter_next(&di)) {
		int above = 0;

		for (device_t up = dev; device_parent(up) != NULL; up = device_parent(up))
			above++;
		CHECK(above <= depth);
		depth = above;
		count++;
	}
	deviter_release(&di);
	CHECK(count == 4 && depth == 0);
	CHECK(device_is_a(nest, "nest") && !device_is_a(nest, "egg"));
	CHECK(strcmp(device_xname(device_find_by_driver_unit("egg", 1)), "egg1") == 0);
	CHECK(device_lookup(device_cfdriver(nest), device_unit(nest)) == nest);
	CHECK(device_lookup(device_cfdriver(nest), 77) == NULL);
	CHECK(device_lookup_private(device_cfdriver(nest), 0) == device_private(nest));
	CHECK(device_is_enabled(nest) && device_has_power(nest));
	return 0;
}

/* A device that has suspended itself stays so when the system is resumed. */
int
check_self_suspend(device_t nest)
{
	device_suspensor_t suspensor;
	pmf_qual_t qualifier;

	pmf_self_suspensor_init(nest, &suspensor, &qualifier);
	CHECK(pmf_device_suspend(nest, &qualifier));
	CHECK(device_is_self_suspended(nest) && !device_is_active(nest));
	CHECK(pmf_device_suspend(nest, PMF_Q_NONE));
	CHECK(pmf_device_resume(nest, PMF_Q_NONE));
	CHECK(!device_is_active(nest));
	CHECK(pmf_device_resume(nest, &qualifier));
	CHECK(device_is_active(nest) && !device_is_self_suspended(nest));
	return 0;
}

static bool gone;

static void
let_go(void *egg)
{

	gone = device_find_by_driver_unit_acquire("egg", 0) == NULL;
	device_release(egg);
}

/* A device that somebody has acquired is not found any more, and yet stays until it is released. */
int
check_references(device_t nest)
{
	callout_t later;
	device_t egg = device_find_by_driver_unit_acquire("egg", 0);

	CHECK(egg != NULL && device_parent(egg) == nest);
	callout_init(&later, 0);
	callout_reset(&later, 2, let_go, egg);
	CHECK(config_detach(egg, 0) == 0);
	CHECK(gone);
	callout_destroy(&later);
	CHECK(device_find_by_driver_unit_acquire("egg", 0) == NULL);
	return 0;
}
