/* test_gen_run.c - whole measurements against a target whose every answer is known: what is
 * offered, what is achieved, and from when its latency counts. */
#include "dataplane/base/clock.h"
#include "tests/unit/perf/loop_port.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { CONNECTIONS = 10, US = 1000, MS = 1000000 };

struct rig {
	struct loop_port loop;
	struct gen_gate gate;
	struct gen_load load;
	struct gen_run run;
};

static struct rig *rig_create(void)
{
	/* A run has members on cache lines of their own. */
	struct rig *r = aligned_alloc(alignof(struct rig), sizeof *r);
	cr_assert(r);
	memset(r, 0, sizeof *r);
	r->gate.count = 1;
	r->load = loop_load();
	loop_port_init(&r->loop, &r->gate);
	return r;
}

static const struct gen_figures *measure(struct rig *r, const struct gen_run_options *options)
{
	struct gen_run_options o = *options;
	o.port = &r->loop.port;
	o.gate = &r->gate;
	o.connections = CONNECTIONS;
	o.target_port = LOOP_TARGET_PORT;
	o.warmup_s = 0.1;
	o.seconds = o.seconds > 0 ? o.seconds : 0.5;
	cr_assert(gen_run_init(&r->run, &o) == 0);
	gen_run_loop(&r->run);
	cr_assert(atomic_load(&r->run.phase) == GEN_DONE);
	return &r->run.figures;
}

static void rig_destroy(struct rig *r)
{
	gen_run_fini(&r->run);
	free(r);
}

/* Never better than the truth; worse by a histogram's step and a few readings of the clock. */
static bool is_about(uint64_t ns, uint64_t truth_ns)
{
	return ns >= truth_ns && ns <= truth_ns + truth_ns / 60 + 20 * LOOP_TICK_NS;
}

Test(gen_run, an_open_loop_offers_its_rate_and_measures_each_message_once)
{
	struct rig *r = rig_create();
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(!f->failure && f->offered == 500 && f->latency.count == 500);
	cr_assert(is_about(histogram_quantile_ns(&f->latency, 0.5), 300 * US));
	cr_assert(is_about(f->latency.max_ns, 300 * US));
	cr_assert(f->done[GEN_ACCEPTED] >= 499 && f->done[GEN_ACCEPTED] <= 501);
	cr_assert(f->begun_all == 600 || f->begun_all == 601, "warm-up, too");
	cr_assert(f->begun_all == f->done_all[GEN_ACCEPTED] && f->unanswered == 0);
	cr_assert(f->records == f->begun_all);
	rig_destroy(r);
}

/* The 200 messages of a stall of 200 ms have waited between 0 and 200 ms, although most of
 * them were sent when it was over or answered in one go: no omission. */
Test(gen_run, a_stall_is_charged_for_all_it_kept_waiting)
{
	struct rig *r = rig_create();
	r->loop.stall_from_ns = 200 * MS;
	r->loop.stall_to_ns = 400 * MS;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(f->latency.count == 500);
	cr_assert(is_about(histogram_quantile_ns(&f->latency, 0.5), 300 * US));
	uint64_t p90 = histogram_quantile_ns(&f->latency, 0.9);
	cr_assert(p90 > 148 * MS && p90 < 155 * MS, "%lu", p90);
	cr_assert(f->latency.max_ns > 199 * MS && f->latency.max_ns < 202 * MS);
	cr_assert(f->unanswered == 0);
	rig_destroy(r);
}

Test(gen_run, a_burst_is_sent_at_once)
{
	struct rig *r = rig_create();
	const struct gen_figures *f = measure(
		r,
		&(struct gen_run_options){.load = &r->load, .rate = 1000, .burst_s = 0.1});
	cr_assert(f->latency.count == 500 && f->offered == 500);
	cr_assert(r->loop.in_flight_max == 100 / CONNECTIONS);
	rig_destroy(r);
}

Test(gen_run, a_closed_loop_keeps_so_many_under_way_and_no_more)
{
	struct rig *r = rig_create();
	r->loop.delay_ns = MS;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .in_flight = 3});
	cr_assert(r->loop.in_flight_max == 3);
	/* Three per connection and millisecond, less what the turns take. */
	uint64_t most = 3 * CONNECTIONS * 500;
	cr_assert(f->done[GEN_ACCEPTED] > most * 95 / 100 && f->done[GEN_ACCEPTED] <= most,
		  "%lu of %lu", f->done[GEN_ACCEPTED], most);
	cr_assert(is_about(histogram_quantile_ns(&f->latency, 0.5), MS));
	cr_assert(f->unanswered == 0 && f->begun_all == f->done_all[GEN_ACCEPTED]);
	rig_destroy(r);
}

