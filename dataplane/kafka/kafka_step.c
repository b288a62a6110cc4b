/* kafka_step.c - what the steps of any request do: pieces read, bytes kept, answers grown; see
 * kafka_step.h. */
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/base/clock.h"
#include "dataplane/session/answer_room.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_header.h"

/* Answers beyond this many bytes grow in large chunks. */
enum { SMALL_ANSWER_BYTES = 1024 };

bool kafka_read_piece(const struct kafka_session *ks, const struct kafka_message *m,
		      struct cursor *c, void *ret)
{
	struct kafka_arena none = {0};
	return kafka_decode(m, ks->version, c, &none, ret) == KAFKA_DECODED_OK;
}

/* Whose memory it is has to be found out once for each connection. */
struct incoming_batch *kafka_incoming(const struct incoming *m, struct kafka_session *ks)
{
	const struct stream *stream = ks->base.stream;
	if (!ks->incoming.session)
		incoming_attach(m, &ks->incoming, &ks->base,
				address_source(&stream->peer.address), stream->listener);
	return &ks->incoming;
}

void kafka_half_note(const struct ingest *in, struct kafka_session *ks, struct halves *h,
		     size_t bytes)
{
	struct incoming_batch *b = kafka_incoming(&in->batching.incoming, ks);
	if (list_is_empty(&b->node))
		incoming_half_begin(&h->batches, b, (uint32_t)(in->now.ns / NS_PER_MS));
	b->bytes += (uint32_t)bytes;
	halves_moved(h);
}

/* The chunks are those of whoever answers the request: control's do not run out for the
 * coordinator's sake, nor those of small requests for the sake of large ones. */
bool kafka_request_append(struct waits *w, struct call_server *servers,
			  struct kafka_session *ks, struct bytes b)
{
	struct chunk_pool *p = &servers[ks->server].requests;
	struct chain *c = &ks->request;
	enum wait_for what = (ks->is_small ? WAIT_REQUEST_SMALL : WAIT_REQUEST) + ks->server;
	uint32_t left = ks->is_small ? chunk_pool_left(p) : chunk_pool_left_large(p);
	bool fits = c->tail && chunk_room(c->tail) >= b.size;
	if ((fits || (left > 0 && waiting_is_turn(w, &ks->base, what))) &&
	    chain_append(c, p, b.data, b.size))
		return true;
	session_wait_bytes(w, &ks->base, what, (uint32_t)b.size);
	return false;
}

/* Texts that are owed have their chunks here, too: those are not for the taking. */
bool kafka_answer_append_small(struct answers *as, const struct session *s, struct chain *c,
			       const void *data, size_t size)
{
	answer_charge(as, s);
	return c->size + size <= SMALL_ANSWER_BYTES &&
	       size <= (size_t)answer_chunks_left(as) * CHUNK_SMALL_BYTES &&
	       chain_append(c, &as->small, data, size);
}

bool kafka_answer_take(struct answers *as, struct waits *w, struct session *s, struct chain *c,
		       const void *data, size_t size)
{
	return kafka_answer_append_small(as, s, c, data, size) ||
	       answer_append_large(as, w, s, c, (struct bytes){data, size});
}

void kafka_bad_request(struct bad_frames *b, int64_t wall_ms, const struct kafka_session *ks,
		       uint64_t offset, struct bytes bytes)
{
	const struct stream *stream = ks->base.stream;
	struct bad_frame bad = {
		.peer = stream->peer,
		.wall_ms = wall_ms,
		.stream_offset = offset,
		.reason = STAT_frame_reject_request,
		.listener = stream->listener,
		.fault = ks->fault,
		.api_key = ks->key,
		.api_version = ks->version,
	};
	bad_frames_add(b, &bad, bytes);
}

void kafka_answer_seal(struct answer *a)
{
	uint8_t size[KAFKA_SIZE_BYTES];
	kafka_size_store(size, a->bytes.size);
	chain_patch(&a->bytes, 0, size, sizeof size);
}

void kafka_answer_forget(struct answers *as, struct answer *a)
{
	a->session = NULL;
	answer_done(as, a);
}
