/* ingest_rig.c - the upper half of a poller on arrays; see ingest_rig.h. */
#include "tests/unit/session/ingest_rig.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/fleet/jt808_ask.h"
#include "dataplane/kafka/kafka_call.h"
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/kafka/kafka_session.h"
#include "dataplane/session/ack.h"
#include "dataplane/session/kept.h"
#include "dataplane/session/waiting_admit.h"
#include "dataplane/wire/record/record_batch.h"

/* The rig speaks no Kafka. */
const struct protocol protocol_kafka = {.name = "none", .session_bytes = sizeof(struct session)};

void kafka_read_done(struct ingest *in, struct read_list *done)
{
	require(!"no reads");
}

void kafka_watch_done(struct ingest *in, struct watch_msg *done)
{
	require(!"no watches");
}

bool kafka_fetches_wake(struct ingest *in)
{
	return false;
}

void kafka_call_done(struct ingest *in, struct call_msg *done)
{
	require(!"no calls");
}

/* ---- streams --------------------------------------------------------------------------- */

static struct wire *wire_of(const struct stream *s)
{
	return container_of(s, struct wire, stream);
}

static size_t wire_readable(const struct stream *s)
{
	return wire_of(s)->arrived.size - wire_of(s)->consumed;
}

static struct bytes wire_peek(struct stream *s, size_t from, size_t want)
{
	struct wire *w = wire_of(s);
	size_t size = min_size(want, wire_readable(s) - from);
	size = min_size(size, w->peek_left);
	if (w->peek_left != SIZE_MAX)
		w->peek_left -= size;
	return (struct bytes){w->arrived.data + w->consumed + from, size};
}

static void wire_consume(struct stream *s, size_t n)
{
	require(n <= wire_readable(s));
	wire_of(s)->consumed += n;
}

static size_t wire_send_room(const struct stream *s)
{
	return wire_of(s)->send_room;
}

static void wire_take_sent(struct stream *s, struct chain *give)
{
	struct wire *w = wire_of(s);
	for (const struct chunk *c = give->head; c; c = c->next)
		soup_add(&w->sent, chunk_at(c), c->len);
	chain_give(give);
}

static void wire_close(struct stream *s, enum stream_close_how how)
{
	s->is_closed = true;
	wire_of(s)->was_reset = how == STREAM_CLOSE_RESET;
	list_remove(&s->ready);
}

static const struct stream_ops wire_ops = {
	.readable = wire_readable,
	.peek = wire_peek,
	.consume = wire_consume,
	.send_room = wire_send_room,
	.send = wire_take_sent,
	.close = wire_close,
};

struct wire *wire_open(struct rig *r, uint8_t listener)
{
	struct wire *w = calloc(1, sizeof *w);
	require(w != NULL);
	r->wires = (struct transport){&wire_ops, &r->in.sessions.ready};
	w->stream.transport = &r->wires;
	w->stream.listener = listener;
	w->stream.peer.port = 4000;
	w->peek_left = SIZE_MAX;
	w->send_room = SIZE_MAX;
	list_init(&w->stream.ready);
	w->place = stream_table_place(&r->streams, &w->stream);
	stream_wake(&w->stream, STREAM_OPENED);
	return w;
}

void wire_send(struct wire *w, const void *data, size_t size)
{
	soup_add(&w->arrived, data, size);
	stream_wake(&w->stream, STREAM_READABLE);
}

void wire_end(struct wire *w)
{
	stream_wake(&w->stream, STREAM_ENDED);
}

void wire_lose(struct wire *w)
{
	stream_wake(&w->stream, STREAM_LOST);
}

void wire_free(struct wire *w)
{
	*w->place = NULL;
	list_remove(&w->stream.ready);
	free(w->arrived.data);
	free(w->sent.data);
	free(w);
}

/* ---- the writers ----------------------------------------------------------------------- */

