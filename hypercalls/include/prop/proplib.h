/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3) in the kernel: property containers, as device properties are.  In a tree this header is
 * outside of sys/, so that ours is used with every tree.
 */

#ifndef _PROPLIB_PROPLIB_H_
#define _PROPLIB_PROPLIB_H_

#include <sys/types.h>

typedef void				*prop_object_t;
typedef struct _prop_array		*prop_array_t;
typedef struct _prop_bool		*prop_bool_t;
typedef struct _prop_data		*prop_data_t;
typedef struct _prop_dictionary		*prop_dictionary_t;
typedef struct _prop_dictionary_keysym	*prop_dictionary_keysym_t;
typedef struct _prop_number		*prop_number_t;
typedef struct _prop_string		*prop_string_t;
typedef struct _prop_object_iterator	*prop_object_iterator_t;

typedef enum {
	PROP_TYPE_UNKNOWN	= 0x00000000,
	PROP_TYPE_BOOL		= 0x626f6f6c,	/* 'bool' */
	PROP_TYPE_NUMBER	= 0x6e6d6272,	/* 'nmbr' */
	PROP_TYPE_STRING	= 0x73746e67,	/* 'stng' */
	PROP_TYPE_DATA		= 0x64617461,	/* 'data' */
	PROP_TYPE_ARRAY		= 0x61726179,	/* 'aray' */
	PROP_TYPE_DICTIONARY	= 0x64696374,	/* 'dict' */
	PROP_TYPE_DICT_KEYSYM	= 0x646b6579	/* 'dkey' */
} prop_type_t;

#ifdef _KERNEL

/* Any object */
void	prop_object_retain(prop_object_t);
void	prop_object_release(prop_object_t);
prop_type_t prop_object_type(prop_object_t);
bool	prop_object_equals(prop_object_t, prop_object_t);
prop_object_t prop_object_iterator_next(prop_object_iterator_t);
void	prop_object_iterator_reset(prop_object_iterator_t);
void	prop_object_iterator_release(prop_object_iterator_t);

/* Truth values */
prop_bool_t prop_bool_create(bool);
prop_bool_t prop_bool_copy(prop_bool_t);
bool	prop_bool_true(prop_bool_t);
bool	prop_bool_equals(prop_bool_t, prop_bool_t);
#define prop_bool_value(b)	prop_bool_true(b)

/* Numbers of 64 bits, signed or not */
prop_number_t prop_number_create_integer(int64_t);
prop_number_t prop_number_create_unsigned_integer(uint64_t);
#define prop_number_create_signed(v)	prop_number_create_integer(v)
#define prop_number_create_unsigned(v)	prop_number_create_unsigned_integer(v)
prop_number_t prop_number_copy(prop_number_t);
int	prop_number_size(prop_number_t);
bool	prop_number_unsigned(prop_number_t);
int64_t	prop_number_integer_value(prop_number_t);
uint64_t prop_number_unsigned_integer_value(prop_number_t);
#define prop_number_signed_value(n)	prop_number_integer_value(n)
#define prop_number_unsigned_value(n)	prop_number_unsigned_integer_value(n)
bool	prop_number_equals(prop_number_t, prop_number_t);
bool	prop_number_equals_integer(prop_number_t, int64_t);
bool	prop_number_equals_unsigned_integer(prop_number_t, uint64_t);

/* Strings */
prop_string_t prop_string_create(void);
prop_string_t prop_string_create_cstring(const char *);
prop_string_t prop_string_create_cstring_nocopy(const char *);
#define prop_string_create_copy(s)	prop_string_create_cstring(s)
#define prop_string_create_nocopy(s)	prop_string_create_cstring_nocopy(s)
prop_string_t prop_string_copy(prop_string_t);
size_t	prop_string_size(prop_string_t);
char	*prop_string_cstring(prop_string_t);
const char *prop_string_cstring_nocopy(prop_string_t);
#define prop_string_value(s)	prop_string_cstring_nocopy(s)
bool	prop_string_equals(prop_string_t, prop_string_t);
bool	prop_string_equals_cstring(prop_string_t, const char *);
#define prop_string_equals_string(s, c)	prop_string_equals_cstring((s), (c))

/* Bytes */
prop_data_t prop_data_create_data(const void *, size_t);
prop_data_t prop_data_create_data_nocopy(const void *, size_t);
#define prop_data_create_copy(p, n)	prop_data_create_data((p), (n))
#define prop_data_create_nocopy(p, n)	prop_data_create_data_nocopy((p), (n))
prop_data_t prop_data_copy(prop_data_t);
size_t	prop_data_size(prop_data_t);
void	*prop_data_data(prop_data_t);
const void *prop_data_data_nocopy(prop_data_t);
#define prop_data_value(d)	prop_data_data_nocopy(d)
bool	prop_data_equals(prop_data_t, prop_data_t);
bool	prop_data_equals_data(prop_data_t, const void *, size_t);

