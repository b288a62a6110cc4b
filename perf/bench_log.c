/* bench_log.c - recorded batches into a writer and the disk it is linked with, answers timed;
 * figures as JSON on stdout. perf/run disk holds them against what fio gets of the same disk.
 *
 *     appends made once ─▶ handoff ─▶ writer_turn() ─▶ disk ─▶ answer: its latency, and again
 *
 * One thread is requester and writer, as on a fused core whose poller costs nothing; it sleeps
 * when the disk is all it waits for. Closed loop: so many batches of each partition are under
 * way. Open loop (--rate): batch j is due at start + j / rate, and its latency counts from
 * then, whatever has been answered before.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "perf/bench_parts.h"
#include "perf/bench_writer.h"
#include "perf/histogram.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	RECORD_BYTES = 100, /* the header's record count: no record is looked at */
	MEMORY_MAX = 512 << 20,
	WARM_UP_NS = 500 * 1000 * 1000,
	IDLE_TURNS = 64, /* before it sleeps */
	SLEEP_MAX_NS = 10 * 1000 * 1000,
	REAPED_PER_TURN = 256,
};

struct options {
	const char *directory;
	unsigned partitions;
	unsigned batch_bytes;
	unsigned in_flight; /* per partition */
	double rate;        /* batches/s; 0: closed loop */
	double seconds;
	enum ack_level level;
};

struct figures {
	uint64_t at_ns;
	uint64_t answers;
	double cpu_s; /* of all threads, io_uring's too */
	struct stats stats;
};

struct bench {
	struct options o;
	struct bench_writer writer;
	struct chunk_pool pool;
	struct append_msg *appends;
	uint64_t *due_ns; /* by append */
	unsigned append_count;
	struct list free;
	uint64_t start_ns;
	uint64_t sent;    /* since the start */
	uint64_t answers;
	bool is_steady;
	bool is_ending; /* nothing is sent any more */
	struct histogram latency; /* of the steady phase */
};

static const char usage_text[] =
	"usage: bench_log DIRECTORY [--partitions N] [--batch BYTES] [--in-flight N]\n"
	"                 [--rate BATCHES_PER_SECOND] [--seconds S] [--level durable|written]\n";

/* ---- batches out, answers in ------------------------------------------------------------ */

static void send_one(struct bench *b, struct append_msg *a, uint32_t slot, uint64_t due_ns)
{
	a->partition.slot = slot;
	a->level = b->o.level;
	a->error = 0;
	b->due_ns[a - b->appends] = due_ns;
	b->sent++;
	handoff_send(&b->writer.appends, &a->msg);
}

static uint64_t next_due_ns(const struct bench *b)
{
	return b->start_ns + (uint64_t)((double)b->sent / b->o.rate * 1e9);
}

/* Open loop: what is due, as far as there are appends; the rest is late. */
static bool send_due(struct bench *b, uint64_t now_ns)
{
	bool worked = false;
	while (next_due_ns(b) <= now_ns && !list_is_empty(&b->free)) {
		struct list *node = list_take_first(&b->free);
		send_one(b, list_entry(node, struct append_msg, node),
			 (uint32_t)(b->sent % b->o.partitions), next_due_ns(b));
		worked = true;
	}
	return worked;
}

/* In a closed loop an answer makes room for the next batch of the same partition; at a given
 * rate the batch goes back to those that wait for their time. */
static void take_answer(struct bench *b, struct append_msg *a, uint64_t now_ns)
{
	require(a->error == 0);
	b->answers++;
	if (b->is_steady)
		histogram_add(&b->latency, now_ns - b->due_ns[a - b->appends]);
	if (b->o.rate > 0 || b->is_ending)
		list_append(&b->free, &a->node);
	else
		send_one(b, a, a->partition.slot, now_ns);
}

/* Answers of one turn have one time: they were all there when it was taken. */
static bool reap(struct bench *b)
{
	struct handoff_msg *done[REAPED_PER_TURN];
	unsigned n = handoff_reap(&b->writer.appends, done, REAPED_PER_TURN);
	uint64_t now_ns = clock_now_ns();
	for (unsigned i = 0; i < n; i++)
		take_answer(b, container_of(done[i], struct append_msg, msg), now_ns);
	return n > 0;
}

