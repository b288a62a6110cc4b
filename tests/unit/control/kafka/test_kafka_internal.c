/* test_kafka_internal.c - topics of the broker's own, as Metadata tells of them. */
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>

enum { VERSION = 12 };

TestSuite(kafka_internal, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

static struct call_msg *ask(struct metadata_response *ret)
{
	struct metadata_request_topic t = {.name = text("__consumer_offsets")};
	struct metadata_request q = {.topics = {&t, 1}, .allow_auto_topic_creation = true};
	send_request(&calls[0], KAFKA_API_METADATA, VERSION, &metadata_request, &q);
	struct call_msg *call = reap();
	read_reply(call, &metadata_response, VERSION, true, ret);
	cr_assert(ret->topics.count == 1);
	return call;
}

Test(kafka_internal, one_is_not_made_by_naming_it)
{
	struct metadata_response r;
	struct call_msg *call = ask(&r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(registry.jobs_count == 0);
	release(call);
}

Test(kafka_internal, one_that_is_there_is_flagged)
{
	struct metadata_response r;
	fake_registry_add(&registry, "__consumer_offsets", 3);
	registry.topics[0].topic.is_internal = true;
	struct call_msg *call = ask(&r);
	cr_assert(r.topics.items[0].error_code == 0 && r.topics.items[0].is_internal);
	release(call);
}
