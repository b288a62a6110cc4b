/* test_kafka_admin.c - the APIs of administrators byte by byte, laid out by hand from the
 * protocol's definition: the last version of each, and one from before tagged fields. */
#include "dataplane/wire/kafka/msg_alter_reassignments.h"
#include "dataplane/wire/kafka/msg_create_partitions.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_delete_records.h"
#include "dataplane/wire/kafka/msg_delete_topics.h"
#include "dataplane/wire/kafka/msg_describe_cluster.h"
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"
#include "dataplane/wire/kafka/msg_describe_producers.h"
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"
#include "dataplane/wire/kafka/msg_elect_leaders.h"
#include "dataplane/wire/kafka/msg_leader_epochs.h"
#include "dataplane/wire/kafka/msg_list_reassignments.h"
#include "tests/unit/wire/kafka/golden.h"

#include <stdlib.h>

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static bool is_text(struct bytes b, const char *s)
{
	return b.size == strlen(s) && memcmp(b.data, s, b.size) == 0;
}

/* What is read points into `g`. */
static void decode(const struct kafka_message *m, int version, const struct golden *g, void *ret)
{
	static alignas(16) uint8_t memory[4096];
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	struct cursor c = cursor_of(g->bytes, g->size);
	cr_assert(kafka_decode(m, version, &c, &arena, ret) == KAFKA_DECODED_OK, "%s", m->name);
	cr_assert(cursor_left(&c) == 0, "%s", m->name);
}