/* Until the disk has something to tell, or the next batch is due. */
static void sleep_a_while(struct bench *b)
{
	struct wake *wake = &b->writer.wakes[1];
	uint64_t now_ns = clock_now_ns();
	uint64_t until_ns = now_ns + writer_idle_ns(b->writer.writer, SLEEP_MAX_NS);
	int fd = disk_wait_fd(b->writer.disk);
	if (b->o.rate > 0 && !b->is_ending)
		until_ns = min_u64(until_ns, max_u64(next_due_ns(b), now_ns));
	wake_prepare(wake);
	if (writer_may_sleep(b->writer.writer))
		wake_wait(wake, until_ns - now_ns, &fd, 1);
	else
		wake_cancel(wake);
}

static void run_until(struct bench *b, uint64_t end_ns)
{
	unsigned idle_turns = 0;
	for (uint64_t now_ns; (now_ns = clock_now_ns()) < end_ns;) {
		bool worked = b->o.rate > 0 && !b->is_ending && send_due(b, now_ns);
		worked |= writer_turn(b->writer.writer, false);
		worked |= reap(b);
		idle_turns = worked ? 0 : idle_turns + 1;
		if (idle_turns > IDLE_TURNS)
			sleep_a_while(b);
		if (b->is_ending && b->answers == b->sent)
			return;
	}
}

/* ---- figures ---------------------------------------------------------------------------- */

static void take_figures(struct bench *b, struct figures *ret)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	stats_read(&b->writer.page, &ret->stats);
	ret->at_ns = clock_now_ns();
	ret->answers = b->answers;
	ret->cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_figures(const struct bench *b, const struct figures *from,
			  const struct figures *to)
{
	static const enum stat_id cycles[] = {STAT_cycles_reap, STAT_cycles_pull,
					      STAT_cycles_log, STAT_cycles_complete};
	double seconds = (double)(to->at_ns - from->at_ns) / 1e9;
	double answers = (double)(to->answers - from->answers);
	double busy = 0;
	for (unsigned i = 0; i < array_len(cycles); i++)
		busy += (double)(to->stats.value[cycles[i]] - from->stats.value[cycles[i]]);
	printf("{\"batch_bytes\": %u, \"partitions\": %u, \"in_flight\": %u, \"rate\": %.1f, "
	       "\"level\": \"%s\",\n \"seconds\": %.3f, \"batches_per_s\": %.1f, "
	       "\"bytes_per_s\": %.0f,\n",
	       b->o.batch_bytes, b->o.partitions, b->o.in_flight, b->o.rate,
	       b->o.level == ACK_DURABLE ? "durable" : "written", seconds, answers / seconds,
	       answers * b->o.batch_bytes / seconds);
	printf(" \"writes\": %lu, \"syncs\": %lu, \"flushes\": %lu, \"commits\": %lu, "
	       "\"bytes_zeroed\": %lu, \"cpu_s\": %.3f, \"counter_hz\": %.0f,\n"
	       " \"writer_cycles_per_batch\": %.0f,\n",
	       to->stats.value[STAT_log_writes] - from->stats.value[STAT_log_writes],
	       to->stats.value[STAT_log_syncs] - from->stats.value[STAT_log_syncs],
	       to->stats.value[STAT_log_flushes] - from->stats.value[STAT_log_flushes],
	       to->stats.value[STAT_log_commits] - from->stats.value[STAT_log_commits],
	       to->stats.value[STAT_log_zeroed_bytes] - from->stats.value[STAT_log_zeroed_bytes],
	       to->cpu_s - from->cpu_s, bench_counter_hz(), busy / answers);
	const struct histogram *h = &b->latency;
	printf(" \"latency_us\": {\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, "
	       "\"max\": %.1f}}\n",
	       (double)histogram_quantile_ns(h, 0.5) / 1e3,
	       (double)histogram_quantile_ns(h, 0.99) / 1e3,
	       (double)histogram_quantile_ns(h, 0.999) / 1e3, (double)h->max_ns / 1e3);
}

/* ---- the run ---------------------------------------------------------------------------- */

