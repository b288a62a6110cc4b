/* test_kafka_golden.c - bodies as real clients send them and as they expect them back, byte
 * by byte, laid out by hand from the protocol's definition. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_describe_transactions.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"
#include "dataplane/wire/kafka/msg_init_producer_id.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"
#include "dataplane/wire/kafka/msg_list_transactions.h"
#include "dataplane/wire/kafka/msg_metadata.h"

#include <criterion/criterion.h>

static alignas(16) uint8_t memory[4096];

#define DECODE(message, version, out, ...)                                               \
	do {                                                                             \
		static const uint8_t wire[] = {__VA_ARGS__};                             \
		struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);        \
		struct cursor c = cursor_of(wire, sizeof wire);                          \
		cr_assert(kafka_decode(message, version, &c, &arena, out) ==             \
			  KAFKA_DECODED_OK);                                             \
		cr_assert(cursor_left(&c) == 0);                                         \
	} while (0)

#define ENCODES_AS(message, version, in, ...)                                            \
	do {                                                                             \
		static const uint8_t want[] = {__VA_ARGS__};                             \
		uint8_t got[512];                                                        \
		struct emitter e = emitter_of(got, sizeof got);                          \
		kafka_encode(message, version, in, &e);                                  \
		cr_assert(!e.bad);                                                       \
		cr_assert(emitter_size(&e) == sizeof want);                              \
		cr_assert(memcmp(got, want, sizeof want) == 0);                          \
	} while (0)

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static bool is_text(struct bytes b, const char *s)
{
	return b.size == strlen(s) && memcmp(b.data, s, b.size) == 0;
}

Test(kafka_golden, librdkafka_introduces_itself)
{
	struct api_versions_request r;
	DECODE(&api_versions_request, 3, &r,
	       11, 'l', 'i', 'b', 'r', 'd', 'k', 'a', 'f', 'k', 'a',
	       6, '2', '.', '0', '.', '2', 0);
	cr_assert(is_text(r.client_software_name, "librdkafka"));
	cr_assert(is_text(r.client_software_version, "2.0.2"));
}

Test(kafka_golden, old_clients_ask_for_versions_without_a_body)
{
	struct api_versions_request r;
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	struct cursor c = cursor_of("", 0);
	cr_assert(kafka_decode(&api_versions_request, 0, &c, &arena, &r) ==
		  KAFKA_DECODED_OK);
	cr_assert(r.client_software_name.data == NULL);
}

Test(kafka_golden, the_answer_to_an_unknown_version_is_the_oldest_layout)
{
	struct api_versions_key key = {.api_key = 18, .min_version = 0, .max_version = 4};
	struct api_versions_response r = {.error_code = KAFKA_ERROR_UNSUPPORTED_VERSION,
					  .api_keys = {&key, 1},
					  .finalized_features_epoch = -1};
	ENCODES_AS(&api_versions_response, 0, &r,
		   0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4);
}

Test(kafka_golden, the_flexible_list_of_versions)
{
	struct api_versions_key key = {.api_key = 3, .min_version = 0, .max_version = 12};
	struct api_versions_response r = {.api_keys = {&key, 1},
					  .finalized_features_epoch = -1};
	ENCODES_AS(&api_versions_response, 3, &r,
		   0, 0, 2, 0, 3, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0);
}

Test(kafka_golden, librdkafka_asks_for_all_topics_without_creating_any)
{
	struct metadata_request r;
	DECODE(&metadata_request, 4, &r, 0xff, 0xff, 0xff, 0xff, 0);
	cr_assert(r.topics.count == -1);
	cr_assert(!r.allow_auto_topic_creation);
}

Test(kafka_golden, before_version_4_a_missing_topic_may_be_created)
{
	struct metadata_request r;
	DECODE(&metadata_request, 1, &r, 0, 0, 0, 1, 0, 2, 't', '1');
	cr_assert(r.topics.count == 1);
	cr_assert(is_text(r.topics.items[0].name, "t1"));
	cr_assert(r.allow_auto_topic_creation);
}

Test(kafka_golden, java_asks_for_one_topic_by_name_in_version_12)
{
	struct metadata_request r;
	DECODE(&metadata_request, 12, &r,
	       2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 't', '1', 0,
	       1, 0, 0);
	cr_assert(r.topics.count == 1);
	cr_assert(is_text(r.topics.items[0].name, "t1"));
	cr_assert(r.topics.items[0].topic_id[0] == 0);
	cr_assert(r.allow_auto_topic_creation);
	cr_assert(!r.include_topic_authorized_operations);
}

Test(kafka_golden, the_admin_client_asks_by_id_in_version_12)
{
	struct metadata_request r;
	DECODE(&metadata_request, 12, &r,
	       2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0, 1, 0);
	cr_assert(r.topics.items[0].name.data == NULL);
	cr_assert(r.topics.items[0].topic_id[15] == 16);
	cr_assert(r.include_topic_authorized_operations);
}

static struct metadata_response one_partition(void)
{
	static int32_t node = 1;
	static struct metadata_broker broker = {.node_id = 1, .port = 9092};
	static struct metadata_partition partition = {
		.leader_id = 1, .replica_nodes = {&node, 1}, .isr_nodes = {&node, 1}};
	static struct metadata_topic topic = {
		.topic_id = {0xaa}, .partitions = {&partition, 1},
		.topic_authorized_operations = AUTHORIZED_UNKNOWN};
	broker.host = text("h");
	topic.name = text("t");
	return (struct metadata_response){
		.brokers = {&broker, 1}, .cluster_id = text("c"), .controller_id = 1,
		.topics = {&topic, 1},
		.cluster_authorized_operations = AUTHORIZED_UNKNOWN};
}

Test(kafka_golden, metadata_in_its_oldest_layout)
{
	struct metadata_response r = one_partition();
	ENCODES_AS(&metadata_response, 0, &r,
		   0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 'h', 0, 0, 0x23, 0x84,
		   0, 0, 0, 1, 0, 0, 0, 1, 't',
		   0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		   0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1);
}

Test(kafka_golden, metadata_in_its_newest_layout)
{
	struct metadata_response r = one_partition();
	ENCODES_AS(&metadata_response, 12, &r,
		   0, 0, 0, 0,                                     /* throttle */
		   2, 0, 0, 0, 1, 2, 'h', 0, 0, 0x23, 0x84, 0, 0,  /* broker, no rack */
		   2, 'c', 0, 0, 0, 1,                             /* cluster, controller */
		   2, 0, 0, 2, 't',                                /* topic */
		   0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		   2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,    /* partition, epoch 0 */
		   2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 0,             /* replicas, isr, offline */
		   0x80, 0, 0, 0, 0, 0);                           /* operations, tags */
}

