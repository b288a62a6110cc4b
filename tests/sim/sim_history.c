/* sim_history.c - what clients were promised, held against what the files say; see
 * sim_history.h. Reading the files is sim_checker.c's. */
#include "tests/sim/sim_history.h"
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_kept.h"
#include "tests/sim/sim_start.h"

enum { TOPIC_BYTES = 32, NAMES_MAX = 8 };

enum fate { FATE_UNKNOWN, FATE_ACKED, FATE_REFUSED, FATE_DELETED };

struct promise {
	uint8_t fate;
	uint8_t level;
	uint32_t connection;
	uint32_t powers;     /* power losses before the acknowledgement */
	uint32_t deletions;  /* of its topic, before it was sent */
	char topic[TOPIC_BYTES];
	int32_t partition;
	int64_t offset;      /* promised; -1: none */
	/* Of the check under way. */
	uint32_t round;
	int64_t found_offset;
	int32_t found_partition;
};

struct client_history {
	struct promise *promises;
	uint32_t count, capacity;
	uint32_t calm; /* the first record sent in calm weather */
};

struct sighting {
	char topic[TOPIC_BYTES];
	int32_t partition;
	int64_t offset;
	uint32_t client, seq;
	uint32_t deletions;
};

/* How many partitions a topic may have, by what was asked and answered: a bit each. */
struct topic_promise {
	char name[TOPIC_BYTES];
	uint32_t may_be;
};

struct history {
	struct client_history clients[SIM_CLIENTS_MAX];
	struct topic_promise topics[NAMES_MAX];
	unsigned topic_count;
	struct sighting *sightings;
	size_t sighting_count, sighting_capacity;
	uint32_t powers;
	uint32_t deletions; /* of the fleeting topic: begun or over */
	bool is_deleting;
	uint32_t round;
	uint64_t acks;
	int64_t events_ends[SIM_PARTITIONS_MAX]; /* behind what was told as durable */
	int64_t *ids; /* of producers */
	size_t id_count, id_capacity;
	struct kept *kept;
};

struct history *history_create(const char *log_dir)
{
	struct history *h = calloc(1, sizeof *h);
	require(h);
	h->kept = kept_create(log_dir);
	return h;
}

void history_destroy(struct history *h)
{
	for (unsigned c = 0; c < SIM_CLIENTS_MAX; c++)
		free(h->clients[c].promises);
	free(h->sightings);
	free(h->ids);
	kept_destroy(h->kept);
	free(h);
}

size_t sim_value(uint32_t client, uint32_t seq, uint8_t *ret)
{
	struct rng r = {(uint64_t)client << 32 | seq};
	size_t size = SIM_VALUE_BYTES_MIN;
	/* Mostly small; some longer than a segment of TCP, or in fragments. */
	size_t max = client < SIM_DATAGRAM_CLIENTS ? SIM_VALUE_BYTES_MAX : SIM_DATAGRAM_BYTES_MAX;
	size += rng_below(&r, rng_one_in(&r, 10) ? max - size : 200);
	be32_store(ret, client);
	be32_store(ret + 4, seq);
	for (size_t i = SIM_VALUE_BYTES_MIN; i < size; i++)
		ret[i] = rng_one_in(&r, 20) ? 0x23 : (uint8_t)rng_next(&r);
	return size;
}

uint32_t sim_key(uint32_t seq)
{
	enum { KEYS = 5 };
	return seq % KEYS;
}

static struct promise *promise_of(struct history *h, uint32_t client, uint32_t seq)
{
	if (client >= SIM_CLIENTS_MAX || seq >= h->clients[client].count)
		return NULL;
	return &h->clients[client].promises[seq];
}

uint32_t history_sent(struct history *h, uint32_t client, uint32_t connection,
		      const char *topic, int32_t partition)
{
	struct client_history *c = &h->clients[client];
	if (c->count == c->capacity) {
		c->capacity = c->capacity ? 2 * c->capacity : 256;
		c->promises = realloc(c->promises, c->capacity * sizeof *c->promises);
		require(c->promises);
	}
	struct promise *p = &c->promises[c->count];
	*p = (struct promise){.connection = connection,
			      .partition = partition,
			      .offset = -1,
			      .deletions = h->deletions};
	snprintf(p->topic, sizeof p->topic, "%s", topic);
	return c->count++;
}

static bool is_fleeting(const char *topic)
{
	return strcmp(topic, SIM_TOPIC_FLEETING) == 0;
}

static bool is_events(const char *topic)
{
	return strcmp(topic, SIM_TOPIC_EVENTS) == 0;
}

