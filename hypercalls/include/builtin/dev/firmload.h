/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firmload(9): firmware images from files.
 */

#ifndef _DEV_FIRMLOAD_H_
#define _DEV_FIRMLOAD_H_

#include <sys/types.h>

typedef struct firmware_handle *firmware_handle_t;

int	firmware_open(const char *, const char *, firmware_handle_t *);
int	firmware_close(firmware_handle_t);
off_t	firmware_get_size(firmware_handle_t);
int	firmware_read(firmware_handle_t, off_t, void *, size_t);
void	*firmware_malloc(size_t);
void	firmware_free(void *, size_t);

#endif /* !_DEV_FIRMLOAD_H_ */
