/* sim_gateway.c - the real gateway, assembled on the simulated seams; see sim_gateway.h. */
#include "tests/sim/sim_gateway.h"
#include "control/kafka_api.h"
#include "control/listeners.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/poller.h"
#include "dataplane/quiescent.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_operator.h"

enum { SEGMENT_BYTES = 48 << 10, STEPS_TO_SEAL_MAX = 2000000 };

struct sim_gateway {
	struct settings settings;
	struct listener listeners[LISTENERS_MAX];
	unsigned listener_count;
	struct handoff poller_to_writer, poller_to_control, control_to_writer;
	struct wake wakes[3];
	struct disk *writer_disk, *control_disk;
	struct nic *nic;
	struct stats_page *writer_stats, *poller_stats;
	struct marks_page *marks;
	struct topics *_Atomic topics;
	struct rte_rcu_qsbr *rcu;
	atomic_bool drain;
	struct registry *registry;
	struct kafka_api *api;
	struct writer *writer;
	struct poller *poller;
	bool has_topic;
	struct sim_operator *operator; /* null: nobody */
};

static void say(void *owner, const char *line)
{
	sim_say("%s", line);
}

static void settings_make(struct settings *s)
{
	static const char *const assignments[] = {
		"listeners=KAFKA://:9092,TERMINAL://:32960,PLATFORM://:32961,UDP://:5140",
		"listener.protocol.map=TERMINAL:GBT32960,PLATFORM:GBT32960",
		"listener.name.terminal.topic=" SIM_TOPIC_VEHICLES,
		"listener.name.platform.topic=" SIM_TOPIC_PLATFORM,
		"listener.name.platform.link=platform",
		"listener.name.udp.topic=" SIM_TOPIC_DATAGRAMS,
		/* Longer than a segment may be late: devices here never leave a frame unfinished,
		 * and expect that each is taken for what it is. */
		"listener.name.terminal.frame.timeout.ms=30000",
		"listener.name.platform.frame.timeout.ms=30000",
		"num.partitions=4",
		"batch.size=8192",
		"log.dirs=" SIM_LOG_DIR,
		"penstock.port.address=10.0.0.1/16",
		"penstock.port=sim",
		"log.index.interval.bytes=2000",
		"log.flush.offset.checkpoint.interval.ms=500",
	};
	settings_init(s);
	unsigned errors = 0;
	for (unsigned i = 0; i < array_len(assignments); i++)
		errors += settings_assign(s, assignments[i], stdout);
	errors += settings_finish(s, stdout);
	require(errors == 0);
	/* Smaller than an operator may choose: segments must roll within a second. */
	s->log_segment_bytes = SEGMENT_BYTES;
	s->compression_type = rng_one_in(&sim_world()->rng, 2) ? COMPRESSION_SNAPPY
							       : COMPRESSION_PRODUCER;
}

static void pages_make(struct sim_gateway *g)
{
	g->writer_stats = map_take(sizeof *g->writer_stats);
	g->poller_stats = map_take(sizeof *g->poller_stats);
	g->marks = map_take(PARTITIONS_MAX * sizeof *g->marks);
	g->rcu = quiescent_create(1);
	require(g->writer_stats && g->poller_stats && g->marks && g->rcu);
	quiescent_join(g->rcu, 0);
	for (unsigned i = 0; i < array_len(g->wakes); i++)
		require(wake_init(&g->wakes[i]) == 0);
	require(handoff_init(&g->poller_to_writer, &g->wakes[0], &g->wakes[1]) == 0);
	require(handoff_init(&g->poller_to_control, &g->wakes[0], &g->wakes[2]) == 0);
	require(handoff_init(&g->control_to_writer, &g->wakes[2], &g->wakes[1]) == 0);
}

/* Fewer than the partitions' active segments, or one, or enough. */
static uint32_t descriptors_draw(void)
{
	struct rng *rng = &sim_world()->rng;
	return rng_one_in(rng, 3) ? 1000 : 1 + (uint32_t)rng_below(rng, 12);
}

