/* kafka_rig.c - peers, logs and control made of arrays; see kafka_rig.h. */
#include "tests/unit/kafka/kafka_rig.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_fetch.h"
#include "dataplane/session/ack.h"
#include "dataplane/session/kept.h"
#include "dataplane/session/unread_turn.h"
#include "dataplane/session/waiting_admit.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* ---- the fake writers ------------------------------------------------------------------ */

struct handoff *rig_writer(struct rig *r, uint32_t slot)
{
	return &r->writers[slot % RIG_WRITERS];
}

static void log_add(struct fake_log *log, const uint8_t *batch, size_t size)
{
	struct record_batch_header h;
	memcpy(&h, batch, sizeof h);
	record_batch_place(&h, log->next_offset, 0);
	log->next_offset = record_batch_last_offset(&h) + 1;
	buffer_add(&log->bytes, &h, sizeof h);
	buffer_add(&log->bytes, batch + sizeof h, size - sizeof h);
}

static struct fake_log *log_of(struct rig *r, uint32_t slot)
{
	return &r->logs[slot < RIG_SLOTS ? slot : slot % RIG_PARTITIONS];
}

static void watches_fire(struct rig *r, struct fake_log *log)
{
	for (struct list *node = log->watches.next, *next; node != &log->watches; node = next) {
		struct watch_msg *w = list_entry(node, struct watch_msg, node);
		next = node->next;
		if (log->next_offset <= w->offset)
			continue;
		list_remove(node);
		handoff_complete(rig_writer(r, w->partition.slot), &w->msg);
	}
}

static void serve_append(struct rig *r, struct append_msg *a)
{
	struct fake_log *log = log_of(r, a->partition.slot);
	a->error = r->append_error;
	a->is_duplicate = r->appends_are_duplicates;
	if (a->is_duplicate) {
		a->base_offset = 0;
		a->log_append_time = 4711;
		a->log_start_offset = log->log_start_offset;
	} else if (!a->error) {
		uint8_t *batch = malloc(a->bytes.size);
		chain_copy_out(&a->bytes, 0, batch, a->bytes.size);
		cr_assert(record_batch_check_all(batch, a->bytes.size) == RECORD_BATCH_GOOD);
		uint32_t records = record_batch_count(record_batch_header_of(batch));
		cr_assert(a->records == (a->codec ? 1 : records));
		a->found = a->codec ? records : 0; /* as a writer that has opened it */
		a->base_offset = log->next_offset;
		a->log_append_time = a->is_append_time ? RIG_APPEND_TIME : -1;
		a->log_start_offset = log->log_start_offset;
		log_add(log, batch, a->bytes.size);
		free(batch);
	}
	handoff_complete(rig_writer(r, a->partition.slot), &a->msg);
	watches_fire(r, log);
}

/* As store/log/log_read.c: whole batches, the first at any size if the chunks hold it. */
static void serve_read(struct rig *r, struct read_msg *read)
{
	struct fake_log *log = log_of(r, read->partition.slot);
	size_t room = 0, at = 0, from = 0, size = 0;
	for (const struct chunk *c = read->bytes.head; c; c = c->next)
		room += c->pool->chunk_bytes;
	read->high_watermark = log->next_offset;
	read->log_start_offset = log->log_start_offset;
	read->bytes_needed = 0;
	if (read->offset > log->next_offset || read->offset < log->log_start_offset)
		read->error = KAFKA_ERROR_OFFSET_OUT_OF_RANGE;
	for (; !read->error && at < log->bytes.size;) {
		const struct record_batch_header *h =
			record_batch_header_of(log->bytes.data + at);
		size_t bytes = (size_t)record_batch_bytes(h);
		at += bytes;
		if (record_batch_last_offset(h) < read->offset)
			continue;
		if (size == 0)
			from = at - bytes;
		if (size + bytes > room && size == 0)
			read->bytes_needed = (uint32_t)bytes;
		if (size + bytes > room || (size > 0 && size + bytes > read->bytes_max))
			break;
		size += bytes;
	}
	struct chunk *c = read->bytes.head;
	read->bytes.size = size;
	for (size_t done = 0; done < size; c = c->next) {
		c->len = (uint32_t)min_size(size - done, c->pool->chunk_bytes);
		memcpy(c->data, log->bytes.data + from + done, c->len);
		done += c->len;
	}
}

