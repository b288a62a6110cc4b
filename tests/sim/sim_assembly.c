/* sim_assembly.c - the real parts of a gateway on the simulated seams; see sim_assembly.h. */
#include "tests/sim/sim_assembly.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_index.h"
#include "tests/sim/sim_pools.h"

#include <stdlib.h>

enum {
	SEGMENT_BYTES = 48 << 10,
	OFFSETS_PARTITIONS = 3,
	IDS_OF_BLOCK = 4, /* producer ids: fewer than are asked for in a life */
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
		"num.partitions=4", /* SIM_NUM_PARTITIONS */
		"batch.size=8192",
		"log.dirs=" SIM_LOG_DIR,
		"penstock.port.address=10.0.0.1/16",
		"penstock.port=sim",
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
	s->log_index_interval_bytes = SIM_INDEX_INTERVAL_BYTES;
	/* Records here have times of any year: only the events' bytes are limited. */
	s->log_retention_ms = -1;
	s->log_retention_check_interval_ms = 100;
	s->log_segment_delete_delay_ms = rng_one_in(&sim_world()->rng, 2) ? 1000 : 10;
	s->log_cleaner_backoff_ms = 20;
	s->compression_type = rng_one_in(&sim_world()->rng, 2) ? COMPRESSION_SNAPPY
							       : COMPRESSION_PRODUCER;
}

static void inbox_make(struct sim_gateway *g, struct sim_poller *p)
{
	struct wake *const senders[SIM_SENDERS] = {&g->control_wake, &g->coordinator_wake,
						    &g->control_wake};
	for (unsigned s = 0; s < SIM_SENDERS; s++)
		require(outbox_init(&p->from[s], (uint8_t)s, senders[s], &p->wake) == 0);
}

static void handoffs_make(struct sim_gateway *g)
{
	for (unsigned w = 0; w < g->writer_count; w++) {
		struct sim_writer *to = &g->writers[w];
		require(handoff_init(&to->from_control, &g->control_wake, &to->wake) == 0);
		require(handoff_init(&to->from_coordinator, &g->coordinator_wake, &to->wake) ==
			0);
		for (unsigned p = 0; p < g->poller_count; p++) {
			struct sim_poller *from = &g->pollers[p];
			require(handoff_init(&from->to_writer[w], &from->wake, &to->wake) == 0);
		}
	}
	for (unsigned p = 0; p < g->poller_count; p++) {
		struct sim_poller *from = &g->pollers[p];
		require(handoff_init(&from->to_control, &from->wake, &g->control_wake) == 0);
		require(handoff_init(&from->to_coordinator, &from->wake,
				     &g->coordinator_wake) == 0);
		inbox_make(g, from);
	}
}

static void pages_make(struct sim_gateway *g)
{
	g->marks = map_take(PARTITIONS_MAX * sizeof *g->marks);
	g->news = map_take(PARTITIONS_MAX * sizeof *g->news);
	g->rcu = quiescent_create(SIM_POLLERS_MAX + 1);
	g->coordinator_stats = map_take(sizeof *g->coordinator_stats);
	g->control_stats = map_take(sizeof *g->control_stats);
	require(g->marks && g->news && g->rcu && g->coordinator_stats && g->control_stats);
	require(wake_init(&g->control_wake) == 0 && wake_init(&g->coordinator_wake) == 0);
	for (unsigned w = 0; w < g->writer_count; w++) {
		struct sim_writer *writer = &g->writers[w];
		writer->stats = map_take(sizeof *writer->stats);
		require(writer->stats && wake_init(&writer->wake) == 0);
	}
	for (unsigned p = 0; p < g->poller_count; p++) {
		struct sim_poller *poller = &g->pollers[p];
		poller->stats = map_take(sizeof *poller->stats);
		require(poller->stats && wake_init(&poller->wake) == 0);
	}
	handoffs_make(g);
}

