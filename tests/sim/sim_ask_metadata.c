/* sim_ask_metadata.c - Metadata by name, by id, of all topics, and to have topics made: what
 * was once said to be there stays there, with its id, and no smaller; see sim_asker.h. */
#include "tests/sim/sim_asker.h"
#include "tests/sim/sim_disk.h"

enum {
	IDS_SINCE = 10,
	NULL_NAME_SINCE = 12,
	CREATION_IS_ASKED_SINCE = 4,
	TOPIC_OPERATIONS_SINCE = 8,
	CLUSTER_OPERATIONS_GONE = 11,
	ERROR_SINCE = 13,
};

static const char invalid_name[] = "no/such";
static const uint8_t no_id[ASKER_UUID_BYTES];
static const uint8_t unknown_id[ASKER_UUID_BYTES] = {0xee, 1, 2, 3};

/* One topic as an answer has it. */
struct told_topic {
	int16_t error;
	struct bytes name;
	const uint8_t *id;
	int64_t partitions;
};

/* ---- asking --------------------------------------------------------------------------- */

static void choose_topic(struct asker *a, struct question *q)
{
	struct rng *rng = &sim_world()->rng;
	struct asker_topic *t = &a->topics[rng_below(rng, ASKER_TOPICS)];
	q->is_creating = q->version < CREATION_IS_ASKED_SINCE || rng_one_in(rng, 3);
	if (rng_one_in(rng, 5))
		return; /* all */
	if (rng_one_in(rng, 8)) {
		q->name = invalid_name;
	} else if (q->version >= NULL_NAME_SINCE && rng_one_in(rng, 6)) {
		q->is_by_id = true; /* one that nobody has */
	} else {
		q->topic = t;
		q->name = t->name;
		q->is_by_id = q->version >= NULL_NAME_SINCE && t->has_id && rng_one_in(rng, 2);
	}
}

static void put_topic(const struct question *q, struct emitter *e)
{
	const uint8_t *id = !q->is_by_id ? no_id : q->topic ? q->topic->id : unknown_id;
	if (q->version >= IDS_SINCE)
		emit_bytes(e, id, ASKER_UUID_BYTES);
	if (q->is_by_id)
		emit_uvarint(e, 0);
	else
		sim_put_string(e, q->name, q->is_flexible);
	sim_put_tags(e, q->is_flexible);
}

static void ask(struct asker *a, struct question *q, struct emitter *e)
{
	choose_topic(a, q);
	if (q->name || q->is_by_id) {
		sim_put_count(e, 1, q->is_flexible);
		put_topic(q, e);
	} else if (q->version == 0) {
		sim_put_count(e, 0, false); /* all; a null list later */
	} else if (q->is_flexible) {
		emit_uvarint(e, 0);
	} else {
		emit_u32(e, UINT32_MAX);
	}
	if (q->version >= CREATION_IS_ASKED_SINCE)
		emit_u8(e, q->is_creating);
	if (q->version >= TOPIC_OPERATIONS_SINCE && q->version < CLUSTER_OPERATIONS_GONE)
		emit_u8(e, 0);
	if (q->version >= TOPIC_OPERATIONS_SINCE)
		emit_u8(e, 0);
	sim_put_tags(e, q->is_flexible);
}

/* ---- reading -------------------------------------------------------------------------- */

static bool is_text(struct bytes b, const char *text)
{
	return b.size == strlen(text) && memcmp(b.data, text, b.size) == 0;
}

static void take_broker(struct asker *a, const struct question *q, struct cursor *c)
{
	int64_t brokers = sim_get_count(c, q->is_flexible);
	int32_t node = (int32_t)cursor_u32(c);
	struct bytes host = sim_get_string(c, q->is_flexible);
	uint32_t port = cursor_u32(c);
	if (q->version >= 1)
		sim_get_string(c, q->is_flexible);
	sim_skip_tags(c, q->is_flexible);
	if (a->node_id < 0)
		a->node_id = node;
	if (brokers != 1 || node < 0 || node != a->node_id || !is_text(host, SIM_ADVERTISED_HOST) ||
	    port != SIM_PORT_KAFKA)
		sim_fail("asker %u: %lld brokers, node %d, port %u", a->client.id,
			 (long long)brokers, node, port);
}

static void take_cluster(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version >= 2) {
		struct bytes id = sim_get_string(c, q->is_flexible);
		if (!a->cluster_id[0] && id.size < sizeof a->cluster_id)
			memcpy(a->cluster_id, id.data, id.size);
		if (!id.size || !is_text(id, a->cluster_id))
			sim_fail("asker %u: another cluster", a->client.id);
	}
	if (q->version >= 1 && (int32_t)cursor_u32(c) != a->node_id)
		sim_fail("asker %u: another controller", a->client.id);
}

/* `expected` of them, or `other`. */
static void take_nodes(const struct asker *a, struct cursor *c, bool flexible, int64_t expected,
		       int64_t other)
{
	int64_t nodes = sim_get_count(c, flexible);
	for (int64_t i = 0; i < nodes && !c->bad; i++)
		if ((int32_t)cursor_u32(c) != a->node_id)
			nodes = -1;
	if (nodes != expected && nodes != other)
		sim_fail("asker %u: replicas of a partition", a->client.id);
}