static void serve_reads(struct rig *r, struct read_list *reads)
{
	struct handoff *writer = NULL;
	list_for_each(node, &reads->reads)
	{
		struct read_msg *read = list_entry(node, struct read_msg, of_list);
		serve_read(r, read);
		writer = rig_writer(r, read->partition.slot);
	}
	handoff_complete(writer, &reads->msg);
}

static void serve_watch(struct rig *r, struct watch_msg *w)
{
	struct fake_log *log = log_of(r, w->partition.slot);
	list_append(&log->watches, &w->node);
	watches_fire(r, log);
}

static void serve_call(struct rig *r, struct call_msg *c)
{
	if (c->is_release) {
		r->releases++;
		free(c->reply);
		c->reply = NULL;
		handoff_complete(&r->servers[c->server], &c->msg);
		return;
	}
	r->calls++;
	r->asked[c->server]++;
	r->last_ticket = c->ticket;
	r->last_call_bytes = c->request_bytes;
	cr_assert(c->request.size == c->request_bytes);
	c->is_parked = r->park_calls;
	if (!r->reply_null && !r->park_calls) {
		/* The correlation id, and as many bytes as the request had. */
		c->reply_bytes = KAFKA_SIZE_BYTES + 4 + c->request_bytes;
		c->reply = calloc(1, c->reply_bytes);
		kafka_size_store(c->reply, c->reply_bytes);
		chain_copy_out(&c->request, KAFKA_KEY_VERSION_BYTES,
			       c->reply + KAFKA_SIZE_BYTES, 4);
	}
	handoff_complete(&r->servers[c->server], &c->msg);
}

static void serve(struct rig *r, struct handoff_msg *msg)
{
	switch ((enum handoff_kind)msg->kind) {
	case HANDOFF_APPEND:
		serve_append(r, container_of(msg, struct append_msg, msg));
		return;
	case HANDOFF_READ:
		serve_reads(r, container_of(msg, struct read_list, msg));
		return;
	case HANDOFF_WATCH:
		serve_watch(r, container_of(msg, struct watch_msg, msg));
		return;
	case HANDOFF_CALL:
		serve_call(r, container_of(msg, struct call_msg, msg));
		return;
	default:
		require(!"nothing else is asked");
	}
}

static bool is_held(const struct rig *r, const struct handoff_msg *msg)
{
	return (msg->kind == HANDOFF_APPEND && r->hold_appends) ||
	       (msg->kind == HANDOFF_READ && r->hold_reads) ||
	       (msg->kind == HANDOFF_CALL && r->hold_calls &&
		!container_of(msg, struct call_msg, msg)->is_release);
}

static void take(struct rig *r, struct handoff_msg *msg)
{
	if (msg->kind == HANDOFF_APPEND) {
		r->appends++;
		r->last_level = container_of(msg, struct append_msg, msg)->level;
	}
	r->reads += msg->kind == HANDOFF_READ;
	if (!is_held(r, msg)) {
		serve(r, msg);
		return;
	}
	require(r->held_count < RIG_HELD_MAX);
	r->held[r->held_count++] = msg;
}

/* That of every one of them. */
static const struct handoff *reads_place(struct rig *r, const struct read_list *reads)
{
	const struct handoff *place = NULL;
	list_for_each(node, &reads->reads)
	{
		const struct read_msg *read = list_entry(node, struct read_msg, of_list);
		const struct handoff *writer = rig_writer(r, read->partition.slot);
		cr_assert(!place || place == writer);
		place = writer;
	}
	return place;
}