static bool storage_make(struct sim_gateway *g)
{
	int error;
	g->writer_disk = disk_create("writer", &error);
	g->control_disk = disk_create("control", &error);
	struct writer_options w = {
		.buffers = 16,
		.buffer_bytes = 32 << 10,
		.small_write_bytes = (uint32_t)rng_below(&sim_world()->rng, 4) * 2048,
		.descriptors = descriptors_draw(),
		.disk = g->writer_disk,
		.wake = &g->wakes[1],
		.handoffs = {&g->poller_to_writer, &g->control_to_writer},
		.handoff_count = 2,
		.stats_page = g->writer_stats,
		.marks = g->marks,
	};
	sim_disk_limit(g->writer_disk, w.descriptors);
	g->writer = writer_create(&w);
	require(g->writer);
	struct registry_options r = {
		.settings = &g->settings,
		.disk = g->control_disk,
		.writers = {&g->control_to_writer},
		.writer_count = 1,
		.marks = g->marks,
		.topics = &g->topics,
		.rcu = g->rcu,
		.say = say,
	};
	char message[512];
	g->registry = registry_open(&r, message, sizeof message);
	if (!g->registry && !sim_fs_failures(sim_world()->fs))
		sim_fail("the gateway does not start: %s", message);
	if (!g->registry)
		return false;
	struct kafka_api_options a = {
		.registry = g->registry,
		.pollers = {&g->poller_to_control},
		.poller_count = 1,
		.auto_create_topics = true,
		.disk = g->control_disk,
		.log_dir = SIM_LOG_DIR,
	};
	g->api = kafka_api_create(&a);
	require(g->api);
	return true;
}

static void poller_make(struct sim_gateway *g)
{
	g->nic = sim_nic_create(sim_world()->net);
	struct poller_options p = {
		.nic = g->nic,
		.address = address_of_ip4(SIM_GATEWAY_IP),
		.prefix_bits = 16,
		.listeners = g->listeners,
		.listener_count = g->listener_count,
		.receive_chunks = 600,
		.answers_max = 500,
		.answer_large_chunks = 300,
		.request_chunks = 64,
		.sessions_max = 64,
		.writer_credit_bytes = 400 << 10,
		.lane_credit_bytes = 200 << 10,
		.message_bytes_max = 64 << 10,
		.request_bytes_max = 1 << 20,
		.request_timeout_ms = 20000,
		.writers = {&g->poller_to_writer},
		.writer_count = 1,
		.control = &g->poller_to_control,
		.wake = &g->wakes[0],
		.stats_page = g->poller_stats,
		.topics = &g->topics,
		.rcu = g->rcu,
		.drain = &g->drain,
		.tcp = {.connections_max = 100,
			.half_open_max = 32,
			.time_wait_max = 32,
			.receive_buffer_bytes = 64 << 10,
			.out_of_order_bytes = 16 << 10,
			.send_buffer_bytes = 64 << 10,
			.rto_min_ms = 200,
			.retransmit_timeout_ms = 5000,
			.keepalive_idle_ms = 5000,
			.keepalive_interval_ms = 1000,
			.keepalive_probes = 4,
			.time_wait_ms = 1000},
	};
	int error;
	g->poller = poller_create(&p, &error);
	require(g->poller);
}

struct sim_gateway *sim_gateway_start(bool operates)
{
	struct sim_gateway *g = map_take(sizeof *g); /* cache-aligned members */
	require(g);
	settings_make(&g->settings);
	g->listener_count = listeners_from_settings(&g->settings, g->listeners);
	pages_make(g);
	if (!storage_make(g))
		return NULL;
	poller_make(g);
	history_deletion_is_over(sim_world()->history);
	if (operates)
		g->operator = sim_operator_create(g->registry);
	return g;
}

static void topic_made(void *owner, const struct registry_result *result)
{
	if (result->error && !sim_fs_failures(sim_world()->fs))
		sim_fail("topic: error %d: %s", result->error, result->message);
}

