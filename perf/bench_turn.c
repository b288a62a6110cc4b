/* bench_turn.c - whole turns of a poller, cycles per record and where they went, as JSON on
 * stdout; perf/run stages adds machine, commit and date.
 *
 *     peers (bench_wire.c) ─▶ poller_turn() ─▶ a writer that stores nothing ─▶ poller_turn()
 *
 * The poller is the gateway's own, with everything but the driver: connections, batches,
 * answers once their batch is given back, acknowledgements. What a turn costs is what it
 * counts itself (lap.h), so making the frames and discarding the batches is not in it. Each
 * figure is the median over windows of many turns: a batch is finished in few of them.
 *
 * Hot: as many connections as fit the second-level cache with all they touch. Cold: so many
 * that each one's state comes from memory. An argument names the one load to run.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/poller.h"
#include "dataplane/quiescent.h"
#include "dataplane/wire/net/tcp_header.h"
#include "perf/bench_parts.h"
#include "perf/bench_turn_load.h"
#include "perf/bench_wire.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PARTITIONS = 8,
	WINDOWS = 60,
	WINDOWS_WARM = 10,
	WINDOW_TURNS = 128,
	STAGES = STAT_cycles_tcp_out - STAT_cycles_ack + 1,
};

/* Keeps its name in the program: a profiler is told what to count (docs/decisions/0004). */
#define named __attribute__((noinline))

struct bench {
	const struct load *load;
	struct nic *nic;
	struct poller *poller;
	struct handoff writer, control, coordinator;
	struct wake wakes[3];
	struct stats_page page;
	struct topics *_Atomic topics;
	struct vehicle_lists *_Atomic vehicle_lists; /* null: anybody may come */
	struct rte_rcu_qsbr *rcu;
	atomic_bool drain;
	int64_t next_offset;
	struct load_state state;
};

/* ---- the gateway around the poller ------------------------------------------------------ */

/* Any time that a record may bear is accepted: what is measured is the way of a good one. */
static struct topics *topic_make(void)
{
	static struct partition_ref refs[PARTITIONS];
	for (unsigned i = 0; i < PARTITIONS; i++)
		refs[i] = (struct partition_ref){.slot = i, .generation = 1};
	struct topic topic = {.name = LOAD_TOPIC,
			      .name_bytes = sizeof LOAD_TOPIC - 1,
			      .id = {1},
			      .partitions = PARTITIONS,
			      .options = {.batch_bytes = 16 << 10,
					  .linger_ms = 5,
					  .timestamp_before_max_ms = INT64_MAX,
					  .timestamp_after_max_ms = INT64_MAX},
			      .log = {.message_bytes_max = 1 << 20},
			      .refs = refs};
	return topics_build(&topic, 1, 1);
}

static void poller_start(struct bench *b)
{
	unsigned connections = b->load->connections + 64;
	int error;
	struct listener listener = b->load->listener;
	struct poller_options o = {
		.nic = b->nic,
		.address = address_of_ip4(WIRE_OUR_IP),
		.prefix_bits = WIRE_PREFIX_BITS,
		.listeners = &listener,
		.listener_count = 1,
		.tcp = wire_tcp_settings(connections),
		.receive_chunks = 32768,
		.fragment_memory_bytes = FRAGMENT_MEMORY_MIN,
		.jt808_parts_memory_bytes = JT808_PARTS_MEMORY_MIN,
		.answers_max = connections + 4096,
		.answer_large_chunks = 1024,
		.request_chunks = 64,
		.coordinator_chunks = 64,
		.parts_chunks = 64,
		.sessions_max = connections,
		.settings = {.writer_credit_bytes = 64 << 20,
			     .lane_credit_bytes = 16 << 20,
			     .message_bytes_max = 1 << 20,
			     .request_bytes_max = 16 << 20,
			     .request_timeout_ms = 30000,
			     .answer_timeout_ms = 30000,
			     .fragment_timeout_ms = 15000},
		.writers = {&b->writer},
		.writer_count = 1,
		.control = &b->control,
		.coordinator = &b->coordinator,
		.wake = &b->wakes[0],
		.stats_page = &b->page,
		.topics = &b->topics,
		.vehicle_lists = &b->vehicle_lists,
		.rcu = b->rcu,
		.drain = &b->drain,
	};
	b->poller = poller_create(&o, &error);
	require(b->poller);
}

static void bench_start(struct bench *b, const struct load *load)
{
	*b = (struct bench){.load = load};
	for (unsigned i = 0; i < array_len(b->wakes); i++)
		require(wake_init(&b->wakes[i]) == 0);
	require(handoff_init(&b->writer, &b->wakes[0], &b->wakes[1]) == 0);
	require(handoff_init(&b->control, &b->wakes[0], &b->wakes[2]) == 0);
	require(handoff_init(&b->coordinator, &b->wakes[0], &b->wakes[2]) == 0);
	atomic_store(&b->topics, topic_make());
	b->rcu = quiescent_create(1);
	require(b->rcu && b->topics);
	quiescent_join(b->rcu, 0);
	b->nic = wire_create(load->connections, true);
	poller_start(b);
}

