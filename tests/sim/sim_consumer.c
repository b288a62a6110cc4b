/* sim_consumer.c - a consumer without group: fetches each partition of a topic from its
 * beginning and notes what it was given; see sim_clients.h.
 *
 * Some of its fetches begin a session, and those behind them name only what has changed, also on
 * another connection; who keeps sessions may be short of them, or have forgotten this one.
 *
 * It is given every record, in order and without a gap, but for what was compacted away, which
 * sim_history.c knows to be so; of the topic that nobody deletes also in
 * time: for what is durable when it looks (sim_kept.h) it waits from then on, or since it was
 * last given something of that partition, when it is behind by its own doing. It quits when it
 * has all there is. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_kafka.h"
#include "tests/sim/sim_start.h"

enum { SHUT_BYTES = 1500 };
enum { OUT_OF_RANGE = 1, UNKNOWN_TOPIC = 3, STORAGE_ERROR = 56, VERSION_FLEXIBLE = 12 };
enum { SESSION_NOT_FOUND = 70, SESSION_EPOCH_IS_NONE = 71, SESSIONS_SINCE = 7 };

#define FETCH_NS (10 * NS_PER_MS)
#define DEAF_NS  (800 * NS_PER_MS)
#define LOOK_NS  (5 * NS_PER_MS)
/* Of a fetch that one byte answers: longer than anybody may wait for that byte. */
#define WAIT_LONG_MS 3000

/* What is due to it of one partition: offsets below `end`, since then. */
struct due_records {
	int64_t end;
	uint64_t since_ns;
};

struct consumer {
	struct sim_client client;
	const char *topic;
	uint32_t partitions; /* of the request that is answered next */
	uint32_t deletions;  /* when it was sent */
	int64_t offsets[SIM_PARTITIONS_MAX];
	int16_t version;
	int32_t correlation;
	/* Its fetch session; id 0: it has none. */
	int32_t session_id;
	int32_t session_epoch; /* of the request that is answered next; below 1 it is a full one */
	int64_t session_offsets[SIM_PARTITIONS_MAX]; /* as the gateway knows them */
	bool is_waiting;
	uint64_t deaf_until_ns; /* reads nothing before */
	uint64_t asked_ns;
	uint64_t wait_ns; /* so long the gateway may wait for records */
	struct due_records due[SIM_EVENTS_PARTITIONS];
	uint64_t look_ns;
	uint8_t *scratch;
};

static struct consumer *consumer_of(struct sim_client *c)
{
	return container_of(c, struct consumer, client);
}

static bool is_of_events(const struct consumer *k)
{
	return strcmp(k->topic, SIM_TOPIC_EVENTS) == 0;
}

/* The i-th of a request: each time another is first, as clients do, since an answer that is full
 * leaves out the last. */
static uint32_t partition_at(const struct consumer *k, uint32_t i)
{
	return ((uint32_t)k->correlation + i) % k->partitions;
}

static void put_partition(const struct consumer *k, struct emitter *e, uint32_t partition)
{
	emit_u32(e, partition);
	if (k->version >= 9)
		emit_u32(e, UINT32_MAX);
	emit_u64(e, (uint64_t)k->offsets[partition]);
	if (k->version >= 12)
		emit_u32(e, UINT32_MAX);
	if (k->version >= 5)
		emit_u64(e, UINT64_MAX);
	/* Often too little for one batch: it must come all the same. */
	emit_u32(e, rng_one_in(&sim_world()->rng, 3) ? 100 : 100000);
	sim_put_tags(e, k->version >= VERSION_FLEXIBLE);
}

static bool is_incremental(const struct consumer *k)
{
	return k->version >= SESSIONS_SINCE && k->session_epoch > 0;
}

/* A session is for versions that have them; one that is left ends now and then by name. */
static void choose_session(struct consumer *k)
{
	struct rng *rng = &sim_world()->rng;
	bool goes_on = k->session_id > 0 && k->version >= SESSIONS_SINCE && !rng_one_in(rng, 20);
	if (goes_on) {
		k->session_epoch++;
		return;
	}
	if (k->version < SESSIONS_SINCE || rng_one_in(rng, 2))
		k->session_id = 0;
	k->session_epoch = rng_one_in(rng, 3) ? -1 : 0;
	/* What may not be there is no partition of a session. */
	k->partitions = rng_one_in(rng, 4) ? SIM_PARTITIONS_MAX : SIM_EVENTS_PARTITIONS;
}