static void rig_store(struct rig *r, const struct append_msg *a, int64_t base_timestamp,
		      const struct record_view *view)
{
	if (r->stored_count == r->stored_capacity) {
		r->stored_capacity = 2 * r->stored_capacity + 64;
		r->stored = realloc(r->stored, r->stored_capacity * sizeof *r->stored);
		require(r->stored != NULL);
	}
	struct rig_record *record = &r->stored[r->stored_count++];
	*record = (struct rig_record){
		.slot = a->partition.slot,
		.timestamp = base_timestamp + view->timestamp_delta,
		.level = a->level,
		.has_key = view->key.data != NULL,
		.key_size = view->key.size,
		.value_size = view->value.size,
		.value = malloc(view->value.size + 1),
		.headers_size = view->headers.size,
	};
	require(view->headers.size <= sizeof record->headers);
	memcpy(record->headers, view->headers.data, view->headers.size);
	require(view->key.size <= sizeof record->key && view->value.data != NULL);
	if (record->has_key)
		memcpy(record->key, view->key.data, view->key.size);
	memcpy(record->value, view->value.data, view->value.size);
}

/* What a writer does with a batch of ours, codec none; then all that a reader would check. */
static void rig_take(struct rig *r, const struct append_msg *a)
{
	uint8_t *batch = malloc(a->bytes.size);
	size_t size = a->bytes.size;
	chain_copy_out(&a->bytes, 0, batch, size);
	struct record_batch_header *h = (struct record_batch_header *)batch;
	struct bytes rest = {batch + RECORD_BATCH_HEADER_BYTES, size - RECORD_BATCH_HEADER_BYTES};
	record_batch_set_crc(h, record_batch_crc(h, rest));
	require(record_batch_check_all(batch, size) == RECORD_BATCH_GOOD);
	require(record_batch_bytes(h) == (int64_t)size && record_batch_count(h) == a->records);
	struct record_iterator it = record_iterate(batch, size);
	int64_t base = (int64_t)be64_get(h->base_timestamp), max = INT64_MIN;
	struct record_view view;
	for (int32_t i = 0; record_next(&it, &view); i++) {
		require(view.offset_delta == i);
		max = view.timestamp_delta > max ? view.timestamp_delta : max;
		rig_store(r, a, base, &view);
	}
	require(!it.at.bad && it.left == 0 && cursor_left(&it.at) == 0);
	require(record_batch_max_timestamp(h) == base + max);
	free(batch);
	r->appends++;
	r->codec = a->codec;
	r->batch_bytes_max = max_u32(r->batch_bytes_max, (uint32_t)size);
}

static void rig_serve(struct rig *r, unsigned writer, struct handoff_msg *msg)
{
	struct append_msg *a = container_of(msg, struct append_msg, msg);
	require(msg->kind == HANDOFF_APPEND && a->origin == APPEND_BUILT);
	require(msg->sender == RIG_POLLER && a->partition.slot % RIG_WRITERS == writer);
	if (!r->error)
		rig_take(r, a);
	a->error = r->error;
	handoff_complete(&r->writers[writer], msg);
}

void rig_write(struct rig *r)
{
	struct handoff_msg *msgs[64];
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		for (unsigned n; (n = handoff_pull(&r->writers[w], msgs, 64)) > 0;)
			for (unsigned i = 0; i < n; i++)
				rig_serve(r, w, msgs[i]);
}

/* ---- the poller ------------------------------------------------------------------------ */

void rig_turn_without_writer(struct rig *r, uint64_t after_us)
{
	struct ingest *in = &r->in;
	in->now.ns += after_us * 1000;
	in->now.wall_ms = (int64_t)(1700000000000 + in->now.ns / 1000000);
	r->frames.count = 0;
	r->records.count = 0;
	in->topics = r->topics;
	ack_input(in);
	delivery_input(in);
	waiting_admit(in);
	session_timers(in);
	jt808_ask_work(in);
	session_input(in, &r->frames);
	ingest_input(in, &r->frames, &r->datagrams, &r->records);
	batch_input(&in->batching, &in->answers, &r->records);
	batch_flush(&in->batching, in->sessions.is_draining);
	handoff_submit(&in->batching, in->writers);
	r->datagrams.count = 0;
}

void rig_turn(struct rig *r, uint64_t after_us)
{
	rig_turn_without_writer(r, after_us);
	rig_write(r);
}

void rig_settle(struct rig *r)
{
	for (unsigned turns = 0; turns < 10000; turns++) {
		rig_turn(r, 200);
		if (r->in.batching.appends.in_use == 0 && list_is_empty(&r->in.sessions.ready))
			return;
	}
	require(!"the rig never settles");
}

