/* test_kafka_describe.c - what administrators are told of the cluster and its topics. */
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_describe, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

/* As a broker without an authorizer says: a client's describe ends in an error otherwise. */
Test(kafka_describe, metadata_tells_what_may_be_done_to_whoever_asks)
{
	fake_registry_add(&registry, "vehicles", 1);
	for (int version = 8; version <= 12; version++) {
		struct metadata_request_topic t[] = {{.name = text("vehicles")},
						     {.name = text("a/b")}};
		struct metadata_request q = {.topics = {t, 2},
					     .include_cluster_authorized_operations = true,
					     .include_topic_authorized_operations = true};
		struct metadata_response r;
		send_request(&calls[0], KAFKA_API_METADATA, version, &metadata_request, &q);
		struct call_msg *call = reap();
		read_reply(call, &metadata_response, version, version >= 9, &r);
		cr_assert(r.topics.items[0].topic_authorized_operations == 3576);
		cr_assert(r.topics.items[1].topic_authorized_operations == 3576);
		cr_assert(r.cluster_authorized_operations ==
			  (version <= 10 ? 8096 : AUTHORIZED_UNKNOWN));
		release(call);
	}
}
