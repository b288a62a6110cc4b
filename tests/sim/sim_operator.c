/* sim_operator.c - topics made, grown and deleted under load; see sim_operator.h. */
#include "tests/sim/sim_operator.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"

#include <stdlib.h>

#define OPERATION_NS (60 * NS_PER_MS)

struct sim_operator {
	struct registry *registry;
	uint64_t next_ns;
	bool is_waiting;
	bool is_deleting_fleeting;
};

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
	return o;
}

static void operation_done(void *owner, const struct registry_result *result)
{
	struct sim_operator *o = owner;
	if (result->error && !sim_fs_failures(sim_world()->fs))
		sim_fail("operator: error %d: %s", result->error, result->message);
	if (o->is_deleting_fleeting && !result->error)
		history_deleted(sim_world()->history);
	o->is_deleting_fleeting = false;
	o->is_waiting = false;
	plan_next(o);
}

static const struct registry_topic *find(const struct sim_operator *o, const char *name)
{
	return registry_find(o->registry, (struct bytes){(const uint8_t *)name, strlen(name)});
}

/* Makes the topic, or deletes it when there is one. */
static void make_or_delete(struct sim_operator *o, const char *name)
{
	struct registry_request r = {
		.name = name, .replication_factor = 1, .done = operation_done, .owner = o};
	if (!find(o, name)) {
		r.partitions = 1 + (int32_t)rng_below(&sim_world()->rng, SIM_EVENTS_PARTITIONS);
		sim_say("operator: makes %s with %d partitions", name, r.partitions);
		registry_create_topic(o->registry, &r);
		return;
	}
	sim_say("operator: deletes %s", name);
	if (strcmp(name, SIM_TOPIC_FLEETING) == 0) {
		o->is_deleting_fleeting = true;
		history_deleting(sim_world()->history);
	}
	registry_delete_topic(o->registry, &r);
}

static void grow(struct sim_operator *o, const char *name)
{
	const struct registry_topic *t = find(o, name);
	if (!t || t->topic.partitions >= SIM_PARTITIONS_MAX) {
		o->is_waiting = false;
		plan_next(o);
		return;
	}
	struct registry_request r = {.name = name,
				     .partitions = (int32_t)t->topic.partitions + 1,
				     .done = operation_done,
				     .owner = o};
	sim_say("operator: %s grows to %d partitions", name, r.partitions);
	registry_alter_topic(o->registry, &r);
}

void sim_operator_turn(struct sim_operator *o)
{
	static const char *const growing[] = {SIM_TOPIC_EVENTS, SIM_TOPIC_VEHICLES,
					      SIM_TOPIC_PLATFORM};
	struct rng *rng = &sim_world()->rng;
	if (o->is_waiting || sim_world()->now_ns < o->next_ns)
		return;
	o->is_waiting = true;
	if (rng_one_in(rng, 4))
		grow(o, growing[rng_below(rng, array_len(growing))]);
	else if (rng_one_in(rng, 3))
		make_or_delete(o, SIM_TOPIC_DATAGRAMS);
	else
		make_or_delete(o, SIM_TOPIC_FLEETING);
}
