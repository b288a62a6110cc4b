/* test_fetch_sessions.c - who has a session, who gives way for another, who gets none. */
#include "dataplane/kafka/fetch_sessions.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>

enum { PLACES = 4, POLLER = 3, EVICTION_MS = 1000, MOST_CHUNKS = PLACES * 8 };

static struct fetch_sessions fs;
static struct stats stats;
static uint64_t now_ns;

static void begin(void)
{
	struct fetch_sessions_bounds bounds = {POLLER, PLACES, EVICTION_MS};
	cr_assert(fetch_sessions_init(&fs, &bounds, &stats) == 0);
}

static void end(void)
{
	fetch_sessions_fini(&fs);
}

TestSuite(fetch_sessions, .init = begin, .fini = end);

static struct fetch_session *take(uint32_t partitions)
{
	return fetch_session_take(&fs, partitions, 1, now_ns);
}

static void pass_ms(uint64_t ms)
{
	now_ns += ms * NS_PER_MS;
}

static void touch(struct fetch_session *s)
{
	fetch_session_touch(&fs, s, now_ns);
}

Test(fetch_sessions, an_id_is_found_here_and_names_its_poller)
{
	struct fetch_session *all[PLACES];
	for (unsigned i = 0; i < PLACES; i++) {
		all[i] = take(1);
		cr_assert(all[i] && all[i]->id > 0 && all[i]->id % 16 == POLLER);
		cr_assert(all[i]->epoch == 1);
	}
	for (unsigned i = 0; i < PLACES; i++)
		cr_assert(fetch_session_find(&fs, all[i]->id) == all[i]);
	int32_t id = all[2]->id;
	cr_assert(!fetch_session_find(&fs, 0) && !fetch_session_find(&fs, -1));
	cr_assert(!fetch_session_find(&fs, id + 1) && !fetch_session_find(&fs, INT32_MAX));
	fetch_session_end(&fs, all[2]);
	cr_assert(!fetch_session_find(&fs, id) && fs.count == PLACES - 1);
}

Test(fetch_sessions, an_epoch_goes_from_its_last_to_1)
{
	cr_assert(fetch_session_next_epoch(1) == 2);
	cr_assert(fetch_session_next_epoch(INT32_MAX) == 1);
}

Test(fetch_sessions, who_was_not_used_for_long_gives_way_to_anybody)
{
	struct fetch_session *all[PLACES];
	for (unsigned i = 0; i < PLACES; i++)
		all[i] = take(100);
	pass_ms(EVICTION_MS);
	touch(all[0]);
	cr_assert(!take(1), "a moment too early");
	int32_t id = all[1]->id;
	pass_ms(1);
	cr_assert(take(1) && !fetch_session_find(&fs, id), "who was used longest ago");
	cr_assert(fetch_session_find(&fs, all[0]->id) == all[0]);
	cr_assert(stats.value[STAT_fetch_sessions_evicted] == 1);
	cr_assert(stats.value[STAT_fetch_sessions_refused] == 1);
}

/* All are in use: how long each has been there, and how many partitions it has, decides. */
Test(fetch_sessions, the_smallest_that_is_old_gives_way_to_a_larger_one)
{
	static const uint32_t sizes[PLACES] = {30, 10, 20, 5};
	struct fetch_session *all[PLACES];
	for (unsigned i = 0; i < PLACES - 1; i++)
		all[i] = take(sizes[i]);
	pass_ms(EVICTION_MS / 2);
	all[3] = take(sizes[3]);
	for (unsigned i = 0; i < PLACES; i++)
		touch(all[i]);
	cr_assert(!take(1000), "nobody is old enough");
	pass_ms(EVICTION_MS / 2 + 1);
	for (unsigned i = 0; i < PLACES; i++)
		touch(all[i]);
	cr_assert(!take(10), "the smallest old one is as large");
	int32_t id = all[1]->id;
	cr_assert(take(11) && !fetch_session_find(&fs, id));
	cr_assert(fetch_session_find(&fs, all[3]->id), "a young one stays, however small");
}

Test(fetch_sessions, who_found_nobody_is_not_kept_from_who_shrinks)
{
	struct fetch_session *all[PLACES];
	for (unsigned i = 0; i < PLACES; i++)
		all[i] = take(50);
	pass_ms(EVICTION_MS + 1);
	for (unsigned i = 0; i < PLACES; i++)
		touch(all[i]);
	cr_assert(!take(50) && !take(50) && !take(10));
	all[2]->partitions = 7;
	touch(all[2]);
	cr_assert(!take(7));
	cr_assert(take(8));
}

Test(fetch_sessions, memory_that_is_short_is_as_no_place)
{
	struct fetch_session *s = take(1);
	for (unsigned i = 0; i < MOST_CHUNKS; i++)
		chain_push(&s->parts, chunk_take(&fs.pool));
	cr_assert(!take(1));
	cr_assert(!fetch_session_take(&fs, 1, MOST_CHUNKS + 1, now_ns), "more than there is");
	cr_assert(fs.count == 1);
	pass_ms(EVICTION_MS + 1);
	touch(s);
	cr_assert(!fetch_session_take(&fs, 2, 1, now_ns), "it is smaller, and stays");
	pass_ms(EVICTION_MS + 1);
	cr_assert(take(1) && fs.count == 1 && fs.pool.in_use == 0);
	cr_assert(!take(FETCH_SESSION_PARTITIONS_MAX + 1));
}