/* Fewer than the partitions' active segments, or one, or enough. With less than half of what it
 * needs a writer opens and closes more than it writes: in a storm, what lies before a request
 * would take seconds. */
static uint32_t descriptors_draw(void)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t least = sim_world()->scarce ? 6 : 1;
	return rng_one_in(rng, 3) ? 1000 : least + (uint32_t)rng_below(rng, 13 - least);
}

static void writer_make(struct sim_gateway *g, unsigned index)
{
	struct sim_writer *writer = &g->writers[index];
	unsigned dirs = sim_world()->log_dirs;
	struct writer_options o = {
		.index = (uint8_t)index,
		.settings = {.buffers = dirs * (sim_world()->scarce ? 4 : 16),
			     .buffer_bytes = sim_world()->scarce ? 8 << 10 : 32 << 10,
			     .small_write_bytes =
				     (uint32_t)rng_below(&sim_world()->rng, 4) * 2048,
			     .tail_bytes = sim_world()->seed % 4 ? 256 << 10 : 0,
			     .scrub_bytes_per_second = sim_world()->seed % 2 ? 4 << 20 : 0,
			     .producer_ids_max = 256,
			     .producer_expiration_ms = 86400000,
			     .producer_check_ms = 1000},
		.descriptors = descriptors_draw(),
		.dirs = g->log_dirs,
		.dir_count = dirs,
		.wake = &writer->wake,
		.stats_page = writer->stats,
		.marks = g->marks,
		.news = g->news,
	};
	for (unsigned d = 0; d < dirs; d++) {
		int error;
		char line[512] = "";
		o.disks[d] = writer->disks[d] = disk_create("writer", &error);
		sim_disk_limit(writer->disks[d], max_u32(o.descriptors / dirs, 1));
		if (!g->log_dirs[d].is_lost)
			flush_file_open(&g->log_dirs[d], index, line, sizeof line);
		say(NULL, line);
	}
	for (unsigned p = 0; p < g->poller_count; p++)
		o.handoffs[o.handoff_count++] = &g->pollers[p].to_writer[index];
	o.handoffs[o.handoff_count++] = &writer->from_coordinator;
	o.handoffs[o.handoff_count++] = &writer->from_control;
	writer->writer = writer_create(&o);
	require(writer->writer);
}

bool sim_disk_has_failed(void)
{
	const struct sim_fs *fs = sim_world()->fs;
	return sim_fs_failures(fs) || sim_fs_control_failures(fs);
}

static bool registry_make(struct sim_gateway *g)
{
	struct registry_options o = {
		.settings = &g->settings,
		.dirs = g->log_dirs,
		.dir_count = sim_world()->log_dirs,
		.writer_count = g->writer_count,
		.marks = g->marks,
		.topics = &g->topics,
		.rcu = g->rcu,
		.cleaner = sim_world()->compacts ? &g->cleaner.cleaner : NULL,
		.say = say,
	};
	if (sim_world()->compacts)
		sim_cleaner_make(&g->cleaner, g->control_disk);
	for (unsigned w = 0; w < g->writer_count; w++)
		o.writers[w] = &g->writers[w].from_control;
	char message[512];
	g->registry = registry_open(&o, message, sizeof message);
	if (!g->registry && !sim_disk_has_failed())
		sim_fail("the gateway does not start: %s", message);
	return g->registry;
}

/* As a real gateway does it: without the first there is no start. */
static bool log_dir_make(struct sim_gateway *g, unsigned number)
{
	struct log_dir *d = &g->log_dirs[number];
	*d = (struct log_dir){.number = number};
	int error = log_dir_open(d, g->control_disk, number ? SIM_LOG_DIR_SECOND : SIM_LOG_DIR);
	if (error && !sim_disk_has_failed())
		sim_fail("the log directory does not open: %s", strerror(-error));
	if (!error)
		flush_rule_find(d->path, &d->rule);
	else if (number > 0)
		log_dir_lose(d, "%s", strerror(-error));
	return !error || number > 0;
}

