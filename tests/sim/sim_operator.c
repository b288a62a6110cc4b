/* sim_operator.c - topics made, grown and deleted under load, failed partitions reopened; see
 * sim_operator.h. */
#include "tests/sim/sim_operator.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"

#include <stdlib.h>

#define OPERATION_NS (60 * NS_PER_MS)
/* How often it looks for partitions that have failed, of which some are reopened at a time. */
#define REOPEN_NS (10 * NS_PER_MS)
enum { REOPENED_AT_ONCE = 4 };

struct sim_operator {
	struct registry *registry;
	uint64_t next_ns;
	bool is_stopped;
	bool is_waiting;
	/* What it waits for. */
	const char *topic;
	uint32_t before, after; /* partitions; 0: no topic */
	bool is_fleeting;       /* it is that topic's */
	uint64_t reopen_ns; /* the next look */
	bool is_reopening;  /* beside all else */
};

/* Listeners' topics, made at every start where they are missing. */
enum { NUM_PARTITIONS = 4 };

static const char *const listener_topics[] = {SIM_TOPIC_VEHICLES, SIM_TOPIC_PLATFORM,
					      SIM_TOPIC_DATAGRAMS};

static void plan_next(struct sim_operator *o)
{
	o->next_ns = sim_world()->now_ns + rng_below(&sim_world()->rng, 2 * OPERATION_NS);
}

struct sim_operator *sim_operator_create(struct registry *registry)
{
	struct sim_operator *o = calloc(1, sizeof *o);
	require(o);
	o->registry = registry;
	plan_next(o);
	o->reopen_ns = sim_world()->now_ns + REOPEN_NS;
	return o;
}

/* 0: there is none. */
static uint32_t partitions_of(const struct registry *registry, const char *name)
{
	struct bytes bytes = {(const uint8_t *)name, strlen(name)};
	const struct registry_topic *t = registry_find(registry, bytes);
	return t ? t->topic.partitions : 0;
}

static void begin(struct sim_operator *o, const char *topic, uint32_t partitions)
{
	struct history *h = sim_world()->history;
	o->topic = topic;
	o->before = partitions_of(o->registry, topic);
	o->after = partitions;
	history_topic_asked(h, topic, partitions);
	o->is_fleeting = strcmp(topic, SIM_TOPIC_FLEETING) == 0;
	if (o->is_fleeting && partitions == 0)
		history_deleting(h);
	sim_say("operator: %s from %u to %u partitions", topic, o->before, o->after);
}

static void operation_done(void *owner, const struct registry_result *result)
{
	struct sim_operator *o = owner;
	struct world *w = sim_world();
	bool is_excused = sim_fs_failures(w->fs) || sim_fs_control_failures(w->fs);
	if (result->error && !is_excused)
		sim_fail("operator: error %d: %s", result->error, result->message);
	uint32_t due = result->error ? o->before : o->after;
	uint32_t now = partitions_of(o->registry, o->topic);
	/* A change may fail so that only the next start can tell: nobody is served until then. */
	bool is_unsure = result->error && now == 0;
	if (now != due && !(is_unsure && o->after == 0))
		sim_fail("operator: error %d, and %s has not %u partitions", result->error,
			 o->topic, due);
	if (!result->error)
		history_topic_is(w->history, o->topic, o->after);
	if (o->is_fleeting && history_is_deleting(w->history) && !is_unsure)
		(result->error ? history_not_deleted : history_deleted)(w->history);
	o->is_waiting = false;
	plan_next(o);
}

/* Makes the topic, or deletes it when there is one. */
static void make_or_delete(struct sim_operator *o, const char *name)
{
	struct registry_request r = {
		.name = name, .replication_factor = 1, .done = operation_done, .owner = o};
	if (!partitions_of(o->registry, name)) {
		r.partitions = 1 + (int32_t)rng_below(&sim_world()->rng, SIM_EVENTS_PARTITIONS);
		begin(o, name, (uint32_t)r.partitions);
		registry_create_topic(o->registry, &r);
		return;
	}
	begin(o, name, 0);
	registry_delete_topic(o->registry, &r);
}

