/* list.h - intrusive doubly-linked list. The node lies inside its object; a node that is in
 * no list points at itself, so list_remove() is safe to repeat. */
#ifndef PENSTOCK_LIST_H
#define PENSTOCK_LIST_H

#include "dataplane/base/base.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* At the end of `l`; or, `l` being a node of a list, before it. */
static inline void list_append(struct list *l, struct list *node)
{
	node->prev = l->prev;
	node->next = l;
	l->prev->next = node;
	l->prev = node;
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first node taken out, or null. */
static inline struct list *list_take_first(struct list *l)
{
	if (list_is_empty(l))
		return NULL;
	struct list *node = l->next;
	list_remove(node);
	return node;
}

/* Moves all of `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_for_each(node, head)                                                        \
	for (struct list *node = (head)->next; node != (head); node = node->next)

#endif
