/* test_produce_request.c - what the blaster sends, read by the gateway's own decoder. */
#include "perf/produce_request.h"

#include "dataplane/wire/kafka_header.h"
#include "dataplane/wire/msg_produce.h"
#include "dataplane/wire/record_batch.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { VERSION = 7, RECORDS = 16, VALUE_BYTES = 1024 };

static const struct produce_shape shape = {.topic = "alpha",
					   .partition = 3,
					   .acks = -1,
					   .record_bytes = VALUE_BYTES,
					   .records = RECORDS,
					   .now_ms = 1700000000000};

static void piece(struct cursor *c, const struct kafka_message *m, void *ret)
{
	struct kafka_arena none = {0};
	cr_assert(kafka_decode(m, VERSION, c, &none, ret) == KAFKA_DECODED_OK);
}

Test(produce_request, the_head_has_size_key_version_and_correlation)
{
	struct produce_body body = produce_body_build(&shape);
	uint8_t head[PRODUCE_HEAD_BYTES];
	produce_head_set(head, &body, 77);
	struct cursor c = cursor_of(head, sizeof head);
	cr_assert(cursor_u32(&c) == sizeof head - 4 + body.size);
	cr_assert(cursor_u16(&c) == 0 && cursor_u16(&c) == VERSION);
	cr_assert(cursor_u32(&c) == 77);
	free(body.data);
}

Test(produce_request, the_body_is_one_batch_for_one_partition)
{
	struct produce_body body = produce_body_build(&shape);
	struct cursor c = cursor_of(body.data, body.size);
	cursor_take(&c, cursor_u16(&c)); /* client id */
	struct produce_head head;
	struct produce_topic topic;
	struct produce_partition partition;
	piece(&c, &produce_request_head, &head);
	cr_assert(!head.transactional_id.data && head.acks == -1);
	cr_assert(kafka_length_read(&c, false) == 1);
	piece(&c, &produce_topic, &topic);
	cr_assert(topic.name.size == 5);
	cr_assert(kafka_length_read(&c, false) == 1);
	piece(&c, &produce_partition, &partition);
	cr_assert(partition.index == 3);
	size_t size = (size_t)kafka_length_read(&c, false);
	cr_assert(size == cursor_left(&c));
	cr_assert(record_batch_check_all(c.at, size) == RECORD_BATCH_GOOD);
	struct record_iterator it = record_iterate(c.at, size);
	struct record_view r;
	unsigned records = 0;
	for (; record_next(&it, &r); records++)
		cr_assert(r.value.size == VALUE_BYTES && !r.key.data);
	cr_assert(records == RECORDS && !it.at.bad && cursor_left(&it.at) == 0);
	free(body.data);
}

/* Size, correlation 5, one topic alpha, one partition 3: error 6, base offset 42. */
static const uint8_t response[] = {
	0,   0,   0,   55,  0,   0,   0,   5, 0, 0, 0, 1, 0, 5, 'a', 'l', 'p', 'h', 'a',
	0,   0,   0,   1,   0,   0,   0,   3, 0, 6, 0, 0, 0, 0, 0,   0,   0,   42,  255,
	255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0,   0};

Test(produce_request, a_response_says_partition_error_and_offset)
{
	uint8_t data[128] = {0};
	size_t size = produce_response_bytes("alpha");
	memcpy(data, response, sizeof response);
	data[3] = (uint8_t)(size - 4);
	struct produce_response r;
	cr_assert(produce_response_read(data, "alpha", &r));
	cr_assert(r.correlation == 5 && r.partition == 3);
	cr_assert(r.error == 6 && r.base_offset == 42);
}

Test(produce_request, a_response_of_another_shape_is_refused)
{
	uint8_t data[128] = {0};
	size_t size = produce_response_bytes("alpha");
	struct produce_response r;
	memcpy(data, response, sizeof response);
	data[3] = (uint8_t)(size - 3);
	cr_assert(!produce_response_read(data, "alpha", &r), "size");
	data[3] = (uint8_t)(size - 4);
	data[14] = 'A';
	cr_assert(!produce_response_read(data, "alpha", &r), "topic");
	data[14] = 'a';
	data[11] = 2;
	cr_assert(!produce_response_read(data, "alpha", &r), "two topics");
}
