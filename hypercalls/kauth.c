/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kauth(9): everybody is root here, so everything is allowed.
 */

#include <sys/param.h>
#include <sys/kauth.h>

/* The one set of credentials; what is in it is nobody's business. */
static char root;

int
kauth_authorize_generic(kauth_cred_t cred, kauth_action_t action, void *a)
{

	(void)cred;
	(void)action;
	(void)a;
	return 0;
}

int
kauth_authorize_system(kauth_cred_t cred, kauth_action_t action, enum kauth_system_req request,
    void *a, void *b, void *c)
{

	(void)cred;
	(void)action;
	(void)request;
	(void)a;
	(void)b;
	(void)c;
	return 0;
}

int
kauth_authorize_process(kauth_cred_t cred, kauth_action_t action, struct proc *p, void *a,
    void *b, void *c)
{

	(void)cred;
	(void)action;
	(void)p;
	(void)a;
	(void)b;
	(void)c;
	return 0;
}

int
kauth_authorize_network(kauth_cred_t cred, kauth_action_t action,
    enum kauth_network_req request, void *a, void *b, void *c)
{

	(void)cred;
	(void)action;
	(void)request;
	(void)a;
	(void)b;
	(void)c;
	return 0;
}

int
kauth_authorize_machdep(kauth_cred_t cred, kauth_action_t action, void *a, void *b, void *c,
    void *d)
{

	(void)cred;
	(void)action;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return 0;
}

int
kauth_authorize_device(kauth_cred_t cred, kauth_action_t action, void *a, void *b, void *c,
    void *d)
{

	(void)cred;
	(void)action;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return 0;
}

int
kauth_authorize_device_tty(kauth_cred_t cred, kauth_action_t action, struct tty *tty)
{

	(void)cred;
	(void)action;
	(void)tty;
	return 0;
}

int
kauth_authorize_device_passthru(kauth_cred_t cred, dev_t dev, u_long what, void *data)
{

	(void)cred;
	(void)dev;
	(void)what;
	(void)data;
	return 0;
}

kauth_cred_t
kauth_cred_get(void)
{

	return (kauth_cred_t)(void *)&root;
}

/* It stays, whoever holds it. */
void
kauth_cred_hold(kauth_cred_t cred)
{

	(void)cred;
}

void
kauth_cred_free(kauth_cred_t cred)
{

	(void)cred;
}

uid_t
kauth_cred_getuid(kauth_cred_t cred)
{

	(void)cred;
	return 0;
}

uid_t
kauth_cred_geteuid(kauth_cred_t cred)
{

	(void)cred;
	return 0;
}

gid_t
kauth_cred_getgid(kauth_cred_t cred)
{

	(void)cred;
	return 0;
}

gid_t
kauth_cred_getegid(kauth_cred_t cred)
{

	(void)cred;
	return 0;
}
