/* tcp_line.h - connections in a line, by their index: each is in it once at most.
 *
 *     tcp_line_push ─▶ [ 7 3 9 . . . ] ─▶ tcp_line_take ─▶ 7, and back in front if need be
 *
 * The indexes lie beside the connections, not in them: a link would be four bytes of the lines that
 * every segment touches, and take the predecessor's. A line that has been emptied begins in front
 * again, so that one that is emptied every turn stays in the cache. Core: the owner's only.
 */
#ifndef PENSTOCK_TCP_LINE_H
#define PENSTOCK_TCP_LINE_H

#include "dataplane/base/base.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

struct tcp_line {
	uint32_t *indexes;
	uint32_t size;  /* as many as there are connections */
	uint32_t first;
	uint32_t count;
};

static inline int tcp_line_init(struct tcp_line *l, uint32_t connections)
{
	*l = (struct tcp_line){.indexes = map_take(connections * sizeof *l->indexes),
			       .size = connections};
	return l->indexes ? 0 : -ENOMEM;
}

static inline void tcp_line_fini(struct tcp_line *l)
{
	map_give(l->indexes, l->size * sizeof *l->indexes);
}

/* The place `n` behind the first. */
static inline uint32_t *tcp_line_at(const struct tcp_line *l, uint32_t n)
{
	uint32_t room = l->size - l->first;
	return &l->indexes[n < room ? l->first + n : n - room];
}

/* At the end. */
static inline void tcp_line_push(struct tcp_line *l, uint32_t index)
{
	require(l->count < l->size);
	*tcp_line_at(l, l->count++) = index;
}

/* Takes the first out; there is one. */
static inline uint32_t tcp_line_take(struct tcp_line *l)
{
	uint32_t index = l->indexes[l->first];
	l->first = l->count > 1 && l->first + 1 < l->size ? l->first + 1 : 0;
	l->count--;
	return index;
}

/* In front of all others. */
static inline void tcp_line_push_front(struct tcp_line *l, uint32_t index)
{
	require(l->count < l->size);
	l->first = l->first > 0 ? l->first - 1 : l->size - 1;
	l->indexes[l->first] = index;
	l->count++;
}

#endif
