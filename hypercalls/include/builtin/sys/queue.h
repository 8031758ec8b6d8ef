/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue(3): lists and queues whose links are fields of their elements.
 *
 *	SLIST	one link, head only		LIST	two links, removal anywhere
 *	SIMPLEQ, STAILQ	one link, head and tail	TAILQ	two links, head and tail
 */

#ifndef _SYS_QUEUE_H_
#define _SYS_QUEUE_H_

#include <sys/null.h>

/* SLIST */
#define SLIST_HEAD(name, type)						\
struct name {								\
	struct type *slh_first;						\
}
#define SLIST_HEAD_INITIALIZER(head)	{ NULL }
#define SLIST_ENTRY(type)						\
struct {								\
	struct type *sle_next;						\
}

#define SLIST_FIRST(head)	((head)->slh_first)
#define SLIST_END(head)		NULL
#define SLIST_EMPTY(head)	(SLIST_FIRST(head) == NULL)
#define SLIST_NEXT(elm, field)	((elm)->field.sle_next)
#define SLIST_FOREACH(var, head, field)					\
	for ((var) = SLIST_FIRST(head); (var) != NULL; (var) = SLIST_NEXT(var, field))
#define SLIST_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = SLIST_FIRST(head);					\
	    (var) != NULL && ((next) = SLIST_NEXT(var, field), 1); (var) = (next))
#define SLIST_INIT(head) do {						\
	SLIST_FIRST(head) = NULL;					\
} while (0)
#define SLIST_INSERT_HEAD(head, elm, field) do {			\
	SLIST_NEXT(elm, field) = SLIST_FIRST(head);			\
	SLIST_FIRST(head) = (elm);					\
} while (0)
#define SLIST_INSERT_AFTER(before, elm, field) do {			\
	SLIST_NEXT(elm, field) = SLIST_NEXT(before, field);		\
	SLIST_NEXT(before, field) = (elm);				\
} while (0)
#define SLIST_REMOVE_HEAD(head, field) do {				\
	SLIST_FIRST(head) = SLIST_NEXT(SLIST_FIRST(head), field);	\
} while (0)
#define SLIST_REMOVE_AFTER(elm, field) do {				\
	SLIST_NEXT(elm, field) = SLIST_NEXT(SLIST_NEXT(elm, field), field); \
} while (0)
#define SLIST_REMOVE(head, elm, type, field) do {			\
	struct type **_link = &SLIST_FIRST(head);			\
									\
	while (*_link != (elm))						\
		_link = &SLIST_NEXT(*_link, field);			\
	*_link = SLIST_NEXT(*_link, field);				\
} while (0)

/* LIST */
#define LIST_HEAD(name, type)						\
struct name {								\
	struct type *lh_first;						\
}
#define LIST_HEAD_INITIALIZER(head)	{ NULL }
#define LIST_ENTRY(type)						\
struct {								\
	struct type *le_next;						\
	struct type **le_prev;		/* what points here */		\
}

#define LIST_FIRST(head)	((head)->lh_first)
#define LIST_END(head)		NULL
#define LIST_EMPTY(head)	(LIST_FIRST(head) == NULL)
#define LIST_NEXT(elm, field)	((elm)->field.le_next)
#define LIST_FOREACH(var, head, field)					\
	for ((var) = LIST_FIRST(head); (var) != NULL; (var) = LIST_NEXT(var, field))
#define LIST_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = LIST_FIRST(head);					\
	    (var) != NULL && ((next) = LIST_NEXT(var, field), 1); (var) = (next))
#define LIST_INIT(head) do {						\
	LIST_FIRST(head) = NULL;					\
} while (0)
#define __LIST_INSERT_AT(link, elm, field) do {				\
	(elm)->field.le_prev = (link);					\
	if ((LIST_NEXT(elm, field) = *(elm)->field.le_prev) != NULL)	\
		LIST_NEXT(elm, field)->field.le_prev = &LIST_NEXT(elm, field); \
	*(elm)->field.le_prev = (elm);					\
} while (0)
#define LIST_INSERT_HEAD(head, elm, field) \
	__LIST_INSERT_AT(&LIST_FIRST(head), elm, field)
#define LIST_INSERT_AFTER(before, elm, field) \
	__LIST_INSERT_AT(&LIST_NEXT(before, field), elm, field)
#define LIST_INSERT_BEFORE(after, elm, field) \
	__LIST_INSERT_AT((after)->field.le_prev, elm, field)