Test(kafka_golden, librdkafka_asks_for_the_end_of_a_partition)
{
	struct list_offsets_request r;
	DECODE(&list_offsets_request, 2, &r,
	       0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, 0, 0, 0, 3,
	       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	cr_assert(r.replica_id == -1);
	cr_assert(r.isolation_level == 1);
	cr_assert(r.topics.items[0].partitions.items[0].partition_index == 3);
	cr_assert(r.topics.items[0].partitions.items[0].timestamp == LIST_OFFSETS_LATEST);
	cr_assert(r.topics.items[0].partitions.items[0].current_leader_epoch == -1);
}

Test(kafka_golden, java_is_told_an_offset_in_version_7)
{
	struct list_offsets_partition p = {.timestamp = -1, .offset = 258};
	struct list_offsets_topic t = {.name = text("t"), .partitions = {&p, 1}};
	struct list_offsets_response r = {.topics = {&t, 1}};
	ENCODES_AS(&list_offsets_response, 7, &r,
		   0, 0, 0, 0, 2, 2, 't', 2, 0, 0, 0, 0, 0, 0,
		   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		   0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0);
}

Test(kafka_golden, a_batch_of_groups_is_told_that_nobody_coordinates)
{
	struct find_coordinator_request q;
	DECODE(&find_coordinator_request, 4, &q, 0, 3, 2, 'g', 3, 'g', '2', 0);
	cr_assert(q.coordinator_keys.count == 2);
	cr_assert(is_text(q.coordinator_keys.items[1], "g2"));
	struct find_coordinator_one one = {
		.key = q.coordinator_keys.items[0], .node_id = -1, .port = -1,
		.error_code = KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE};
	struct find_coordinator_response r = {.coordinators = {&one, 1}};
	ENCODES_AS(&find_coordinator_response, 4, &r,
		   0, 0, 0, 0, 2, 2, 'g', 0xff, 0xff, 0xff, 0xff, 1,
		   0xff, 0xff, 0xff, 0xff, 0, 15, 0, 0, 0);
}

Test(kafka_golden, aiokafka_asks_for_a_producer_id_in_the_oldest_layout)
{
	struct init_producer_id_request r;
	struct init_producer_id_response answer = {.producer_id = 4000, .producer_epoch = 0};
	DECODE(&init_producer_id_request, 0, &r, 0xff, 0xff, 0, 0, 0xea, 0x60);
	cr_assert(!r.transactional_id.data && r.transaction_timeout_ms == 60000);
	cr_assert(r.producer_id == -1 && r.producer_epoch == -1);
	ENCODES_AS(&init_producer_id_response, 0, &answer,
		   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0xa0, 0, 0);
}

Test(kafka_golden, java_names_the_id_and_epoch_it_has_in_version_5)
{
	struct init_producer_id_request r;
	struct init_producer_id_response answer = {
		.error_code = KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
		.producer_id = -1, .producer_epoch = -1};
	DECODE(&init_producer_id_request, 5, &r,
	       3, 't', 'x', 0, 0, 0xea, 0x60, 0, 0, 0, 0, 0, 0, 0x0f, 0xa0, 0, 7, 0);
	cr_assert(is_text(r.transactional_id, "tx"));
	cr_assert(r.producer_id == 4000 && r.producer_epoch == 7);
	ENCODES_AS(&init_producer_id_response, 5, &answer,
		   0, 0, 0, 0, 0, 53, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		   0);
}

Test(kafka_golden, transactions_are_listed_by_state_producer_age_and_pattern)
{
	struct list_transactions_request r;
	struct bytes unknown = text("Odd");
	struct list_transactions_state one = {text("tx"), 4000, text("Ongoing")};
	struct list_transactions_response answer = {.unknown_state_filters = {&unknown, 1},
						    .transaction_states = {&one, 1}};
	DECODE(&list_transactions_request, 2, &r,
	       2, 4, 'O', 'd', 'd', 2, 0, 0, 0, 0, 0, 0, 0x0f, 0xa0,
	       0, 0, 0, 0, 0, 0, 3, 0xe8, 3, '.', '*', 0);
	cr_assert(r.state_filters.count == 1 && is_text(r.state_filters.items[0], "Odd"));
	cr_assert(r.producer_id_filters.count == 1 && r.producer_id_filters.items[0] == 4000);
	cr_assert(r.duration_filter == 1000 && is_text(r.transactional_id_pattern, ".*"));
	ENCODES_AS(&list_transactions_response, 2, &answer,
		   0, 0, 0, 0, 0, 0, 2, 4, 'O', 'd', 'd', 2, 3, 't', 'x',
		   0, 0, 0, 0, 0, 0, 0x0f, 0xa0, 8, 'O', 'n', 'g', 'o', 'i', 'n', 'g', 0, 0);
}

Test(kafka_golden, a_transaction_that_there_is_not_is_described_as_such)
{
	struct describe_transactions_request r;
	struct describe_transactions_state one = {
		.error_code = KAFKA_ERROR_TRANSACTIONAL_ID_NOT_FOUND,
		.transactional_id = text("tx")};
	struct describe_transactions_response answer = {.transaction_states = {&one, 1}};
	DECODE(&describe_transactions_request, 0, &r, 2, 3, 't', 'x', 0);
	cr_assert(r.transactional_ids.count == 1 && is_text(r.transactional_ids.items[0], "tx"));
	ENCODES_AS(&describe_transactions_response, 0, &answer,
		   0, 0, 0, 0, 2, 0, 105, 3, 't', 'x', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
}
