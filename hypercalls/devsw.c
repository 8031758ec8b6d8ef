/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw(9): from device numbers to a driver's switch tables and back.  The drivers of an image are in
 * the table that the builder generates; a loadable module's come by devsw_attach().
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/conf.h>

#include "ioconf.h"
#include "shim.h"

void	rumphost_devsw_load(void);
const char *cdevsw_getname(devmajor_t);
const char *bdevsw_getname(devmajor_t);
const char *devsw_blk2name(devmajor_t);
devmajor_t devsw_name2blk(const char *, char *, size_t);
devmajor_t devsw_name2chr(const char *, char *, size_t);
dev_t	devsw_chr2blk(dev_t);
dev_t	devsw_blk2chr(dev_t);
void	vdevgone(int, int, int, unsigned int);

enum {
	TABLES = 128,
	NAME_LENGTH = 16,
	DYNAMIC = 512,			/* the first major number that no tree gives away */
	NUMBERS = 4096
};

static struct table {
	char	name[NAME_LENGTH];
	const struct bdevsw *bdevsw;
	const struct cdevsw *cdevsw;
	devmajor_t bmajor;
	devmajor_t cmajor;
} tables[TABLES];
static size_t table_count;

static struct table *
table_of_bmajor(devmajor_t number)
{

	for (size_t i = 0; number != NODEVMAJOR && i < table_count; i++)
		if (tables[i].bdevsw != NULL && tables[i].bmajor == number)
			return &tables[i];
	return NULL;
}

static struct table *
table_of_cmajor(devmajor_t number)
{

	for (size_t i = 0; number != NODEVMAJOR && i < table_count; i++)
		if (tables[i].cdevsw != NULL && tables[i].cmajor == number)
			return &tables[i];
	return NULL;
}

/* The table of "wd" for "wd" and "wd0a", not of "wd" for "wds0". */
static struct table *
table_of_name(const char *name)
{

	for (size_t i = 0; name != NULL && i < table_count; i++) {
		size_t length = strlen(tables[i].name);

		if (strncmp(tables[i].name, name, length) == 0 &&
		    (name[length] == '\0' || (name[length] >= '0' && name[length] <= '9')))
			return &tables[i];
	}
	return NULL;
}

static devmajor_t
free_number(struct table *(*taken)(devmajor_t))
{
	devmajor_t number = DYNAMIC;

	while (number < NUMBERS && (*taken)(number) != NULL)
		number++;
	return number;
}

static int
add(const char *name, const struct bdevsw *bdevsw, devmajor_t *bmajor,
    const struct cdevsw *cdevsw, devmajor_t *cmajor)
{
	struct table *new;

	if (table_count == TABLES)
		return ENOMEM;
	if (bdevsw != NULL && *bmajor == NODEVMAJOR)
		*bmajor = free_number(table_of_bmajor);
	if (cdevsw != NULL && *cmajor == NODEVMAJOR)
		*cmajor = free_number(table_of_cmajor);
	if ((bdevsw != NULL && table_of_bmajor(*bmajor) != NULL) ||
	    (cdevsw != NULL && table_of_cmajor(*cmajor) != NULL))
		return EEXIST;
	new = &tables[table_count++];
	strlcpy(new->name, name, sizeof(new->name));
	new->bdevsw = bdevsw;
	new->cdevsw = cdevsw;
	new->bmajor = bdevsw != NULL ? *bmajor : NODEVMAJOR;
	new->cmajor = cdevsw != NULL ? *cmajor : NODEVMAJOR;
	return 0;
}

/* Take the image's own: first those whose numbers the tree gives, that no other gets them. */
void
rumphost_devsw_load(void)
{

	for (int given = 1; given >= 0; given--)
		for (const struct rumphost_devsw *one = rumphost_devsw; one->name != NULL; one++) {
			devmajor_t bmajor = one->bmajor, cmajor = one->cmajor;
			bool is_given = bmajor != NODEVMAJOR || cmajor != NODEVMAJOR;

			if ((one->bdevsw == NULL && one->cdevsw == NULL) || is_given != given)
				continue;
			if (add(one->name, one->bdevsw, &bmajor, one->cdevsw, &cmajor) != 0)
				rumphost_panic("devsw: two drivers have one major number");
		}
}

