/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the compiler calls in an image built with the sanitizer of undefined behaviour, options
 * KUBSAN: it has found what C does not define, and says what.  The host is told in words, once
 * for each place in the source; then the driver goes on with whatever the machine makes of it.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"

enum {
	TOLD = UINT32_MAX,		/* the column of a place that was told */
	MESSAGE = 192,
	VALUE = 48,
	INLINE_BITS = 64		/* wider values are handed over by address */
};

/* These are the compiler's. */
struct location {
	const char *file;
	uint32_t line;
	uint32_t column;
};

struct type {
	uint16_t kind;			/* INTEGER, FLOAT or something else */
	uint16_t information;		/* of an integer: bit 0 signed, then log2 of its bits */
	char	name[];
};

enum { INTEGER = 0 };

struct on_type {
	struct location at;
	const struct type *type;
};

struct on_shift {
	struct location at;
	const struct type *left, *right;
};

struct on_index {
	struct location at;
	const struct type *array, *index;
};

struct on_access {
	struct location at;
	const struct type *type;
	uint8_t	alignment;		/* log2 */
	uint8_t	kind;			/* index of access_words */
};

struct on_argument {
	struct location at;
	struct location attribute;
	int32_t	number;
};

struct on_place {
	struct location at;
};

struct on_builtin {
	struct location at;
	uint8_t	kind;
};

/* The driver's variables are as wide as a register, or handed over by address. */
typedef uintptr_t value_t;

static const char *const access_words[] = {
	"load of", "store to", "reference binding to", "member access within", "member call on",
	"constructor call on", "downcast of", "downcast of", "upcast of", "cast to virtual base of",
	"_Nonnull binding to", "dynamic operation on"
};

static void	tell(struct location *, const char *, ...) __printflike(2, 3);

/* Whether to tell of a place at all, and from now on no more. */
static bool
is_new(struct location *at)
{

	return rumphost_host != NULL && rumphost_curlwp() != NULL && at->column != TOLD;
}

static void
tell(struct location *at, const char *format, ...)
{
	char message[MESSAGE];
	uint32_t column = at->column;
	va_list ap;

	at->column = TOLD;
	va_start(ap, format);
	(void)vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	rumphost_kubsan(message, at->file, at->line, column);
}

static unsigned int
bits(const struct type *t)
{

	return 1U << (t->information >> 1);
}

static bool
is_signed(const struct type *t)
{

	return t->kind == INTEGER && (t->information & 1) != 0;
}

/* A value of an integer type, extended to 64 bits. */
static int64_t
extended(const struct type *t, value_t v)
{
	unsigned int unused = INLINE_BITS - bits(t);

	if (is_signed(t))
		return (int64_t)((uint64_t)v << unused) >> unused;
	return (int64_t)((uint64_t)v << unused >> unused);
}

static bool
is_negative(const struct type *t, value_t v)
{

	return is_signed(t) && bits(t) <= INLINE_BITS && extended(t, v) < 0;
}

static const char *
in_words(char *buffer, const struct type *t, value_t v)
{

	if (t->kind != INTEGER || bits(t) > INLINE_BITS)
		return "a value";
	(void)snprintf(buffer, VALUE, is_signed(t) ? "%lld" : "%llu", (long long)extended(t, v));
	return buffer;
}

static void
overflow(struct on_type *d, const char *operator, value_t a, value_t b)
{
	char left[VALUE], right[VALUE];

	if (is_new(&d->at))
		tell(&d->at, "%s integer overflow: %s %s %s cannot be represented in type %s",
		    is_signed(d->type) ? "signed" : "unsigned", in_words(left, d->type, a), operator,
		    in_words(right, d->type, b), d->type->name);
}

#define	HANDLER(name, ...)						\
void	__ubsan_handle_##name(__VA_ARGS__);				\
void									\
__ubsan_handle_##name(__VA_ARGS__)

HANDLER(add_overflow, struct on_type *d, value_t a, value_t b)
{

	overflow(d, "+", a, b);
}

HANDLER(sub_overflow, struct on_type *d, value_t a, value_t b)
{

	overflow(d, "-", a, b);
}

HANDLER(mul_overflow, struct on_type *d, value_t a, value_t b)
{

	overflow(d, "*", a, b);
}

