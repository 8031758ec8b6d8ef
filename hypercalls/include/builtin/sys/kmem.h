/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmem(9): memory whose size the caller knows when it frees it.
 */

#ifndef _SYS_KMEM_H_
#define _SYS_KMEM_H_

#include <sys/types.h>

typedef unsigned int	km_flag_t;

#define KM_SLEEP	0x00000001
#define KM_NOSLEEP	0x00000002

#ifdef _KERNEL
size_t	kmem_roundup_size(size_t);

/* Thread context */
void	*kmem_alloc(size_t, km_flag_t);
void	*kmem_zalloc(size_t, km_flag_t);
void	kmem_free(void *, size_t);

/* Any context */
void	*kmem_intr_alloc(size_t, km_flag_t);
void	*kmem_intr_zalloc(size_t, km_flag_t);
void	kmem_intr_free(void *, size_t);

/* Freed with kmem_free(p, strlen(p) + 1), or kmem_strfree() */
char	*kmem_asprintf(const char *, ...) __printflike(1, 2);
char	*kmem_strdupsize(const char *, size_t *, km_flag_t);
#define kmem_strdup(s, f)	kmem_strdupsize((s), NULL, (f))
char	*kmem_strndup(const char *, size_t, km_flag_t);
void	kmem_strfree(char *);

/* Temporary buffers: the caller's own if it is large enough */
void	*kmem_tmpbuf_alloc(size_t, void *, size_t, km_flag_t);
void	kmem_tmpbuf_free(void *, size_t, void *);
#endif

#endif /* !_SYS_KMEM_H_ */