/* The first life creates the topic; later ones must find it. */
static void topic_make(struct sim_gateway *g)
{
	struct bytes name = {(const uint8_t *)SIM_TOPIC_EVENTS, strlen(SIM_TOPIC_EVENTS)};
	g->has_topic = true;
	if (registry_find(g->registry, name))
		return;
	struct registry_request r = {.name = SIM_TOPIC_EVENTS,
				     .partitions = SIM_EVENTS_PARTITIONS,
				     .replication_factor = 1,
				     .done = topic_made,
				     .owner = g};
	registry_create_topic(g->registry, &r);
}

static bool control_turn(struct sim_gateway *g)
{
	bool any = registry_turn(g->registry, sim_world()->now_ns);
	any |= kafka_api_turn(g->api);
	if (!g->has_topic && registry_is_ready(g->registry))
		topic_make(g);
	if (g->operator && registry_is_ready(g->registry) && !atomic_load(&g->drain))
		sim_operator_turn(g->operator);
	return any;
}

bool sim_gateway_step(struct sim_gateway *g)
{
	struct rng *rng = &sim_world()->rng;
	bool any = false;
	unsigned first = (unsigned)rng_below(rng, 3);
	for (unsigned i = 0; i < 3; i++) {
		if (rng_one_in(rng, 8)) { /* that core was held up */
			any = true;
			continue;
		}
		switch ((first + i) % 3) {
		case 0:
			any |= poller_turn(g->poller);
			break;
		case 1:
			any |= writer_turn(g->writer);
			break;
		case 2:
			any |= control_turn(g);
		}
	}
	return any;
}

bool sim_gateway_is_ready(const struct sim_gateway *g)
{
	return registry_is_ready(g->registry);
}

uint64_t sim_gateway_next_ns(const struct sim_gateway *g)
{
	uint64_t now_ns = sim_world()->now_ns;
	if (!poller_may_sleep(g->poller) || !writer_may_sleep(g->writer))
		return now_ns;
	if (registry_is_busy(g->registry))
		return now_ns;
	uint64_t idle_ns = poller_idle_ns(g->poller, 100 * NS_PER_MS);
	return now_ns + writer_idle_ns(g->writer, idle_ns);
}

void sim_gateway_drain(struct sim_gateway *g)
{
	atomic_store(&g->drain, true);
}

bool sim_gateway_is_drained(const struct sim_gateway *g)
{
	return poller_is_drained(g->poller) && writer_is_idle(g->writer) &&
	       !registry_is_busy(g->registry);
}

void sim_gateway_stop(struct sim_gateway *g)
{
	registry_stop(g->registry);
	for (unsigned i = 0; !registry_is_stopped(g->registry); i++) {
		sim_world()->now_ns += 10 * NS_PER_US;
		sim_gateway_step(g);
		if (i == STEPS_TO_SEAL_MAX)
			sim_fail("the registry does not stop");
	}
	free(g->operator);
	kafka_api_destroy(g->api);
	registry_close(g->registry);
	poller_destroy(g->poller);
	sim_nic_destroy(g->nic);
	writer_destroy(g->writer);
	disk_destroy(g->writer_disk);
	disk_destroy(g->control_disk);
	map_give(g, sizeof *g);
}

void sim_gateway_check_ledgers(struct sim_gateway *g, bool is_drained)
{
	struct stats stats;
	/* A turn later than the publish interval publishes. */
	sim_world()->now_ns += 2 * NS_PER_MS;
	poller_turn(g->poller);
	stats_read(g->poller_stats, &stats);
	for (unsigned l = 0; l < LEDGERS; l++) {
		int64_t held = ledger_in_flight(&stats, (enum ledger)l);
		if (held < 0 || (is_drained && held != 0))
			sim_fail("ledger of %s: %lld in flight", ledger_names[l],
				 (long long)held);
	}
	int64_t records = ledger_in_flight(&stats, LEDGER_record);
	if ((uint64_t)records != poller_records_held(g->poller))
		sim_fail("ledger of records: %lld in flight, %llu held", (long long)records,
			 (unsigned long long)poller_records_held(g->poller));
}