static bool storage_make(struct sim_gateway *g)
{
	int error;
	g->control_disk = disk_create("control", &error);
	for (unsigned d = 0; d < sim_world()->log_dirs; d++)
		if (!log_dir_make(g, d))
			return false;
	for (unsigned w = 0; w < g->writer_count; w++)
		writer_make(g, w);
	if (!registry_make(g))
		return false;
	struct kafka_api_options a = {
		.registry = g->registry,
		.poller_count = g->poller_count,
		.stats_page = g->control_stats,
		.dir = &g->log_dirs[0],
		.wish = &g->wish,
		.offsets_topic_partitions = OFFSETS_PARTITIONS,
		.ids = &g->ids,
	};
	g->wish.control = &g->control_wake;
	id_blocks_init(&g->ids, IDS_OF_BLOCK, &g->control_wake, &g->coordinator_wake);
	for (unsigned p = 0; p < g->poller_count; p++) {
		a.pollers[p] = &g->pollers[p].to_control;
		a.outboxes[p] = &g->pollers[p].from[SENDER_CONTROL];
	}
	for (unsigned l = 0; l < g->settings.listener_count; l++)
		a.listeners[l] = (struct kafka_api_listener){SIM_ADVERTISED_HOST,
							     g->settings.listener[l].port};
	g->api = kafka_api_create(&a);
	require(g->api);
	return true;
}

static void coordinator_make(struct sim_gateway *g)
{
	struct coordinator_options o = {
		.poller_count = g->poller_count,
		.writer_count = g->writer_count,
		.sender = (uint8_t)g->poller_count,
		.stats_page = g->coordinator_stats, .groups = g->settings.group,
		.topics = &g->topics, .rcu = g->rcu, .reader = SIM_POLLERS_MAX,
		.wish = &g->wish, .ids = &g->ids,
		.node_id = g->settings.node_id, .say = say,
	};
	for (unsigned l = 0; l < g->settings.listener_count; l++)
		o.listeners[l] = (struct coordinator_listener){SIM_ADVERTISED_HOST,
							       g->settings.listener[l].port};
	for (unsigned p = 0; p < g->poller_count; p++) {
		o.pollers[p] = &g->pollers[p].to_coordinator;
		o.outboxes[p] = &g->pollers[p].from[SENDER_COORDINATOR];
	}
	for (unsigned w = 0; w < g->writer_count; w++)
		o.writers[w] = &g->writers[w].from_coordinator;
	g->coordinator = coordinator_create(&o);
	require(g->coordinator);
}

/* How long a peer may leave bytes where they are: longer where that may be due to a router,
 * which is missed after three seconds. */
static uint32_t patience_ms(uint32_t usual_ms)
{
	return sim_world()->has_router ? 15000 : usual_ms;
}