/* The ring `msg` has to come from: its partition's writer, or the call's server. */
static const struct handoff *place_of(struct rig *r, struct handoff_msg *msg)
{
	switch ((enum handoff_kind)msg->kind) {
	case HANDOFF_APPEND:
		return rig_writer(r, container_of(msg, struct append_msg, msg)->partition.slot);
	case HANDOFF_READ:
		return reads_place(r, container_of(msg, struct read_list, msg));
	case HANDOFF_WATCH:
		return rig_writer(r, container_of(msg, struct watch_msg, msg)->partition.slot);
	default:
		return &r->servers[container_of(msg, struct call_msg, msg)->server];
	}
}

static void pull(struct rig *r, struct handoff *h)
{
	struct handoff_msg *msgs[64];
	for (unsigned n; (n = handoff_pull(h, msgs, 64)) > 0;)
		for (unsigned i = 0; i < n; i++) {
			cr_assert(msgs[i]->sender == RIG_POLLER && place_of(r, msgs[i]) == h);
			take(r, msgs[i]);
		}
}

void rig_release_one(struct rig *r, unsigned n)
{
	require(n < r->held_count);
	struct handoff_msg *msg = r->held[n];
	memmove(&r->held[n], &r->held[n + 1], (--r->held_count - n) * sizeof msg);
	serve(r, msg);
}

void rig_release(struct rig *r)
{
	while (r->held_count > 0)
		rig_release_one(r, 0);
}

void rig_store(struct rig *r, uint32_t slot, unsigned records, size_t value_bytes)
{
	struct buffer b = batch_make(records, value_bytes, 0);
	log_add(&r->logs[slot], b.data, b.size);
	watches_fire(r, &r->logs[slot]);
	buffer_free(&b);
}

/* ---- the poller ------------------------------------------------------------------------ */

static void news_publish(struct rig *r)
{
	unsigned slots = r->has_many ? RIG_SLOTS + RIG_MANY : RIG_SLOTS;
	for (unsigned i = 0; i < slots; i++) {
		const struct fake_log *log = log_of(r, i);
		int16_t refusal = log->is_closed ? KAFKA_ERROR_KAFKA_STORAGE_ERROR : 0;
		const struct partition_news news = {
			.high_watermark = log->next_offset, .log_end_offset = log->next_offset,
			.log_start_offset = log->log_start_offset, .bytes = log->bytes.size,
			.is_open = !refusal, .refusal = refusal, .generation = 1};
		news_write(&r->news[i], &news);
	}
}

void rig_turn(struct rig *r, uint64_t after_ms)
{
	struct ingest *in = &r->in;
	in->now.ns += after_ms * 1000000;
	in->now.wall_ms = (int64_t)(1700000000000 + in->now.ns / 1000000);
	in->topics = r->topics;
	r->frames.count = 0;
	in->reading.steps_left = FETCH_STEPS_PER_TURN;
	news_publish(r);
	ack_input(in);
	delivery_input(in);
	unread_turn(in);
	waiting_admit(in);
	session_timers(in);
	session_input(in, &r->frames);
	handoff_submit(&in->batching, in->writers);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		pull(r, &r->writers[w]);
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		pull(r, &r->servers[s]);
}

void rig_turns(struct rig *r, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		rig_turn(r, 0);
}

uint64_t rig_stat(const struct rig *r, enum stat_id id)
{
	return r->in.stats.value[id];
}

