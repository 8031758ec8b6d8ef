/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * byteorder(9): htole32(), be16dec() and their like.
 */

#ifndef _SYS_ENDIAN_H_
#define _SYS_ENDIAN_H_

#include <sys/types.h>

#define _LITTLE_ENDIAN	1234
#define _BIG_ENDIAN	4321
#define _PDP_ENDIAN	3412
#include <machine/endian_machdep.h>

#define LITTLE_ENDIAN	_LITTLE_ENDIAN
#define BIG_ENDIAN	_BIG_ENDIAN
#define PDP_ENDIAN	_PDP_ENDIAN
#define BYTE_ORDER	_BYTE_ORDER

#include <machine/bswap.h>

#if _BYTE_ORDER == _LITTLE_ENDIAN
#define _QUAD_HIGHWORD	1
#define _QUAD_LOWWORD	0
#define htobe16(x)	bswap16((uint16_t)(x))
#define htobe32(x)	bswap32((uint32_t)(x))
#define htobe64(x)	bswap64((uint64_t)(x))
#define htole16(x)	((uint16_t)(x))
#define htole32(x)	((uint32_t)(x))
#define htole64(x)	((uint64_t)(x))
#else
#define _QUAD_HIGHWORD	0
#define _QUAD_LOWWORD	1
#define htobe16(x)	((uint16_t)(x))
#define htobe32(x)	((uint32_t)(x))
#define htobe64(x)	((uint64_t)(x))
#define htole16(x)	bswap16((uint16_t)(x))
#define htole32(x)	bswap32((uint32_t)(x))
#define htole64(x)	bswap64((uint64_t)(x))
#endif

#define be16toh(x)	htobe16(x)
#define be32toh(x)	htobe32(x)
#define be64toh(x)	htobe64(x)
#define le16toh(x)	htole16(x)
#define le32toh(x)	htole32(x)
#define le64toh(x)	htole64(x)

#define htonl(x)	htobe32(x)
#define htons(x)	htobe16(x)
#define ntohl(x)	htobe32(x)
#define ntohs(x)	htobe16(x)

#define HTONL(x)	((x) = htonl(x))
#define HTONS(x)	((x) = htons(x))
#define NTOHL(x)	((x) = ntohl(x))
#define NTOHS(x)	((x) = ntohs(x))
#define HTOBE16(x)	((x) = htobe16(x))
#define HTOBE32(x)	((x) = htobe32(x))
#define HTOBE64(x)	((x) = htobe64(x))
#define HTOLE16(x)	((x) = htole16(x))
#define HTOLE32(x)	((x) = htole32(x))
#define HTOLE64(x)	((x) = htole64(x))
#define BE16TOH(x)	HTOBE16(x)
#define BE32TOH(x)	HTOBE32(x)
#define BE64TOH(x)	HTOBE64(x)
#define LE16TOH(x)	HTOLE16(x)
#define LE32TOH(x)	HTOLE32(x)
#define LE64TOH(x)	HTOLE64(x)

/* To and from memory of any alignment.  No bswap16() here: <sys/bswap.h> may be in the making. */
#if _BYTE_ORDER == _LITTLE_ENDIAN
#define __RUMPHOST_be(bits, v)	__builtin_bswap##bits(v)
#define __RUMPHOST_le(bits, v)	(v)
#else
#define __RUMPHOST_be(bits, v)	(v)
#define __RUMPHOST_le(bits, v)	__builtin_bswap##bits(v)
#endif

#define __RUMPHOST_ENDIAN(order, bits) \
static __inline __unused void \
order##bits##enc(void *to, uint##bits##_t v) \
{ \
	v = __RUMPHOST_##order(bits, v); \
	__builtin_memcpy(to, &v, sizeof(v)); \
} \
static __inline __unused uint##bits##_t \
order##bits##dec(const void *from) \
{ \
	uint##bits##_t v; \
	__builtin_memcpy(&v, from, sizeof(v)); \
	return __RUMPHOST_##order(bits, v); \
}

__RUMPHOST_ENDIAN(be, 16)
__RUMPHOST_ENDIAN(be, 32)
__RUMPHOST_ENDIAN(be, 64)
__RUMPHOST_ENDIAN(le, 16)
__RUMPHOST_ENDIAN(le, 32)
__RUMPHOST_ENDIAN(le, 64)
#undef __RUMPHOST_ENDIAN

#endif /* !_SYS_ENDIAN_H_ */