/* Those that the request names: all, or in a session those that have changed. */
static uint32_t put_partitions(struct consumer *k, struct emitter *e, bool counts)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < k->partitions; i++) {
		uint32_t p = partition_at(k, i);
		if (is_incremental(k) && k->offsets[p] == k->session_offsets[p])
			continue;
		count++;
		if (!counts) {
			put_partition(k, e, p);
			k->session_offsets[p] = k->offsets[p];
		}
	}
	return count;
}

static void send_fetch(struct consumer *k)
{
	static const int16_t versions[] = {4, 5, 7, 10, 11, 12};
	struct rng *rng = &sim_world()->rng;
	k->version = versions[rng_below(rng, array_len(versions))];
	choose_session(k);
	bool flex = k->version >= VERSION_FLEXIBLE;
	struct emitter e = emitter_of(k->scratch, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_FETCH, k->version, ++k->correlation, flex);
	emit_u32(&e, UINT32_MAX);
	uint32_t wait_ms = (uint32_t)rng_below(rng, 100);
	bool is_content = rng_below(rng, 2) == 0; /* with one byte */
	if (is_content && rng_one_in(rng, 2))
		wait_ms = WAIT_LONG_MS;
	k->wait_ns = wait_ms * NS_PER_MS;
	emit_u32(&e, wait_ms);
	emit_u32(&e, is_content ? 1 : 10001);
	emit_u32(&e, 50000);
	emit_u8(&e, 0);
	if (k->version >= SESSIONS_SINCE) {
		emit_u32(&e, (uint32_t)k->session_id);
		emit_u32(&e, (uint32_t)k->session_epoch);
	}
	k->deletions = history_deletions(sim_world()->history);
	uint32_t named = put_partitions(k, &e, true);
	sim_put_count(&e, named > 0, flex);
	if (named > 0) {
		sim_put_string(&e, k->topic, flex);
		sim_put_count(&e, named, flex);
		put_partitions(k, &e, false);
		sim_put_tags(&e, flex);
	}
	if (k->version >= 7)
		sim_put_count(&e, 0, flex);
	if (k->version >= 11)
		sim_put_string(&e, "", flex);
	sim_put_tags(&e, flex);
	sim_tcp_write(&k->client.tcp, k->scratch, sim_request_end(&e));
	k->is_waiting = true;
	k->asked_ns = sim_world()->now_ns;
}

static bool may_be_missing(const struct consumer *k)
{
	return sim_world()->compacts && is_of_events(k);
}

static void seen(void *arg, const struct found_record *r)
{
	struct consumer *k = arg;
	int64_t *next = &k->offsets[r->partition];
	if (r->offset < *next)
		return; /* the batch that holds the offset asked for begins before it */
	if (r->offset != *next && !may_be_missing(k))
		sim_fail("consumer %u: %s-%d @%lld when @%lld was due", k->client.id, r->topic,
			 r->partition, (long long)r->offset, (long long)*next);
	struct history_sight sight = {.topic = r->topic,
				      .partition = r->partition,
				      .offset = r->offset,
				      .client = r->client,
				      .seq = r->seq,
				      .asked = k->deletions};
	history_seen(sim_world()->history, &sight);
	*next = r->offset + 1;
}

/* Behind the last batch, whatever records are left of that. */
static void pass_batches(struct consumer *k, uint32_t partition, struct bytes batches)
{
	struct checker_batch b;
	for (; may_be_missing(k) && checker_batch(batches, &b);
	     batches = (struct bytes){batches.data + b.size, batches.size - b.size})
		k->offsets[partition] = max_i64(k->offsets[partition], b.last_offset + 1);
}

/* Begins again where a topic was made anew. */
static bool is_new_topic(struct consumer *k, uint32_t partition, int16_t error,
			 int64_t high_watermark)
{
	bool is_behind = error == OUT_OF_RANGE ||
			 (error == 0 && high_watermark < k->offsets[partition]);
	if (!is_behind || strcmp(k->topic, SIM_TOPIC_FLEETING) != 0)
		return false;
	k->offsets[partition] = 0;
	return true;
}

/* What it would have read next is gone: it goes on where the log starts. */
static bool is_expired(struct consumer *k, uint32_t partition, int16_t error)
{
	int64_t log_start = sim_log_start(k->topic, (int32_t)partition);
	if (error != OUT_OF_RANGE || !sim_world()->retention_bytes || !is_of_events(k) ||
	    log_start <= k->offsets[partition])
		return false;
	k->offsets[partition] = log_start;
	return true;
}

