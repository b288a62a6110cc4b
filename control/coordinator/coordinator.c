/* coordinator.c - calls of the pollers in, replies out; see coordinator.h. */
#include "control/coordinator/coordinator.h"
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_service.h"
#include "control/coordinator/producer_ids.h"
#include "control/calls/parking.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/quiescent.h"

#define PUBLISH_INTERVAL_NS NS_PER_MS

struct coordinator {
	struct coordinator_options options;
	struct parking parking;
	struct group_service groups;
	struct producer_ids ids;
	struct stats stats;
	uint64_t published_ns;
	bool is_published; /* nothing has changed since */
	alignas(max_align_t) uint8_t arena[COORDINATOR_ARENA_BYTES];
};

static const kafka_handler handlers[KAFKA_API_ROWS] = {
	[KAFKA_API_ROW_FIND_COORDINATOR] = coordinator_handle_find,
	[KAFKA_API_ROW_JOIN_GROUP] = coordinator_handle_join,
	[KAFKA_API_ROW_SYNC_GROUP] = coordinator_handle_sync,
	[KAFKA_API_ROW_HEARTBEAT] = coordinator_handle_heartbeat,
	[KAFKA_API_ROW_LEAVE_GROUP] = coordinator_handle_leave,
	[KAFKA_API_ROW_OFFSET_COMMIT] = coordinator_handle_commit,
	[KAFKA_API_ROW_OFFSET_FETCH] = coordinator_handle_offset_fetch,
	[KAFKA_API_ROW_OFFSET_DELETE] = coordinator_handle_offset_delete,
	[KAFKA_API_ROW_DESCRIBE_GROUPS] = coordinator_handle_describe_groups,
	[KAFKA_API_ROW_LIST_GROUPS] = coordinator_handle_list_groups,
	[KAFKA_API_ROW_DELETE_GROUPS] = coordinator_handle_delete_groups,
	[KAFKA_API_ROW_INIT_PRODUCER_ID] = coordinator_handle_init_producer_id,
	[KAFKA_API_ROW_LIST_TRANSACTIONS] = coordinator_handle_list_transactions,
	[KAFKA_API_ROW_DESCRIBE_TRANSACTIONS] = coordinator_handle_describe_transactions,
};

struct coordinator *coordinator_create(const struct coordinator_options *options)
{
	struct coordinator *c = map_take(sizeof *c);
	if (!c)
		return NULL;
	c->options = *options;
	parking_init(&c->parking, options->outboxes, options->poller_count);
	producer_ids_init(&c->ids, options->ids, &c->parking, &c->stats);
	if (group_service_init(&c->groups, &c->options, &c->parking, &c->stats,
			       (struct bytes){c->arena, sizeof c->arena}))
		return c;
	map_give(c, sizeof *c);
	return NULL;
}

/* Waiters first: their memory is the parking's. */
void coordinator_destroy(struct coordinator *c)
{
	if (!c)
		return;
	group_service_fini(&c->groups);
	parking_fini(&c->parking);
	map_give(c, sizeof *c);
}

/* ---- a turn ----------------------------------------------------------------------------- */

static enum kafka_outcome handle(struct kafka_request *r)
{
	kafka_handler handler = handlers[r->row - kafka_api_rows];
	return handler ? handler(r) : KAFKA_CLOSE;
}

/* The reply is on the heap by the time that the arena is others'. */
static void serve(void *server, struct handoff *handoff, struct call_msg *call)
{
	struct coordinator *c = server;
	struct kafka_request r = {.groups = &c->groups, .ids = &c->ids};
	struct kafka_arena arena = kafka_arena_of(c->arena, sizeof c->arena);
	bool is_good = kafka_request_of_call(&r, call, arena);
	kafka_call_complete(handoff, call, &r, is_good ? handle(&r) : KAFKA_CLOSE);
	group_service_settle(&c->groups);
}

static unsigned take_completions(struct coordinator *c, struct handoff *writer)
{
	struct handoff_msg *done[COORDINATOR_COMPLETIONS_PER_TURN];
	unsigned count = handoff_reap(writer, done, array_len(done));
	for (unsigned i = 0; i < count; i++)
		group_service_take(&c->groups, done[i]);
	return count;
}

/* All that was there when the turn began, so that nobody's heartbeat is behind the time that is
 * looked at afterwards: a poller has no more than HANDOFF_CALLS_MAX under way. */
static unsigned take_calls(struct coordinator *c, struct handoff *poller)
{
	unsigned total = 0, count;
	do {
		count = kafka_calls_take(poller, serve, c);
		total += count;
	} while (count == KAFKA_CALLS_PER_TURN && total < HANDOFF_CALLS_MAX);
	return total;
}

/* Before the thread sleeps, and now and then. */
static void account(struct coordinator *c, bool is_busy, uint64_t began)
{
	uint64_t now_ns = clock_now_ns();
	bool is_due = is_busy ? now_ns - c->published_ns >= PUBLISH_INTERVAL_NS : !c->is_published;
	stats_add(&c->stats, STAT_turns, 1);
	stats_add(&c->stats, STAT_turns_busy, is_busy);
	if (is_busy)
		stats_add(&c->stats, STAT_cycles_busy, clock_cycles() - began);
	c->is_published = !is_busy || is_due;
	if (!is_due)
		return;
	c->published_ns = now_ns;
	stats_publish(c->options.stats_page, &c->stats);
}

/* The snapshot stays for as long as its reader is there. */
static void groups_begin(struct coordinator *c)
{
	const struct coordinator_options *o = &c->options;
	struct moment now = {clock_now_ns(), clock_wall_ms()};
	if (o->rcu)
		quiescent_join(o->rcu, o->reader);
	const struct topics *topics =
		o->topics ? atomic_load_explicit(o->topics, memory_order_acquire) : NULL;
	group_service_begin(&c->groups, now, topics);
}

static bool groups_end(struct coordinator *c)
{
	const struct coordinator_options *o = &c->options;
	bool found = group_service_turn(&c->groups);
	if (o->rcu)
		quiescent_leave(o->rcu, o->reader);
	return found;
}

/* What comes back goes first: it makes room for what the calls may park. */
bool coordinator_turn(struct coordinator *c)
{
	uint64_t began = clock_cycles();
	bool found = parking_turn(&c->parking);
	unsigned messages = 0;
	groups_begin(c);
	for (unsigned i = 0; i < c->options.writer_count; i++)
		messages += take_completions(c, c->options.writers[i]);
	for (unsigned i = 0; i < c->options.poller_count; i++)
		messages += take_calls(c, c->options.pollers[i]);
	found |= messages > 0;
	found |= producer_ids_turn(&c->ids, c->groups.now.ns);
	found |= groups_end(c);
	account(c, found, began);
	return found;
}

uint64_t coordinator_idle_ns(const struct coordinator *c, uint64_t limit_ns)
{
	uint64_t now_ns = clock_now_ns();
	limit_ns = producer_ids_idle_ns(&c->ids, now_ns, limit_ns);
	return group_service_idle_ns(&c->groups, now_ns, limit_ns);
}

bool coordinator_may_sleep(const struct coordinator *c)
{
	for (unsigned i = 0; i < c->options.poller_count; i++)
		if (handoff_has_down(c->options.pollers[i]))
			return false;
	for (unsigned i = 0; i < c->options.writer_count; i++)
		if (handoff_has_up(c->options.writers[i]))
			return false;
	return !parking_has_news(&c->parking) && !producer_ids_has_news(&c->ids);
}
