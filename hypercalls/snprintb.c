/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snprintb(9): the bits of a register in words; humanize_number(9): sizes in short.
 */

#include <sys/param.h>
#include <sys/systm.h>

/* What is written, and what would have been with room for it. */
struct line {
	char	*buffer;
	size_t	size;
	size_t	total;		/* so far, in all lines */
	size_t	start;		/* of the current line */
};

static void
put(struct line *l, char c)
{

	if (l->total + 1 < l->size)
		l->buffer[l->total] = c;
	l->total++;
}

static void
put_number(struct line *l, const char *format, uint64_t value)
{
	char text[32];
	const char *p;

	(void)snprintf(text, sizeof(text), format, value);
	for (p = text; *p != '\0'; p++)
		put(l, *p);
}

/* One entry of the list: a name, perhaps with a field's value and what that is called. */
struct entry {
	const char *name;
	size_t	length;
	bool	field;
	uint64_t value;
};

/*
 * A walk over the format.  The old style has a bit's number (from 1) and a name that ends at the next
 * such number; the new one, after \177, has entries of kind, position and a name that ends with NUL.
 */
struct walk {
	const char *format;	/* next entry */
	const char *number;	/* how values are printed */
	uint64_t value;
	bool	new;
	bool	multiline;
	size_t	longest;	/* line */
	bool	open;		/* a "<" waits for its ">" */
};

static void
put_entry(struct line *l, const struct walk *w, const struct entry *e)
{
	size_t n;

	for (n = 0; n < e->length; n++)
		put(l, e->name[n]);
	if (e->field) {
		put(l, '=');
		put_number(l, w->number, e->value);
	}
}

static size_t
length_of(const struct walk *w, const struct entry *e)
{
	struct line measure = { NULL, 0, 0, 0 };

	put_entry(&measure, w, e);
	return measure.total;
}

static void
new_line(struct line *l, struct walk *w)
{

	if (w->open)
		put(l, '>');
	put(l, '\0');
	l->start = l->total;
	w->open = false;
	put_number(l, w->number, w->value);
}

/* Put out an entry that starts a new element of the list. */
static void
add_entry(struct line *l, struct walk *w, const struct entry *e, size_t meaning)
{

	if (w->multiline && w->open &&
	    l->total - l->start + length_of(w, e) + meaning + 2 > w->longest)
		new_line(l, w);
	put(l, w->open ? ',' : '<');
	w->open = true;
	put_entry(l, w, e);
}

static void
old_style(struct line *l, struct walk *w)
{
	struct entry e = { .field = false };
	int bit;

	while ((bit = *w->format) != '\0') {
		e.name = ++w->format;
		while (*w->format > ' ')
			w->format++;
		e.length = (size_t)(w->format - e.name);
		if (w->value & ((uint64_t)1 << ((bit - 1) & 63)))
			add_entry(l, w, &e, 0);
	}
}

/* What the entries that follow call a field's value; NULL: nothing.  `*equals' tells whether that
 * comes after a "=". */
static const char *
meaning_of(const char *format, uint64_t field, bool *equals)
{

	while (*format == '=' || *format == ':') {
		if ((u_char)format[1] == field) {
			*equals = *format == '=';
			return format + 2;
		}
		format += 2;
		format += strlen(format) + 1;
	}
	return NULL;
}

static void
put_meaning(struct line *l, const char *name, bool equals)
{

	if (equals)
		put(l, '=');
	while (*name != '\0')
		put(l, *name++);
}

static void
new_style(struct line *l, struct walk *w)
{
	uint64_t field = w->value;
	bool matched = false, equals = false;
	const char *meaning;
	struct entry e;
	u_char kind, position, width;

	while ((kind = (u_char)*w->format++) != '\0') {
		position = 0;
		if (kind != '*')
			position = (u_char)*w->format++;
		width = 1;
		if (kind == 'f' || kind == 'F') {
			width = (u_char)*w->format++;
			field = w->value >> (position & 63);
			if (width < 64)
				field &= ((uint64_t)1 << width) - 1;
			matched = false;
		}
		e.name = w->format;
		e.length = strlen(w->format);
		e.field = kind == 'f';
		e.value = field;
		w->format += e.length + 1;
		switch (kind) {
		case 'b':
			if ((w->value >> (position & 63)) & 1)
				add_entry(l, w, &e, 0);
			break;
		case 'f':
			meaning = meaning_of(w->format, field, &equals);
			add_entry(l, w, &e,
			    meaning != NULL ? strlen(meaning) + equals : 0);
			break;
		case '=':
		case ':':
			if (field != position)
				break;
			matched = true;
			if (!w->open) {
				put(l, '<');
				w->open = true;
			}
			put_meaning(l, e.name, kind == '=');
			break;
		case '*':
			if (!matched)
				put_number(l, e.name, field);
			matched = true;
			break;
		}
	}
}

int
snprintb_m(char *buffer, size_t size, const char *format, uint64_t value, size_t longest)
{
	struct line l = { .buffer = buffer, .size = size };
	struct walk w = { .value = value, .multiline = longest != 0, .longest = longest };

	if (size > 0)
		buffer[0] = '\0';
	w.new = *format == '\177';
	format += w.new;
	switch (*format) {
	case 8:
		w.number = "0%jo";
		break;
	case 10:
		w.number = "%ju";
		break;
	case 16:
		w.number = "0x%jx";
		break;
	default:
		return -1;
	}
	w.format = format + 1;
	put_number(&l, w.number, value);
	if (w.new)
		new_style(&l, &w);
	else if (value != 0)
		old_style(&l, &w);
	if (w.open)
		put(&l, '>');
	if (w.multiline)
		put(&l, '\0');		/* an empty line ends the list */
	if (size > 0)
		buffer[l.total < size ? l.total : size - 1] = '\0';
	if (w.multiline && size > 1 && l.total >= size)
		buffer[size - 2] = '\0';
	return (int)l.total - (w.multiline ? 1 : 0);
}

int
snprintb(char *buffer, size_t size, const char *format, uint64_t value)
{

	return snprintb_m(buffer, size, format, value, 0);
}

/*
 * Write a number of bytes in as many digits as there is room for besides a prefix and the suffix;
 * `divisor' is 1024 or 1000.  Returns the length, or -1: no room.
 */
int
humanize_number(char *buffer, size_t size, uint64_t bytes, const char *suffix, int divisor)
{
	const char *prefix = divisor == 1024 ? " KMGTPE" : " kMGTPE";
	uint64_t most;
	size_t n;

	if (buffer == NULL || suffix == NULL || size < strlen(suffix) + 4) {
		if (buffer != NULL && size > 0)
			buffer[0] = '\0';
		return -1;
	}
	most = 1;
	for (n = size - strlen(suffix) - 3; n > 0 && most < UINT64_MAX / 10; n--)
		most *= 10;
	for (; bytes >= most && prefix[1] != '\0'; prefix++)
		bytes /= (uint64_t)divisor;
	return snprintf(buffer, size, "%ju%s%c%s", (uintmax_t)bytes, *prefix == ' ' ? "" : " ",
	    *prefix, suffix);
}

int
format_bytes(char *buffer, size_t size, uint64_t bytes)
{
	int length = humanize_number(buffer, size, bytes, "B", 1024);

	if (length >= 2 && strcmp(&buffer[length - 2], " B") == 0)
		buffer[length -= 2] = '\0';
	return length;
}