static void grow(struct sim_operator *o, const char *name)
{
	uint32_t partitions = partitions_of(o->registry, name);
	if (partitions == 0 || partitions >= SIM_PARTITIONS_MAX) {
		o->is_waiting = false;
		plan_next(o);
		return;
	}
	struct registry_request r = {.name = name,
				     .partitions = (int32_t)partitions + 1,
				     .done = operation_done,
				     .owner = o};
	begin(o, name, partitions + 1);
	registry_alter_topic(o->registry, &r);
}

/* ---- partitions that have failed ---------------------------------------------------------- */

/* A disk that goes on failing has them stay as they are. */
static void reopened(void *owner, const struct registry_result *result)
{
	struct sim_operator *o = owner;
	struct world *w = sim_world();
	bool is_excused = sim_fs_failures(w->fs) || sim_fs_control_failures(w->fs);
	for (uint32_t i = 0; i < result->part_count; i++) {
		const struct registry_part *part = &result->parts[i];
		if ((result->error || part->error) && !is_excused)
			sim_fail("operator: a partition is not reopened: %s",
				 part->message ? part->message : result->message);
		sim_say("operator: partition %u reopened: error %d %s", part->partition,
			result->error ? result->error : part->error,
			part->message ? part->message : "");
	}
	o->is_reopening = false;
	o->reopen_ns = w->now_ns + REOPEN_NS;
}

static uint32_t find_failed(const struct registry *r, struct registry_part *parts, uint32_t max)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < registry_count(r); i++) {
		const struct registry_topic *t = registry_at(r, i);
		for (uint32_t p = 0; p < t->topic.partitions && count < max; p++) {
			if (!registry_has_failed(r, t, p))
				continue;
			parts[count] = (struct registry_part){.partition = p};
			memcpy(parts[count++].topic_id, t->topic.id, sizeof parts->topic_id);
		}
	}
	return count;
}

static void reopen(struct sim_operator *o)
{
	struct registry_part parts[REOPENED_AT_ONCE];
	struct world *w = sim_world();
	if (o->is_stopped || o->is_reopening || w->now_ns < o->reopen_ns)
		return;
	uint32_t count = find_failed(o->registry, parts, array_len(parts));
	o->reopen_ns = w->now_ns + REOPEN_NS;
	o->is_reopening = count > 0;
	if (o->is_reopening)
		registry_send(o->registry, REGISTRY_REOPEN, parts, count, reopened, o);
}

/* ---- its turns ---------------------------------------------------------------------------- */

void sim_operator_stop(struct sim_operator *o)
{
	if (o)
		o->is_stopped = true;
}

uint64_t sim_operator_next_ns(const struct sim_operator *o)
{
	return !o || o->is_stopped || o->is_waiting ? UINT64_MAX : o->next_ns;
}

void sim_operator_turn(struct sim_operator *o)
{
	static const char *const growing[] = {SIM_TOPIC_EVENTS, SIM_TOPIC_VEHICLES,
					      SIM_TOPIC_PLATFORM};
	struct rng *rng = &sim_world()->rng;
	reopen(o);
	if (o->is_stopped || o->is_waiting || sim_world()->now_ns < o->next_ns)
		return;
	o->is_waiting = true;
	if (rng_one_in(rng, 4))
		grow(o, growing[rng_below(rng, array_len(growing))]);
	else if (rng_one_in(rng, 3))
		make_or_delete(o, SIM_TOPIC_DATAGRAMS);
	else
		make_or_delete(o, SIM_TOPIC_FLEETING);
}

void sim_operator_check(const struct registry *registry)
{
	static const char *const others[] = {SIM_TOPIC_EVENTS, SIM_TOPIC_FLEETING};
	struct history *h = sim_world()->history;
	for (unsigned i = 0; i < array_len(others); i++)
		history_topic_found(h, others[i], partitions_of(registry, others[i]));
	for (unsigned i = 0; i < array_len(listener_topics); i++) {
		uint32_t partitions = partitions_of(registry, listener_topics[i]);
		if (partitions == NUM_PARTITIONS && history_topic_may_be(h, listener_topics[i], 0))
			history_topic_is(h, listener_topics[i], partitions);
		history_topic_found(h, listener_topics[i], partitions);
	}
	bool is_there = partitions_of(registry, SIM_TOPIC_FLEETING) > 0;
	if (history_is_deleting(h))
		(is_there ? history_not_deleted : history_deleted)(h);
}