Test(gen_run, greetings_are_in_the_ledger_and_not_in_the_measurement)
{
	struct rig *r = rig_create();
	r->load.greetings = 1;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(f->latency.count == 500 && is_about(f->latency.max_ns, 300 * US));
	cr_assert(f->begun_all == 600 + CONNECTIONS || f->begun_all == 601 + CONNECTIONS);
	cr_assert(f->done_all[GEN_ACCEPTED] == f->begun_all);
	rig_destroy(r);
}

Test(gen_run, connections_refused_are_a_failure_and_shut_the_gate)
{
	struct rig *r = rig_create();
	r->loop.is_refusing = true;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(f->failure && gen_gate_is_shut(&r->gate));
	cr_assert(f->lost[GEN_LOSS_REFUSED] > 0 && f->latency.count == 0);
	rig_destroy(r);
}

Test(gen_run, a_port_that_is_down_is_a_failure)
{
	struct rig *r = rig_create();
	r->loop.is_down = true;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(f->failure && f->begun_all == 0);
	rig_destroy(r);
}

Test(gen_run, nothing_is_measured_when_another_lcore_could_not_begin)
{
	struct rig *r = rig_create();
	r->gate.count = 2;
	gen_gate_shut(&r->gate);
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(!f->failure, "the failure is the other's");
	cr_assert(f->begun_all == 0 && f->steady_ns == 0 && f->unanswered == 0);
	rig_destroy(r);
}

Test(gen_run, datagrams_keep_their_rate_too)
{
	struct rig *r = rig_create();
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.rate = 2000, .datagram_bytes = 64});
	cr_assert(!f->failure && f->begun >= 999 && f->begun <= 1001);
	cr_assert(f->records == r->loop.datagrams && f->begun_all == f->records);
	cr_assert(f->cycles_stalled == 0);
	rig_destroy(r);
}

Test(gen_run, a_full_port_is_a_stall_and_not_idleness)
{
	struct rig *r = rig_create();
	r->loop.is_full = true;
	const struct gen_figures *f = measure(r, &(struct gen_run_options){.datagram_bytes = 64});
	cr_assert(f->begun_all == GEN_TX_BATCH, "what the port does not take waits");
	cr_assert(f->cycles_stalled > 0 && f->cycles_idle == 0);
	rig_destroy(r);
}

static uint64_t accepted_in(const struct rig *r, uint32_t second)
{
	return gen_series_grown(r->run.series, second).accepted;
}

Test(gen_run, steps_have_rates_of_their_own_and_seconds_that_are_told_apart)
{
	struct rig *r = rig_create();
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load,
					     .rate = 1000,
					     .seconds = 3,
					     .step_count = 2,
					     .steps = {{1000, 1}, {3000, 2}},
					     .outstanding = 64});
	cr_assert(f->offered == 7000 && f->latency.count == 7000, "%lu", f->latency.count);
	cr_assert(r->run.series->marked == 4);
	static const uint64_t rates[] = {1000, 3000, 3000};
	for (uint32_t i = 0; i < array_len(rates); i++) {
		cr_assert(r->run.series->latency[i].count == rates[i]);
		/* A second ends with the first turn behind it. */
		uint64_t given = gen_series_grown(r->run.series, i).given;
		cr_assert(given + 1 >= rates[i] && given <= rates[i] + 1, "%lu", given);
		uint64_t accepted = accepted_in(r, i);
		cr_assert(accepted + 2 > rates[i] && accepted < rates[i] + 2, "%lu", accepted);
	}
	cr_assert(is_about(histogram_quantile_ns(&f->latency, 0.5), 300 * US));
	cr_assert(f->unanswered == 0 && r->run.held_back == 0);
	rig_destroy(r);
}

/* A second of silence: each connection waits with what it may have outstanding, the rest is held
 * back; when the rate falls what was not sent is forgotten, and the next second is normal. */