void rig_set_topic(struct rig *r, unsigned listener, const char *name)
{
	struct listener *l = &r->in.listeners[listener];
	snprintf(l->topic, sizeof l->topic, "%s", name);
}

uint64_t rig_stat(const struct rig *r, enum stat_id id)
{
	return r->in.stats.value[id];
}

static struct topics *rig_topics(uint32_t batch_bytes)
{
	struct partition_ref refs[RIG_SLOTS];
	for (uint32_t i = 0; i < RIG_SLOTS; i++)
		refs[i] = (struct partition_ref){.slot = i, .generation = 1};
	struct topic topics[2] = {
		{.name = "vehicles", .name_bytes = 8, .partitions = RIG_VEHICLE_PARTITIONS,
		 .options.linger_ms = 5, .refs = refs},
		{.name = "datagrams", .name_bytes = 9, .partitions = RIG_DATAGRAM_PARTITIONS,
		 .options.linger_ms = 1, .refs = refs + RIG_VEHICLE_PARTITIONS},
	};
	for (unsigned i = 0; i < 2; i++) {
		topics[i].options.batch_bytes = batch_bytes;
		topics[i].log.message_bytes_max = 1 << 20;
	}
	return topics_build(topics, 2, 1);
}

static void rig_listeners(struct ingest *in)
{
	static const struct listener listeners[RIG_LISTENERS] = {
		[RIG_TERMINAL] = {.name = "T", .protocol = PROTOCOL_GBT32960},
		[RIG_PLATFORM] = {.name = "P", .protocol = PROTOCOL_GBT32960,
				  .link = LINK_PLATFORM},
		[RIG_ECHO] = {.name = "E", .protocol = PROTOCOL_GBT32960,
			      .link = LINK_PLATFORM, .answer_body = ANSWER_BODY_ECHO},
		[RIG_UDP] = {.name = "U", .protocol = PROTOCOL_UDP},
		[RIG_UDP_BY_ADDRESS] = {.name = "A", .protocol = PROTOCOL_UDP,
					.key = RECORD_KEY_ADDRESS},
		[RIG_JT808] = {.name = "J", .protocol = PROTOCOL_JT808},
		[RIG_JT808_ANY] = {.name = "N", .protocol = PROTOCOL_JT808,
				   .authentication = AUTHENTICATION_ANY},
	};
	memcpy(in->listeners, listeners, sizeof listeners);
	in->listener_count = RIG_LISTENERS;
	for (unsigned i = 0; i < RIG_LISTENERS; i++) {
		struct listener *l = &in->listeners[i];
		bool is_udp = l->protocol == PROTOCOL_UDP;
		snprintf(l->topic, sizeof l->topic, is_udp ? "datagrams" : "vehicles");
		l->answer_level = is_udp ? ACK_WRITTEN : ACK_DURABLE;
		l->frame_bytes_max = RIG_FRAME_BYTES_MAX;
		l->frame_timeout_ms = RIG_FRAME_TIMEOUT_MS;
		l->parts_retry_ms = RIG_PARTS_RETRY_MS;
		l->parts_retries = RIG_PARTS_RETRIES;
	}
}

