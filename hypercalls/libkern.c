/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's C library: memory and strings.  Numbers are in libkern_number.c.
 *
 * The compiler must not turn a loop in here into a call of the function that it is.
 */

#include <sys/param.h>
#include <sys/systm.h>

#ifndef __clang__
#pragma GCC optimize ("no-tree-loop-distribute-patterns")
#endif

/* Some headers have macros of these names, for the compiler's own versions. */
/* One instruction for it all, where no sanitizer wants to see each access. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define	ONE_INSTRUCTION
#endif

#undef memcmp
#undef memcpy
#undef memmove
#undef memset
#undef strcmp
#undef strcpy
#undef strlen

typedef uint64_t __attribute__((__may_alias__)) word_t;

void *
memcpy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

#ifdef ONE_INSTRUCTION
	__asm volatile("rep movsb" : "+D" (t), "+S" (f), "+c" (n) :: "memory");
#else
	for (; n >= sizeof(word_t); n -= sizeof(word_t)) {
		__builtin_memcpy(t, f, sizeof(word_t));
		t += sizeof(word_t);
		f += sizeof(word_t);
	}
	while (n-- > 0)
		*t++ = *f++;
#endif
	return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)t - (uintptr_t)f >= n)
		return memcpy(to, from, n);
	while (n-- > 0)
		t[n] = f[n];
	return to;
}

void *
memset(void *to, int c, size_t n)
{
	char *t = to;

#ifdef ONE_INSTRUCTION
	__asm volatile("rep stosb" : "+D" (t), "+c" (n) : "a" (c) : "memory");
#else
	word_t pattern = (unsigned char)c * UINT64_C(0x0101010101010101);

	for (; n >= sizeof(word_t); n -= sizeof(word_t)) {
		__builtin_memcpy(t, &pattern, sizeof(word_t));
		t += sizeof(word_t);
	}
	while (n-- > 0)
		*t++ = (char)c;
#endif
	return to;
}

void *
explicit_memset(void *to, int c, size_t n)
{

	(void)memset(to, c, n);
	__asm volatile("" :: "r" (to) : "memory");
	return to;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const u_char *p = a, *q = b;

	for (; n > 0; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

/* As long for equal as for different ones. */
int
consttime_memequal(const void *a, const void *b, size_t n)
{
	const volatile u_char *p = a, *q = b;
	u_int difference = 0;

	while (n-- > 0)
		difference |= *p++ ^ *q++;
	return difference == 0;
}

void *
memchr(const void *s, int c, size_t n)
{
	const u_char *p = s;

	for (; n > 0; n--, p++) {
		if (*p == (u_char)c)
			return __UNCONST(p);
	}
	return NULL;
}

void *
memmem(const void *in, size_t n, const void *what, size_t length)
{
	const u_char *p = in;

	for (; n >= length; n--, p++) {
		if (memcmp(p, what, length) == 0)
			return __UNCONST(p);
	}
	return NULL;
}

/* How many bytes are left from the first that is not `c'. */
int
skpc(int c, size_t n, u_char *p)
{

	for (; n > 0 && *p == (u_char)c; n--)
		p++;
	return (int)n;
}

/* How many bytes are left from the first that `table' marks with a bit of `mask'. */
int
scanc(u_int n, const u_char *p, const u_char *table, int mask)
{

	for (; n > 0 && (table[*p] & mask) == 0; n--)
		p++;
	return (int)n;
}

size_t
strlen(const char *s)
{
	const char *p = s;

	while (*p != '\0')
		p++;
	return (size_t)(p - s);
}

size_t
strnlen(const char *s, size_t n)
{
	const char *end = memchr(s, '\0', n);

	return end != NULL ? (size_t)(end - s) : n;
}

char *
strcpy(char *to, const char *from)
{
	char *t = to;

	while ((*t++ = *from++) != '\0')
		;
	return to;
}

char *
strncpy(char *to, const char *from, size_t n)
{
	size_t length = strnlen(from, n);

	(void)memcpy(to, from, length);
	(void)memset(to + length, 0, n - length);
	return to;
}