Test(gen_run, a_storm_leaves_no_backlog_and_what_it_kept_waiting_is_charged)
{
	struct rig *r = rig_create();
	r->loop.stall_from_ns = 100 * MS;
	r->loop.stall_to_ns = 1100 * MS;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load,
					     .rate = 2000,
					     .seconds = 3,
					     .step_count = 2,
					     .steps = {{2000, 1}, {1000, 2}},
					     .outstanding = 5});
	struct gen_tally storm = gen_series_grown(r->run.series, 0);
	const struct histogram *latency = r->run.series->latency;
	cr_assert(storm.given >= 1999 && storm.given <= 2001 && f->offered == 4000);
	cr_assert(r->loop.in_flight_max == 5);
	/* All but five of each connection, a few of the first turn aside. */
	cr_assert(storm.held_back >= 1940 && storm.held_back <= 1950, "%lu", storm.held_back);
	cr_assert(latency[0].count + storm.held_back == 2000);
	cr_assert(latency[0].max_ns > 990 * MS && latency[0].max_ns < 1010 * MS, "%lu",
		  latency[0].max_ns);
	cr_assert(latency[2].count == 1000 && is_about(latency[2].max_ns, 300 * US));
	cr_assert(f->unanswered == 0 && f->lost[GEN_LOSS_GIVEN_UP] == 0);
	rig_destroy(r);
}

/* The target says nothing any more: what a full window keeps from being sent is forgotten. */
Test(gen_run, what_was_sent_and_is_not_answered_is_given_up_at_the_end)
{
	struct rig *r = rig_create();
	r->loop.stall_from_ns = 600 * MS;
	r->loop.stall_to_ns = 3600000ull * MS;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load,
					     .rate = 1000,
					     .seconds = 1,
					     .step_count = 1,
					     .steps = {{1000, 1}},
					     .outstanding = 8});
	cr_assert(f->lost[GEN_LOSS_GIVEN_UP] == CONNECTIONS);
	cr_assert(f->messages_lost[GEN_LOSS_GIVEN_UP] == 8 * CONNECTIONS);
	cr_assert(f->unanswered == 0 && f->begun_all == f->done_all[GEN_ACCEPTED] + 80);
	rig_destroy(r);
}

Test(gen_run, datagrams_of_a_storm_that_the_port_does_not_take_are_lost_there)
{
	struct rig *r = rig_create();
	r->loop.is_full = true;
	measure(r, &(struct gen_run_options){.rate = 1000,
					     .datagram_bytes = 64,
					     .seconds = 1,
					     .step_count = 1,
					     .steps = {{1000, 1}}});
	struct gen_tally t = gen_series_grown(r->run.series, 0);
	cr_assert(t.given >= 998 && t.given <= 1002 && t.begun == 0, "%lu", t.given);
	cr_assert(t.held_back == t.given);
	rig_destroy(r);
}

/* ---- readers: the last two connections --------------------------------------------- */

enum {
	READERS_FROM = CONNECTIONS - 2,
	/* A request that was sent in one turn is found answered in another; a turn reads the clock
	 * twice. */
	READ_NS_MIN = 300 * US,
	READ_NS_MAX = READ_NS_MIN + 4 * LOOP_TICK_NS,
};

static struct {
	struct rig *rig;
	uint32_t taken[CONNECTIONS];
	uint32_t from, asked_if_all, all_after;
	bool is_numbering, has_told;
} reading;

/* A request is one answer of the target's. Before its end it may be told that the last message
 * that a writer has an answer to has arrived. */
static struct gen_take reader_take(const struct gen_load *l, uint32_t conn, uint32_t message,
				   struct bytes at)
{
	uint64_t accepted = reading.rig->run.done[GEN_ACCEPTED];
	if (at.size < LOOP_ANSWER_BYTES)
		return (struct gen_take){0};
	cr_assert(conn >= reading.from && be32_load(at.data) == message);
	if (reading.is_numbering && !reading.has_told && accepted) {
		reading.has_told = true;
		return (struct gen_take){.has_number = true, .number = accepted - 1};
	}
	reading.has_told = false;
	reading.taken[conn]++;
	return (struct gen_take){.bytes = LOOP_ANSWER_BYTES, .is_whole = true};
}

static bool reader_has_all(const struct gen_load *l, uint32_t conn)
{
	return reading.asked_if_all++ >= reading.all_after;
}

/* One request after the other; the last is answered when the time is over. */
static bool is_read_in(uint64_t fetched, uint32_t readers, uint64_t ns)
{
	return fetched >= readers * (ns / READ_NS_MAX) &&
	       fetched <= readers * (ns / READ_NS_MIN + 1);
}

