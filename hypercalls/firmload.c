/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firmload(9): the host has the files.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/kmem.h>

#include <dev/firmload.h>

#include "shim.h"

struct firmware_handle {
	uint64_t	fh_number;	/* the host's */
};

int
firmware_open(const char *driver, const char *image, firmware_handle_t *handlep)
{
	firmware_handle_t fh;
	uint64_t number;
	int error;

	error = rumphost_firmware_open(driver, image, &number);
	if (error != 0)
		return error;
	fh = kmem_alloc(sizeof(*fh), KM_SLEEP);
	fh->fh_number = number;
	*handlep = fh;
	return 0;
}

int
firmware_close(firmware_handle_t fh)
{
	const int error = rumphost_firmware_close(fh->fh_number);

	kmem_free(fh, sizeof(*fh));
	return error;
}

off_t
firmware_get_size(firmware_handle_t fh)
{

	return rumphost_firmware_size(fh->fh_number);
}

int
firmware_read(firmware_handle_t fh, off_t offset, void *buffer, size_t size)
{

	if (offset < 0)
		return EINVAL;
	return rumphost_firmware_read(fh->fh_number, (uint64_t)offset, buffer, size);
}

void *
firmware_malloc(size_t size)
{

	return kmem_alloc(size, KM_SLEEP);
}

void
firmware_free(void *memory, size_t size)
{

	kmem_free(memory, size);
}