static void encodes_as(const struct kafka_message *m, int version, const void *message,
		       const char *hex)
{
	uint8_t room[GOLDEN_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_encode(m, version, message, &e);
	cr_assert(!e.bad && golden_is(hex, room, emitter_size(&e)), "%s v%d is written otherwise",
		  m->name, version);
}

#define ID "000102030405060708090a0b0c0d0e0f"

static const uint8_t id[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

Test(kafka_admin, create_topics)
{
	struct create_topics_request q;
	struct golden g = golden_of("02" "0274" "ffffffff" "ffff"
				    "02" "00000000" "0200000007" "00"
				    "02" "0261" "00" "00" "00"
				    "00007530" "01" "00");
	decode(&create_topics_request, 7, &g, &q);
	cr_assert(q.topics.count == 1 && q.timeout_ms == 30000 && q.validate_only);
	const struct create_topics_request_topic *t = &q.topics.items[0];
	cr_assert(is_text(t->name, "t") && t->num_partitions == -1 && t->replication_factor == -1);
	cr_assert(t->assignments.items[0].broker_ids.items[0] == 7);
	cr_assert(is_text(t->configs.items[0].name, "a") && !t->configs.items[0].value.data);
	g = golden_of("00000001" "000174" "00000003" "0001" "00000000"
		      "00000001" "000161" "000131" "00007530" "00");
	decode(&create_topics_request, 2, &g, &q);
	cr_assert(q.topics.items[0].num_partitions == 3 && !q.validate_only);
	cr_assert(is_text(q.topics.items[0].configs.items[0].value, "1"));
}

Test(kafka_admin, create_topics_answer)
{
	struct create_topics_setting s = {text("a"), text("1"), false, 5, true};
	struct create_topics_topic t = {.name = text("t"), .error_code = 0, .num_partitions = 3,
					.topic_config_error_code = 29, .replication_factor = 1,
					.configs = {&s, 1}};
	struct create_topics_response r = {.topics = {&t, 1}};
	memcpy(t.topic_id, id, sizeof id);
	encodes_as(&create_topics_response, 7, &r,
		   "00000000" "02" "0274" ID "0000" "00" "00000003" "0001"
		   "02" "0261" "0231" "00" "05" "01" "00"
		   "01" "00" "02" "001d" "00");
	t.error_message = text("no");
	t.error_code = 36;
	encodes_as(&create_topics_response, 2, &r,
		   "00000000" "00000001" "000174" "0024" "00026e6f");
}

Test(kafka_admin, delete_topics)
{
	struct delete_topics_request q;
	struct golden g = golden_of("02" "00" ID "00" "00007530" "00");
	decode(&delete_topics_request, 6, &g, &q);
	cr_assert(q.topics.count == 1 && !q.topics.items[0].name.data);
	cr_assert(memcmp(q.topics.items[0].topic_id, id, sizeof id) == 0);
	g = golden_of("00000001" "000174" "00007530");
	decode(&delete_topics_request, 1, &g, &q);
	cr_assert(q.topic_names.count == 1 && is_text(q.topic_names.items[0], "t"));
	cr_assert(q.timeout_ms == 30000);
}

Test(kafka_admin, delete_topics_answer)
{
	struct delete_topics_topic t = {.error_code = 100};
	struct delete_topics_response r = {.responses = {&t, 1}};
	memcpy(t.topic_id, id, sizeof id);
	encodes_as(&delete_topics_response, 6, &r, "00000000" "02" "00" ID "0064" "00" "00" "00");
	t.name = text("t");
	encodes_as(&delete_topics_response, 1, &r, "00000000" "00000001" "000174" "0064");
}

Test(kafka_admin, create_partitions)
{
	struct create_partitions_request q;
	struct golden g = golden_of("02" "0274" "00000004" "02" "0200000007" "00" "00"
				    "00007530" "01" "00");
	decode(&create_partitions_request, 3, &g, &q);
	cr_assert(q.topics.count == 1 && q.topics.items[0].count == 4 && q.validate_only);
	cr_assert(q.topics.items[0].assignments.items[0].broker_ids.items[0] == 7);
	g = golden_of("00000001" "000174" "00000004" "ffffffff" "00007530" "00");
	decode(&create_partitions_request, 0, &g, &q);
	cr_assert(q.topics.items[0].assignments.count == -1 && !q.validate_only);
}

Test(kafka_admin, create_partitions_answer)
{
	struct create_partitions_result t = {text("t"), 37, text("no")};
	struct create_partitions_response r = {.results = {&t, 1}};
	encodes_as(&create_partitions_response, 3, &r,
		   "00000000" "02" "0274" "0025" "036e6f" "00" "00");
	encodes_as(&create_partitions_response, 0, &r,
		   "00000000" "00000001" "000174" "0025" "00026e6f");
}

Test(kafka_admin, describe_cluster)
{
	struct describe_cluster_request q;
	struct golden g = golden_of("01" "02" "01" "00");
	decode(&describe_cluster_request, 2, &g, &q);
	cr_assert(q.include_cluster_authorized_operations && q.endpoint_type == 2);
	cr_assert(q.include_fenced_brokers);
	g = golden_of("00" "00");
	decode(&describe_cluster_request, 0, &g, &q);
	cr_assert(!q.include_cluster_authorized_operations && q.endpoint_type == 1);
}

Test(kafka_admin, describe_cluster_answer)
{
	struct describe_cluster_broker b = {7, text("h"), 9092, {0}, false};
	struct describe_cluster_response r = {.endpoint_type = 1, .cluster_id = text("c"),
					      .controller_id = 7, .brokers = {&b, 1},
					      .cluster_authorized_operations = INT32_MIN};
	encodes_as(&describe_cluster_response, 2, &r,
		   "00000000" "0000" "00" "01" "0263" "00000007"
		   "02" "00000007" "0268" "00002384" "00" "00" "00" "80000000" "00");
	encodes_as(&describe_cluster_response, 0, &r,
		   "00000000" "0000" "00" "0263" "00000007"
		   "02" "00000007" "0268" "00002384" "00" "00" "80000000" "00");
}

Test(kafka_admin, describe_topic_partitions)
{
	struct describe_topic_partitions_request q;
	struct golden g = golden_of("02" "0274" "00" "000007d0" "ff" "00");
	decode(&describe_topic_partitions_request, 0, &g, &q);
	cr_assert(q.topics.count == 1 && is_text(q.topics.items[0].name, "t"));
	cr_assert(q.response_partition_limit == 2000 && q.cursor.count == -1);
	g = golden_of("01" "00000001" "01" "0274" "00000003" "00" "00");
	decode(&describe_topic_partitions_request, 0, &g, &q);
	cr_assert(q.topics.count == 0 && q.cursor.count == 1);
	cr_assert(is_text(q.cursor.items[0].topic_name, "t"));
	cr_assert(q.cursor.items[0].partition_index == 3);
}

Test(kafka_admin, describe_topic_partitions_answer)
{
	int32_t node = 7;
	struct describe_topic_partitions_partition p = {
		.partition_index = 1, .leader_id = 7, .replica_nodes = {&node, 1},
		.isr_nodes = {&node, 1}, .last_known_elr = {NULL, -1}};
	struct describe_topic_partitions_topic t = {.name = text("t"), .partitions = {&p, 1},
						    .topic_authorized_operations = 3576};
	struct describe_topic_partitions_cursor next = {text("u"), 2};
	struct describe_topic_partitions_response r = {.topics = {&t, 1},
						       .next_cursor = {NULL, -1}};
	memcpy(t.topic_id, id, sizeof id);
#define TOPIC                                                                            \
	"00000000" "02" "0000" "0274" ID "00" "02" "0000" "00000001" "00000007"          \
	"00000000" "0200000007" "0200000007" "01" "00" "01" "00" "00000df8" "00"
	encodes_as(&describe_topic_partitions_response, 0, &r, TOPIC "ff" "00");
	r.next_cursor.items = &next;
	r.next_cursor.count = 1;
	encodes_as(&describe_topic_partitions_response, 0, &r,
		   TOPIC "01" "0275" "00000002" "00" "00");
#undef TOPIC
}

Test(kafka_admin, describe_log_dirs)
{
	struct describe_log_dirs_request q;
	struct golden g = golden_of("02" "0274" "0200000001" "00" "00");
	decode(&describe_log_dirs_request, 4, &g, &q);
	cr_assert(q.topics.count == 1 && q.topics.items[0].partitions.items[0] == 1);
	g = golden_of("ffffffff");
	decode(&describe_log_dirs_request, 1, &g, &q);
	cr_assert(q.topics.count == -1);
}

Test(kafka_admin, describe_log_dirs_answer)
{
	struct describe_log_dirs_partition p = {1, 1234, 0, false};
	struct describe_log_dirs_topic t = {text("t"), {&p, 1}};
	struct describe_log_dirs_result d = {0, text("/"), {&t, 1}, 16, 8};
	struct describe_log_dirs_response r = {.results = {&d, 1}};
	encodes_as(&describe_log_dirs_response, 4, &r,
		   "00000000" "0000" "02" "0000" "022f" "02" "0274"
		   "02" "00000001" "00000000000004d2" "0000000000000000" "00" "00" "00"
		   "0000000000000010" "0000000000000008" "00" "00");
	encodes_as(&describe_log_dirs_response, 1, &r,
		   "00000000" "00000001" "0000" "00012f" "00000001" "000174"
		   "00000001" "00000001" "00000000000004d2" "0000000000000000" "00");
}

Test(kafka_admin, elect_leaders)
{
	struct elect_leaders_request q;
	struct golden g = golden_of("01" "02" "0274" "0200000001" "00" "00007530" "00");
	decode(&elect_leaders_request, 2, &g, &q);
	cr_assert(q.election_type == 1 && q.topic_partitions.count == 1 && q.timeout_ms == 30000);
	cr_assert(q.topic_partitions.items[0].partitions.items[0] == 1);
	g = golden_of("ffffffff" "00007530");
	decode(&elect_leaders_request, 0, &g, &q);
	cr_assert(q.topic_partitions.count == -1 && q.election_type == 0);
}

Test(kafka_admin, elect_leaders_answer)
{
	struct elect_leaders_partition p = {1, 84, {0}};
	struct elect_leaders_topic t = {text("t"), {&p, 1}};
	struct elect_leaders_response r = {.replica_election_results = {&t, 1}};
	encodes_as(&elect_leaders_response, 2, &r,
		   "00000000" "0000" "02" "0274" "02" "00000001" "0054" "00" "00" "00" "00");
	encodes_as(&elect_leaders_response, 0, &r,
		   "00000000" "00000001" "000174" "00000001" "00000001" "0054" "ffff");
}

Test(kafka_admin, alter_reassignments)
{
	struct alter_reassignments_request q;
	struct golden g = golden_of("00007530" "00" "02" "0274" "02" "00000001" "00" "00" "00"
				    "00");
	decode(&alter_reassignments_request, 1, &g, &q);
	cr_assert(!q.allow_replication_factor_change && q.topics.count == 1);
	cr_assert(q.topics.items[0].partitions.items[0].replicas.count == -1);
	g = golden_of("00007530" "02" "0274" "02" "00000001" "0200000007" "00" "00" "00");
	decode(&alter_reassignments_request, 0, &g, &q);
	cr_assert(q.allow_replication_factor_change);
	cr_assert(q.topics.items[0].partitions.items[0].replicas.items[0] == 7);
}

Test(kafka_admin, alter_reassignments_answer)
{
	struct alter_reassignments_partition p = {1, 85, text("no")};
	struct alter_reassignments_topic t = {text("t"), {&p, 1}};
	struct alter_reassignments_response r = {.allow_replication_factor_change = true,
						 .responses = {&t, 1}};
	encodes_as(&alter_reassignments_response, 1, &r,
		   "00000000" "01" "0000" "00" "02" "0274" "02" "00000001" "0055" "036e6f" "00"
		   "00" "00");
	encodes_as(&alter_reassignments_response, 0, &r,
		   "00000000" "0000" "00" "02" "0274" "02" "00000001" "0055" "036e6f" "00"
		   "00" "00");
}

Test(kafka_admin, list_reassignments)
{
	struct list_reassignments_request q;
	struct golden g = golden_of("00007530" "02" "0274" "0200000001" "00" "00");
	decode(&list_reassignments_request, 0, &g, &q);
	cr_assert(q.topics.count == 1 && q.topics.items[0].partition_indexes.items[0] == 1);
	int32_t node = 7;
	struct list_reassignments_partition p = {1, {&node, 1}, {NULL, 0}, {NULL, 0}};
	struct list_reassignments_topic t = {text("t"), {&p, 1}};
	struct list_reassignments_response r = {.topics = {&t, 1}};
	encodes_as(&list_reassignments_response, 0, &r,
		   "00000000" "0000" "00" "02" "0274" "02" "00000001" "0200000007" "01" "01" "00"
		   "00" "00");
}

Test(kafka_admin, leader_epochs)
{
	struct leader_epochs_request q;
	struct golden g = golden_of("ffffffff" "02" "0274" "02" "00000001" "00000000" "00000002"
				    "00" "00" "00");
	decode(&leader_epochs_request, 4, &g, &q);
	cr_assert(q.replica_id == -1 && q.topics.items[0].partitions.items[0].leader_epoch == 2);
	g = golden_of("00000001" "000174" "00000001" "00000001" "ffffffff" "00000002");
	decode(&leader_epochs_request, 2, &g, &q);
	cr_assert(q.replica_id == -2);
	cr_assert(q.topics.items[0].partitions.items[0].current_leader_epoch == -1);
}

Test(kafka_admin, leader_epochs_answer)
{
	struct leader_epochs_partition p = {0, 1, 0, 120};
	struct leader_epochs_topic t = {text("t"), {&p, 1}};
	struct leader_epochs_response r = {.topics = {&t, 1}};
	encodes_as(&leader_epochs_response, 4, &r,
		   "00000000" "02" "0274" "02" "0000" "00000001" "00000000" "0000000000000078" "00"
		   "00" "00");
	encodes_as(&leader_epochs_response, 2, &r,
		   "00000000" "00000001" "000174" "00000001" "0000" "00000001" "00000000"
		   "0000000000000078");
}

Test(kafka_admin, describe_producers)
{
	struct describe_producers_request q;
	struct golden g = golden_of("02" "0274" "0300000000" "00000002" "00" "00");
	decode(&describe_producers_request, 0, &g, &q);
	cr_assert(q.topics.count == 1 && is_text(q.topics.items[0].name, "t"));
	cr_assert(q.topics.items[0].partition_indexes.count == 2);
	cr_assert(q.topics.items[0].partition_indexes.items[1] == 2);
}

Test(kafka_admin, describe_producers_answer)
{
	struct describe_producers_producer one = {4711, 3, 9, 1000, -1, -1};
	struct describe_producers_partition p = {2, 0, {NULL, 0}, {&one, 1}};
	struct describe_producers_topic t = {text("t"), {&p, 1}};
	struct describe_producers_response r = {.topics = {&t, 1}};
	encodes_as(&describe_producers_response, 0, &r,
		   "00000000" "02" "0274" "02" "00000002" "0000" "00" "02" "0000000000001267"
		   "00000003" "00000009" "00000000000003e8" "ffffffff" "ffffffffffffffff" "00"
		   "00" "00" "00");
}

Test(kafka_admin, delete_records)
{
	struct delete_records_request q;
	struct golden g = golden_of("02" "0274" "02" "00000001" "ffffffffffffffff" "00" "00"
				    "00007530" "00");
	decode(&delete_records_request, 2, &g, &q);
	cr_assert(q.topics.count == 1 && is_text(q.topics.items[0].name, "t"));
	cr_assert(q.topics.items[0].partitions.items[0].partition_index == 1);
	cr_assert(q.topics.items[0].partitions.items[0].offset == -1 && q.timeout_ms == 30000);
	g = golden_of("00000001" "000174" "00000001" "00000001" "0000000000000007" "00007530");
	decode(&delete_records_request, 0, &g, &q);
	cr_assert(q.topics.items[0].partitions.items[0].offset == 7);
}

Test(kafka_admin, delete_records_answer)
{
	struct delete_records_partition p = {1, 7, 0};
	struct delete_records_topic t = {text("t"), {&p, 1}};
	struct delete_records_response r = {.topics = {&t, 1}};
	encodes_as(&delete_records_response, 2, &r,
		   "00000000" "02" "0274" "02" "00000001" "0000000000000007" "0000" "00" "00"
		   "00");
	encodes_as(&delete_records_response, 1, &r,
		   "00000000" "00000001" "000174" "00000001" "00000001" "0000000000000007" "0000");
}
