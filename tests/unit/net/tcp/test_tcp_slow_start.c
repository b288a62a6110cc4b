/* test_tcp_slow_start.c - the first slow start, against RFC 9406. */
#include "dataplane/net/tcp/tcp_slow_start.h"

#include <criterion/criterion.h>

enum { MSS = 1448, SEGMENTS = 16 };

/* A round of segments that took `rtt_ms` each, but for the first of `late`, which took longer. */
static void round_trip(struct tcp_slow_start *s, uint32_t *una, uint32_t rtt_ms, unsigned late)
{
	uint32_t max = *una + SEGMENTS * MSS + 1; /* sent as it begins */
	for (unsigned i = 0; i < SEGMENTS; i++) {
		*una += MSS;
		struct tcp_slow_ack ack = {.una = *una,
					   .max = max,
					   .rtt_ms = rtt_ms + (i < late ? 50 : 0),
					   .has_rtt = true};
		tcp_slow_start_learn(s, &ack);
	}
}

static bool is_careful(const struct tcp_slow_start *s)
{
	return tcp_slow_start_step(s, MSS, MSS) < MSS;
}

Test(tcp_slow_start, an_acknowledgement_of_much_opens_the_window_by_eight_segments)
{
	struct tcp_slow_start s = {0};
	cr_assert(tcp_slow_start_step(&s, 3 * MSS, MSS) == 3 * MSS);
	cr_assert(tcp_slow_start_step(&s, 100 * MSS, MSS) == 8 * MSS);
}

Test(tcp_slow_start, a_round_trip_that_is_an_eighth_longer_makes_it_careful)
{
	struct tcp_slow_start s = {0};
	uint32_t una = UINT32_MAX - 40 * MSS; /* it wraps on the way */
	for (unsigned i = 0; i < 5; i++)
		round_trip(&s, &una, 80 + i, SEGMENTS / 2);
	cr_assert(!is_careful(&s), "a little longer, or of some only");
	round_trip(&s, &una, 94, 0);
	cr_assert(is_careful(&s) && tcp_slow_start_step(&s, 4 * MSS, MSS) == MSS);
	round_trip(&s, &una, 95, 0);
	cr_assert(!tcp_slow_start_is_over(&s), "the round that it began in, and one more");
	round_trip(&s, &una, 95, 0);
	cr_assert(tcp_slow_start_is_over(&s));
}

Test(tcp_slow_start, round_trips_that_are_short_again_were_no_queue)
{
	struct tcp_slow_start s = {0};
	uint32_t una = 1;
	round_trip(&s, &una, 20, 0);
	round_trip(&s, &una, 24, 0);
	cr_assert(is_careful(&s), "four milliseconds at least");
	round_trip(&s, &una, 21, 0);
	cr_assert(!is_careful(&s));
	for (unsigned i = 0; i < 20; i++)
		round_trip(&s, &una, 21, 0);
	cr_assert(!tcp_slow_start_is_over(&s));
}

Test(tcp_slow_start, where_a_round_trip_takes_no_millisecond_nothing_is_learnt)
{
	struct tcp_slow_start s = {0};
	uint32_t una = 1;
	round_trip(&s, &una, 0, 0);
	round_trip(&s, &una, 30, 0);
	cr_assert(!is_careful(&s));
}
