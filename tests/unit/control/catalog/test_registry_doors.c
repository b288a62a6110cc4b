/* test_registry_doors.c - what holds of a change whoever asks for it: penstockctl, an admin client,
 * or one that only names a topic. */
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
	cr_assert(rig_open(&r), "%s", r.message);
}

static void teardown(void)
{
	rig_stop(&r);
	rig_fini(&r);
}

TestSuite(registry_doors, .init = setup, .fini = teardown);

static int16_t create(const char *name)
{
	rig_create(&r, name, 1);
	return r.result.error;
}

Test(registry_doors, names_that_differ_in_dots_and_underscores_only_are_one_name)
{
	cr_assert(create("co_l") == KAFKA_ERROR_NONE);
	cr_assert(create("co.l") == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(strstr(r.result.message, "differs from co_l"), "%s", r.result.message);
	cr_assert(create("co_l") == KAFKA_ERROR_TOPIC_ALREADY_EXISTS);
	cr_assert(create("co-l") == KAFKA_ERROR_NONE);
	cr_assert(create("co.") == KAFKA_ERROR_NONE);
	cr_assert(create("co.l2") == KAFKA_ERROR_NONE);
	cr_assert(create("col") == KAFKA_ERROR_NONE);
	rig_check(&r, "co.l", 1, true);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	rig_delete(&r, "co_l");
	cr_assert(create("co.l") == KAFKA_ERROR_NONE);
}

Test(registry_doors, a_creation_says_what_was_made)
{
	const struct registry_topic *t;
	rig_create(&r, "t", 3);
	cr_assert((t = rig_topic(&r, "t")) && r.result.partitions == 3);
	cr_assert(memcmp(r.result.id, t->topic.id, sizeof r.result.id) == 0);
	cr_assert(r.result.settings.log.segment_bytes == t->settings.log.segment_bytes);
}

Test(registry_doors, a_check_says_what_would_be_made)
{
	static const uint8_t none[16];
	rig_check(&r, "t", -1, false);
	cr_assert(r.result.error == 0 && !rig_topic(&r, "t"));
	cr_assert(r.result.partitions == (int32_t)r.settings.num_partitions);
	cr_assert(r.result.settings.log.segment_bytes == r.settings.log_segment_bytes);
	cr_assert(memcmp(r.result.id, none, sizeof none) == 0);
}

static unsigned directories(const char *topic)
{
	unsigned count = 0;
	for (char name[64]; snprintf(name, sizeof name, "%s-%u", topic, count),
			    rig_exists(&r, name);)
		count++;
	return count;
}

/* Control has others to answer: a step is what a slow disk may keep it for, whatever else there
 * would be to do. */
Test(registry_doors, a_slow_disk_keeps_control_for_a_step_at_a_time)
{
	enum { A_STEP = 4, PARTITIONS = 20 };
	struct registry_request request = {.name = "large", .partitions = PARTITIONS,
					   .replication_factor = -1, .done = rig_take_result,
					   .owner = &r};
	registry_create_topic(r.registry, &request);
	faults.delay_us = 3000;
	unsigned turns = 0;
	for (unsigned made = 0, now; made < PARTITIONS; made = now, turns++) {
		r.now_ns += 10 * NS_PER_MS;
		cr_assert(registry_turn(r.registry, r.now_ns));
		now = directories("large");
		cr_assert(now <= made + A_STEP, "%u behind %u", now, made);
	}
	cr_assert(turns > PARTITIONS / A_STEP, "the file comes before");
	faults.delay_us = 0;
	rig_turns(&r);
	cr_assert(r.result.error == 0);
}

/* So many partitions are not looked for one by one. */
Test(registry_doors, what_lies_where_one_of_many_partitions_would_is_seen)
{
	rig_run(&r, "mkdir wide-300 wide-0299 wide-x wide2-7 wide-99999999999 wide-");
	rig_check(&r, "wide", 300, false);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_check(&r, "wide", 301, false);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "/wide-300:"), "%s", r.result.message);
	rig_run(&r, "rmdir wide-300; mkdir wide-0");
	rig_check(&r, "wide", 301, false);
	cr_assert(strstr(r.result.message, "/wide-0:"), "%s", r.result.message);
}

static void delete_of_id(const uint8_t id[16])
{
	struct registry_request request = {.name = "", .id = id, .done = rig_take_result,
					   .owner = &r};
	r.result = (struct registry_result){.error = -1000};
	registry_delete_topic(r.registry, &request);
	rig_turns(&r);
}

/* A request may name ten thousand: each is looked for by halving. */
Test(registry_doors, every_topic_is_found_by_its_id_and_nobody_by_another)
{
	enum { COUNT = 40 };
	uint8_t ids[COUNT][16];
	char name[8];
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "t%u", i);
		rig_create(&r, name, 1);
		memcpy(ids[i], r.result.id, sizeof ids[i]);
	}
	for (unsigned i = 0; i < COUNT; i += 2) {
		snprintf(name, sizeof name, "t%u", i);
		rig_delete(&r, name);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "t%u", i);
		cr_assert(registry_find_id(r.registry, ids[i]) == rig_topic(&r, name));
		ids[i][15] ^= 1;
		cr_assert(!registry_find_id(r.registry, ids[i]));
	}
}

/* A topic that was made again under its name has another id. */
Test(registry_doors, a_topic_is_deleted_by_its_id_and_no_other_instead)
{
	uint8_t first[16], second[16];
	rig_create(&r, "t", 1);
	memcpy(first, r.result.id, sizeof first);
	rig_create(&r, "u", 1);
	delete_of_id(first);
	cr_assert(r.result.error == 0 && !rig_topic(&r, "t") && rig_topic(&r, "u"));
	cr_assert(strcmp(r.result.name, "t") == 0);
	cr_assert(memcmp(r.result.id, first, sizeof first) == 0);
	rig_create(&r, "t", 1);
	memcpy(second, r.result.id, sizeof second);
	delete_of_id(first);
	cr_assert(r.result.error == KAFKA_ERROR_UNKNOWN_TOPIC_ID && rig_topic(&r, "t"));
	delete_of_id(second);
	cr_assert(r.result.error == 0 && !rig_topic(&r, "t"));
}