static struct topics *topics_make(unsigned count, uint64_t version)
{
	static const char *const names[RIG_TOPICS + 1] = {"alpha", "beta", "many"};
	static struct partition_ref refs[RIG_SLOTS + RIG_MANY];
	struct topic topics[RIG_TOPICS + 1];
	memset(topics, 0, sizeof topics);
	for (uint32_t i = 0; i < array_len(refs); i++)
		refs[i] = (struct partition_ref){.slot = i, .generation = 1};
	for (unsigned i = 0; i < array_len(topics); i++) {
		topics[i].name_bytes = (uint16_t)strlen(names[i]);
		memcpy(topics[i].name, names[i], topics[i].name_bytes);
		rig_topic_id(names[i], topics[i].id);
		topics[i].partitions = i < RIG_TOPICS ? RIG_PARTITIONS : RIG_MANY;
		topics[i].log.message_bytes_max = RIG_MESSAGE_BYTES_MAX;
		topics[i].options.timestamp_before_max_ms = INT64_MAX;
		topics[i].options.timestamp_after_max_ms = 3600000;
		topics[i].refs = refs + i * RIG_PARTITIONS;
	}
	return topics_build(topics, count, version);
}

void rig_new_topics(struct rig *r, bool without_beta)
{
	uint64_t version = r->topics ? r->topics->version + 1 : 1;
	unsigned count = r->has_many ? RIG_TOPICS + 1 : RIG_TOPICS - without_beta;
	topics_free(r->topics);
	r->topics = topics_make(count, version);
	r->in.topics = r->topics;
}

void rig_have_sessions(struct rig *r, uint32_t places)
{
	struct fetch_sessions_bounds bounds = {.poller = RIG_POLLER, .places = places,
					       .eviction_ms = RIG_EVICTION_MS};
	require(!fetch_sessions_init(&r->sessions, &bounds, &r->in.stats));
	r->in.reading.sessions = &r->sessions;
}

void rig_have_many(struct rig *r)
{
	if (r->has_many)
		return;
	r->has_many = true;
	rig_new_topics(r, false);
	news_publish(r);
}

static void pools_create(struct ingest *in, const struct rig_options *o)
{
	uint64_t plenty = 64 << 20, writers = o->writer_credit_bytes,
		 lanes = o->lane_credit_bytes;
	struct batching_bounds batching = {.poller = RIG_POLLER,
					   .writers = RIG_WRITERS,
					   .appends = 256,
					   .writer_credit_bytes = writers ? writers : plenty,
					   .lane_credit_bytes = lanes ? lanes : plenty,
					   .message_bytes_max = RIG_MESSAGE_BYTES_MAX};
	uint32_t answers = o->answers_max ? o->answers_max : 1024;
	struct answers_bounds owed = {.answers = answers,
				      .waiters = answers,
				      .small_chunks = answers,
				      .large_chunks =
					      o->answer_chunks ? o->answer_chunks : 4096,
				      .region_chunks = o->region_chunks,
				      .connections = STREAM_TABLE_PLACES};
	bool good = !sessions_init(&in->sessions, 256, &in->stats, &in->now);
	good &= !kept_init(&in->kept);
	good &= !answers_init(&in->answers, &owed, &in->stats, &in->now);
	good &= !slab_init(&in->reading.reads, sizeof(struct read_msg), RIG_READS);
	good &= !slab_init(&in->reading.lists, sizeof(struct read_list), RIG_READS);
	good &= !slab_init(&in->reading.fetches, sizeof(struct fetch), 128);
	good &= !chunk_pool_init(&in->reading.parts, CHUNK_PARTS_BYTES, 8192);
	good &= (in->reading.marks = map_take(FETCH_MARKS_BYTES)) != NULL;
	reading_init(&in->reading);
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		good &= !call_server_init(&in->servers[s], 64, 1024);
	good &= !batching_init(&in->batching, &batching, &in->stats, &in->now);
	require(good);
}

