/* sim_gateway.c - a gateway's life, stepped by hand; see sim_gateway.h. What it is made of is in
 * sim_assembly.c. */
#include "tests/sim/sim_gateway.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_assembly.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"

enum {
	STEPS_TO_SEAL_MAX = 2000000,
	/* The topic of events has three partitions in neighbouring slots: of so many records
	 * every writer has had some. */
	RECORDS_FOR_ALL_WRITERS = 1000,
};

struct sim_gateway *sim_gateway_start(bool operates)
{
	struct sim_gateway *g = map_take(sizeof *g); /* cache-aligned members */
	require(g);
	if (!sim_gateway_assemble(g))
		return NULL;
	if (operates)
		g->operator = sim_operator_create(g->registry);
	return g;
}

static bool has_offline(const struct sim_gateway *g)
{
	for (unsigned i = 0; i < registry_count(g->registry); i++) {
		const struct registry_topic *t = registry_at(g->registry, i);
		for (uint32_t p = 0; p < t->topic.partitions; p++)
			if (registry_is_offline(g->registry, t, p))
				return true;
	}
	return false;
}

/* From now on pollers turn, as those of a real gateway do once it is ready. */
static void start_serving(struct sim_gateway *g)
{
	if (has_offline(g) && !sim_disk_has_failed())
		sim_fail("a partition is offline, and no call has failed");
	for (unsigned p = 0; p < g->poller_count; p++)
		quiescent_join(g->rcu, p);
	g->is_serving = true;
}

static void topic_made(void *owner, const struct registry_result *result)
{
	struct sim_gateway *g = owner;
	if (result->error && !sim_disk_has_failed())
		sim_fail("topic: error %d: %s", result->error, result->message);
	g->has_failed = result->error;
	if (!g->has_failed)
		start_serving(g);
}

/* The first life creates the topic; later ones must find it. */
static void topic_make(struct sim_gateway *g)
{
	struct bytes name = {(const uint8_t *)SIM_TOPIC_EVENTS, strlen(SIM_TOPIC_EVENTS)};
	g->has_topic = true;
	if (registry_find(g->registry, name)) {
		start_serving(g);
		return;
	}
	char bytes[16];
	unsigned count = 0;
	struct registry_setting settings[3];
	snprintf(bytes, sizeof bytes, "%u", sim_world()->retention_bytes);
	if (sim_world()->retention_bytes > 0)
		settings[count++] = (struct registry_setting){"retention.bytes", bytes};
	if (sim_world()->compacts) {
		bool deletes = sim_world()->retention_bytes > 0;
		settings[count++] = (struct registry_setting){
			"cleanup.policy", deletes ? "compact,delete" : "compact"};
		settings[count++] =
			(struct registry_setting){"min.cleanable.dirty.ratio", "0.1"};
	}
	struct registry_request r = {.name = SIM_TOPIC_EVENTS,
				     .partitions = SIM_EVENTS_PARTITIONS,
				     .replication_factor = 1,
				     .settings = settings,
				     .setting_count = count,
				     .done = topic_made,
				     .owner = g};
	registry_create_topic(g->registry, &r);
}

static bool control_turn(struct sim_gateway *g)
{
	bool any = !g->holds_jobs && registry_turn(g->registry, sim_world()->now_ns);
	if (sim_gateway_has_lost(g))
		sim_fs_note_loss(sim_world()->fs);
	any |= kafka_api_turn(g->api);
	if (!g->has_topic && registry_is_ready(g->registry))
		topic_make(g);
	if (g->operator && g->is_checked)
		sim_operator_turn(g->operator);
	return any;
}

/* Cores are numbered: pollers, writers, coordinator, control. */
static bool core_turn(struct sim_gateway *g, unsigned core)
{
	if (core < g->poller_count)
		return g->is_serving && poller_turn(g->pollers[core].poller);
	core -= g->poller_count;
	if (core < g->writer_count) {
		bool is_busy = rng_one_in(&sim_world()->rng, 4);
		return writer_turn(g->writers[core].writer, is_busy) || is_busy;
	}
	return core == g->writer_count ? coordinator_turn(g->coordinator) : control_turn(g);
}

bool sim_gateway_step(struct sim_gateway *g)
{
	struct rng *rng = &sim_world()->rng;
	bool any = false;
	unsigned cores = g->poller_count + g->writer_count + 2;
	unsigned first = (unsigned)rng_below(rng, cores);
	for (unsigned i = 0; i < cores; i++) {
		if (rng_one_in(rng, 8)) /* that core was held up */
			any = true;
		else
			any |= core_turn(g, (first + i) % cores);
	}
	return any;
}

bool sim_gateway_has_failed(const struct sim_gateway *g)
{
	return sim_disk_has_failed() &&
	       (g->has_failed || registry_fault(g->registry)[0] || has_offline(g));
}

bool sim_gateway_has_lost(const struct sim_gateway *g)
{
	for (unsigned d = 0; d < registry_directory_count(g->registry); d++)
		if (registry_directory(g->registry, d)->is_lost)
			return true;
	return false;
}

void sim_gateway_check_topics(struct sim_gateway *g)
{
	sim_operator_check(g->registry);
	g->is_checked = true;
}

bool sim_gateway_is_ready(const struct sim_gateway *g)
{
	return g->is_serving;
}