/* `expected`: UINT32_MAX, or the partition that it has to be. */
static void take_partition(struct consumer *k, struct cursor *c, uint32_t expected)
{
	bool flex = k->version >= VERSION_FLEXIBLE;
	uint32_t partition = cursor_u32(c);
	if (expected == UINT32_MAX && partition < k->partitions)
		expected = partition;
	int16_t error = (int16_t)cursor_u16(c);
	int64_t high_watermark = (int64_t)cursor_u64(c);
	cursor_u64(c);
	if (k->version >= 5)
		cursor_u64(c);
	if (sim_get_count(c, flex) > 0)
		sim_fail("consumer %u: aborted transactions", k->client.id);
	if (k->version >= 11)
		cursor_u32(c);
	struct bytes records = sim_get_bytes(c, flex);
	sim_skip_tags(c, flex);
	if (c->bad || partition != expected)
		sim_fail("consumer %u: partition %u instead of %u", k->client.id, partition,
			 expected);
	bool may_be_gone = !is_of_events(k) || partition >= SIM_EVENTS_PARTITIONS;
	if ((error == UNKNOWN_TOPIC && may_be_gone) ||
	    (error == STORAGE_ERROR && sim_fs_failures(sim_world()->fs)))
		return;
	if (is_new_topic(k, partition, error, high_watermark) ||
	    is_expired(k, partition, error))
		return;
	if (error || high_watermark < k->offsets[partition])
		sim_fail("consumer %u: error %d, high watermark %lld, offset %lld",
			 k->client.id, error, (long long)high_watermark,
			 (long long)k->offsets[partition]);
	history_high_watermark(sim_world()->history, k->topic, (int32_t)partition,
			       high_watermark, k->deletions);
	if (records.size > 0 && partition < SIM_EVENTS_PARTITIONS)
		k->due[partition].since_ns = sim_world()->now_ns;
	checker_records(k->topic, (int32_t)partition, records, seen, k);
	pass_batches(k, partition, records);
	if (k->offsets[partition] > high_watermark)
		sim_fail("consumer %u: was given @%lld above the high watermark %lld",
			 k->client.id, (long long)k->offsets[partition] - 1,
			 (long long)high_watermark);
}

/* Nothing that was not asked for; which of it is the gateway's to say. */
static bool is_expected(const struct consumer *k, int64_t topics, int64_t partitions)
{
	if (is_incremental(k))
		return topics >= 0 && topics <= k->partitions;
	return topics == 1 && partitions == k->partitions;
}

static void take_topic(struct consumer *k, struct cursor *c, bool is_first, int64_t topics)
{
	bool flex = k->version >= VERSION_FLEXIBLE;
	sim_get_string(c, flex);
	int64_t partitions = sim_get_count(c, flex);
	if (is_first && !is_expected(k, topics, partitions))
		sim_fail("consumer %u: %lld topics, %lld partitions (version %d)", k->client.id,
			 (long long)topics, (long long)partitions, k->version);
	for (uint32_t i = 0; i < partitions && !c->bad; i++)
		take_partition(k, c, is_incremental(k) ? UINT32_MAX : partition_at(k, i));
	sim_skip_tags(c, flex);
}

/* Who does not know the session any more, or another request of it than the last, says so: it is
 * begun anew, and what is due is so from now on. */
static bool is_without_session(struct consumer *k, int16_t error)
{
	if (!is_incremental(k) || (error != SESSION_NOT_FOUND && error != SESSION_EPOCH_IS_NONE))
		return false;
	k->session_id = 0;
	for (unsigned p = 0; p < SIM_EVENTS_PARTITIONS; p++)
		k->due[p].since_ns = sim_world()->now_ns;
	return true;
}

static void take_response(struct consumer *k, struct cursor c)
{
	bool flex = k->version >= VERSION_FLEXIBLE;
	int32_t correlation = (int32_t)cursor_u32(&c);
	sim_skip_tags(&c, flex);
	cursor_u32(&c);
	int16_t error = 0;
	int32_t session_id = 0;
	if (k->version >= SESSIONS_SINCE) {
		error = (int16_t)cursor_u16(&c);
		session_id = (int32_t)cursor_u32(&c);
	}
	int64_t topics = sim_get_count(&c, flex);
	bool is_over = is_without_session(k, error);
	if (c.bad || !k->is_waiting || correlation != k->correlation || (error && !is_over) ||
	    (topics == 0 && !is_incremental(k)))
		sim_fail("consumer %u: response %d (version %d), error %d", k->client.id,
			 correlation, k->version, error);
	k->session_id = session_id;
	for (int64_t i = 0; i < topics && !c.bad; i++)
		take_topic(k, &c, i == 0, topics);
	sim_skip_tags(&c, flex);
	if (c.bad || cursor_left(&c))
		sim_fail("consumer %u: %zu bytes behind the response of version %d",
			 k->client.id, cursor_left(&c), k->version);
	k->is_waiting = false;
	sim_say("consumer %u: fetch took %.3f ms", k->client.id,
		(double)(sim_world()->now_ns - k->asked_ns) / NS_PER_MS);
}

