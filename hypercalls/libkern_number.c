/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's C library: numbers in strings, bits, checksums, sorting and random(9).
 */

#include <sys/param.h>
#include <sys/systm.h>

#undef ffs
#undef popcount
#undef popcountl
#undef popcountll

/* A number in a string: where it ends, whether it was negative or too large for 64 bits. */
struct number {
	uintmax_t value;
	const char *end;
	bool	negative;
	bool	overflow;
};

static int
digit_of(char c)
{

	if (isdigit((u_char)c))
		return c - '0';
	if (isalpha((u_char)c))
		return tolower((u_char)c) - 'a' + 10;
	return 36;
}

static struct number
parse(const char *s, int base)
{
	struct number n = { .end = s };

	while (isspace((u_char)*s))
		s++;
	n.negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
	    digit_of(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0)
		base = *s == '0' ? 8 : 10;
	for (; digit_of(*s) < base; n.end = ++s) {
		n.overflow |= __builtin_mul_overflow(n.value, (uintmax_t)base, &n.value);
		n.overflow |= __builtin_add_overflow(n.value, (uintmax_t)digit_of(*s), &n.value);
	}
	return n;
}

static uintmax_t
to_unsigned(const char *s, char **end, int base)
{
	struct number n = parse(s, base);

	if (end != NULL)
		*end = __UNCONST(n.end);
	if (n.overflow)
		return UINTMAX_MAX;
	return n.negative ? 0 - n.value : n.value;
}

static intmax_t
to_signed(const char *s, char **end, int base)
{
	struct number n = parse(s, base);
	uintmax_t limit = (uintmax_t)INTMAX_MAX + n.negative;

	if (end != NULL)
		*end = __UNCONST(n.end);
	if (n.overflow || n.value > limit)
		n.value = limit;
	return (intmax_t)(n.negative ? 0 - n.value : n.value);
}

u_long
strtoul(const char *s, char **end, int base)
{

	return to_unsigned(s, end, base);
}

unsigned long long
strtoull(const char *s, char **end, int base)
{

	return to_unsigned(s, end, base);
}

uintmax_t
strtoumax(const char *s, char **end, int base)
{

	return to_unsigned(s, end, base);
}

long long
strtoll(const char *s, char **end, int base)
{

	return to_signed(s, end, base);
}

intmax_t
strtoimax(const char *s, char **end, int base)
{

	return to_signed(s, end, base);
}

/* strtoi(3): the status of a number that is no number, has something behind it, or is too far out. */
static int
verdict(const char *s, const struct number *n, bool overflow, bool outside)
{

	if (overflow)
		return ERANGE;
	if (n->end == s)
		return ECANCELED;
	if (*n->end != '\0')
		return ENOTSUP;
	return outside ? ERANGE : 0;
}

intmax_t
strtoi(const char * __restrict s, char ** __restrict end, int base, intmax_t lowest,
    intmax_t highest, int *status)
{
	struct number n = parse(s, base);
	intmax_t value = to_signed(s, end, base);

	if (status != NULL)
		*status = verdict(s, &n,
		    n.overflow || n.value > (uintmax_t)INTMAX_MAX + n.negative,
		    value < lowest || value > highest);
	return value < lowest ? lowest : value > highest ? highest : value;
}

uintmax_t
strtou(const char * __restrict s, char ** __restrict end, int base, uintmax_t lowest,
    uintmax_t highest, int *status)
{
	struct number n = parse(s, base);
	uintmax_t value = to_unsigned(s, end, base);

	if (status != NULL)
		*status = verdict(s, &n, n.overflow, value < lowest || value > highest);
	return value < lowest ? lowest : value > highest ? highest : value;
}

/* An Internet address (network byte order) as a.b.c.d, until the next call. */
char *
intoa(uint32_t address)
{
	static char text[sizeof("255.255.255.255")];
	const u_char *p = (const u_char *)&address;

	(void)snprintf(text, sizeof(text), "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
	return text;
}

int
ffs(int n)
{

	return n == 0 ? 0 : __builtin_ctz((u_int)n) + 1;
}

u_int
popcount64(uint64_t n)
{

	n -= (n >> 1) & UINT64_C(0x5555555555555555);
	n = (n & UINT64_C(0x3333333333333333)) + ((n >> 2) & UINT64_C(0x3333333333333333));
	n = (n + (n >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (u_int)((n * UINT64_C(0x0101010101010101)) >> 56);
}

u_int
popcount32(uint32_t n)
{

	return popcount64(n);
}

u_int
popcount(u_int n)
{

	return popcount64(n);
}

u_int
popcountl(u_long n)
{

	return popcount64(n);
}

u_int
popcountll(unsigned long long n)
{

	return popcount64(n);
}

/* What the compiler calls for __builtin_popcount() */
int	__popcountdi2(long);

int
__popcountdi2(long n)
{

	return (int)popcount64((uint64_t)n);
}

/* The CRC of Ethernet and ZIP, continued from `crc' (0 to begin). */
uint32_t
crc32(uint32_t crc, const uint8_t *data, size_t n)
{
	int bit;

	crc = ~crc;
	while (n-- > 0) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
	}
	return ~crc;
}

/* Let the item at `root' sink below the larger ones, in a heap of n items. */
static void
sink(char *base, size_t root, size_t n, size_t size,
    int (*compare)(const void *, const void *), void *spare)
{
	size_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n &&
		    compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		memcpy(spare, base + root * size, size);
		memcpy(base + root * size, base + child * size, size);
		memcpy(base + child * size, spare, size);
		root = child;
	}
}

/* Sort n items of `size' bytes; `spare' has room for one. */
int
kheapsort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *),
    void *spare)
{
	char *base = items;
	size_t k;

	if (size == 0)
		return EINVAL;
	for (k = n / 2; k > 0; k--)
		sink(base, k - 1, n, size, compare, spare);
	for (k = n; k > 1; k--) {
		memcpy(spare, base, size);
		memcpy(base, base + (k - 1) * size, size);
		memcpy(base + (k - 1) * size, spare, size);
		sink(base, 0, k - 1, size, compare, spare);
	}
	return 0;
}

/* random(9): the same numbers in every run, unless srandom() says otherwise.  xorshift64*. */
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

void
srandom(u_long seed)
{

	random_state = seed != 0 ? seed : 1;
}

long
random(void)
{
	uint64_t x = random_state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random_state = x;
	return (long)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 33);
}
