/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf(9)'s conversions: d i u o x X c s p %, with the flags # 0 - + and space, width, precision
 * and the sizes hh h l ll q j z t.  What it does not know is put out as it stands.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "format.h"

enum {
	LEFT = 0x01,
	PLUS = 0x02,
	SPACE = 0x04,
	ALTERNATE = 0x08,
	ZERO = 0x10,
	UPPER = 0x20,
	PRECISE = 0x40		/* a precision was given */
};

struct conversion {
	int	flags;
	int	width;
	int	precision;
	char	size;		/* 'H' hh, 'h', 'l' (also q, j, z, t), 0 int */
};

static void
put_many(struct rumphost_output *out, char c, int count)
{

	while (count-- > 0)
		out->put(out, c);
}

static void
put_string(struct rumphost_output *out, const struct conversion *v, const char *s)
{
	size_t length;
	int n, pad;

	if (s == NULL)
		s = "(null)";
	length = (v->flags & PRECISE) ? strnlen(s, (size_t)v->precision) : strlen(s);
	pad = v->width - (int)length;
	if ((v->flags & LEFT) == 0)
		put_many(out, ' ', pad);
	for (n = 0; n < (int)length; n++)
		out->put(out, s[n]);
	if (v->flags & LEFT)
		put_many(out, ' ', pad);
}

