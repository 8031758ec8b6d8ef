/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: the shared objects that hold drivers and shim.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "host.h"

static char error[512];

static void *
failed(void)
{
	const char *why = dlerror();

	strncpy(error, why != NULL ? why : "unknown error", sizeof(error) - 1);
	return NULL;
}

void *
rumphost_image_open(const char *path)
{
	void (*load)(const struct rumphost_host *);
	void *image;

	image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (image == NULL)
		return failed();
	load = (void (*)(const struct rumphost_host *))(uintptr_t)
	    rumphost_image_symbol(image, "rumphost_image_load");
	if (load == NULL) {
		failed();
		dlclose(image);
		return NULL;
	}
	load(rumphost_host_table());
	return image;
}

const char *
rumphost_image_error(void)
{

	return error;
}

uint64_t
rumphost_image_symbol(void *image, const char *name)
{

	return (uint64_t)(uintptr_t)dlsym(image, name);
}

void
rumphost_image_close(void *image)
{

	dlclose(image);
}

uint64_t
rumphost_image_base(uint64_t address)
{
	Dl_info info;

	if (dladdr((void *)(uintptr_t)address, &info) == 0)
		return 0;
	return (uint64_t)(uintptr_t)info.dli_fbase;
}
