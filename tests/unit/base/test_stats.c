/* test_stats.c - counters, ledgers, latency histogram. */
#include "dataplane/base/lap.h"

#include <criterion/criterion.h>

Test(stats, ledger_counts_what_entered_and_did_not_end)
{
	static struct stats s;
	stats_add(&s, STAT_records_received, 10);
	stats_add(&s, STAT_records_stored, 6);
	stats_add(&s, STAT_record_reject_crc, 3);
	stats_add(&s, STAT_frames_received, 5);
	cr_assert(ledger_in_flight(&s, LEDGER_record) == 1);
	cr_assert(ledger_in_flight(&s, LEDGER_frame) == 5);
	cr_assert(ledger_in_flight(&s, LEDGER_packet) == 0);
}

Test(stats, every_counter_of_a_ledger_counts_in_it_and_in_no_other)
{
	unsigned counted = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		struct stats s = {0};
		const struct stat_info *info = &stat_infos[i];
		bool is_in = info->role == STAT_ROLE_in, is_end = info->role == STAT_ROLE_end;
		int64_t held = is_in ? 7 : is_end ? -7 : 0;
		stats_add(&s, (enum stat_id)i, 7);
		for (unsigned ledger = 0; ledger < LEDGERS; ledger++) {
			int64_t expected = info->ledger == ledger ? held : 0;
			cr_assert(ledger_in_flight(&s, (enum ledger)ledger) == expected, "%s",
				  info->name);
			counted += expected != 0;
		}
	}
	cr_assert(counted > 30, "%u", counted);
}

Test(stats, quantile_is_within_an_eighth)
{
	static struct stats s;
	for (uint64_t us = 1; us <= 100000; us++)
		stats_latency(&s, us * 1000);
	double p50 = (double)stats_latency_quantile_us(&s, 0.5);
	double p99 = (double)stats_latency_quantile_us(&s, 0.99);
	cr_assert(p50 >= 50000 && p50 < 50000 * 1.13, "%f", p50);
	cr_assert(p99 >= 99000 && p99 < 99000 * 1.13, "%f", p99);
}

Test(stats, a_page_gives_back_what_was_published)
{
	static struct stats s, out;
	static struct stats_page page;
	stats_add(&s, STAT_turns, 42);
	stats_publish(&page, &s);
	stats_add(&s, STAT_turns, 1);
	stats_read(&page, &out);
	cr_assert(out.value[STAT_turns] == 42);
}

Test(stats, the_last_quantile_is_the_largest_value_seen)
{
	struct stats s = {0};
	stats_latency(&s, 3000000);
	stats_latency(&s, 5000);
	double most = (double)stats_latency_quantile_us(&s, 1.0);
	cr_assert(most >= 3000 && most <= 3000 * 1.125, "%f", most);
}

/* Of a turn of two stages, in the second of which `aside` cycles were spent elsewhere. */
static struct laps turn_of(uint64_t aside)
{
	struct laps l;
	laps_begin(&l, 1000);
	lap(&l, STAT_cycles_ip, 1000);
	uint64_t spin = clock_cycles() + 10000;
	while (clock_cycles() < spin)
		continue;
	lap(&l, STAT_cycles_batch, 1000 + aside);
	return l;
}

Test(laps, stages_and_what_went_aside_are_the_whole_turn)
{
	static struct stats s;
	struct laps l = turn_of(4000);
	cr_assert(laps_aside(&l) == 4000);
	laps_end(&l, &s, true, true);
	cr_assert(s.value[STAT_cycles_batch] >= 6000);
	cr_assert(s.value[STAT_cycles_ip] + s.value[STAT_cycles_batch] + 4000 ==
		  s.value[STAT_cycles_busy]);
	cr_assert(s.value[STAT_turns_busy] == 1);
}

Test(laps, an_idle_turn_counts_for_no_stage)
{
	static struct stats s;
	struct laps l = turn_of(0);
	laps_end(&l, &s, false, false);
	cr_assert(s.value[STAT_cycles_batch] == 0 && s.value[STAT_cycles_stalled] == 0);
	cr_assert(s.value[STAT_cycles_idle] >= 10000);
	laps_end(&l, &s, false, true);
	cr_assert(s.value[STAT_cycles_stalled] >= 10000);
	cr_assert(s.value[STAT_turns] == 2 && s.value[STAT_turns_busy] == 0);
}