#define LIST_REMOVE(elm, field) do {					\
	if (LIST_NEXT(elm, field) != NULL)				\
		LIST_NEXT(elm, field)->field.le_prev = (elm)->field.le_prev; \
	*(elm)->field.le_prev = LIST_NEXT(elm, field);			\
} while (0)
#define LIST_REPLACE(elm, by, field) do {				\
	LIST_NEXT(by, field) = LIST_NEXT(elm, field);			\
	(by)->field.le_prev = (elm)->field.le_prev;			\
	if (LIST_NEXT(by, field) != NULL)				\
		LIST_NEXT(by, field)->field.le_prev = &LIST_NEXT(by, field); \
	*(by)->field.le_prev = (by);					\
} while (0)
#define LIST_MOVE(from, to, field) do {					\
	if ((LIST_FIRST(to) = LIST_FIRST(from)) != NULL)		\
		LIST_FIRST(to)->field.le_prev = &LIST_FIRST(to);	\
	LIST_INIT(from);						\
} while (0)

/* SIMPLEQ and STAILQ: the same, but for their names */
#define SIMPLEQ_HEAD(name, type)					\
struct name {								\
	struct type *sqh_first;						\
	struct type **sqh_last;		/* the last element's link */	\
}
#define SIMPLEQ_HEAD_INITIALIZER(head)	{ NULL, &(head).sqh_first }
#define SIMPLEQ_ENTRY(type)						\
struct {								\
	struct type *sqe_next;						\
}

#define SIMPLEQ_FIRST(head)	((head)->sqh_first)
#define SIMPLEQ_END(head)	NULL
#define SIMPLEQ_EMPTY(head)	(SIMPLEQ_FIRST(head) == NULL)
#define SIMPLEQ_NEXT(elm, field)	((elm)->field.sqe_next)
#define SIMPLEQ_LAST(head, type, field)					\
	(SIMPLEQ_EMPTY(head) ? NULL :					\
	    (struct type *)(void *)((char *)(head)->sqh_last -		\
	    __builtin_offsetof(struct type, field)))
#define SIMPLEQ_FOREACH(var, head, field)				\
	for ((var) = SIMPLEQ_FIRST(head); (var) != NULL; (var) = SIMPLEQ_NEXT(var, field))
#define SIMPLEQ_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = SIMPLEQ_FIRST(head);				\
	    (var) != NULL && ((next) = SIMPLEQ_NEXT(var, field), 1); (var) = (next))
#define SIMPLEQ_INIT(head) do {						\
	SIMPLEQ_FIRST(head) = NULL;					\
	(head)->sqh_last = &SIMPLEQ_FIRST(head);			\
} while (0)
#define SIMPLEQ_INSERT_HEAD(head, elm, field) do {			\
	if ((SIMPLEQ_NEXT(elm, field) = SIMPLEQ_FIRST(head)) == NULL)	\
		(head)->sqh_last = &SIMPLEQ_NEXT(elm, field);		\
	SIMPLEQ_FIRST(head) = (elm);					\
} while (0)
#define SIMPLEQ_INSERT_TAIL(head, elm, field) do {			\
	SIMPLEQ_NEXT(elm, field) = NULL;				\
	*(head)->sqh_last = (elm);					\
	(head)->sqh_last = &SIMPLEQ_NEXT(elm, field);			\
} while (0)
#define SIMPLEQ_INSERT_AFTER(head, before, elm, field) do {		\
	if ((SIMPLEQ_NEXT(elm, field) = SIMPLEQ_NEXT(before, field)) == NULL) \
		(head)->sqh_last = &SIMPLEQ_NEXT(elm, field);		\
	SIMPLEQ_NEXT(before, field) = (elm);				\
} while (0)
#define SIMPLEQ_REMOVE_HEAD(head, field) do {				\
	SIMPLEQ_FIRST(head) = SIMPLEQ_NEXT(SIMPLEQ_FIRST(head), field);	\
	if (SIMPLEQ_FIRST(head) == NULL)				\
		(head)->sqh_last = &SIMPLEQ_FIRST(head);		\
} while (0)
#define SIMPLEQ_REMOVE_AFTER(head, elm, field) do {			\
	SIMPLEQ_NEXT(elm, field) = SIMPLEQ_NEXT(SIMPLEQ_NEXT(elm, field), field); \
	if (SIMPLEQ_NEXT(elm, field) == NULL)				\
		(head)->sqh_last = &SIMPLEQ_NEXT(elm, field);		\
} while (0)
#define SIMPLEQ_REMOVE(head, elm, type, field) do {			\
	struct type **_link = &SIMPLEQ_FIRST(head);			\
									\
	while (*_link != (elm))						\
		_link = &SIMPLEQ_NEXT(*_link, field);			\
	if ((*_link = SIMPLEQ_NEXT(*_link, field)) == NULL)		\
		(head)->sqh_last = _link;				\
} while (0)
#define SIMPLEQ_CONCAT(to, from) do {					\
	if (!SIMPLEQ_EMPTY(from)) {					\
		*(to)->sqh_last = SIMPLEQ_FIRST(from);			\
		(to)->sqh_last = (from)->sqh_last;			\
		SIMPLEQ_INIT(from);					\
	}								\
} while (0)