/* At a given rate as many as the ring takes: too few would hide how late the disk is. */
static void appends_make(struct bench *b)
{
	uint32_t chunks = (b->o.batch_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
	b->append_count = b->o.partitions * b->o.in_flight;
	if (b->o.rate > 0)
		b->append_count =
			min_u32(HANDOFF_APPENDS_MAX, MEMORY_MAX / (chunks * CHUNK_BYTES));
	b->appends = map_take(b->append_count * sizeof *b->appends);
	b->due_ns = map_take(b->append_count * sizeof *b->due_ns);
	require(b->appends && b->due_ns);
	require(chunk_pool_init(&b->pool, CHUNK_BYTES, b->append_count * chunks) == 0);
	list_init(&b->free);
	for (unsigned i = 0; i < b->append_count; i++) {
		require(bench_append_make(&b->appends[i], &b->pool, b->o.batch_bytes,
					  max_u32(b->o.batch_bytes / RECORD_BYTES, 1)));
		list_append(&b->free, &b->appends[i].node);
	}
}

/* Neither the beginning is measured nor the end: the last batches have less company than all
 * the others. */
static void run(struct bench *b)
{
	static struct figures from, to;
	uint64_t steady_ns = (uint64_t)(b->o.seconds * 1e9);
	b->start_ns = clock_now_ns();
	for (unsigned i = 0; b->o.rate == 0 && i < b->append_count; i++) {
		struct list *node = list_take_first(&b->free);
		send_one(b, list_entry(node, struct append_msg, node), i % b->o.partitions,
			 b->start_ns);
	}
	run_until(b, b->start_ns + WARM_UP_NS);
	b->is_steady = true;
	take_figures(b, &from);
	run_until(b, from.at_ns + steady_ns);
	b->is_steady = false;
	take_figures(b, &to);
	b->is_ending = true;
	run_until(b, UINT64_MAX);
	print_figures(b, &from, &to);
}

/* The number of an option; -1 (refused by all of them) when it is none. */
static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);
	return end != text && !*end ? value : -1;
}

/* A whole number; 0 (refused by all of them) when it is none or too large for any. */
static unsigned count(const char *text)
{
	double value = number(text);
	return value >= 1 && value <= MEMORY_MAX ? (unsigned)value : 0;
}

static bool read_level(const char *text, enum ack_level *ret)
{
	bool is_written = strcmp(text, "written") == 0;
	*ret = is_written ? ACK_WRITTEN : ACK_DURABLE;
	return is_written || strcmp(text, "durable") == 0;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{"partitions", required_argument, NULL, 'p'},
		{"batch", required_argument, NULL, 'b'},
		{"in-flight", required_argument, NULL, 'i'},
		{"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'},
		{"level", required_argument, NULL, 'l'},
		{0},
	};
	*o = (struct options){.partitions = 8, .batch_bytes = 16 << 10, .in_flight = 8,
			      .seconds = 3, .level = ACK_DURABLE};
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		switch (c) {
		case 'p':
			o->partitions = count(optarg);
			break;
		case 'b':
			o->batch_bytes = count(optarg);
			break;
		case 'i':
			o->in_flight = count(optarg);
			break;
		case 'r':
			o->rate = number(optarg);
			break;
		case 's':
			o->seconds = number(optarg);
			break;
		case 'l':
			if (!read_level(optarg, &o->level))
				return false;
			break;
		default:
			return false;
		}
	}
	o->directory = argv[optind];
	return optind == argc - 1 && o->partitions - 1 < BENCH_PARTITIONS_MAX &&
	       o->batch_bytes > 100 && o->batch_bytes <= 1 << 20 && o->in_flight > 0 &&
	       o->in_flight <= HANDOFF_APPENDS_MAX / o->partitions && o->rate >= 0 &&
	       o->seconds > 0;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	if (!read_options(argc, argv, &bench.o)) {
		fputs(usage_text, stderr);
		return 64;
	}
	appends_make(&bench);
	if (bench_writer_start(&bench.writer, bench.o.directory, bench.o.partitions) < 0)
		return 1;
	run(&bench);
	bench_writer_stop(&bench.writer);
	return 0;
}