static struct gen_readers readers_of(struct rig *r)
{
	memset(&reading, 0, sizeof reading);
	reading.rig = r;
	reading.from = READERS_FROM;
	return (struct gen_readers){
		.first = READERS_FROM, .take = reader_take, .has_all = reader_has_all};
}

Test(gen_run, readers_read_one_after_the_other_and_the_schedule_is_the_others)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	r->load.readers = &readers;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(!f->failure && f->offered == 500 && f->latency.count == 500);
	cr_assert(f->done[GEN_ACCEPTED] >= 499 && f->done[GEN_ACCEPTED] <= 501);
	cr_assert(is_about(f->latency.max_ns, 300 * US));
	cr_assert(r->loop.in_flight_max == 1);
	uint64_t fetched = r->run.fetched[GEN_ACCEPTED];
	cr_assert(is_read_in(fetched, 2, 600 * MS), "%lu, warm-up, too", fetched);
	cr_assert(reading.taken[READERS_FROM] + reading.taken[READERS_FROM + 1] == fetched);
	cr_assert(f->begun_all == f->done_all[GEN_ACCEPTED] && f->unanswered == 0);
	cr_assert(f->records == f->begun_all - fetched, "what readers do stores nothing");
	rig_destroy(r);
}

Test(gen_run, readers_read_on_until_they_have_what_was_stored)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	r->load.readers = &readers;
	reading.all_after = 100;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(reading.asked_if_all == 102 && r->run.reading == 0);
	cr_assert(f->unanswered == 0 && f->lost[GEN_LOSS_GIVEN_UP] == 0);
	rig_destroy(r);
}

Test(gen_run, readers_may_stand_beside_a_closed_loop)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	r->load.readers = &readers;
	reading.is_numbering = true;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .in_flight = 2});
	cr_assert(!f->failure && f->unanswered == 0 && r->run.reading == 0);
	cr_assert(r->loop.in_flight_max == 2);
	cr_assert(is_read_in(r->run.fetched[GEN_ACCEPTED], 2, 600 * MS));
	cr_assert(f->end_to_end.count == 0, "nothing of it was due");
	rig_destroy(r);
}

Test(gen_run, readers_alone_are_a_run_too)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	readers.first = 0;
	r->load.readers = &readers;
	reading.from = 0;
	const struct gen_figures *f = measure(r, &(struct gen_run_options){.load = &r->load});
	cr_assert(!f->failure && f->unanswered == 0 && r->run.reading == 0);
	cr_assert(is_read_in(r->run.fetched[GEN_ACCEPTED], CONNECTIONS, 600 * MS));
	cr_assert(f->done[GEN_ACCEPTED] == 0);
	rig_destroy(r);
}

Test(gen_run, to_the_end_is_over_with_the_last_reader)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	readers.is_to_end = true;
	r->load.readers = &readers;
	reading.all_after = 1400;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000, .seconds = 60});
	cr_assert(!f->failure && reading.asked_if_all == 1402);
	/* 701 requests of each reader; of their time the warm-up had 100 ms, and a turn. */
	cr_assert(f->steady_ns >= 701ull * READ_NS_MIN - 100 * MS - 2 * LOOP_TICK_NS &&
			  f->steady_ns <= 701ull * READ_NS_MAX - 100 * MS,
		  "%lu", f->steady_ns);
	cr_assert(f->unanswered == 0);
	rig_destroy(r);
}

Test(gen_run, an_end_that_is_not_reached_in_time_is_a_failure)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	readers.is_to_end = true;
	r->load.readers = &readers;
	reading.all_after = 5000;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	cr_assert(f->failure);
	rig_destroy(r);
}

/* The last message with an answer was due 300 us ago at least, and until the next has one, which
 * was due 1 ms later. */
Test(gen_run, what_arrives_is_measured_from_when_it_was_due)
{
	struct rig *r = rig_create();
	struct gen_readers readers = readers_of(r);
	r->load.readers = &readers;
	reading.is_numbering = true;
	const struct gen_figures *f = measure(
		r, &(struct gen_run_options){.load = &r->load, .rate = 1000});
	const struct histogram *h = &f->end_to_end;
	cr_assert(is_read_in(h->count, 2, 500 * MS), "%lu", h->count);
	cr_assert(histogram_quantile_ns(h, 0) >= READ_NS_MIN && h->max_ns <= MS + READ_NS_MAX);
	rig_destroy(r);
}
