/* test_kafka_sizes.c - which version carries which field: each message with the same content
 * has, in each version, the size that the protocol's definition adds up to. */
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "dataplane/wire/kafka/msg_sasl.h"

#include <criterion/criterion.h>

static const struct bytes letter = {(const uint8_t *)"x", 1};

static void expect(const struct kafka_message *m, const void *message, int first,
		   const unsigned *sizes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int version = first + (int)i;
		size_t size = kafka_encoded_size(m, version, message);
		cr_assert(size == sizes[i], "%s v%d: %zu bytes instead of %u", m->name,
			  version, size, sizes[i]);
	}
}

#define SIZES(message, content, first, ...)                                              \
	do {                                                                             \
		static const unsigned sizes[] = {__VA_ARGS__};                           \
		expect(message, content, first, sizes, array_len(sizes));                \
	} while (0)

Test(kafka_sizes, api_versions)
{
	struct api_versions_request q = {letter, letter};
	SIZES(&api_versions_request, &q, 0, 0, 0, 0, 5, 5);
	struct api_versions_key key = {0};
	struct api_versions_response r = {.api_keys = {&key, 1},
					  .finalized_features_epoch = -1};
	SIZES(&api_versions_response, &r, 0, 12, 16, 16, 15, 15);
}

Test(kafka_sizes, metadata_request)
{
	struct metadata_request_topic t = {.name = letter};
	struct metadata_request q = {.topics = {&t, 1}};
	SIZES(&metadata_request, &q, 0, 7, 7, 7, 7, 8, 8, 8, 8, 10, 8, 24, 23, 23);
}

Test(kafka_sizes, metadata_response)
{
	int32_t node = 1;
	struct metadata_broker broker = {.host = letter};
	struct metadata_partition partition = {.replica_nodes = {&node, 1},
					       .isr_nodes = {&node, 1}};
	struct metadata_topic topic = {.name = letter, .partitions = {&partition, 1}};
	struct metadata_response r = {.brokers = {&broker, 1}, .cluster_id = letter,
				      .topics = {&topic, 1}};
	SIZES(&metadata_response, &r, 0, 54, 61, 64, 68, 68, 72, 72, 76, 84, 66, 82, 78, 78);
}

Test(kafka_sizes, list_offsets)
{
	struct list_offsets_request_partition asked = {0};
	struct list_offsets_request_topic about = {.name = letter, .partitions = {&asked, 1}};
	struct list_offsets_request q = {.topics = {&about, 1}};
	SIZES(&list_offsets_request, &q, 1, 27, 28, 28, 32, 32, 28, 28);
	struct list_offsets_partition told = {0};
	struct list_offsets_topic topic = {.name = letter, .partitions = {&told, 1}};
	struct list_offsets_response r = {.topics = {&topic, 1}};
	SIZES(&list_offsets_response, &r, 1, 33, 37, 37, 41, 41, 37, 37);
}

Test(kafka_sizes, find_coordinator)
{
	struct bytes key = letter;
	struct find_coordinator_request q = {.key = letter, .coordinator_keys = {&key, 1}};
	SIZES(&find_coordinator_request, &q, 0, 3, 4, 4, 4, 5, 5, 5);
	struct find_coordinator_one one = {.key = letter, .host = letter};
	struct find_coordinator_response r = {.host = letter, .coordinators = {&one, 1}};
	SIZES(&find_coordinator_response, &r, 0, 13, 19, 19, 18, 22, 22, 22);
}

Test(kafka_sizes, sasl)
{
	struct bytes mechanism = letter;
	uint8_t token[] = {1, 2, 3};
	struct sasl_handshake_request hello = {.mechanism = letter};
	SIZES(&sasl_handshake_request, &hello, 0, 3, 3);
	struct sasl_handshake_response known = {.mechanisms = {&mechanism, 1}};
	SIZES(&sasl_handshake_response, &known, 0, 9, 9);
	struct sasl_authenticate_request q = {.auth_bytes = {token, 3}};
	SIZES(&sasl_authenticate_request, &q, 0, 7, 7, 5);
	struct sasl_authenticate_response r = {.error_message = letter,
					       .auth_bytes = {token, 3}};
	SIZES(&sasl_authenticate_response, &r, 0, 12, 20, 17);
}