static void poller_make(struct sim_gateway *g, unsigned index)
{
	struct sim_poller *poller = &g->pollers[index];
	poller->nic = sim_nic_create(sim_world()->net, index, g->poller_count);
	struct poller_options o = {
		.index = (uint8_t)index,
		.nic = poller->nic,
		.address = address_of_ip4(SIM_GATEWAY_IP), .prefix_bits = SIM_PREFIX_BITS,
		.router_ip4 = sim_world()->has_router ? SIM_ROUTER_IP : 0,
		.vlan = SIM_VLAN,
		.listeners = g->settings.listener, .listener_count = g->settings.listener_count,
		.receive_chunks = 4800,
		.fragment_memory_bytes = FRAGMENT_MEMORY_MIN,
		.jt808_parts_memory_bytes = JT808_PARTS_MEMORY_MIN,
		.answers_max = 500,
		.answer_large_chunks = sim_world()->answer_chunks,
		.request_chunks = 64, .coordinator_chunks = 16,
		.parts_chunks = 256, .sessions_max = 64,
		.fetch_session_places = (uint32_t)rng_below(&sim_world()->rng, 4),
		.settings = {.writer_credit_bytes = 400 << 10,
			     .lane_credit_bytes = 200 << 10,
			     .message_bytes_max = 64 << 10,
			     .request_bytes_max = 1 << 20,
			     .request_timeout_ms = 20000,
			     .fragment_timeout_ms = 2000,
			     .request_rate_min = 1024,
			     .fetch_wait_max_ms = 30000, .fetch_session_eviction_ms = 2000,
			     .answer_timeout_ms = patience_ms(4000), .answer_rate_min = 1024,
			     .connections_max_idle_ms = SIM_IDLE_MS},
		.writer_count = g->writer_count,
		.control = &poller->to_control,
		.coordinator = &poller->to_coordinator,
		.inbox = {.count = SIM_SENDERS},
		.wake = &poller->wake,
		.stats_page = poller->stats,
		.topics = &g->topics,
		.vehicle_lists = &g->vehicle_lists,
		.news = g->news,
		.rcu = g->rcu,
		.drain = &g->drain,
		.tcp = {.connections_max = 100,
			.half_open_max = 32,
			.time_wait_max = 32,
			.receive_buffer_bytes = 64 << 10,
			.out_of_order_bytes = 32 << 10,
			.send_buffer_bytes = 64 << 10,
			.rto_min_ms = 200,
			.retransmit_timeout_ms = patience_ms(5000),
			.keepalive_idle_ms = 5000,
			.keepalive_interval_ms = 1000,
			.keepalive_probes = 4,
			.time_wait_ms = 1000,
			.max_connections = INT32_MAX,
			.max_connections_per_ip = INT32_MAX},
	};
	for (unsigned w = 0; w < g->writer_count; w++)
		o.writers[w] = &poller->to_writer[w];
	for (unsigned s = 0; s < SIM_SENDERS; s++)
		o.inbox.senders[s] = &poller->from[s].handoff;
	if (sim_world()->places)
		o.sessions_max = o.tcp.connections_max = sim_world()->places;
	if (sim_world()->receive_chunks)
		o.receive_chunks = sim_world()->receive_chunks;
	if (sim_world()->scarce)
		sim_pools_small(&o);
	if (sim_world()->connections)
		sim_pools_large(&o);
	int error;
	poller->poller = poller_create(&o, &error);
	require(poller->poller);
}

bool sim_gateway_assemble(struct sim_gateway *g)
{
	struct rng *rng = &sim_world()->rng;
	settings_make(&g->settings);
	g->poller_count = 1 + (unsigned)rng_below(rng, SIM_POLLERS_MAX);
	g->writer_count = 1 + (unsigned)rng_below(rng, SIM_WRITERS_MAX);
	sim_say("starts with %u pollers, %u writers", g->poller_count, g->writer_count);
	pages_make(g);
	if (!storage_make(g))
		return false;
	for (unsigned p = 0; p < g->poller_count; p++)
		poller_make(g, p);
	coordinator_make(g);
	return true;
}

void sim_gateway_take_apart(struct sim_gateway *g)
{
	free(g->operator);
	kafka_api_destroy(g->api);
	coordinator_destroy(g->coordinator);
	registry_close(g->registry);
	sim_cleaner_end(&g->cleaner);
	for (unsigned p = 0; p < g->poller_count; p++) {
		poller_destroy(g->pollers[p].poller);
		sim_nic_destroy(g->pollers[p].nic);
	}
	for (unsigned w = 0; w < g->writer_count; w++) {
		writer_destroy(g->writers[w].writer);
		for (unsigned d = 0; d < sim_world()->log_dirs; d++) {
			disk_destroy(g->writers[w].disks[d]);
			flush_file_close(&g->log_dirs[d], w);
		}
	}
	for (unsigned d = 0; d < sim_world()->log_dirs; d++)
		log_dir_close(&g->log_dirs[d]);
	disk_destroy(g->control_disk);
	map_give(g, sizeof *g);
}