/* Its topic was deleted, or is being deleted, since it was sent or asked for. */
static bool may_be_deleted(const struct history *h, const char *topic, uint32_t deletions)
{
	return is_fleeting(topic) && (h->is_deleting || deletions != h->deletions);
}

/* It was too old, or one too many: of that topic. */
static bool may_be_expired(const char *topic, int32_t partition, int64_t offset)
{
	return sim_world()->retention_bytes && is_events(topic) && offset >= 0 &&
	       offset < sim_log_start(topic, partition);
}

/* In place of what is not there any more a later record of its key is, in the same partition. */
static bool is_superseded(const struct history *h, uint32_t client, uint32_t seq,
			  int32_t partition, int64_t offset)
{
	const struct client_history *c = &h->clients[client];
	for (uint32_t s = 0; s < c->count; s++) {
		const struct promise *p = &c->promises[s];
		if (sim_key(s) == sim_key(seq) && p->round == h->round && is_events(p->topic) &&
		    p->found_partition == partition && p->found_offset > offset)
			return true;
	}
	return false;
}

static bool may_be_compacted(const char *topic)
{
	return sim_world()->compacts && is_events(topic);
}

void history_acked(struct history *h, uint32_t client, uint32_t seq, enum ack_level level,
		   int64_t offset)
{
	struct promise *p = promise_of(h, client, seq);
	require(p && p->fate == FATE_UNKNOWN);
	p->fate = FATE_ACKED;
	p->level = (uint8_t)level;
	p->powers = h->powers;
	p->offset = offset;
	h->acks++;
	if (level == ACK_DURABLE && is_events(p->topic) &&
	    offset >= h->events_ends[p->partition])
		h->events_ends[p->partition] = offset + 1;
	/* What is sent again may have been answered before, and deleted or compacted away since. */
	if (level == ACK_DURABLE && !may_be_deleted(h, p->topic, p->deletions) &&
	    !may_be_expired(p->topic, p->partition, offset) && !may_be_compacted(p->topic) &&
	    !kept_has_record(h->kept, p->topic, client, seq))
		sim_fail("record %u/%u of %s-%d, offset %lld, is answered as durable; a power "
			 "cut now would take it",
			 client, seq, p->topic, p->partition, (long long)offset);
}

void history_refused(struct history *h, uint32_t client, uint32_t seq)
{
	struct promise *p = promise_of(h, client, seq);
	require(p && p->fate == FATE_UNKNOWN);
	p->fate = FATE_REFUSED;
}

void history_seen(struct history *h, const struct history_sight *seen)
{
	if (h->sighting_count == h->sighting_capacity) {
		h->sighting_capacity = h->sighting_capacity ? 2 * h->sighting_capacity : 256;
		h->sightings =
			realloc(h->sightings, h->sighting_capacity * sizeof *h->sightings);
		require(h->sightings);
	}
	struct sighting *s = &h->sightings[h->sighting_count++];
	*s = (struct sighting){.partition = seen->partition,
			       .offset = seen->offset,
			       .client = seen->client,
			       .seq = seen->seq,
			       .deletions = seen->asked};
	snprintf(s->topic, sizeof s->topic, "%s", seen->topic);
	if (!may_be_deleted(h, seen->topic, seen->asked) &&
	    !may_be_expired(seen->topic, seen->partition, seen->offset) &&
	    !may_be_compacted(seen->topic) &&
	    !kept_has_record(h->kept, seen->topic, seen->client, seen->seq))
		sim_fail("a consumer is given record %u/%u; a power cut now would take it",
			 seen->client, seen->seq);
}

void history_id_given(struct history *h, int64_t id)
{
	for (size_t i = 0; i < h->id_count; i++)
		if (h->ids[i] == id)
			sim_fail("producer id %lld is given twice", (long long)id);
	if (h->id_count == h->id_capacity) {
		h->id_capacity = h->id_capacity ? 2 * h->id_capacity : 256;
		h->ids = realloc(h->ids, h->id_capacity * sizeof *h->ids);
		require(h->ids);
	}
	h->ids[h->id_count++] = id;
}

void history_high_watermark(struct history *h, const char *topic, int32_t partition,
			    int64_t offset, uint32_t asked)
{
	/* While a file's name changes there is no name that is sure to be there. */
	if (may_be_deleted(h, topic, asked) || may_be_compacted(topic))
		return;
	int64_t end = kept_end(h->kept, topic, partition);
	if (offset > end)
		sim_fail("%s-%d: high watermark %lld; a power cut now would leave %lld", topic,
			 partition, (long long)offset, (long long)end);
}