uint64_t sim_gateway_next_ns(const struct sim_gateway *g)
{
	uint64_t now_ns = sim_world()->now_ns, idle_ns = 100 * NS_PER_MS;
	bool is_busy = registry_is_busy(g->registry) || !coordinator_may_sleep(g->coordinator) ||
		       kafka_api_has_messages(g->api) || kafka_api_is_busy(g->api);
	for (unsigned p = 0; p < g->poller_count && g->is_serving; p++) {
		is_busy |= !poller_may_sleep(g->pollers[p].poller);
		idle_ns = poller_idle_ns(g->pollers[p].poller, idle_ns);
	}
	for (unsigned w = 0; w < g->writer_count; w++) {
		is_busy |= !writer_may_sleep(g->writers[w].writer);
		idle_ns = writer_idle_ns(g->writers[w].writer, idle_ns);
	}
	idle_ns = coordinator_idle_ns(g->coordinator, idle_ns);
	return is_busy ? now_ns : min_u64(now_ns + idle_ns, sim_operator_next_ns(g->operator));
}

void sim_gateway_hold_jobs(struct sim_gateway *g, bool hold)
{
	g->holds_jobs = hold;
}

unsigned sim_gateway_pollers(const struct sim_gateway *g)
{
	return g->poller_count;
}

uint64_t sim_gateway_stat(const struct sim_gateway *g, enum stat_id id)
{
	uint64_t total = 0;
	for (unsigned p = 0; p < g->poller_count; p++) {
		struct stats stats;
		stats_read(g->pollers[p].stats, &stats);
		total += stats.value[id];
	}
	return total;
}

void sim_gateway_tell(struct sim_gateway *g, unsigned poller, struct inbox_msg *give)
{
	outbox_send(&g->pollers[poller].from[SENDER_TEST], give);
}

unsigned sim_gateway_take_told(struct sim_gateway *g, struct inbox_msg **ret, unsigned max)
{
	unsigned count = 0;
	for (unsigned p = 0; p < g->poller_count && count < max; p++)
		count += outbox_reap(&g->pollers[p].from[SENDER_TEST], ret + count, max - count);
	return count;
}

void sim_gateway_drain(struct sim_gateway *g)
{
	atomic_store(&g->drain, true);
	sim_operator_stop(g->operator);
}

static bool writers_are_idle(const struct sim_gateway *g)
{
	bool are_idle = true;
	for (unsigned w = 0; w < g->writer_count; w++)
		are_idle &= writer_is_idle(g->writers[w].writer);
	return are_idle;
}

bool sim_gateway_is_drained(const struct sim_gateway *g)
{
	bool is_drained = !registry_is_busy(g->registry) && writers_are_idle(g);
	for (unsigned p = 0; p < g->poller_count; p++)
		is_drained &= poller_is_drained(g->pollers[p].poller);
	return is_drained;
}

void sim_gateway_stop(struct sim_gateway *g)
{
	registry_stop(g->registry);
	for (unsigned i = 0; !registry_is_stopped(g->registry) || !writers_are_idle(g); i++) {
		sim_world()->now_ns += 10 * NS_PER_US;
		sim_gateway_step(g);
		if (i == STEPS_TO_SEAL_MAX)
			sim_fail("the registry does not stop");
	}
	sim_gateway_take_apart(g);
}

static void check_ledgers(const struct sim_poller *p, bool is_drained, struct stats *ret_stats)
{
	stats_read(p->stats, ret_stats);
	for (unsigned l = 0; l < LEDGERS; l++) {
		int64_t held = ledger_in_flight(ret_stats, (enum ledger)l);
		if (held < 0 || (is_drained && held != 0))
			sim_fail("ledger of %s: %lld in flight", ledger_names[l],
				 (long long)held);
	}
	int64_t records = ledger_in_flight(ret_stats, LEDGER_record);
	if ((uint64_t)records != poller_records_held(p->poller))
		sim_fail("ledger of records: %lld in flight, %llu held", (long long)records,
			 (unsigned long long)poller_records_held(p->poller));
}

static void check_writers(struct sim_gateway *g)
{
	for (unsigned w = 0; w < g->writer_count; w++) {
		struct stats stats;
		writer_turn(g->writers[w].writer, false);
		stats_read(g->writers[w].stats, &stats);
		if (!stats.value[STAT_log_bytes])
			sim_fail("writer %u of %u has had nothing", w, g->writer_count);
	}
}

/* What a disk forgot is for a start to find: no read, and no scrub, meets it. */
static void check_damage(const struct sim_gateway *g)
{
	for (unsigned w = 0; w < g->writer_count && !sim_disk_has_failed(); w++) {
		struct stats stats;
		stats_read(g->writers[w].stats, &stats);
		if (stats.value[STAT_batches_damaged] > 0)
			sim_fail("writer %u finds %llu batches damaged", w,
				 (unsigned long long)stats.value[STAT_batches_damaged]);
	}
}

void sim_gateway_check_ledgers(struct sim_gateway *g, bool is_drained)
{
	uint64_t stored = 0;
	/* A turn later than the publish interval publishes. */
	sim_world()->now_ns += 2 * NS_PER_MS;
	for (unsigned p = 0; p < g->poller_count; p++) {
		struct stats stats;
		poller_turn(g->pollers[p].poller);
		check_ledgers(&g->pollers[p], is_drained, &stats);
		stored += stats.value[STAT_records_stored];
	}
	check_damage(g);
	if (is_drained && stored >= RECORDS_FOR_ALL_WRITERS)
		check_writers(g);
}

void sim_gateway_check_turns(const struct sim_gateway *g)
{
	for (unsigned p = 0; p < g->poller_count; p++) {
		struct stats stats;
		stats_read(g->pollers[p].stats, &stats);
		const uint64_t *value = stats.value;
		uint64_t came = value[STAT_packets_received] + value[STAT_batches_handed] +
				value[STAT_inbox_messages];
		if (value[STAT_turns_busy] > came)
			sim_fail("poller %u was busy %llu times, and had reason %llu times", p,
				 (unsigned long long)value[STAT_turns_busy],
				 (unsigned long long)came);
	}
}