size_t
strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from), n;

	if (size > 0) {
		n = length < size ? length : size - 1;
		(void)memcpy(to, from, n);
		to[n] = '\0';
	}
	return length;
}

char *
strcat(char *to, const char *from)
{

	(void)strcpy(to + strlen(to), from);
	return to;
}

char *
strncat(char *to, const char *from, size_t n)
{
	size_t length = strnlen(from, n);
	char *end = to + strlen(to);

	(void)memcpy(end, from, length);
	end[length] = '\0';
	return to;
}

size_t
strlcat(char *to, const char *from, size_t size)
{
	size_t length = strnlen(to, size);

	return length + strlcpy(to + length, from, size - length);
}

int
strncmp(const char *a, const char *b, size_t n)
{

	for (; n > 0; n--, a++, b++) {
		if (*a != *b || *a == '\0')
			return (u_char)*a - (u_char)*b;
	}
	return 0;
}

int
strcmp(const char *a, const char *b)
{

	return strncmp(a, b, SIZE_MAX);
}

int
strncasecmp(const char *a, const char *b, size_t n)
{
	int x, y;

	for (; n > 0; n--, a++, b++) {
		x = tolower((u_char)*a);
		y = tolower((u_char)*b);
		if (x != y || x == '\0')
			return x - y;
	}
	return 0;
}

int
strcasecmp(const char *a, const char *b)
{

	return strncasecmp(a, b, SIZE_MAX);
}

char *
strchr(const char *s, int c)
{

	for (;; s++) {
		if (*s == (char)c)
			return __UNCONST(s);
		if (*s == '\0')
			return NULL;
	}
}

char *
strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (*s == '\0')
			return __UNCONST(last);
	}
}

char *
strstr(const char *s, const char *what)
{

	return memmem(s, strlen(s), what, strlen(what));
}

/* How many characters at the start are in the set, or (`in' false) are not. */
static size_t
span(const char *s, const char *set, bool in)
{
	size_t n;

	for (n = 0; s[n] != '\0' && (strchr(set, s[n]) != NULL) == in; n++)
		;
	return n;
}

size_t
strspn(const char *s, const char *set)
{

	return span(s, set, true);
}

size_t
strcspn(const char *s, const char *set)
{

	return span(s, set, false);
}

char *
strpbrk(const char *s, const char *set)
{

	s += strcspn(s, set);
	return *s != '\0' ? __UNCONST(s) : NULL;
}

char *
strsep(char **s, const char *set)
{
	char *token = *s;

	if (token != NULL) {
		*s = strpbrk(token, set);
		if (*s != NULL)
			*(*s)++ = '\0';
	}
	return token;
}

/*
 * Match a shell pattern (* ? [a-z] \) anywhere in a string: 0 none, 1 found, 2 to the string's end;
 * `*end' is set to what follows the match.
 */
static const char *
match_here(const char *s, const char *pattern)
{
	const char *end;
	bool in;

	for (;; s++, pattern++) {
		switch (*pattern) {
		case '\0':
			return s;
		case '*':
			for (end = s + strlen(s); end >= s; end--) {
				const char *rest = match_here(end, pattern + 1);

				if (rest != NULL)
					return rest;
			}
			return NULL;
		case '?':
			if (*s == '\0')
				return NULL;
			break;
		case '[':
			in = false;
			for (pattern++; *pattern != ']' && *pattern != '\0'; pattern++) {
				if (pattern[1] == '-' && pattern[2] != ']' &&
				    pattern[2] != '\0') {
					in |= *s >= pattern[0] && *s <= pattern[2];
					pattern += 2;
				} else
					in |= *s == *pattern;
			}
			if (!in || *s == '\0' || *pattern == '\0')
				return NULL;
			break;
		case '\\':
			pattern++;
			/* FALLTHROUGH */
		default:
			if (*s != *pattern || *s == '\0')
				return NULL;
		}
	}
}

int
pmatch(const char *s, const char *pattern, const char **end)
{
	const char *rest;

	for (;; s++) {
		rest = match_here(s, pattern);
		if (rest != NULL) {
			if (end != NULL)
				*end = rest;
			return *rest == '\0' ? 2 : 1;
		}
		if (*s == '\0')
			return 0;
	}
}
