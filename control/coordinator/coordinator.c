/* coordinator.c - calls of the pollers in, replies out; see coordinator.h. */
#include "control/coordinator/coordinator.h"
#include "control/coordinator/coordinator_handlers.h"
#include "control/calls/parking.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

#define PUBLISH_INTERVAL_NS NS_PER_MS

struct coordinator {
	struct coordinator_options options;
	struct parking parking;
	struct stats stats;
	uint64_t published_ns;
	bool is_published; /* nothing has changed since */
	uint8_t arena[COORDINATOR_ARENA_BYTES];
};

static const kafka_handler handlers[KAFKA_API_ROWS] = {
	[KAFKA_API_ROW_FIND_COORDINATOR] = coordinator_handle_find,
};

struct coordinator *coordinator_create(const struct coordinator_options *options)
{
	struct coordinator *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->options = *options;
	parking_init(&c->parking, options->outboxes, options->poller_count);
	return c;
}

void coordinator_destroy(struct coordinator *c)
{
	if (!c)
		return;
	parking_fini(&c->parking);
	free(c);
}

/* ---- a turn ----------------------------------------------------------------------------- */

static void serve(void *server, struct handoff *handoff, struct call_msg *call)
{
	struct coordinator *c = server;
	struct kafka_request r = {0};
	struct kafka_arena arena = kafka_arena_of(c->arena, sizeof c->arena);
	kafka_handler handler = kafka_request_of_call(&r, call, arena)
					? handlers[r.row - kafka_api_rows]
					: NULL;
	kafka_call_complete(handoff, call, &r, handler ? handler(&r) : KAFKA_CLOSE);
}

/* What writers give back. The coordinator asks nothing of them yet: the first kind of message
 * that it sends is taken here. */
static unsigned take_completions(struct coordinator *c, struct handoff *writer)
{
	struct handoff_msg *done[COORDINATOR_COMPLETIONS_PER_TURN];
	unsigned count = handoff_reap(writer, done, array_len(done));
	require(count == 0);
	return count;
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

/* What comes back goes first: it makes room for what the calls may park. */
bool coordinator_turn(struct coordinator *c)
{
	uint64_t began = clock_cycles();
	bool found = parking_turn(&c->parking);
	unsigned messages = 0;
	for (unsigned i = 0; i < c->options.writer_count; i++)
		messages += take_completions(c, c->options.writers[i]);
	for (unsigned i = 0; i < c->options.poller_count; i++)
		messages += kafka_calls_take(c->options.pollers[i], serve, c);
	found |= messages > 0;
	account(c, found, began);
	return found;
}

bool coordinator_may_sleep(const struct coordinator *c)
{
	for (unsigned i = 0; i < c->options.poller_count; i++)
		if (handoff_has_down(c->options.pollers[i]))
			return false;
	for (unsigned i = 0; i < c->options.writer_count; i++)
		if (handoff_has_up(c->options.writers[i]))
			return false;
	return !parking_has_news(&c->parking);
}