struct rig *rig_create(const struct rig_options *options)
{
	struct rig_options none = {0};
	struct rig *r = map_take(sizeof *r); /* its rings want whole cache lines */
	require(r != NULL);
	struct ingest *in = &r->in;
	in->now.ns = 1000000000;
	pools_create(in, options ? options : &none);
	in->listeners[0] = (struct listener){.name = "KAFKA", .protocol = PROTOCOL_KAFKA};
	in->listener_count = 1;
	in->settings.request_bytes_max = RIG_BUFFER_BYTES;
	in->settings.request_timeout_ms = RIG_TIMEOUT_MS;
	in->settings.fetch_wait_max_ms = UINT32_MAX;
	in->settings.request_rate_min = RIG_RATE_MIN;
	in->settings.answer_timeout_ms = RIG_ANSWER_TIMEOUT_MS;
	in->settings.answer_rate_min = RIG_ANSWER_RATE_MIN;
	in->poller = RIG_POLLER;
	in->writer_count = RIG_WRITERS;
	in->reading.poller = RIG_POLLER;
	in->reading.writers = in->writers;
	in->reading.writer_count = RIG_WRITERS;
	in->reading.news = r->news = map_take((RIG_SLOTS + RIG_MANY) * sizeof *r->news);
	require(r->news != NULL);
	for (unsigned s = 0; s < CALL_SERVERS; s++) {
		require(!handoff_init(&r->servers[s], &r->wakes[0], &r->wakes[1]));
		in->servers[s].handoff = &r->servers[s];
	}
	require(!outbox_init(&r->outbox, 0, &r->wakes[1], &r->wakes[0]));
	in->delivery.inbox = (struct inbox){.senders = {&r->outbox.handoff}, .count = 1};
	in->delivery.stream_find = stream_table_find;
	in->delivery.transport = &r->streams;
	delivery_init(&in->delivery, &in->stats);
	waiting_init(&in->waits, &in->sessions, &in->stats);
	require(!wake_init(&r->wakes[0]) && !wake_init(&r->wakes[1]));
	for (unsigned w = 0; w < RIG_WRITERS; w++) {
		require(!handoff_init(&r->writers[w], &r->wakes[0], &r->wakes[1]));
		in->writers[w] = &r->writers[w];
	}
	for (unsigned i = 0; i < RIG_SLOTS; i++)
		list_init(&r->logs[i].watches);
	rig_new_topics(r, false);
	return r;
}

uint32_t rig_calls_in_use(const struct rig *r)
{
	uint32_t total = 0;
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		total += r->in.servers[s].calls.in_use;
	return total;
}

uint32_t rig_chunks_in_use(const struct rig *r)
{
	uint32_t total = 0;
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		total += r->in.servers[s].requests.in_use;
	return total + r->in.reading.parts.in_use;
}

uint32_t rig_large_in_use(const struct rig *r)
{
	const struct answers *as = &r->in.answers;
	return as->large[ANSWER_COMMON].in_use + as->promised[ANSWER_COMMON];
}

/* Nothing is lost: not in the pools, not in the ledgers. */
static void rig_audit(const struct rig *r)
{
	const struct ingest *in = &r->in;
	require(in->sessions.slabs[PROTOCOL_KAFKA].in_use == 0);
	require(in->answers.slab.in_use == 0);
	require(in->answers.waiters.in_use == 0);
	require(in->batching.appends.in_use == 0);
	require(in->reading.reads.in_use == 0);
	require(in->reading.lists.in_use == 0);
	require(in->reading.fetches.in_use == 0);
	require(in->answers.small.in_use == 0);
	for (unsigned i = 0; i < ANSWER_REGIONS; i++)
		require(in->answers.large[i].in_use == 0 && in->answers.promised[i] == 0);
	for (unsigned i = 0; i < STREAM_TABLE_PLACES; i++)
		require(owner_bytes(&in->answers.owners, i) == 0);
	require(in->answers.unread.count == 0);
	require(rig_calls_in_use(r) == 0);
	require(rig_chunks_in_use(r) == 0);
	require(in->batching.lanes.batch_pool.in_use == 0);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		require(in->batching.lanes.reserved[w][CREDIT_BATCHES] == 0);
	for (unsigned i = 0; i < INCOMING_REGIONS; i++)
		require(in->batching.incoming.used[i] == 0);
	require(in->batching.incoming.unwhole == 0 &&
		in->batching.incoming.of_listener[0] == 0);
	require(in->sessions.wheel.armed == 0);
	require(list_is_empty(&in->batching.incoming.batches) &&
		  list_is_empty(&in->batching.finished));
	require(ledger_in_flight(&in->stats, LEDGER_frame) == 0);
	require(ledger_in_flight(&in->stats, LEDGER_record) == 0);
}

