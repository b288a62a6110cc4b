/* tcp_extra.c - a connection in, what it keeps at times out; see tcp_extra.h. */
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/base/require.h"

struct tcp_extra *tcp_extra_take(struct tcp_conn *c)
{
	struct slab *extras = &tcp_of(c)->extras;
	if (c->flags & CONN_EXTRA)
		return tcp_extra(c);
	struct tcp_extra *extra = slab_take(extras);
	require(extra);
	c->extra = slab_index(extras, extra);
	c->flags |= CONN_EXTRA;
	return extra;
}

void tcp_extra_give(struct tcp_conn *c)
{
	slab_give(&tcp_of(c)->extras, tcp_extra(c));
	c->flags &= ~(uint32_t)CONN_EXTRA;
}
