/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pserialize(9)
 */

#ifndef _SYS_PSERIALIZE_H_
#define _SYS_PSERIALIZE_H_

#ifdef _KERNEL
#include <sys/types.h>

struct pserialize;
typedef struct pserialize *pserialize_t;

pserialize_t pserialize_create(void);
void	pserialize_destroy(pserialize_t);
void	pserialize_perform(pserialize_t);
int	pserialize_read_enter(void);
void	pserialize_read_exit(int);
bool	pserialize_in_read_section(void);
bool	pserialize_not_in_read_section(void);
#endif

#endif /* !_SYS_PSERIALIZE_H_ */