/* What sessions hold is theirs until they end; none is with a fetch that is gone. */
static void sessions_audit(struct fetch_sessions *fs)
{
	for (uint32_t i = 0; i < fs->place_count; i++) {
		require(!fs->places[i].fetch);
		if (fs->places[i].id)
			fetch_session_end(fs, &fs->places[i]);
	}
	require(fs->count == 0 && (!fs->places || fs->pool.in_use == 0));
}

void rig_destroy(struct rig *r)
{
	struct ingest *in = &r->in;
	r->hold_appends = r->hold_reads = r->hold_calls = false;
	rig_release(r);
	rig_turns(r, 8);
	for (unsigned i = 0; i < RIG_SLOTS; i++)
		for (struct list *node; (node = list_take_first(&r->logs[i].watches));)
			handoff_complete(rig_writer(r, i),
					 &list_entry(node, struct watch_msg, node)->msg);
	rig_turns(r, 8);
	rig_audit(r);
	sessions_audit(&r->sessions);
	fetch_sessions_fini(&r->sessions);
	for (unsigned i = 0; i < RIG_SLOTS; i++)
		buffer_free(&r->logs[i].bytes);
	sessions_fini(&in->sessions);
	kept_fini(&in->kept);
	answers_fini(&in->answers);
	batching_fini(&in->batching);
	slab_fini(&in->reading.reads);
	slab_fini(&in->reading.lists);
	chunk_pool_fini(&in->reading.parts);
	map_give(in->reading.marks, FETCH_MARKS_BYTES);
	map_give(r->news, (RIG_SLOTS + RIG_MANY) * sizeof *r->news);
	slab_fini(&in->reading.fetches);
	for (unsigned s = 0; s < CALL_SERVERS; s++) {
		slab_fini(&in->servers[s].calls);
		chunk_pool_fini(&in->servers[s].requests);
	}
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		handoff_fini(&r->writers[w]);
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		handoff_fini(&r->servers[s]);
	outbox_fini(&r->outbox);
	wake_fini(&r->wakes[0]);
	wake_fini(&r->wakes[1]);
	topics_free(r->topics);
	map_give(r, sizeof *r);
}

/* ---- a test ---------------------------------------------------------------------------- */

struct rig *rig;
struct peer *peer;

void rig_begin(void)
{
	rig = rig_create(NULL);
	rig_turn(rig, 0);
	peer = open_peer();
}

void rig_end(void)
{
	if (peer)
		end_peer(peer);
	rig_destroy(rig);
}

int64_t wall(void)
{
	return rig->in.now.wall_ms;
}

struct peer *open_peer(void)
{
	struct peer *p = peer_open(rig);
	rig_turn(rig, 0);
	return p;
}

void end_peer(struct peer *p)
{
	if (p->stream.session)
		peer_lose(p);
	rig_turns(rig, 3);
	peer_free(p);
	if (p == peer)
		peer = NULL;
}

void send_all(struct peer *p, struct buffer *give)
{
	peer_send(p, give->data, give->size);
	buffer_free(give);
}

void send_batch(struct peer *p, int32_t partition, unsigned records, size_t value_bytes)
{
	struct buffer batch = batch_make(records, value_bytes, wall());
	struct buffer request = request_of(7, -1, partition, &batch);
	send_all(p, &request);
}

int16_t next_error(int version)
{
	struct produce_outcome o;
	struct bytes answer = peer_answer(peer);
	cr_assert(answer.data, "no answer");
	cr_assert(produce_read(version, answer, &o, 1) == 1);
	peer_answer_done(peer, answer);
	return o.error_code;
}