int64_t history_durable_end(struct history *h, const char *topic, int32_t partition)
{
	return kept_end(h->kept, topic, partition);
}

int64_t history_acked_end(const struct history *h, const char *topic, int32_t partition)
{
	require(partition >= 0 && partition < SIM_PARTITIONS_MAX);
	return is_events(topic) ? h->events_ends[partition] : 0;
}

void history_begins(struct history *h)
{
	kept_forget(h->kept);
}

void history_deleting(struct history *h)
{
	h->deletions++;
	h->is_deleting = true;
}

static void deletion_over(struct history *h, void (*tell)(struct history *h, struct promise *p))
{
	h->deletions++;
	h->is_deleting = false;
	for (uint32_t c = 0; c < SIM_CLIENTS_MAX; c++)
		for (uint32_t seq = 0; seq < h->clients[c].count; seq++) {
			struct promise *p = &h->clients[c].promises[seq];
			if (p->fate == FATE_ACKED && is_fleeting(p->topic))
				tell(h, p);
		}
}

static void is_deleted(struct history *h, struct promise *p)
{
	p->fate = FATE_DELETED;
}

static void still_holds(struct history *h, struct promise *p)
{
	/* Of an earlier topic of that name: its answer came late. */
	if (p->deletions + 2 < h->deletions)
		return;
	p->deletions = h->deletions;
}

void history_deleted(struct history *h)
{
	deletion_over(h, is_deleted);
}

void history_not_deleted(struct history *h)
{
	deletion_over(h, still_holds);
}

bool history_is_deleting(const struct history *h)
{
	return h->is_deleting;
}

uint32_t history_deletions(const struct history *h)
{
	return h->deletions;
}

static struct topic_promise *topic_of(struct history *h, const char *name)
{
	for (unsigned i = 0; i < h->topic_count; i++)
		if (strcmp(h->topics[i].name, name) == 0)
			return &h->topics[i];
	require(h->topic_count < NAMES_MAX);
	struct topic_promise *t = &h->topics[h->topic_count++];
	*t = (struct topic_promise){.may_be = UINT32_MAX};
	snprintf(t->name, sizeof t->name, "%s", name);
	return t;
}

void history_topic_asked(struct history *h, const char *topic, uint32_t partitions)
{
	topic_of(h, topic)->may_be |= 1u << partitions;
}

void history_topic_is(struct history *h, const char *topic, uint32_t partitions)
{
	topic_of(h, topic)->may_be = 1u << partitions;
}

bool history_topic_may_be(struct history *h, const char *topic, uint32_t partitions)
{
	return topic_of(h, topic)->may_be >> partitions & 1;
}

void history_topic_found(struct history *h, const char *topic, uint32_t partitions)
{
	if (!history_topic_may_be(h, topic, partitions))
		sim_fail("topic %s is found with %u partitions: nobody was told so, or asked "
			 "for it",
			 topic, partitions);
	history_topic_is(h, topic, partitions);
}

void history_power_lost(struct history *h)
{
	h->powers++;
}

/* One record as the files have it. */
static void found(void *arg, const struct found_record *r)
{
	struct history *h = arg;
	uint8_t expected[SIM_DATAGRAM_BYTES_MAX];
	struct promise *p = promise_of(h, r->client, r->seq);
	if (!p)
		sim_fail("%s-%d @%lld: record %u/%u was never sent", r->topic, r->partition,
			 (long long)r->offset, r->client, r->seq);
	size_t size = sim_value(r->client, r->seq, expected);
	if (size != r->value.size || memcmp(expected, r->value.data, size))
		sim_fail("%s-%d @%lld: bytes of record %u/%u differ", r->topic, r->partition,
			 (long long)r->offset, r->client, r->seq);
	if (p->round == h->round && r->client < SIM_DATAGRAM_CLIENTS)
		sim_fail("record %u/%u is stored twice: @%lld and @%lld", r->client, r->seq,
			 (long long)p->found_offset, (long long)r->offset);
	if (strcmp(p->topic, r->topic) || (p->partition >= 0 && p->partition != r->partition))
		sim_fail("record %u/%u sent to %s-%d lies in %s-%d", r->client, r->seq,
			 p->topic, p->partition, r->topic, r->partition);
	if (p->fate == FATE_REFUSED)
		sim_fail("record %u/%u was refused and is stored @%lld", r->client, r->seq,
			 (long long)r->offset);
	if (p->fate == FATE_DELETED)
		sim_fail("record %u/%u was deleted with its topic and is back @%lld", r->client,
			 r->seq, (long long)r->offset);
	p->round = h->round;
	p->found_offset = r->offset;
	p->found_partition = r->partition;
}

