/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proplib(3): what the kinds of objects have in common.
 */

#ifndef RUMPHOST_PROP_PRIVATE_H
#define RUMPHOST_PROP_PRIVATE_H

#include <prop/proplib.h>

/* The beginning of every object. */
struct rumphost_prop {
	prop_type_t	pr_type;
	int		pr_references;
};

struct _prop_bool {
	struct rumphost_prop pb_object;
	bool		pb_value;
};

struct _prop_number {
	struct rumphost_prop pn_object;
	bool		pn_unsigned;
	uint64_t	pn_value;
};

struct _prop_string {
	struct rumphost_prop ps_object;
	size_t		ps_size;	/* without the NUL */
	char		ps_text[];
};

struct _prop_data {
	struct rumphost_prop pd_object;
	size_t		pd_size;
	uint8_t		pd_bytes[];
};

/* The name of a dictionary's entry, which owns it. */
struct _prop_dictionary_keysym {
	struct rumphost_prop pk_object;
	char		pk_name[];
};

struct _prop_array {
	struct rumphost_prop pa_object;
	bool		pa_immutable;
	unsigned int	pa_capacity;
	unsigned int	pa_count;
	prop_object_t	*pa_objects;
};

struct rumphost_prop_entry {
	prop_dictionary_keysym_t pe_key;
	prop_object_t	pe_object;
};

/* Entries are in the order of their names. */
struct _prop_dictionary {
	struct rumphost_prop pd_object;
	bool		pd_immutable;
	unsigned int	pd_capacity;
	unsigned int	pd_count;
	struct rumphost_prop_entry *pd_entries;
};

struct _prop_object_iterator {
	prop_object_t	pi_container;
	unsigned int	pi_next;
};

/* Memory for an object with one reference; zeroed. */
void	*rumphost_prop_create(prop_type_t, size_t);

/* Memory for a container's contents. */
void	*rumphost_prop_memory(size_t);

/* True if the object is there and of that type. */
bool	rumphost_prop_is(prop_object_t, prop_type_t);

/* Let go of what a container holds. */
void	rumphost_prop_array_empty(prop_array_t);
void	rumphost_prop_dictionary_empty(prop_dictionary_t);

#endif
