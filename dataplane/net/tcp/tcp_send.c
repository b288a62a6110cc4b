/* tcp_send.c - what sessions give to be sent in; bytes of segments out, and what was acknowledged
 * forgotten.
 *
 *     snd_una ─▶ [ text, in the connection ][ send: chunks ] ◀─ what comes next
 *
 * A short answer is kept in the connection, in a line that sending it touches anyway: a chunk would
 * be one more, cold when it is taken and cold again when it is given back. Whatever follows before
 * it is acknowledged lies in chunks, behind it. Of who has much on its way, which are hundreds of
 * chunks, the flight knows where it went on. */
#include "dataplane/net/tcp/tcp_send.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_flight.h"

void tcp_send_text(struct tcp_conn *c, struct bytes text, struct chunk_pool *pool)
{
	if (tcp_send_bytes(c) == 0 && text.size <= sizeof c->text) {
		memcpy(c->text, text.data, text.size);
		c->text_bytes = (uint8_t)text.size;
		return;
	}
	bool fits = chain_append(&c->send, pool, text.data, text.size);
	require(fits);
	tcp_conn_flag(c, CONN_SEND, c->send.size > 0);
}

/* Short answers share a chunk: less memory behind a slow reader, and fewer pieces to walk
 * for every segment. */
static bool send_short(struct tcp_conn *c, struct chain *give)
{
	struct chunk *tail = c->send.tail;
	if (!tail || !give->head || give->head != give->tail ||
	    give->size > chunk_room(tail) || give->size > CHUNK_SMALL_BYTES)
		return false;
	memcpy(chunk_at(tail) + tail->len, chunk_at(give->head), give->size);
	tail->len += (uint32_t)give->size;
	c->send.size += give->size;
	chain_give(give);
	return true;
}

void tcp_send_chain(struct tcp_conn *c, struct chain *give)
{
	if (!send_short(c, give))
		chain_join(&c->send, give);
	tcp_conn_flag(c, CONN_SEND, c->send.size > 0);
}

void tcp_send_consume(struct tcp_conn *c, uint32_t size)
{
	uint32_t of_text = min_u32(size, c->text_bytes);
	c->text_bytes = (uint8_t)(c->text_bytes - of_text);
	if (unlikely(of_text > 0 && c->text_bytes > 0))
		memmove(c->text, c->text + of_text, c->text_bytes);
	if (!(c->flags & CONN_SEND))
		return;
	chain_consume(&c->send, size - of_text);
	if (c->flags & CONN_FLIGHT)
		chain_place_consume(&tcp_flight_of(tcp_of(c), c)->sent_last, size - of_text);
	tcp_conn_flag(c, CONN_SEND, c->send.size > 0);
}

void tcp_send_copy(const struct tcp_conn *c, uint32_t from, uint8_t *out, uint32_t size)
{
	uint32_t of_text = 0;
	if (from < c->text_bytes) {
		of_text = min_u32(size, c->text_bytes - from);
		memcpy(out, c->text + from, of_text);
	}
	if (size == of_text)
		return;
	struct chain_place anew = {0}, *place = &anew;
	if (c->flags & CONN_FLIGHT)
		place = &tcp_flight_of(tcp_of(c), c)->sent_last;
	chain_copy_on(&c->send, place, from + of_text - c->text_bytes, out + of_text,
		      size - of_text);
}

void tcp_send_give(struct tcp_conn *c)
{
	c->text_bytes = 0;
	if (c->flags & CONN_SEND)
		chain_give(&c->send);
	tcp_conn_flag(c, CONN_SEND, false);
}