struct rig *rig_create(const struct rig_options *options)
{
	struct rig_options o = options ? *options : (struct rig_options){0};
	struct rig *r = map_take(sizeof *r);
	require(r != NULL);
	struct ingest *in = &r->in;
	in->now.ns = 1000000000;
	rig_listeners(in);
	routes_init(&in->batching.routes, in->listeners, RIG_LISTENERS, RIG_POLLER);
	waiting_init(&in->waits, &in->sessions, &in->stats);
	r->topics = rig_topics(o.batch_bytes ? o.batch_bytes : RIG_BATCH_BYTES);
	struct batching_bounds batching = {
		.poller = RIG_POLLER,
		.writers = RIG_WRITERS,
		.appends = o.appends_max ? o.appends_max : RIG_WRITERS * HANDOFF_APPENDS_MAX,
		.writer_credit_bytes = 64 << 20,
		.lane_credit_bytes = o.lane_credit_bytes ? o.lane_credit_bytes : 4 << 20,
		.message_bytes_max = 1 << 20,
	};
	struct answers_bounds owed = {.answers = o.answers_max ? o.answers_max : 4096,
				      .waiters = 2 * FRAMES_PER_TURN,
				      .small_chunks = o.answer_chunks ? o.answer_chunks : 8192,
				      .large_chunks = 64,
				      .connections = STREAM_TABLE_PLACES};
	require(batching_init(&in->batching, &batching, &in->stats, &in->now) == 0);
	require(sessions_init(&in->sessions, STREAM_TABLE_PLACES, &in->stats, &in->now) == 0);
	require(kept_init(&in->kept) == 0);
	in->jt808_parts = &r->jt808_parts;
	require(jt808_parts_init(in->jt808_parts, JT808_PARTS_MEMORY_MIN, &in->stats,
				 &in->now) == 0);
	require(answers_init(&in->answers, &owed, &in->stats, &in->now) == 0);
	for (unsigned w = 0; w < RIG_WRITERS; w++) {
		require(handoff_init(&r->writers[w], &r->wakes[0], &r->wakes[1]) == 0);
		in->writers[w] = &r->writers[w];
	}
	for (unsigned s = 0; s < CALL_SERVERS; s++) {
		require(handoff_init(&r->servers[s], &r->wakes[0], &r->wakes[1]) == 0);
		in->servers[s].handoff = &r->servers[s];
	}
	require(outbox_init(&r->outbox, 0, &r->wakes[1], &r->wakes[0]) == 0);
	in->delivery.inbox = (struct inbox){.senders = {&r->outbox.handoff}, .count = 1};
	in->delivery.stream_find = stream_table_find;
	in->delivery.transport = &r->streams;
	delivery_init(&in->delivery, &in->stats);
	in->writer_count = RIG_WRITERS;
	in->poller = RIG_POLLER;
	return r;
}

void rig_destroy(struct rig *r)
{
	struct ingest *in = &r->in;
	require(in->batching.appends.in_use == 0 && in->answers.slab.in_use == 0 &&
		in->answers.waiters.in_use == 0);
	require(list_is_empty(&in->kept.waiting));
	require(in->batching.lanes.batch_pool.in_use == 0);
	require(in->answers.small.in_use == 0 && in->answers.large[ANSWER_COMMON].in_use == 0);
	for (unsigned i = 0; i < LEDGERS; i++)
		require(i == LEDGER_packet || ledger_in_flight(&in->stats, (enum ledger)i) == 0);
	require(in->sessions.places.in_use == 0);
	sessions_fini(&in->sessions);
	require(r->jt808_parts.slab.in_use == 0 && r->jt808_parts.chunks.in_use == 0);
	jt808_parts_fini(&r->jt808_parts);
	kept_fini(&in->kept);
	answers_fini(&in->answers);
	batching_fini(&in->batching);
	for (unsigned w = 0; w < RIG_WRITERS; w++) {
		for (unsigned kind = 0; kind < CREDIT_KINDS; kind++)
			require(in->batching.lanes.reserved[w][kind] == 0);
		handoff_fini(&r->writers[w]);
	}
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		handoff_fini(&r->servers[s]);
	outbox_fini(&r->outbox);
	for (unsigned i = 0; i < 2; i++)
		wake_fini(&r->wakes[i]);
	topics_free(r->topics);
	for (size_t i = 0; i < r->stored_count; i++)
		free(r->stored[i].value);
	free(r->stored);
	map_give(r, sizeof *r);
}

/* ---- many vehicles --------------------------------------------------------------------- */

void rig_open_vehicles(struct rig *r, struct wire **vehicles, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		vehicles[i] = wire_open(r, RIG_PLATFORM);
	rig_turn_without_writer(r, 1000);
}

void rig_close_vehicles(struct rig *r, struct wire **vehicles, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		wire_end(vehicles[i]);
	rig_settle(r);
	for (unsigned i = 0; i < count; i++)
		wire_free(vehicles[i]);
	rig_destroy(r);
}

uint32_t rig_login_credit(void)
{
	const struct sample_frame *f = sample_login();
	return record_reserve_bytes(GBT32960_VIN_BYTES + f->size);
}
