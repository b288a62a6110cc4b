/* test_capacity.c - what settings leave open follows from the connections and the memory. */
#include "control/capacity.h"

#include <criterion/criterion.h>

static const uint64_t GIB = 1ull << 30;

Test(capacity, receive_memory_is_a_share_for_each_connection)
{
	struct settings s = {.tcp.connections_max = 65536};
	cr_assert(capacity_of(&s, 24 * GIB).receive_memory_bytes == 256 << 20);
	s.tcp.connections_max = 300000;
	cr_assert(capacity_of(&s, 24 * GIB).receive_memory_bytes == 300000ull * 4096);
}

Test(capacity, a_small_machine_and_many_connections_take_an_eighth_of_it)
{
	struct settings s = {.tcp.connections_max = 10000000};
	cr_assert(capacity_of(&s, 24 * GIB).receive_memory_bytes == 3 * GIB);
	s.tcp.connections_max = 1000;
	cr_assert(capacity_of(&s, 24 * GIB).receive_memory_bytes == 64 << 20);
	cr_assert(capacity_of(&s, 64 << 20).receive_memory_bytes == 64 << 20, "that at least");
}

Test(capacity, there_is_an_answer_for_each_connection_within_bounds)
{
	struct settings s = {.tcp.connections_max = 100};
	cr_assert(capacity_of(&s, GIB).answers_max == 65536);
	s.tcp.connections_max = 300000;
	cr_assert(capacity_of(&s, GIB).answers_max == 300000);
	s.tcp.connections_max = 10000000;
	cr_assert(capacity_of(&s, GIB).answers_max == 1 << 20);
}

Test(capacity, what_is_set_stays)
{
	struct settings s = {
		.tcp.connections_max = 300000, .receive_memory_bytes = 5 << 20, .answers_max = 64};
	struct capacity l = capacity_of(&s, GIB);
	cr_assert(l.receive_memory_bytes == 5 << 20 && l.answers_max == 64);
}

Test(capacity, there_is_memory)
{
	cr_assert(capacity_memory_bytes() > 64 << 20);
}