#define STAILQ_HEAD(name, type)						\
struct name {								\
	struct type *stqh_first;					\
	struct type **stqh_last;	/* the last element's link */	\
}
#define STAILQ_HEAD_INITIALIZER(head)	{ NULL, &(head).stqh_first }
#define STAILQ_ENTRY(type)						\
struct {								\
	struct type *stqe_next;						\
}

#define STAILQ_FIRST(head)	((head)->stqh_first)
#define STAILQ_END(head)	NULL
#define STAILQ_EMPTY(head)	(STAILQ_FIRST(head) == NULL)
#define STAILQ_NEXT(elm, field)	((elm)->field.stqe_next)
#define STAILQ_LAST(head, type, field)					\
	(STAILQ_EMPTY(head) ? NULL :					\
	    (struct type *)(void *)((char *)(head)->stqh_last -		\
	    __builtin_offsetof(struct type, field)))
#define STAILQ_FOREACH(var, head, field)				\
	for ((var) = STAILQ_FIRST(head); (var) != NULL; (var) = STAILQ_NEXT(var, field))
#define STAILQ_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = STAILQ_FIRST(head);				\
	    (var) != NULL && ((next) = STAILQ_NEXT(var, field), 1); (var) = (next))
#define STAILQ_INIT(head) do {						\
	STAILQ_FIRST(head) = NULL;					\
	(head)->stqh_last = &STAILQ_FIRST(head);			\
} while (0)
#define STAILQ_INSERT_HEAD(head, elm, field) do {			\
	if ((STAILQ_NEXT(elm, field) = STAILQ_FIRST(head)) == NULL)	\
		(head)->stqh_last = &STAILQ_NEXT(elm, field);		\
	STAILQ_FIRST(head) = (elm);					\
} while (0)
#define STAILQ_INSERT_TAIL(head, elm, field) do {			\
	STAILQ_NEXT(elm, field) = NULL;					\
	*(head)->stqh_last = (elm);					\
	(head)->stqh_last = &STAILQ_NEXT(elm, field);			\
} while (0)
#define STAILQ_INSERT_AFTER(head, before, elm, field) do {		\
	if ((STAILQ_NEXT(elm, field) = STAILQ_NEXT(before, field)) == NULL) \
		(head)->stqh_last = &STAILQ_NEXT(elm, field);		\
	STAILQ_NEXT(before, field) = (elm);				\
} while (0)
#define STAILQ_REMOVE_HEAD(head, field) do {				\
	STAILQ_FIRST(head) = STAILQ_NEXT(STAILQ_FIRST(head), field);	\
	if (STAILQ_FIRST(head) == NULL)					\
		(head)->stqh_last = &STAILQ_FIRST(head);		\
} while (0)
#define STAILQ_REMOVE(head, elm, type, field) do {			\
	struct type **_link = &STAILQ_FIRST(head);			\
									\
	while (*_link != (elm))						\
		_link = &STAILQ_NEXT(*_link, field);			\
	if ((*_link = STAILQ_NEXT(*_link, field)) == NULL)		\
		(head)->stqh_last = _link;				\
} while (0)
#define STAILQ_CONCAT(to, from) do {					\
	if (!STAILQ_EMPTY(from)) {					\
		*(to)->stqh_last = STAILQ_FIRST(from);			\
		(to)->stqh_last = (from)->stqh_last;			\
		STAILQ_INIT(from);					\
	}								\
} while (0)

/* TAILQ */
#define _TAILQ_HEAD(name, type, qual)					\
struct name {								\
	qual type *tqh_first;						\
	qual type *qual *tqh_last;	/* the last element's link */	\
}
#define TAILQ_HEAD(name, type)	_TAILQ_HEAD(name, struct type,)
#define TAILQ_HEAD_INITIALIZER(head)	{ NULL, &(head).tqh_first }
#define _TAILQ_ENTRY(type, qual)					\
struct {								\
	qual type *tqe_next;						\
	qual type *qual *tqe_prev;	/* what points here */		\
}
#define TAILQ_ENTRY(type)	_TAILQ_ENTRY(struct type,)