static void check_promise(struct history *h, uint32_t client, uint32_t seq,
			  const struct promise *p)
{
	if (p->fate != FATE_ACKED)
		return;
	bool is_here = p->round == h->round;
	if (!is_here && p->level == ACK_WRITTEN && p->powers != h->powers)
		return;
	if (!is_here && (may_be_deleted(h, p->topic, p->deletions) ||
			 may_be_expired(p->topic, p->partition, p->offset)))
		return;
	if (!is_here && may_be_compacted(p->topic) &&
	    is_superseded(h, client, seq, p->partition, p->offset))
		return;
	if (!is_here)
		sim_fail("record %u/%u was acknowledged (%s, offset %lld) and is lost", client,
			 seq, p->level == ACK_DURABLE ? "durable" : "written",
			 (long long)p->offset);
	if (p->offset >= 0 && p->offset != p->found_offset &&
	    !may_be_deleted(h, p->topic, p->deletions))
		sim_fail("record %u/%u was promised @%lld and lies @%lld", client, seq,
			 (long long)p->offset, (long long)p->found_offset);
}

/* Arrival order of one connection is log order in each partition. */
static void check_order(struct history *h, uint32_t client)
{
	const struct client_history *c = &h->clients[client];
	enum { PARTITIONS = 16 };
	int64_t last[2 * PARTITIONS];
	uint32_t connection = UINT32_MAX;
	for (uint32_t seq = 0; seq < c->count; seq++) {
		const struct promise *p = &c->promises[seq];
		if (p->connection != connection) {
			connection = p->connection;
			for (unsigned i = 0; i < 2 * PARTITIONS; i++)
				last[i] = -1;
		}
		if (p->round != h->round)
			continue;
		require(p->found_partition < PARTITIONS);
		int64_t *before = &last[p->found_partition];
		if (is_fleeting(p->topic))
			before += PARTITIONS;
		if (p->found_offset <= *before)
			sim_fail("record %u/%u @%lld overtook its predecessor @%lld", client, seq,
				 (long long)p->found_offset, (long long)*before);
		*before = p->found_offset;
	}
}

void history_check(struct history *h, const char *log_dir, bool is_stopped)
{
	h->round++;
	checker_read(log_dir, is_stopped ? CHECKER_STOPPED : CHECKER_CRASHED, found, h);
	for (uint32_t c = 0; c < SIM_CLIENTS_MAX; c++) {
		for (uint32_t seq = 0; seq < h->clients[c].count; seq++)
			check_promise(h, c, seq, &h->clients[c].promises[seq]);
		if (c < SIM_DATAGRAM_CLIENTS)
			check_order(h, c);
	}
	for (size_t i = 0; i < h->sighting_count; i++) {
		const struct sighting *s = &h->sightings[i];
		const struct promise *p = promise_of(h, s->client, s->seq);
		if (may_be_deleted(h, s->topic, s->deletions) ||
		    may_be_expired(s->topic, s->partition, s->offset))
			continue;
		if (may_be_compacted(s->topic) && p && p->round != h->round &&
		    is_superseded(h, s->client, s->seq, s->partition, s->offset))
			continue;
		if (!p || p->round != h->round || p->found_offset != s->offset ||
		    p->found_partition != s->partition)
			sim_fail("a consumer saw record %u/%u at %s-%d @%lld; it is not there",
				 s->client, s->seq, s->topic, s->partition,
				 (long long)s->offset);
	}
}

void history_calm(struct history *h)
{
	for (uint32_t c = 0; c < SIM_CLIENTS_MAX; c++)
		h->clients[c].calm = h->clients[c].count;
}

void history_check_calm(const struct history *h)
{
	for (uint32_t c = SIM_DATAGRAM_CLIENTS; c < SIM_CLIENTS_MAX; c++) {
		const struct client_history *client = &h->clients[c];
		for (uint32_t seq = client->calm; seq < client->count; seq++)
			if (client->promises[seq].round != h->round)
				sim_fail("datagram %u/%u was neither stored nor shed", c, seq);
	}
}

uint64_t history_records(const struct history *h)
{
	uint64_t n = 0;
	for (uint32_t c = 0; c < SIM_CLIENTS_MAX; c++)
		n += h->clients[c].count;
	return n;
}

uint64_t history_acks(const struct history *h)
{
	return h->acks;
}
