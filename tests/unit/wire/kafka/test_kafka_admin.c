/* test_kafka_admin.c - the APIs of administrators byte by byte, laid out by hand from the
 * protocol's definition: the last version of each, and one from before tagged fields. */
#include "dataplane/wire/kafka/msg_create_partitions.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_delete_topics.h"
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
