/* test_gen_consume_options.c - the words of penstock-perf consume. */
#include "perf/gen_consume_options.h"

#include <criterion/criterion.h>

static struct gen_consume_options options_of(void)
{
	struct gen_consume_options o = gen_consume_defaults();
	o.topic = "perf";
	o.partitions = 8;
	return o;
}

Test(gen_consume_options, defaults_are_those_of_kafkas_consumer)
{
	struct gen_consume_options o = options_of();
	cr_assert(gen_consume_check(&o) && gen_consume_readers(&o) == 1);
	cr_assert(o.max_bytes == 50 << 20 && o.partition_bytes == 1 << 20);
	cr_assert(o.min_bytes == 1 && o.max_wait_ms == 500 && !o.is_sessionless);
	cr_assert(o.from == GEN_FROM_BEGINNING && !o.is_to_end);
}

Test(gen_consume_options, from_is_a_word_or_an_offset)
{
	struct gen_consume_options o = options_of();
	cr_assert(gen_consume_word(&o, GEN_WORD_FROM, "end") && o.from == GEN_FROM_END);
	cr_assert(gen_consume_word(&o, GEN_WORD_FROM, "17"));
	cr_assert(o.from == GEN_FROM_OFFSET && o.offset == 17);
	cr_assert(gen_consume_word(&o, GEN_WORD_FROM, "beginning"));
	cr_assert(o.from == GEN_FROM_BEGINNING);
	cr_assert(!gen_consume_word(&o, GEN_WORD_FROM, "-1"));
	cr_assert(!gen_consume_word(&o, GEN_WORD_FROM, "ending"));
	cr_assert(!gen_consume_word(&o, GEN_WORD_FROM, ""));
}

Test(gen_consume_options, numbers_have_bounds)
{
	struct gen_consume_options o = options_of();
	cr_assert(gen_consume_word(&o, GEN_WORD_MAX_WAIT, "5000") && o.max_wait_ms == 5000);
	cr_assert(!gen_consume_word(&o, GEN_WORD_MAX_WAIT, "5001"));
	cr_assert(!gen_consume_word(&o, GEN_WORD_CONSUMERS, "0"));
	cr_assert(!gen_consume_word(&o, GEN_WORD_FETCH_BYTES, "4294967296"));
	cr_assert(!gen_consume_word(&o, GEN_WORD_FETCH_BYTES, "1k"));
	cr_assert(!gen_consume_word(&o, GEN_WORDS_END, "1"));
	cr_assert(!gen_consume_word(&o, 'q', "1"));
}

Test(gen_consume_options, everybody_has_a_partition)
{
	struct gen_consume_options o = options_of();
	o.consumers = 8;
	o.groups = 3;
	cr_assert(gen_consume_check(&o) && gen_consume_readers(&o) == 24);
	o.consumers = 9;
	cr_assert(!gen_consume_check(&o));
}

Test(gen_consume_options, places_are_bounded)
{
	struct gen_consume_options o = options_of();
	o.partitions = 1 << 16;
	o.groups = GEN_PLACES_MAX >> 16;
	cr_assert(gen_consume_check(&o));
	o.groups++;
	cr_assert(!gen_consume_check(&o));
}

Test(gen_consume_options, from_the_end_to_the_end_is_nothing)
{
	struct gen_consume_options o = options_of();
	o.is_to_end = true;
	cr_assert(gen_consume_check(&o));
	o.from = GEN_FROM_END;
	cr_assert(!gen_consume_check(&o));
}

Test(gen_consume_options, producers_write_what_is_read_unless_told_otherwise)
{
	struct gen_consume_options o = options_of();
	cr_assert(!gen_consume_is_own(&o));
	o.producers = 3;
	cr_assert(gen_consume_is_own(&o));
	cr_assert(gen_consume_word(&o, GEN_WORD_PRODUCE_TOPIC, "other"));
	cr_assert(!gen_consume_is_own(&o));
	cr_assert(gen_consume_word(&o, GEN_WORD_PRODUCE_TOPIC, "perf") && gen_consume_is_own(&o));
}
