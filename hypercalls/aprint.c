/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aprint_normal(9) and its like: what autoconf(9) and drivers print of devices.  Which kinds are
 * shown is the console's decision.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/mbuf.h>
#include <sys/socket.h>
#include <net/if.h>

#include "format.h"
#include "shim.h"

static int errors;			/* since aprint_get_error_count() */

#define APRINT(kind, level)						\
void									\
aprint_##kind(const char *format, ...)					\
{									\
	va_list ap;							\
									\
	if ((level) == RUMPHOST_CONSOLE_ERROR)				\
		errors++;						\
	va_start(ap, format);						\
	rumphost_vprint((level), NULL, NULL, format, ap);		\
	va_end(ap);							\
}									\
									\
void									\
aprint_##kind##_dev(device_t dev, const char *format, ...)		\
{									\
	va_list ap;							\
									\
	if ((level) == RUMPHOST_CONSOLE_ERROR)				\
		errors++;						\
	va_start(ap, format);						\
	rumphost_vprint((level), dev, device_xname(dev), format, ap);	\
	va_end(ap);							\
}									\
									\
void									\
aprint_##kind##_ifnet(struct ifnet *ifp, const char *format, ...)	\
{									\
	va_list ap;							\
									\
	if ((level) == RUMPHOST_CONSOLE_ERROR)				\
		errors++;						\
	va_start(ap, format);						\
	rumphost_vprint((level), NULL, ifp->if_xname, format, ap);	\
	va_end(ap);							\
}

APRINT(normal, RUMPHOST_CONSOLE_NORMAL)
APRINT(naive, RUMPHOST_CONSOLE_NAIVE)
APRINT(verbose, RUMPHOST_CONSOLE_VERBOSE)
APRINT(debug, RUMPHOST_CONSOLE_DEBUG)
APRINT(error, RUMPHOST_CONSOLE_ERROR)

/* How many errors were printed since it was last asked. */
int
aprint_get_error_count(void)
{
	int count = errors;

	errors = 0;
	return count;
}

void
device_printf(device_t dev, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	rumphost_vprint(RUMPHOST_CONSOLE_NORMAL, dev, device_xname(dev), format, ap);
	va_end(ap);
}