/* Arrays */
prop_array_t prop_array_create(void);
prop_array_t prop_array_create_with_capacity(unsigned int);
prop_array_t prop_array_copy(prop_array_t);
prop_array_t prop_array_copy_mutable(prop_array_t);
unsigned int prop_array_capacity(prop_array_t);
unsigned int prop_array_count(prop_array_t);
bool	prop_array_ensure_capacity(prop_array_t, unsigned int);
void	prop_array_make_immutable(prop_array_t);
bool	prop_array_mutable(prop_array_t);
prop_object_iterator_t prop_array_iterator(prop_array_t);
prop_object_t prop_array_get(prop_array_t, unsigned int);
bool	prop_array_set(prop_array_t, unsigned int, prop_object_t);
bool	prop_array_add(prop_array_t, prop_object_t);
void	prop_array_remove(prop_array_t, unsigned int);
bool	prop_array_equals(prop_array_t, prop_array_t);
char	*prop_array_externalize(prop_array_t);

/* Dictionaries */
prop_dictionary_t prop_dictionary_create(void);
prop_dictionary_t prop_dictionary_create_with_capacity(unsigned int);
prop_dictionary_t prop_dictionary_copy(prop_dictionary_t);
prop_dictionary_t prop_dictionary_copy_mutable(prop_dictionary_t);
unsigned int prop_dictionary_count(prop_dictionary_t);
bool	prop_dictionary_ensure_capacity(prop_dictionary_t, unsigned int);
void	prop_dictionary_make_immutable(prop_dictionary_t);
bool	prop_dictionary_mutable(prop_dictionary_t);
prop_object_iterator_t prop_dictionary_iterator(prop_dictionary_t);
prop_array_t prop_dictionary_all_keys(prop_dictionary_t);
prop_object_t prop_dictionary_get(prop_dictionary_t, const char *);
bool	prop_dictionary_set(prop_dictionary_t, const char *, prop_object_t);
void	prop_dictionary_remove(prop_dictionary_t, const char *);
prop_object_t prop_dictionary_get_keysym(prop_dictionary_t, prop_dictionary_keysym_t);
bool	prop_dictionary_set_keysym(prop_dictionary_t, prop_dictionary_keysym_t, prop_object_t);
void	prop_dictionary_remove_keysym(prop_dictionary_t, prop_dictionary_keysym_t);
const char *prop_dictionary_keysym_cstring_nocopy(prop_dictionary_keysym_t);
#define prop_dictionary_keysym_value(k)	prop_dictionary_keysym_cstring_nocopy(k)
bool	prop_dictionary_equals(prop_dictionary_t, prop_dictionary_t);
char	*prop_dictionary_externalize(prop_dictionary_t);

/* Objects in dictionaries, as plain values */
bool	prop_dictionary_get_dict(prop_dictionary_t, const char *, prop_dictionary_t *);
bool	prop_dictionary_get_bool(prop_dictionary_t, const char *, bool *);
bool	prop_dictionary_set_bool(prop_dictionary_t, const char *, bool);
bool	prop_dictionary_get_int8(prop_dictionary_t, const char *, int8_t *);
bool	prop_dictionary_get_uint8(prop_dictionary_t, const char *, uint8_t *);
bool	prop_dictionary_get_int16(prop_dictionary_t, const char *, int16_t *);
bool	prop_dictionary_get_uint16(prop_dictionary_t, const char *, uint16_t *);
bool	prop_dictionary_get_int32(prop_dictionary_t, const char *, int32_t *);
bool	prop_dictionary_get_uint32(prop_dictionary_t, const char *, uint32_t *);
bool	prop_dictionary_get_int64(prop_dictionary_t, const char *, int64_t *);
bool	prop_dictionary_get_uint64(prop_dictionary_t, const char *, uint64_t *);
bool	prop_dictionary_set_int8(prop_dictionary_t, const char *, int8_t);
bool	prop_dictionary_set_uint8(prop_dictionary_t, const char *, uint8_t);
bool	prop_dictionary_set_int16(prop_dictionary_t, const char *, int16_t);
bool	prop_dictionary_set_uint16(prop_dictionary_t, const char *, uint16_t);
bool	prop_dictionary_set_int32(prop_dictionary_t, const char *, int32_t);
bool	prop_dictionary_set_uint32(prop_dictionary_t, const char *, uint32_t);
bool	prop_dictionary_set_int64(prop_dictionary_t, const char *, int64_t);
bool	prop_dictionary_set_uint64(prop_dictionary_t, const char *, uint64_t);
bool	prop_dictionary_get_cstring(prop_dictionary_t, const char *, char **);
bool	prop_dictionary_get_cstring_nocopy(prop_dictionary_t, const char *, const char **);
bool	prop_dictionary_set_cstring(prop_dictionary_t, const char *, const char *);
bool	prop_dictionary_set_cstring_nocopy(prop_dictionary_t, const char *, const char *);
#define prop_dictionary_get_string(d, k, s)	prop_dictionary_get_cstring_nocopy((d), (k), (s))
#define prop_dictionary_set_string(d, k, s)	prop_dictionary_set_cstring((d), (k), (s))
#define prop_dictionary_set_string_nocopy(d, k, s) \
	prop_dictionary_set_cstring_nocopy((d), (k), (s))
bool	prop_dictionary_get_data(prop_dictionary_t, const char *, const void **, size_t *);
bool	prop_dictionary_set_data(prop_dictionary_t, const char *, const void *, size_t);
bool	prop_dictionary_set_and_rel(prop_dictionary_t, const char *, prop_object_t);
bool	prop_array_add_and_rel(prop_array_t, prop_object_t);
bool	prop_array_add_uint32(prop_array_t, uint32_t);
bool	prop_array_add_cstring(prop_array_t, const char *);

#endif

#endif /* !_PROPLIB_PROPLIB_H_ */
