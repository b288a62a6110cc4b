/* test_registry_internal.c - topics of the broker's own: they are told apart, and stay. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_internal, .init = setup, .fini = teardown);

static const char own[] = "__consumer_offsets";

static const struct topic *snapshot_topic(const char *name)
{
	return topics_find(r.topics, (struct bytes){(const uint8_t *)name, strlen(name)});
}

Test(registry_internal, they_are_flagged_when_they_are_made_and_after_a_start)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_create(&r, "t", 1);
	cr_assert(snapshot_topic(own)->is_internal && !snapshot_topic("t")->is_internal);
	rig_stop(&r);
	cr_assert(rig_open(&r));
	cr_assert(snapshot_topic(own)->is_internal && !snapshot_topic("t")->is_internal);
	rig_stop(&r);
}

Test(registry_internal, nobody_deletes_one)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_delete(&r, own);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION && snapshot_topic(own));
	cr_assert(strstr(r.result.message, "the gateway's own"), "%s", r.result.message);
	rig_stop(&r);
}

Test(registry_internal, it_keeps_its_number_of_partitions)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_alter(&r, own, 3, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(snapshot_topic(own)->partitions == 2);
	rig_stop(&r);
}
