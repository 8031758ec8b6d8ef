/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kauth(9): may the caller do this?
 */

#ifndef _SYS_KAUTH_H_
#define _SYS_KAUTH_H_

#include <sys/types.h>

struct proc;
struct tty;
struct vnode;

typedef uint32_t	kauth_action_t;

#define KAUTH_RESULT_ALLOW	0
#define KAUTH_RESULT_DENY	1
#define KAUTH_RESULT_DEFER	2

#define NOCRED	((kauth_cred_t)-1)
#define FSCRED	((kauth_cred_t)-2)
#define KAUTH_ARG(arg)	((void *)(unsigned long)(arg))

/* Actions, and what exactly is asked for (KAUTH_REQ_*): those that device drivers name.  Only the
 * driver and kauth.c compare them, so they need not be NetBSD's numbers. */
enum {
	KAUTH_GENERIC_ISSUSER = 2
};

enum {
	KAUTH_SYSTEM_CPU = 4,
	KAUTH_SYSTEM_DEBUG,
	KAUTH_SYSTEM_REBOOT = 10,
	KAUTH_SYSTEM_SYSCTL = 13,
	KAUTH_SYSTEM_TIME,
	KAUTH_SYSTEM_MODULE
};

enum kauth_system_req {
	KAUTH_REQ_SYSTEM_CPU_SETSTATE = 3,
	KAUTH_REQ_SYSTEM_SYSCTL_MODIFY = 16
};

enum {
	KAUTH_NETWORK_FIREWALL = 3,
	KAUTH_NETWORK_INTERFACE,
	KAUTH_NETWORK_SOCKET = 8
};

enum kauth_network_req {
	KAUTH_REQ_NETWORK_INTERFACE_GET = 17,
	KAUTH_REQ_NETWORK_INTERFACE_GETPRIV,
	KAUTH_REQ_NETWORK_INTERFACE_SET,
	KAUTH_REQ_NETWORK_INTERFACE_SETPRIV,
	KAUTH_REQ_NETWORK_INTERFACE_FIRMWARE
};

enum {
	KAUTH_MACHDEP_IOPERM_GET = 3,
	KAUTH_MACHDEP_IOPERM_SET,
	KAUTH_MACHDEP_UNMANAGEDMEM = 11
};

enum {
	KAUTH_DEVICE_TTY_OPEN = 1,
	KAUTH_DEVICE_TTY_PRIVSET,
	KAUTH_DEVICE_RAWIO_SPEC = 4,
	KAUTH_DEVICE_RAWIO_PASSTHRU,
	KAUTH_DEVICE_GPIO_PINSET = 13
};

enum kauth_device_req {
	KAUTH_REQ_DEVICE_RAWIO_SPEC_READ = 1,
	KAUTH_REQ_DEVICE_RAWIO_SPEC_WRITE,
	KAUTH_REQ_DEVICE_RAWIO_SPEC_RW
};

#ifdef _KERNEL
int	kauth_authorize_generic(kauth_cred_t, kauth_action_t, void *);
int	kauth_authorize_system(kauth_cred_t, kauth_action_t, enum kauth_system_req, void *, void *,
	    void *);
int	kauth_authorize_process(kauth_cred_t, kauth_action_t, struct proc *, void *, void *,
	    void *);
int	kauth_authorize_network(kauth_cred_t, kauth_action_t, enum kauth_network_req, void *,
	    void *, void *);
int	kauth_authorize_machdep(kauth_cred_t, kauth_action_t, void *, void *, void *, void *);
int	kauth_authorize_device(kauth_cred_t, kauth_action_t, void *, void *, void *, void *);
int	kauth_authorize_device_tty(kauth_cred_t, kauth_action_t, struct tty *);
int	kauth_authorize_device_passthru(kauth_cred_t, dev_t, u_long, void *);

kauth_cred_t kauth_cred_get(void);
void	kauth_cred_hold(kauth_cred_t);
void	kauth_cred_free(kauth_cred_t);
uid_t	kauth_cred_getuid(kauth_cred_t);
uid_t	kauth_cred_geteuid(kauth_cred_t);
gid_t	kauth_cred_getgid(kauth_cred_t);
gid_t	kauth_cred_getegid(kauth_cred_t);
#endif

#endif /* !_SYS_KAUTH_H_ */
