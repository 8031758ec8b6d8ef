/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue(2), as far as a driver's d_kqfilter names it; no filter is ever attached here.
 */

#ifndef _SYS_EVENT_H_
#define _SYS_EVENT_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/selinfo.h>

#define EVFILT_READ	0U
#define EVFILT_WRITE	1U

#define EV_ADD		0x0001U
#define EV_DELETE	0x0002U
#define EV_ENABLE	0x0004U
#define EV_DISABLE	0x0008U
#define EV_ONESHOT	0x0010U
#define EV_CLEAR	0x0020U
#define EV_EOF		0x8000U
#define EV_ERROR	0x4000U

#define NOTE_SUBMIT	0x01000000U

struct kevent {
	uintptr_t	ident;
	uint32_t	filter;
	uint32_t	flags;
	uint32_t	fflags;
	int64_t		data;
	intptr_t	udata;
};

#ifdef _KERNEL
struct knote;

struct filterops {
	int		f_isfd;
	int		(*f_attach)(struct knote *);
	void		(*f_detach)(struct knote *);
	int		(*f_event)(struct knote *, long);
};

struct knote {
	SLIST_ENTRY(knote) kn_selnext;
	const struct filterops *kn_fop;
	struct kevent	kn_kevent;
	void		*kn_hook;
#define kn_filter	kn_kevent.filter
#define kn_flags	kn_kevent.flags
#define kn_data		kn_kevent.data
};

void	knote(struct klist *, long);
#define KNOTE(list, hint) do {						\
	if (!SLIST_EMPTY(list))						\
		knote((list), (hint));					\
} while (0)
#endif

#endif /* !_SYS_EVENT_H_ */
