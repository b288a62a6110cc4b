/* test_offsets_topic.c - a wish for __consumer_offsets in, its creation out. */
#include "control/kafka/offsets_topic.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/fake_registry.h"

#include <criterion/criterion.h>

static struct registry registry;
static struct wake wake;
static struct topic_wish wish;
static char said[256];

static void say(void *owner, const char *line)
{
	snprintf(said, sizeof said, "%s", line);
}

static struct offsets_topic topic = {
	.registry = &registry, .wish = &wish, .partitions = 50, .segment_bytes = 104857600,
	.say = say};

static void start(void)
{
	cr_assert(wake_init(&wake) == 0);
	wish.control = &wake;
}

static void stop(void)
{
	wake_fini(&wake);
}

TestSuite(offsets_topic, .init = start, .fini = stop);

Test(offsets_topic, it_is_made_when_it_is_wished_for_and_not_before)
{
	cr_assert(!offsets_topic_turn(&topic, clock_now_ns()) && registry.jobs_count == 0);
	topic_wish_make(&wish);
	cr_assert(offsets_topic_has_wish(&topic));
	cr_assert(offsets_topic_turn(&topic, clock_now_ns()) && registry.jobs_count == 1);
	cr_assert(strcmp(registry.jobs[0].name, "__consumer_offsets") == 0);
	cr_assert(registry.jobs[0].partitions == 50 && !registry.jobs[0].is_automatic);
	cr_assert(strcmp(registry.jobs[0].settings, "segment.bytes=104857600;") == 0);
}

Test(offsets_topic, who_wishes_while_it_is_being_made_has_nothing_made_twice)
{
	topic_wish_make(&wish);
	offsets_topic_turn(&topic, clock_now_ns());
	topic_wish_make(&wish);
	cr_assert(!offsets_topic_has_wish(&topic));
	cr_assert(!offsets_topic_turn(&topic, clock_now_ns()) && registry.jobs_count == 1);
}

Test(offsets_topic, a_creation_that_fails_is_said_and_tried_again_after_a_second)
{
	topic_wish_make(&wish);
	offsets_topic_turn(&topic, clock_now_ns());
	fake_registry_end_job(&registry, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(said, "groups cannot be stored"), "%s", said);
	topic_wish_make(&wish);
	cr_assert(!offsets_topic_turn(&topic, clock_now_ns()));
	cr_assert(offsets_topic_turn(&topic, clock_now_ns() + 2 * NS_PER_S));
	cr_assert(registry.jobs_count == 1);
}
