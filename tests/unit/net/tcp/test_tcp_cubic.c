/* test_tcp_cubic.c - windows by RFC 9438, against what its formulas say. */
#include "dataplane/net/tcp/tcp_cubic.h"

#include <criterion/criterion.h>

enum { MSS = 1448 };

/* The window after `seconds` of full windows acknowledged each `rtt_ms`. */
static uint32_t grow(struct tcp_cubic *k, uint32_t cwnd, uint32_t rtt_ms, double seconds)
{
	for (uint32_t ms = 1; ms <= (uint32_t)(seconds * 1000); ms += rtt_ms) {
		uint32_t round = cwnd;
		for (uint32_t acked = 0; acked < round; acked += 2 * MSS) {
			struct tcp_cubic_ack ack = {2 * MSS, ms, rtt_ms, MSS};
			cwnd = tcp_cubic_grow(k, cwnd, &ack);
		}
	}
	return cwnd;
}

/* (1) and (2) of 4.2, of 1,000 segments: the cube root of 1000 * 0.3 / 0.4 is this. */
static double cubic_of_1000(double seconds)
{
	double from_flat = seconds - 9.0856;
	return 1000 + 0.4 * from_flat * from_flat * from_flat;
}

static bool is_near(double a, double b, double by)
{
	return a - b < by && b - a < by;
}

Test(tcp_cubic, a_cut_keeps_seven_tenths_and_the_same_again_leaves_room_for_others)
{
	struct tcp_cubic k = {0};
	cr_assert(tcp_cubic_cut(&k, 1000 * MSS, MSS) == 700 * MSS && k.before == 1000 * MSS);
	cr_assert(tcp_cubic_cut(&k, 700 * MSS, MSS) == 490 * MSS && k.before == 595 * MSS);
	cr_assert(tcp_cubic_cut(&k, 2 * MSS, MSS) == 2 * MSS);
}

Test(tcp_cubic, a_large_window_grows_by_the_cube_of_time)
{
	static const double at_s[] = {1, 3, 6, 9, 12};
	for (unsigned i = 0; i < sizeof at_s / sizeof at_s[0]; i++) {
		struct tcp_cubic k = {0};
		uint32_t cwnd = tcp_cubic_cut(&k, 1000 * MSS, MSS);
		double segments = (double)grow(&k, cwnd, 100, at_s[i]) / MSS;
		double expected = cubic_of_1000(at_s[i]);
		cr_assert(is_near(segments, expected, 0.05 * expected), "%g s: %g, not %g", at_s[i],
			  segments, expected);
	}
}

/* Within 10 s it is where it was by RFC 5681's: 4.3. */
Test(tcp_cubic, a_small_window_of_a_short_path_grows_as_reno_would)
{
	struct tcp_cubic k = {0};
	uint32_t cwnd = tcp_cubic_cut(&k, 40 * MSS, MSS);
	double segments = (double)grow(&k, cwnd, 10, 0.2) / MSS;
	cr_assert(is_near(segments, 28 + 20 * 9 / 17., 1), "%g", segments);
}

Test(tcp_cubic, a_rest_is_no_time_to_grow_in)
{
	struct tcp_cubic k = {0};
	uint32_t cwnd = tcp_cubic_cut(&k, 1000 * MSS, MSS);
	struct tcp_cubic_ack ack = {2 * MSS, 0, 100, MSS};
	uint32_t before = tcp_cubic_grow(&k, cwnd, &ack);
	tcp_cubic_rested(&k, 60000);
	ack.now_ms = 60000;
	uint32_t after = tcp_cubic_grow(&k, before, &ack);
	cr_assert(after - before < MSS / 10);
}

Test(tcp_cubic, a_step_is_no_more_than_half_of_what_was_acknowledged)
{
	struct tcp_cubic k = {0};
	uint32_t cwnd = tcp_cubic_cut(&k, 10 * MSS, MSS);
	struct tcp_cubic_ack ack = {MSS, 0, 20, MSS};
	cwnd = tcp_cubic_grow(&k, cwnd, &ack);
	ack.now_ms = 80000;
	cr_assert(tcp_cubic_grow(&k, cwnd, &ack) <= cwnd + MSS / 2 + 1);
}