HANDLER(negate_overflow, struct on_type *d, value_t a)
{
	char word[VALUE];

	if (is_new(&d->at))
		tell(&d->at, "negation of %s cannot be represented in type %s",
		    in_words(word, d->type, a), d->type->name);
}

HANDLER(divrem_overflow, struct on_type *d, value_t a, value_t b)
{
	char word[VALUE];

	if (!is_new(&d->at))
		return;
	if (is_negative(d->type, b))
		tell(&d->at, "division of %s by -1 cannot be represented in type %s",
		    in_words(word, d->type, a), d->type->name);
	else
		tell(&d->at, "division of %s by zero", in_words(word, d->type, a));
}

HANDLER(shift_out_of_bounds, struct on_shift *d, value_t a, value_t b)
{
	char left[VALUE], right[VALUE];

	if (!is_new(&d->at))
		return;
	(void)in_words(left, d->left, a);
	(void)in_words(right, d->right, b);
	if (is_negative(d->right, b))
		tell(&d->at, "shift by %s bits, a negative number", right);
	else if ((uint64_t)extended(d->right, b) >= bits(d->left))
		tell(&d->at, "shift by %s bits of type %s, which has %u", right, d->left->name,
		    bits(d->left));
	else if (is_negative(d->left, a))
		tell(&d->at, "left shift of %s, a negative number", left);
	else
		tell(&d->at, "left shift of %s by %s bits cannot be represented in type %s", left,
		    right, d->left->name);
}

HANDLER(out_of_bounds, struct on_index *d, value_t index)
{
	char word[VALUE];

	if (is_new(&d->at))
		tell(&d->at, "index %s is out of bounds of type %s", in_words(word, d->index, index),
		    d->array->name);
}

HANDLER(type_mismatch_v1, struct on_access *d, uintptr_t pointer)
{
	const char *word = d->kind < __arraycount(access_words) ? access_words[d->kind] : "use of";
	uintptr_t alignment = (uintptr_t)1 << d->alignment;

	if (!is_new(&d->at))
		return;
	if (pointer == 0)
		tell(&d->at, "%s a null pointer of type %s", word, d->type->name);
	else if (pointer % alignment != 0)
		tell(&d->at, "%s an address of type %s that is %zu past a multiple of %zu", word,
		    d->type->name, (size_t)(pointer % alignment), (size_t)alignment);
	else
		tell(&d->at, "%s an address that has no room for an object of type %s", word,
		    d->type->name);
}

HANDLER(pointer_overflow, struct on_place *d, uintptr_t base, uintptr_t result)
{

	if (is_new(&d->at))
		tell(&d->at, "%s and %lld bytes make a pointer that is out of the address space",
		    base == 0 ? "a null pointer" : "a pointer", (long long)(result - base));
}

HANDLER(vla_bound_not_positive, struct on_type *d, value_t bound)
{
	char word[VALUE];

	if (is_new(&d->at))
		tell(&d->at, "array of variable length %s", in_words(word, d->type, bound));
}

HANDLER(load_invalid_value, struct on_type *d, value_t v)
{
	char word[VALUE];

	if (is_new(&d->at))
		tell(&d->at, "load of value %s, which is none of type %s", in_words(word, d->type, v),
		    d->type->name);
}

HANDLER(nonnull_arg, struct on_argument *d)
{

	if (is_new(&d->at))
		tell(&d->at, "null pointer as argument %d, which is declared never to be null",
		    d->number);
}

HANDLER(nonnull_return_v1, struct on_place *attribute, struct location *at)
{

	(void)attribute;
	if (is_new(at))
		tell(at, "null pointer returned from a function that is declared never to");
}

HANDLER(invalid_builtin, struct on_builtin *d)
{

	if (is_new(&d->at))
		tell(&d->at, "0 as argument of a function that counts its leading or trailing zeros");
}

/* The compiler has put nothing behind these two: there is no going on. */
HANDLER(builtin_unreachable, struct on_place *d)
{

	if (is_new(&d->at))
		tell(&d->at, "execution of what is declared never to be reached");
	panic("%s:%u: unreachable code is reached", d->at.file, d->at.line);
}

HANDLER(missing_return, struct on_place *d)
{

	if (is_new(&d->at))
		tell(&d->at, "end of a function that is to return a value");
	panic("%s:%u: no value is returned", d->at.file, d->at.line);
}