int
devsw_attach(const char *name, const struct bdevsw *bdevsw, devmajor_t *bmajor,
    const struct cdevsw *cdevsw, devmajor_t *cmajor)
{
	struct table *known = table_of_name(name);

	if (name == NULL || cdevsw == NULL)
		return EINVAL;
	if (known != NULL && strcmp(known->name, name) == 0) {
		if (known->bdevsw != bdevsw || known->cdevsw != cdevsw)
			return EEXIST;
		if (bmajor != NULL)
			*bmajor = known->bmajor;
		if (cmajor != NULL)
			*cmajor = known->cmajor;
		return EEXIST;
	}
	return add(name, bdevsw, bmajor, cdevsw, cmajor);
}

int
devsw_detach(const struct bdevsw *bdevsw, const struct cdevsw *cdevsw)
{

	for (size_t i = 0; i < table_count; i++)
		if (tables[i].bdevsw == bdevsw && tables[i].cdevsw == cdevsw) {
			tables[i] = tables[--table_count];
			break;
		}
	return 0;
}

const struct bdevsw *
bdevsw_lookup(dev_t dev)
{
	const struct table *table = dev == NODEV ? NULL : table_of_bmajor(major(dev));

	return table != NULL ? table->bdevsw : NULL;
}

const struct cdevsw *
cdevsw_lookup(dev_t dev)
{
	const struct table *table = dev == NODEV ? NULL : table_of_cmajor(major(dev));

	return table != NULL ? table->cdevsw : NULL;
}

devmajor_t
bdevsw_lookup_major(const struct bdevsw *bdevsw)
{

	for (size_t i = 0; bdevsw != NULL && i < table_count; i++)
		if (tables[i].bdevsw == bdevsw)
			return tables[i].bmajor;
	return NODEVMAJOR;
}

devmajor_t
cdevsw_lookup_major(const struct cdevsw *cdevsw)
{

	for (size_t i = 0; cdevsw != NULL && i < table_count; i++)
		if (tables[i].cdevsw == cdevsw)
			return tables[i].cmajor;
	return NODEVMAJOR;
}

const char *
bdevsw_getname(devmajor_t number)
{
	const struct table *table = table_of_bmajor(number);

	return table != NULL ? table->name : NULL;
}

const char *
cdevsw_getname(devmajor_t number)
{
	const struct table *table = table_of_cmajor(number);

	return table != NULL ? table->name : NULL;
}

const char *
devsw_blk2name(devmajor_t number)
{

	return bdevsw_getname(number);
}

devmajor_t
devsw_name2blk(const char *name, char *buffer, size_t size)
{
	const struct table *table = table_of_name(name);

	if (table == NULL || table->bdevsw == NULL)
		return NODEVMAJOR;
	if (buffer != NULL)
		strlcpy(buffer, table->name, size);
	return table->bmajor;
}

devmajor_t
devsw_name2chr(const char *name, char *buffer, size_t size)
{
	const struct table *table = table_of_name(name);

	if (table == NULL || table->cdevsw == NULL)
		return NODEVMAJOR;
	if (buffer != NULL)
		strlcpy(buffer, table->name, size);
	return table->cmajor;
}

dev_t
devsw_chr2blk(dev_t dev)
{
	const struct table *table = table_of_cmajor(major(dev));

	if (table == NULL || table->bdevsw == NULL)
		return NODEV;
	return makedev(table->bmajor, minor(dev));
}

dev_t
devsw_blk2chr(dev_t dev)
{
	const struct table *table = table_of_bmajor(major(dev));

	if (table == NULL || table->cdevsw == NULL)
		return NODEV;
	return makedev(table->cmajor, minor(dev));
}

/*
 * Take back the device nodes of a driver's minors from whoever has them open.  There is no file
 * system here, and so no node of which anybody could be told.  The last argument is an enum vtype.
 */
void
vdevgone(int number, int low, int high, unsigned int kind)
{

	(void)number;
	(void)low;
	(void)high;
	(void)kind;
}