static void bench_stop(struct bench *b)
{
	poller_destroy(b->poller);
	wire_destroy(b->nic);
	quiescent_destroy(b->rcu, 1);
	topics_free(b->topics);
	handoff_fini(&b->writer);
	handoff_fini(&b->control);
	handoff_fini(&b->coordinator);
	for (unsigned i = 0; i < array_len(b->wakes); i++)
		wake_fini(&b->wakes[i]);
}

/* The writer: everything handed over is stored, and forgotten. */
static void writer_discard(struct bench *b)
{
	struct handoff_msg *msgs[64];
	for (unsigned n; (n = handoff_pull(&b->writer, msgs, array_len(msgs)));)
		for (unsigned i = 0; i < n; i++) {
			struct append_msg *a = container_of(msgs[i], struct append_msg, msg);
			a->error = 0;
			a->base_offset = b->next_offset;
			b->next_offset += a->records;
			handoff_complete(&b->writer, &a->msg);
		}
}

/* In a function of its own, so that a profiler can leave out the rest of turn(). */
static named void poller_turn_alone(struct bench *b)
{
	poller_turn(b->poller);
}

static void turn(struct bench *b)
{
	poller_turn_alone(b);
	writer_discard(b);
	wire_settle(b->nic);
}

/* ---- the connections --------------------------------------------------------------------- */

/* As many at a time as a turn takes packets: their SYNs, then what completes the handshakes. */
static void connections_open(struct bench *b)
{
	uint16_t port = b->load->listener.port;
	struct wire_segment s = {.port = port};
	for (unsigned first = 0; first < b->load->connections; first += PACKETS_PER_TURN) {
		unsigned end = min_u32(first + PACKETS_PER_TURN, b->load->connections);
		s.flags = TCP_FLAG_SYN;
		for (s.peer = first; s.peer < end; s.peer++)
			wire_put_segment(b->nic, &s);
		turn(b);
		s.flags = TCP_FLAG_ACK;
		for (s.peer = first; s.peer < end; s.peer++)
			wire_put_segment(b->nic, &s);
		turn(b);
	}
}

/* ---- measuring ---------------------------------------------------------------------------- */

struct window {
	double records;
	double cycles[STAGES];
	double all;
};

/* The poller's counters: published once per millisecond, so a turn is made to publish. */
static void counters(struct bench *b, struct stats *ret)
{
	uint64_t until = clock_now_ns() + 2 * NS_PER_MS;
	while (clock_now_ns() < until)
		continue;
	turn(b);
	stats_read(&b->page, ret);
}

/* What is counted is what the poller says of itself: putting frames on the wire costs it
 * nothing. */
static named void window_run(struct bench *b, unsigned n, struct window *ret)
{
	static struct stats before, after;
	counters(b, &before);
	for (unsigned i = 0; i < WINDOW_TURNS; i++) {
		b->load->put(&b->state, b->nic, b->load->connections, n);
		turn(b);
	}
	counters(b, &after);
	*ret = (struct window){0};
	ret->records = (double)(after.value[STAT_records_received] -
				before.value[STAT_records_received]);
	for (unsigned i = 0; i < STAGES; i++) {
		enum stat_id id = (enum stat_id)(STAT_cycles_ack + i);
		ret->cycles[i] = (double)(after.value[id] - before.value[id]) / ret->records;
		ret->all += ret->cycles[i];
	}
}

/* Whole windows are sorted, not stages: those that are shown are of one and the same window. */
static int by_all(const void *a, const void *b)
{
	double x = ((const struct window *)a)->all, y = ((const struct window *)b)->all;
	return (x > y) - (x < y);
}

static void print_load(struct bench *b, bool *is_first)
{
	static struct window windows[WINDOWS];
	const struct load *load = b->load;
	for (unsigned i = 0; i < WINDOWS_WARM; i++)
		window_run(b, PACKETS_PER_TURN, &windows[0]);
	for (unsigned i = 0; i < WINDOWS; i++)
		window_run(b, PACKETS_PER_TURN, &windows[i]);
	qsort(windows, WINDOWS, sizeof *windows, by_all);
	const struct window *median = &windows[WINDOWS / 2];
	printf("%s\n    {\"load\": \"%s\", \"item\": \"%s\", \"connections\": %u, "
	       "\"cycles\": %.1f, \"stages\": {",
	       *is_first ? "" : ",", load->name, load->item, load->connections, median->all);
	for (unsigned i = 0, shown = 0; i < STAGES; i++) {
		const char *name = stat_infos[STAT_cycles_ack + i].name + sizeof "cycles";
		if (STAT_cycles_ack + i != STAT_cycles_nic)
			printf("%s\"%s\": %.1f", shown++ ? ", " : "", name, median->cycles[i]);
	}
	printf("}}");
	*is_first = false;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	bool is_first = true;
	printf("{\"counter_hz\": %.0f, \"turns\": [", bench_counter_hz());
	for (const struct load *load = loads; load->name; load++) {
		if (argc > 1 && strcmp(argv[1], load->name) != 0)
			continue;
		bench_start(&bench, load);
		load->begin(&bench.state);
		if (load->listener.protocol != PROTOCOL_UDP)
			connections_open(&bench);
		print_load(&bench, &is_first);
		load->end(&bench.state);
		bench_stop(&bench);
	}
	printf("\n]}\n");
	return 0;
}
