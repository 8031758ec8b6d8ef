/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module(9): what an image was linked with is built in; nothing more can be loaded while it runs.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/module.h>

#include "shim.h"

__link_set_decl(modules, modinfo_t);
/* An image may have none. */
#pragma weak __start_link_set_modules
#pragma weak __stop_link_set_modules

void	rumphost_module_load(void);

/* Start the built-in modules, those of drivers last, as a kernel does.  Called once for an image. */
void
rumphost_module_load(void)
{
	modinfo_t * const *module;
	int drivers, error;

	for (drivers = 0; drivers < 2; drivers++)
		for (module = __link_set_start(modules); module < __link_set_end(modules);
		    module++) {
			if (((*module)->mi_class == MODULE_CLASS_DRIVER) != drivers)
				continue;
			error = (*(*module)->mi_modcmd)(MODULE_CMD_INIT, NULL);
			if (error != 0 && error != ENOTTY)
				aprint_error("module %s: error %d\n", (*module)->mi_name, error);
		}
}

/* 0 when the module is built in; else there is no such file. */
int
module_autoload(const char *name, modclass_t class)
{
	modinfo_t * const *module;

	for (module = __link_set_start(modules); module < __link_set_end(modules); module++) {
		if (strcmp((*module)->mi_name, name) == 0 &&
		    (class == MODULE_CLASS_ANY || (*module)->mi_class == class))
			return 0;
	}
	return ENOENT;
}
