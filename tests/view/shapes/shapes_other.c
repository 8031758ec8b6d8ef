/* SPDX-License-Identifier: BSD-2-Clause */

/* Has a static variable of a name that shapes.c has too, and a structure that shapes.c lacks. */

#include <sys/param.h>

struct shapes_hidden {
	int		sh_value;
	struct {
		unsigned	sh_low;
	};
};

static struct shapes_hidden hidden = { .sh_value = 11, { .sh_low = 12 } };
static volatile int shapes_level = 3;

struct shapes_hidden *shapes_get_hidden(void);

struct shapes_hidden *
shapes_get_hidden(void)
{

	hidden.sh_value += shapes_level - 3;
	return &hidden;
}
