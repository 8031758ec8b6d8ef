/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ethersubr(9): multicast addresses, checksums of them, and addresses as text.
 */

#include "ifnet_private.h"

enum {
	INET_ADDRESS = 4,	/* where in a sockaddr the address is */
	INET6_ADDRESS = 8
};

static int
inet_multiaddr(const uint8_t *address, uint8_t low[], uint8_t high[])
{

	if ((address[0] | address[1] | address[2] | address[3]) == 0) {
		/* All of them: an IP multicast router. */
		memcpy(low, ether_ipmulticast_min, ETHER_ADDR_LEN);
		memcpy(high, ether_ipmulticast_max, ETHER_ADDR_LEN);
		return 0;
	}
	ETHER_MAP_IP_MULTICAST(address, low);
	memcpy(high, low, ETHER_ADDR_LEN);
	return 0;
}

static int
inet6_multiaddr(const uint8_t *address, uint8_t low[], uint8_t high[])
{
	static const uint8_t none[16];

	if (memcmp(address, none, sizeof(none)) == 0) {
		memcpy(low, "\x33\x33\x00\x00\x00\x00", ETHER_ADDR_LEN);
		memcpy(high, "\x33\x33\xff\xff\xff\xff", ETHER_ADDR_LEN);
		return 0;
	}
	ETHER_MAP_IPV6_MULTICAST(address, low);
	memcpy(high, low, ETHER_ADDR_LEN);
	return 0;
}

/* The range of link-level addresses that a socket address stands for. */
int
ether_multiaddr(const struct sockaddr *sa, uint8_t low[], uint8_t high[])
{
	const uint8_t *bytes = (const uint8_t *)sa;
	const struct sockaddr_dl *sdl = satocsdl(sa);

	switch (sa->sa_family) {
	case AF_INET:
		return inet_multiaddr(bytes + INET_ADDRESS, low, high);
	case AF_INET6:
		return inet6_multiaddr(bytes + INET6_ADDRESS, low, high);
	case AF_UNSPEC:
		memcpy(low, sa->sa_data, ETHER_ADDR_LEN);
		break;
	case AF_LINK:
		if (sdl->sdl_alen != ETHER_ADDR_LEN)
			return EINVAL;
		memcpy(low, CLLADDR(sdl), ETHER_ADDR_LEN);
		break;
	default:
		return EAFNOSUPPORT;
	}
	memcpy(high, low, ETHER_ADDR_LEN);
	return ETHER_IS_MULTICAST(low) ? 0 : EINVAL;
}

static struct ether_multi *
lookup(struct ethercom *ec, const uint8_t *low, const uint8_t *high)
{
	struct ether_multi *enm;

	LIST_FOREACH(enm, &ec->ec_multiaddrs, enm_list)
		if (memcmp(enm->enm_addrlo, low, ETHER_ADDR_LEN) == 0 &&
		    memcmp(enm->enm_addrhi, high, ETHER_ADDR_LEN) == 0)
			return enm;
	return NULL;
}

/* One more who wants the address.  ENETRESET: it is new, the filter must be set. */
int
ether_addmulti(const struct sockaddr *sa, struct ethercom *ec)
{
	uint8_t low[ETHER_ADDR_LEN], high[ETHER_ADDR_LEN];
	struct ether_multi *enm;
	int error;

	error = ether_multiaddr(sa, low, high);
	if (error != 0)
		return error;
	enm = lookup(ec, low, high);
	if (enm != NULL) {
		enm->enm_refcount++;
		return 0;
	}
	enm = rumphost_allocate(sizeof(*enm), sizeof(void *), RUMPHOST_CALLER);
	if (enm == NULL)
		return ENOBUFS;
	memset(enm, 0, sizeof(*enm));
	memcpy(enm->enm_addrlo, low, ETHER_ADDR_LEN);
	memcpy(enm->enm_addrhi, high, ETHER_ADDR_LEN);
	enm->enm_refcount = 1;
	LIST_INSERT_HEAD(&ec->ec_multiaddrs, enm, enm_list);
	ec->ec_multicnt++;
	return ENETRESET;
}

/* One fewer.  ENETRESET: nobody wants it any more, the filter must be set. */
int
ether_delmulti(const struct sockaddr *sa, struct ethercom *ec)
{
	uint8_t low[ETHER_ADDR_LEN], high[ETHER_ADDR_LEN];
	struct ether_multi *enm;
	int error;

	error = ether_multiaddr(sa, low, high);
	if (error != 0)
		return error;
	enm = lookup(ec, low, high);
	if (enm == NULL)
		return ENXIO;
	if (--enm->enm_refcount != 0)
		return 0;
	LIST_REMOVE(enm, enm_list);
	ec->ec_multicnt--;
	rumphost_release(enm);
	return ENETRESET;
}

/* -- checksums: without the final complement, as hash filters want them -- */

uint32_t
ether_crc32_le(const uint8_t *buffer, size_t length)
{
	uint32_t crc = 0xffffffff;
	size_t n;
	int bit;

	for (n = 0; n < length; n++) {
		crc ^= buffer[n];
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? ETHER_CRC_POLY_LE : 0);
	}
	return crc;
}

uint32_t
ether_crc32_be(const uint8_t *buffer, size_t length)
{
	uint32_t crc = 0xffffffff;
	uint8_t data;
	size_t n;
	int bit;

	for (n = 0; n < length; n++) {
		for (data = buffer[n], bit = 0; bit < 8; bit++, data >>= 1)
			/* The header's polynomial lacks its lowest bit. */
			crc = (crc << 1) ^
			    ((((crc >> 31) ^ data) & 1) != 0 ? ETHER_CRC_POLY_BE | 1 : 0);
	}
	return crc;
}

/* -- text -- */

static const char digits[] = "0123456789abcdef";

char *
ether_snprintf(char *buffer, size_t size, const uint8_t *address)
{
	char *to = buffer;
	int n;

	if (size < ETHER_ADDR_LEN * 3) {
		if (size > 0)
			*buffer = '\0';
		return buffer;
	}
	for (n = 0; n < ETHER_ADDR_LEN; n++) {
		if (n > 0)
			*to++ = ':';
		*to++ = digits[address[n] >> 4];
		*to++ = digits[address[n] & 0xf];
	}
	*to = '\0';
	return buffer;
}

/* Into a buffer that the next call overwrites. */
char *
ether_sprintf(const uint8_t *address)
{
	static char buffer[ETHER_ADDR_LEN * 3];

	return ether_snprintf(buffer, sizeof(buffer), address);
}

static int
digit(char c)
{

	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six bytes in hexadecimal, with `:', `-', `.' or nothing between them.  Returns 0, or an errno. */
int
ether_aton_r(u_char *address, size_t size, const char *text)
{
	int n, high, low;

	if (size < ETHER_ADDR_LEN)
		return ENOSPC;
	for (n = 0; n < ETHER_ADDR_LEN; n++) {
		high = digit(*text);
		if (high < 0)
			return EINVAL;
		low = digit(*++text);
		if (low >= 0) {
			address[n] = (u_char)(high << 4 | low);
			text++;
		} else
			address[n] = (u_char)high;
		if (n < ETHER_ADDR_LEN - 1 && (*text == ':' || *text == '-' || *text == '.'))
			text++;
	}
	return *text == '\0' ? 0 : EINVAL;
}