static void
put_number(struct rumphost_output *out, const struct conversion *v, uint64_t value, u_int base,
    const char *prefix)
{
	const char *digits = (v->flags & UPPER) ? HEXDIGITS : hexdigits;
	char text[24];			/* 64 bits in octal */
	int count = 0, zeros, pad;

	for (; value != 0; value /= base)
		text[count++] = digits[value % base];
	zeros = ((v->flags & PRECISE) ? v->precision : 1) - count;
	if (base == 8 && (v->flags & ALTERNATE) && zeros < 1)
		zeros = 1;
	zeros = zeros > 0 ? zeros : 0;
	pad = v->width - (int)strlen(prefix) - count - zeros;
	if ((v->flags & (ZERO | LEFT | PRECISE)) == ZERO && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if ((v->flags & LEFT) == 0)
		put_many(out, ' ', pad);
	while (*prefix != '\0')
		out->put(out, *prefix++);
	put_many(out, '0', zeros);
	while (count > 0)
		out->put(out, text[--count]);
	if (v->flags & LEFT)
		put_many(out, ' ', pad);
}

static void
put_signed(struct rumphost_output *out, const struct conversion *v, int64_t value)
{
	const char *sign = (v->flags & PLUS) ? "+" : (v->flags & SPACE) ? " " : "";

	switch (v->size) {
	case 'H':
		value = (signed char)value;
		break;
	case 'h':
		value = (short)value;
		break;
	}
	if (value < 0)
		put_number(out, v, 0 - (uint64_t)value, 10, "-");
	else
		put_number(out, v, (uint64_t)value, 10, sign);
}

static void
put_unsigned(struct rumphost_output *out, const struct conversion *v, uint64_t value, u_int base)
{
	const char *prefix = "";

	switch (v->size) {
	case 'H':
		value = (unsigned char)value;
		break;
	case 'h':
		value = (unsigned short)value;
		break;
	}
	if (base == 16 && (v->flags & ALTERNATE) && value != 0)
		prefix = (v->flags & UPPER) ? "0X" : "0x";
	put_number(out, v, value, base, prefix);
}

/* Parse flags; returns what follows them. */
static const char *
flags_of(struct conversion *v, const char *format)
{

	for (;; format++) {
		switch (*format) {
		case '-':
			v->flags |= LEFT;
			break;
		case '+':
			v->flags |= PLUS;
			break;
		case ' ':
			v->flags |= SPACE;
			break;
		case '#':
			v->flags |= ALTERNATE;
			break;
		case '0':
			v->flags |= ZERO;
			break;
		default:
			return format;
		}
	}
}

static const char *
digits_of(int *number, const char *format)
{

	for (*number = 0; isdigit(*format); format++)
		*number = *number * 10 + (*format - '0');
	return format;
}

/* Parse the size of the argument: on the kinds of machine that there are, all of l, ll, q, j, z and
 * t are 64 bits. */
static const char *
size_of(struct conversion *v, const char *format)
{

	for (;; format++) {
		switch (*format) {
		case 'h':
			v->size = v->size == 'h' ? 'H' : 'h';
			break;
		case 'l':
		case 'q':
		case 'j':
		case 'z':
		case 't':
			v->size = 'l';
			break;
		default:
			return format;
		}
	}
}

/* A va_list that a function can be handed the address of, whatever kind of type it is. */
struct arguments {
	va_list	list;
};

static const char *
parse(struct conversion *v, const char *format, struct arguments *a)
{

	format = flags_of(v, format);
	if (*format == '*') {
		format++;
		v->width = va_arg(a->list, int);
		if (v->width < 0) {
			v->flags |= LEFT;
			v->width = -v->width;
		}
	} else
		format = digits_of(&v->width, format);
	if (*format == '.') {
		v->flags |= PRECISE;
		if (*++format == '*') {
			format++;
			v->precision = va_arg(a->list, int);
			if (v->precision < 0) {
				v->flags &= ~PRECISE;
				v->precision = 0;
			}
		} else
			format = digits_of(&v->precision, format);
	}
	return size_of(v, format);
}

static uint64_t
unsigned_argument(const struct conversion *v, struct arguments *a)
{

	return v->size == 'l' ? va_arg(a->list, uint64_t) : va_arg(a->list, u_int);
}

/* Put out one argument as `letter' says; false: no such conversion. */
static bool
convert(struct rumphost_output *out, struct conversion *v, char letter, struct arguments *a)
{
	char character[2] = { '\0', '\0' };

	switch (letter) {
	case 'd':
	case 'i':
		put_signed(out, v, v->size == 'l' ? va_arg(a->list, int64_t) :
		    va_arg(a->list, int));
		return true;
	case 'u':
		put_unsigned(out, v, unsigned_argument(v, a), 10);
		return true;
	case 'o':
		put_unsigned(out, v, unsigned_argument(v, a), 8);
		return true;
	case 'X':
		v->flags |= UPPER;
		/* FALLTHROUGH */
	case 'x':
		put_unsigned(out, v, unsigned_argument(v, a), 16);
		return true;
	case 'p':
		put_number(out, v, (uint64_t)(uintptr_t)va_arg(a->list, void *), 16, "0x");
		return true;
	case 's':
		put_string(out, v, va_arg(a->list, const char *));
		return true;
	case 'c':
		character[0] = (char)va_arg(a->list, int);
		v->flags &= ~PRECISE;
		if (character[0] != '\0') {
			put_string(out, v, character);
			return true;
		}
		put_many(out, ' ', (v->flags & LEFT) ? 0 : v->width - 1);
		out->put(out, '\0');
		put_many(out, ' ', (v->flags & LEFT) ? v->width - 1 : 0);
		return true;
	case '%':
		out->put(out, '%');
		return true;
	}
	return false;
}

void
rumphost_format(struct rumphost_output *out, const char *format, va_list list)
{
	const char *start;
	struct conversion v;
	struct arguments a;

	va_copy(a.list, list);
	while (*format != '\0') {
		if (*format != '%') {
			out->put(out, *format++);
			continue;
		}
		start = format;
		memset(&v, 0, sizeof(v));
		format = parse(&v, format + 1, &a);
		if (*format != '\0' && convert(out, &v, *format, &a)) {
			format++;
			continue;
		}
		if (*format != '\0')
			format++;
		while (start < format)
			out->put(out, *start++);
	}
	va_end(a.list);
}