/* What it has been given is due no more; what is durable by now is. */
static void look_what_is_due(struct consumer *k)
{
	uint64_t now_ns = sim_world()->now_ns;
	if (now_ns < k->look_ns || !is_of_events(k))
		return;
	k->look_ns = now_ns + LOOK_NS;
	for (int32_t p = 0; p < SIM_EVENTS_PARTITIONS; p++) {
		struct due_records *due = &k->due[p];
		if (k->offsets[p] >= due->end)
			*due = (struct due_records){
				history_durable_end(sim_world()->history, k->topic, p), now_ns};
	}
}

static bool has_all(const struct consumer *k)
{
	for (int32_t p = 0; p < SIM_EVENTS_PARTITIONS && is_of_events(k); p++)
		if (k->offsets[p] < history_durable_end(sim_world()->history, k->topic, p))
			return false;
	return true;
}

static void consumer_turn(struct sim_client *c)
{
	struct consumer *k = consumer_of(c);
	struct sim_buffer *in = &c->tcp.in;
	if (sim_world()->now_ns < k->deaf_until_ns && !c->is_quitting) {
		/* With a window that is shut it holds what others may want. */
		c->may_be_closed |= c->tcp.open_window < SHUT_BYTES;
		return;
	}
	look_what_is_due(k);
	for (size_t n; (n = sim_response_bytes(in->bytes, in->size)) > 0;) {
		take_response(k, cursor_of(in->bytes + 4, n - 4));
		sim_buffer_eat(in, n);
		c->next_ns = sim_world()->now_ns + rng_below(&sim_world()->rng, 2 * FETCH_NS);
	}
	bool is_due = sim_world()->now_ns >= c->next_ns;
	/* What sends it on is its answer: time may pass at once until then. */
	if (is_due && k->is_waiting)
		c->next_ns = UINT64_MAX;
	if (!is_due || k->is_waiting || c->tcp.wants_fin || (c->is_quitting && has_all(k)))
		return;
	send_fetch(k);
	if (rng_one_in(&sim_world()->rng, 30)) {
		k->deaf_until_ns =
			sim_world()->now_ns + rng_below(&sim_world()->rng, 2 * DEAF_NS);
		c->next_ns = k->deaf_until_ns;
	}
}

static void consumer_lost(struct sim_client *c)
{
	struct consumer *k = consumer_of(c);
	k->is_waiting = false;
	k->deaf_until_ns = 0;
	/* Or it tries whether its session is known, if it has not left that. */
	if (!is_incremental(k) || rng_one_in(&sim_world()->rng, 2))
		k->session_id = 0;
}

static bool consumer_is_idle(const struct sim_client *c)
{
	const struct consumer *k = container_of(c, const struct consumer, client);
	return !k->is_waiting && has_all(k);
}

/* For records, which only come while it is connected and asks. */
static uint64_t records_due_ns(const struct consumer *k)
{
	uint64_t since_ns = UINT64_MAX;
	for (unsigned p = 0; p < SIM_EVENTS_PARTITIONS; p++)
		if (k->offsets[p] < k->due[p].end)
			since_ns = min_u64(since_ns, k->due[p].since_ns);
	return max_u64(since_ns, k->client.opened_ns);
}

/* For an answer, or for records. While it is deaf it waits for nothing. */
static uint64_t consumer_asked_ns(const struct sim_client *c)
{
	const struct consumer *k = container_of(c, const struct consumer, client);
	uint64_t answer_ns = k->is_waiting ? k->asked_ns + k->wait_ns : UINT64_MAX;
	return max_u64(min_u64(answer_ns, records_due_ns(k)), k->deaf_until_ns);
}

static void consumer_destroy(struct sim_client *c)
{
	free(consumer_of(c)->scratch);
}

static const struct sim_client_ops consumer_ops = {
	.turn = consumer_turn,
	.lost = consumer_lost,
	.is_idle = consumer_is_idle,
	.asked_ns = consumer_asked_ns,
	.destroy = consumer_destroy,
};

struct sim_client *sim_consumer_create(const char *topic)
{
	struct consumer *k = calloc(1, sizeof *k);
	require(k);
	k->client.ops = &consumer_ops;
	k->client.is_reader = true;
	k->topic = topic;
	k->scratch = malloc(SIM_REQUEST_BYTES_MAX);
	require(k->scratch);
	return &k->client;
}
