/* kafka_parked.c - topics asked for on behalf of parked requests, and what became of each; see
 * kafka_parked.h. */
#include "control/kafka/kafka_parked.h"
#include "control/kafka/kafka_handlers.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

/* One topic being created; the request that asked first has had it begun. */
struct creation {
	struct list node; /* its bucket */
	struct list waits; /* struct kafka_creation_wait.node */
	struct kafka_creations *creations;
	size_t name_bytes;
	char name[TOPIC_NAME_BYTES_MAX + 1];
};

void kafka_creations_init(struct kafka_creations *c, struct registry *registry,
			  struct parking *parking)
{
	*c = (struct kafka_creations){.registry = registry, .parking = parking};
	for (unsigned i = 0; i < CREATION_BUCKETS; i++)
		list_init(&c->buckets[i]);
	list_init(&c->ready);
}

/* ---- one topic -------------------------------------------------------------------------- */

static struct list *bucket_of(struct kafka_creations *c, struct bytes name)
{
	return &c->buckets[murmur2(name.data, name.size) % CREATION_BUCKETS];
}

static struct creation *creation_find(struct kafka_creations *c, struct bytes name)
{
	const struct list *bucket = bucket_of(c, name);
	list_for_each(node, bucket) {
		struct creation *creation = list_entry(node, struct creation, node);
		if (creation->name_bytes == name.size &&
		    memcmp(creation->name, name.data, name.size) == 0)
			return creation;
	}
	return NULL;
}

static void parked_done(struct kafka_creations *c, struct kafka_parked *k)
{
	require(k->outstanding > 0);
	if (--k->outstanding == 0)
		list_append(&c->ready, &k->waiting.node);
}

/* The registry's job is over: all who wait for the topic hear of it. */
static void created(void *owner, const struct registry_result *result)
{
	struct creation *creation = owner;
	struct kafka_creations *c = creation->creations;
	if (result->error == KAFKA_ERROR_POLICY_VIOLATION)
		creation_quota_table_full(&c->quota, clock_now_ns());
	for (struct list *n; (n = list_take_first(&creation->waits));) {
		struct kafka_creation_wait *w = list_entry(n, struct kafka_creation_wait, node);
		w->error = result->error;
		parked_done(c, w->parked);
	}
	list_remove(&creation->node);
	c->count--;
	free(creation);
}

/* Null: as many as there may be topics are under way, or there is no memory. */
static struct creation *creation_begin(struct kafka_creations *c, struct bytes name)
{
	require(name.size <= TOPIC_NAME_BYTES_MAX);
	struct creation *creation = c->count < TOPICS_MAX ? calloc(1, sizeof *creation) : NULL;
	if (!creation)
		return NULL;
	creation->creations = c;
	creation->name_bytes = name.size;
	memcpy(creation->name, name.data, name.size);
	list_init(&creation->waits);
	list_append(bucket_of(c, name), &creation->node);
	c->count++;
	struct registry_request request = {.name = creation->name, .partitions = -1,
					   .replication_factor = -1, .is_automatic = true,
					   .done = created, .owner = creation};
	registry_create_topic(c->registry, &request);
	return creation;
}

/* ---- one request ------------------------------------------------------------------------ */

/* Whoever asks while a topic is being created waits for that, and begins nothing. */
static void wait_begin(struct kafka_creations *c, struct kafka_parked *k, struct bytes name)
{
	struct kafka_creation_wait *w = &k->waits[k->count++];
	struct creation *creation = creation_find(c, name);
	*w = (struct kafka_creation_wait){.parked = k, .name = name};
	list_init(&w->node);
	if (!creation)
		creation = creation_begin(c, name);
	if (!creation)
		return;
	list_append(&creation->waits, &w->node);
	k->outstanding++;
}

bool kafka_may_create(struct kafka_creations *c, const struct kafka_request *r,
		      struct bytes name)
{
	return creation_find(c, name) ||
	       creation_quota_take(&c->quota, r->call->source, clock_now_ns());
}

/* The count of what is outstanding begins with one of its own, so that a request for which
 * nothing could be begun is answered as well. */
bool kafka_park(struct kafka_creations *c, const struct kafka_request *r,
		const struct bytes *names, unsigned count)
{
	require(count <= KAFKA_CREATIONS_MAX);
	size_t head = sizeof(struct kafka_parked) + count * sizeof(struct kafka_creation_wait);
	struct kafka_parked *k = kafka_waiting_take(c->parking, r, head);
	if (!k)
		return false;
	k->waiting.parked_for = k;
	k->outstanding = 1;
	for (unsigned i = 0; i < count; i++)
		wait_begin(c, k, kafka_waiting_name(&k->waiting, r, names[i]));
	parked_done(c, k);
	return true;
}

struct kafka_waiting *kafka_parked_next(struct kafka_creations *c)
{
	struct list *n = list_take_first(&c->ready);
	return n ? list_entry(n, struct kafka_waiting, node) : NULL;
}

/* Found by halving: Metadata sorts the names before it parks (by_id_and_name()). */
int16_t kafka_parked_error(const struct kafka_parked *k, struct bytes name)
{
	unsigned from = 0, to = k->count;
	while (from < to) {
		const struct kafka_creation_wait *w = &k->waits[(from + to) / 2];
		int order = kafka_name_order(name, w->name);
		if (order == 0)
			return w->error;
		if (order < 0)
			to = (from + to) / 2;
		else
			from = (from + to) / 2 + 1;
	}
	return KAFKA_ERROR_NONE;
}