#define TAILQ_FIRST(head)	((head)->tqh_first)
#define TAILQ_END(head)		NULL
#define TAILQ_EMPTY(head)	(TAILQ_FIRST(head) == NULL)
#define TAILQ_NEXT(elm, field)	((elm)->field.tqe_next)
#define TAILQ_LAST(head, headname)					\
	(*(((struct headname *)((head)->tqh_last))->tqh_last))
#define TAILQ_PREV(elm, headname, field)				\
	(*(((struct headname *)((elm)->field.tqe_prev))->tqh_last))
#define TAILQ_FOREACH(var, head, field)					\
	for ((var) = TAILQ_FIRST(head); (var) != NULL; (var) = TAILQ_NEXT(var, field))
#define TAILQ_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = TAILQ_FIRST(head);					\
	    (var) != NULL && ((next) = TAILQ_NEXT(var, field), 1); (var) = (next))
#define TAILQ_FOREACH_REVERSE(var, head, headname, field)		\
	for ((var) = TAILQ_LAST(head, headname); (var) != NULL;		\
	    (var) = TAILQ_PREV(var, headname, field))
#define TAILQ_FOREACH_REVERSE_SAFE(var, head, headname, field, prev)	\
	for ((var) = TAILQ_LAST(head, headname);			\
	    (var) != NULL && ((prev) = TAILQ_PREV(var, headname, field), 1); (var) = (prev))
#define TAILQ_INIT(head) do {						\
	TAILQ_FIRST(head) = NULL;					\
	(head)->tqh_last = &TAILQ_FIRST(head);				\
} while (0)
#define __TAILQ_BACK_LINK(head, elm, field)				\
	(*(TAILQ_NEXT(elm, field) != NULL ?				\
	    &TAILQ_NEXT(elm, field)->field.tqe_prev : &(head)->tqh_last))
#define TAILQ_INSERT_HEAD(head, elm, field) do {			\
	TAILQ_NEXT(elm, field) = TAILQ_FIRST(head);			\
	__TAILQ_BACK_LINK(head, elm, field) = &TAILQ_NEXT(elm, field);	\
	TAILQ_FIRST(head) = (elm);					\
	(elm)->field.tqe_prev = &TAILQ_FIRST(head);			\
} while (0)
#define TAILQ_INSERT_TAIL(head, elm, field) do {			\
	TAILQ_NEXT(elm, field) = NULL;					\
	(elm)->field.tqe_prev = (head)->tqh_last;			\
	*(head)->tqh_last = (elm);					\
	(head)->tqh_last = &TAILQ_NEXT(elm, field);			\
} while (0)
#define TAILQ_INSERT_AFTER(head, before, elm, field) do {		\
	TAILQ_NEXT(elm, field) = TAILQ_NEXT(before, field);		\
	__TAILQ_BACK_LINK(head, elm, field) = &TAILQ_NEXT(elm, field);	\
	TAILQ_NEXT(before, field) = (elm);				\
	(elm)->field.tqe_prev = &TAILQ_NEXT(before, field);		\
} while (0)
#define TAILQ_INSERT_BEFORE(after, elm, field) do {			\
	(elm)->field.tqe_prev = (after)->field.tqe_prev;		\
	TAILQ_NEXT(elm, field) = (after);				\
	*(after)->field.tqe_prev = (elm);				\
	(after)->field.tqe_prev = &TAILQ_NEXT(elm, field);		\
} while (0)
#define TAILQ_REMOVE(head, elm, field) do {				\
	__TAILQ_BACK_LINK(head, elm, field) = (elm)->field.tqe_prev;	\
	*(elm)->field.tqe_prev = TAILQ_NEXT(elm, field);		\
} while (0)
#define TAILQ_REPLACE(head, elm, by, field) do {			\
	TAILQ_NEXT(by, field) = TAILQ_NEXT(elm, field);			\
	(by)->field.tqe_prev = (elm)->field.tqe_prev;			\
	__TAILQ_BACK_LINK(head, by, field) = &TAILQ_NEXT(by, field);	\
	*(by)->field.tqe_prev = (by);					\
} while (0)
#define TAILQ_CONCAT(to, from, field) do {				\
	if (!TAILQ_EMPTY(from)) {					\
		*(to)->tqh_last = TAILQ_FIRST(from);			\
		TAILQ_FIRST(from)->field.tqe_prev = (to)->tqh_last;	\
		(to)->tqh_last = (from)->tqh_last;			\
		TAILQ_INIT(from);					\
	}								\
} while (0)

#endif /* !_SYS_QUEUE_H_ */
