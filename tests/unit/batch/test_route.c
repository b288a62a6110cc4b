/* test_route.c - partitions by each partitioner: what a key gets, and what moves when a topic
 * grows. */
#include "dataplane/batch/route.h"
#include "dataplane/base/jump_hash.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/remainder.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { KEYS = 20000, KEY_BYTES = 17 };

static struct listener listener;
static struct topic topic;
static struct routes routes;

static struct route *route_with(enum partitioner_kind kind, uint32_t partitions)
{
	listener = (struct listener){.topic = "t", .partitioner_kind = (uint8_t)kind};
	routes_init(&routes, &listener, 1, 0);
	topic = (struct topic){.partitions = partitions,
			       .partitions_magic = remainder_magic(partitions)};
	cr_assert(routes.count == 1 && routes.listener[0].is_plain);
	routes.route[0].topic = &topic;
	return &routes.route[0];
}

static struct bytes key_of(unsigned number, char out[KEY_BYTES + 1])
{
	snprintf(out, KEY_BYTES + 1, "LPENSTK%010u", number);
	return (struct bytes){(uint8_t *)out, KEY_BYTES};
}

Test(route, murmur2_is_that_of_kafkas_producers)
{
	char text[KEY_BYTES + 1];
	const struct route *r = route_with(PARTITIONER_MURMUR2, 12);
	for (unsigned i = 0; i < 100; i++) {
		struct bytes key = key_of(i, text);
		cr_assert(route_partition(&routes, r, key) ==
			  partition_of_key(key.data, key.size, 12));
	}
}

Test(route, without_a_key_a_batch_has_one_partition_and_the_next_the_next)
{
	static const enum partitioner_kind kinds[] = {PARTITIONER_MURMUR2, PARTITIONER_CONSISTENT,
						      PARTITIONER_STICKY};
	for (unsigned i = 0; i < array_len(kinds); i++) {
		struct route *r = route_with(kinds[i], 3);
		for (unsigned batch = 0; batch < 7; batch++) {
			for (unsigned n = 0; n < 3; n++, r->records++)
				cr_assert(route_partition(&routes, r, (struct bytes){0}) ==
					  batch % 3);
			r->batches++;
		}
	}
}

Test(route, sticky_and_roundrobin_do_not_look_at_keys)
{
	char text[KEY_BYTES + 1];
	struct route *r = route_with(PARTITIONER_STICKY, 5);
	for (unsigned i = 0; i < 20; i++)
		cr_assert(route_partition(&routes, r, key_of(i, text)) == 0);
	r = route_with(PARTITIONER_ROUNDROBIN, 5);
	for (unsigned i = 0; i < 20; i++, r->records++)
		cr_assert(route_partition(&routes, r, key_of(i, text)) == i % 5);
}

Test(route, a_fixed_partition_is_that_whatever_there_is)
{
	char text[KEY_BYTES + 1];
	const struct route *r = route_with(PARTITIONER_FIXED, 4);
	listener.fixed_partition = 9;
	cr_assert(route_partition(&routes, r, key_of(1, text)) == 9, "the caller sees it is none");
}

Test(route, with_more_partitions_consistent_moves_only_what_these_get)
{
	static uint32_t before[KEYS];
	char text[KEY_BYTES + 1];
	unsigned counts[16] = {0}, moved = 0;
	struct route *r = route_with(PARTITIONER_CONSISTENT, 8);
	for (unsigned i = 0; i < KEYS; i++)
		before[i] = route_partition(&routes, r, key_of(i, text));
	topic.partitions = 16;
	for (unsigned i = 0; i < KEYS; i++) {
		uint32_t now = route_partition(&routes, r, key_of(i, text));
		cr_assert(now == before[i] || (now >= 8 && now < 16));
		moved += now != before[i];
		counts[now]++;
	}
	cr_assert(moved > KEYS * 48 / 100 && moved < KEYS * 52 / 100, "%u of %u", moved, KEYS);
	for (unsigned p = 0; p < 16; p++)
		cr_assert(counts[p] > KEYS / 16 * 8 / 10 && counts[p] < KEYS / 16 * 12 / 10);
}

/* Of the paper's own code. */
Test(route, jump_hash_is_that_of_the_paper)
{
	cr_assert(jump_hash(0, 1) == 0);
	cr_assert(jump_hash(10863919174838991, 11) == 6);
	cr_assert(jump_hash(2016238256797177309, 11) == 3);
	cr_assert(jump_hash(1673758223894951030, 11) == 5);
	cr_assert(jump_hash(2, 100001) == 80343);
	cr_assert(jump_hash(2201, 100001) == 22152);
	cr_assert(jump_hash(2202, 100001) == 15018);
}

Test(route, a_listener_has_a_route_for_each_of_its_topics)
{
	static struct listener two[2] = {
		{.topic = "a", .topic_session = "s", .topic_other = "s"},
		{.topic = "a"},
	};
	routes_init(&routes, two, 2, 0);
	cr_assert(routes.count == 3);
	const struct listener_routes *l = routes.listener;
	cr_assert(l[0].of[RECORD_SESSION] == l[0].of[RECORD_OTHER]);
	cr_assert(l[0].of[RECORD_LIVE] == l[0].of[RECORD_ALARM]);
	cr_assert(l[0].of[RECORD_LIVE] != l[0].of[RECORD_SESSION]);
	cr_assert(l[1].of[RECORD_LIVE] != l[0].of[RECORD_LIVE], "counts of its own");
	for (unsigned class = 0; class < RECORD_CLASSES; class++)
		cr_assert(strcmp(routes.route[l[0].of[class]].name,
				 listener_topic(&two[0], class)) == 0);
}

/* A class in the middle, at the end, or none, each with the other settings one by one. */
Test(route, what_depends_on_the_frame_asks_for_its_facts)
{
	static const struct {
		struct listener listener;
		bool asks_facts, is_plain;
	} rows[] = {
		{{.topic = "a"}, false, true},
		{{.topic = "a", .topic_reissue = "b"}, true, false},
		{{.topic = "a", .topic_alarm = "b"}, true, false},
		{{.topic = "a", .topic_other = "b"}, true, false},
		{{.topic = "a", .topic_other = "a"}, false, true},
		{{.topic = "a", .headers = true}, true, false},
		{{.topic = "a", .timestamp = RECORD_TIME_FRAME}, true, false},
		{{.topic = "a", .key = RECORD_KEY_NONE}, false, false},
		{{.topic = "a", .key = RECORD_KEY_ADDRESS}, false, false},
	};
	for (unsigned i = 0; i < array_len(rows); i++) {
		routes_init(&routes, &rows[i].listener, 1, 0);
		cr_assert(routes.listener[0].asks_facts == rows[i].asks_facts, "row %u", i);
		cr_assert(routes.listener[0].is_plain == rows[i].is_plain, "row %u", i);
	}
}