static void take_partition(const struct asker *a, const struct question *q, struct cursor *c,
			   uint32_t expected)
{
	int16_t error = (int16_t)cursor_u16(c);
	uint32_t index = cursor_u32(c);
	int32_t leader = (int32_t)cursor_u32(c);
	int32_t epoch = q->version >= 7 ? (int32_t)cursor_u32(c) : 0;
	take_nodes(a, c, q->is_flexible, 1, 1);
	take_nodes(a, c, q->is_flexible, 1, 1);
	if (q->version >= 5)
		take_nodes(a, c, q->is_flexible, 0, sim_fs_failures(sim_world()->fs) ? 1 : 0);
	sim_skip_tags(c, q->is_flexible);
	if (error || index != expected || leader != a->node_id || epoch != 0)
		sim_fail("asker %u: partition %u instead of %u, leader %d, error %d",
			 a->client.id, index, expected, leader, error);
}

static struct told_topic take_topic(const struct asker *a, const struct question *q,
				    struct cursor *c)
{
	struct told_topic t = {.error = (int16_t)cursor_u16(c), .id = no_id};
	t.name = sim_get_string(c, q->is_flexible);
	if (q->version >= IDS_SINCE)
		t.id = cursor_take(c, ASKER_UUID_BYTES);
	if (q->version >= 1)
		cursor_u8(c);
	t.partitions = sim_get_count(c, q->is_flexible);
	for (int64_t i = 0; i < t.partitions && !c->bad; i++)
		take_partition(a, q, c, (uint32_t)i);
	if (q->version >= TOPIC_OPERATIONS_SINCE)
		cursor_u32(c);
	sim_skip_tags(c, q->is_flexible);
	return t;
}

/* ---- checking ------------------------------------------------------------------------- */

static void check_known(const struct asker *a, const struct question *q, struct asker_topic *t,
			const struct told_topic *told)
{
	if (told->partitions < t->partitions)
		sim_fail("asker %u: %s had %u partitions and has %lld", a->client.id, t->name,
			 t->partitions, (long long)told->partitions);
	t->partitions = (uint32_t)told->partitions;
	t->is_there = true;
	if (q->version < IDS_SINCE)
		return;
	if (!t->has_id)
		memcpy(t->id, told->id, sizeof t->id);
	t->has_id = true;
	if (memcmp(t->id, told->id, sizeof t->id) != 0 || memcmp(t->id, no_id, sizeof no_id) == 0)
		sim_fail("asker %u: %s has another id", a->client.id, t->name);
}

static int16_t expected_error(const struct question *q)
{
	if (!q->topic)
		return q->is_by_id ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_INVALID_TOPIC;
	return q->topic->is_there || q->is_creating ? 0 : KAFKA_UNKNOWN_TOPIC;
}

static void check_one(const struct asker *a, const struct question *q,
		      const struct told_topic *told)
{
	bool has_name = !q->is_by_id || q->topic;
	if (has_name && !is_text(told->name, q->name))
		sim_fail("asker %u: Metadata of %.*s instead of %s", a->client.id,
			 (int)told->name.size, (const char *)told->name.data, q->name);
	/* What could not be made, or only in part, is not there or is. */
	const struct sim_fs *fs = sim_world()->fs;
	bool has_failed = sim_fs_failures(fs) || sim_fs_control_failures(fs);
	bool may_be_either =
		q->topic && !q->topic->is_there && (told->error == 0 || has_failed);
	if (told->error != expected_error(q) && !may_be_either)
		sim_fail("asker %u: Metadata (version %d) of %s: error %d", a->client.id,
			 q->version, q->name ? q->name : "an unknown id", told->error);
	if (told->error == 0)
		check_known(a, q, q->topic, told);
}

/* Returns the topic's bit. */
static unsigned check_of_all(struct asker *a, const struct question *q,
			     const struct told_topic *told)
{
	if (told->error || told->partitions < 1)
		sim_fail("asker %u: a topic of all has error %d, %lld partitions", a->client.id,
			 told->error, (long long)told->partitions);
	for (unsigned i = 0; i < ASKER_TOPICS; i++) {
		if (!is_text(told->name, a->topics[i].name))
			continue;
		check_known(a, q, &a->topics[i], told);
		return 1u << i;
	}
	return 0;
}

static void check_topics(struct asker *a, const struct question *q, struct cursor *c)
{
	int64_t count = sim_get_count(c, q->is_flexible);
	bool is_one = q->name || q->is_by_id;
	unsigned told = 0;
	if (is_one && count != 1)
		sim_fail("asker %u: Metadata of %lld topics", a->client.id, (long long)count);
	for (int64_t i = 0; i < count && !c->bad; i++) {
		struct told_topic t = take_topic(a, q, c);
		if (c->bad)
			return;
		if (is_one)
			check_one(a, q, &t);
		else
			told |= check_of_all(a, q, &t);
	}
	for (unsigned i = 0; i < ASKER_TOPICS && !is_one; i++)
		if (a->topics[i].is_there && !(told >> i & 1))
			sim_fail("asker %u: %s is not among all topics", a->client.id,
				 a->topics[i].name);
}

static void check(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version >= 3)
		cursor_u32(c);
	take_broker(a, q, c);
	take_cluster(a, q, c);
	check_topics(a, q, c);
	if (q->version >= TOPIC_OPERATIONS_SINCE && q->version < CLUSTER_OPERATIONS_GONE)
		cursor_u32(c);
	if (q->version >= ERROR_SINCE && cursor_u16(c) != 0)
		sim_fail("asker %u: Metadata fails as a whole", a->client.id);
	sim_skip_tags(c, q->is_flexible);
}

const struct question_kind ask_metadata = {
	.api_key = 3,
	.version_max = 13,
	.version_flexible = 9,
	.ask = ask,
	.check = check,
};
