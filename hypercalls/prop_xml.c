/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): containers as XML property lists.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"
#include "prop_private.h"

/* Text that grows; with no room it is only measured. */
struct text {
	char		*t_start;
	size_t		t_length;
};

static void	write_object(struct text *, prop_object_t);

static void
write_bytes(struct text *t, const char *bytes, size_t size)
{

	if (t->t_start != NULL)
		memcpy(t->t_start + t->t_length, bytes, size);
	t->t_length += size;
}

static void
write_plain(struct text *t, const char *string)
{

	write_bytes(t, string, strlen(string));
}

static void
write_escaped(struct text *t, const char *string)
{

	for (; *string != '\0'; string++) {
		switch (*string) {
		case '<':
			write_plain(t, "&lt;");
			break;
		case '>':
			write_plain(t, "&gt;");
			break;
		case '&':
			write_plain(t, "&amp;");
			break;
		default:
			write_bytes(t, string, 1);
			break;
		}
	}
}

static void
write_base64(struct text *t, const uint8_t *bytes, size_t size)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t n = 0; n < size; n += 3) {
		const size_t left = MIN(size - n, 3);
		uint32_t bits = (uint32_t)bytes[n] << 16;
		char four[4];

		if (left > 1)
			bits |= (uint32_t)bytes[n + 1] << 8;
		if (left > 2)
			bits |= bytes[n + 2];
		four[0] = digits[bits >> 18];
		four[1] = digits[bits >> 12 & 0x3f];
		four[2] = left > 1 ? digits[bits >> 6 & 0x3f] : '=';
		four[3] = left > 2 ? digits[bits & 0x3f] : '=';
		write_bytes(t, four, sizeof(four));
	}
}

static void
write_number(struct text *t, prop_number_t number)
{
	char digits[24];

	/* NetBSD tells them apart: what is unsigned is in hexadecimal. */
	if (number->pn_unsigned)
		(void)snprintf(digits, sizeof(digits), "0x%llx",
		    (unsigned long long)number->pn_value);
	else
		(void)snprintf(digits, sizeof(digits), "%lld",
		    (long long)(int64_t)number->pn_value);
	write_plain(t, "<integer>");
	write_plain(t, digits);
	write_plain(t, "</integer>\n");
}

static void
write_array(struct text *t, prop_array_t a)
{

	write_plain(t, "<array>\n");
	for (unsigned int n = 0; n < a->pa_count; n++)
		write_object(t, a->pa_objects[n]);
	write_plain(t, "</array>\n");
}

static void
write_dictionary(struct text *t, prop_dictionary_t d)
{

	write_plain(t, "<dict>\n");
	for (unsigned int n = 0; n < d->pd_count; n++) {
		write_plain(t, "<key>");
		write_escaped(t, d->pd_entries[n].pe_key->pk_name);
		write_plain(t, "</key>\n");
		write_object(t, d->pd_entries[n].pe_object);
	}
	write_plain(t, "</dict>\n");
}

static void
write_object(struct text *t, prop_object_t object)
{
	prop_data_t data = object;

	switch (prop_object_type(object)) {
	case PROP_TYPE_BOOL:
		write_plain(t, prop_bool_true(object) ? "<true/>\n" : "<false/>\n");
		break;
	case PROP_TYPE_NUMBER:
		write_number(t, object);
		break;
	case PROP_TYPE_STRING:
		write_plain(t, "<string>");
		write_escaped(t, prop_string_cstring_nocopy(object));
		write_plain(t, "</string>\n");
		break;
	case PROP_TYPE_DATA:
		write_plain(t, "<data>");
		write_base64(t, data->pd_bytes, data->pd_size);
		write_plain(t, "</data>\n");
		break;
	case PROP_TYPE_ARRAY:
		write_array(t, object);
		break;
	case PROP_TYPE_DICTIONARY:
		write_dictionary(t, object);
		break;
	default:
		break;
	}
}

static void
write_list(struct text *t, prop_object_t object)
{

	write_plain(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n");
	write_object(t, object);
	write_plain(t, "</plist>\n");
	write_bytes(t, "", 1);
}

static char *
externalize(prop_object_t object, prop_type_t type)
{
	struct text t = { .t_start = NULL };

	if (!rumphost_prop_is(object, type))
		return NULL;
	write_list(&t, object);
	t.t_start = rumphost_prop_memory(t.t_length);
	t.t_length = 0;
	write_list(&t, object);
	return t.t_start;
}

char *
prop_array_externalize(prop_array_t a)
{

	return externalize(a, PROP_TYPE_ARRAY);
}

char *
prop_dictionary_externalize(prop_dictionary_t d)
{

	return externalize(d, PROP_TYPE_DICTIONARY);
}
