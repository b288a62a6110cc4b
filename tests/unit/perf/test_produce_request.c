/* test_produce_request.c - what the generators send, read by the gateway's own decoders. */
#include "perf/produce_request.h"

#include "control/kafka/record_inflate.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_produce.h"

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

/* The one batch of a body, once everything in front of it has been looked at. */
static struct bytes batch_of(const struct produce_body *body)
{
	struct cursor c = cursor_of(body->data, body->size);
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
	return (struct bytes){c.at, size};
}

/* An uncompressed batch of what one with a codec holds; the caller's to free. */
static uint8_t *opened(struct bytes batch, size_t room, size_t *size)
{
	const struct record_batch_header *h = record_batch_header_of(batch.data);
	uint8_t *out = malloc(sizeof *h + room);
	cr_assert(out);
	memcpy(out, h, sizeof *h);
	struct bytes rest = {batch.data + sizeof *h, batch.size - sizeof *h};
	enum record_codec codec = (enum record_codec)record_batch_codec(h);
	int64_t opened = record_inflate(codec, rest, out + sizeof *h, room, UINT64_MAX);
	cr_assert(opened > 0);
	*size = sizeof *h + (size_t)opened;
	return out;
}

static void check_records(const void *batch, size_t size, unsigned count, size_t bytes)
{
	struct record_iterator it = record_iterate(batch, size);
	struct record_view r;
	unsigned records = 0;
	for (; record_next(&it, &r); records++)
		cr_assert(r.value.size == bytes && !r.key.data);
	cr_assert(records == count && !it.at.bad && cursor_left(&it.at) == 0);
}

Test(produce_request, the_body_is_one_batch_for_one_partition)
{
	struct produce_body body = produce_body_build(&shape);
	struct bytes batch = batch_of(&body);
	cr_assert(record_batch_check_all(batch.data, batch.size) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_codec(record_batch_header_of(batch.data)) ==
		  RECORD_CODEC_NONE);
	check_records(batch.data, batch.size, RECORDS, VALUE_BYTES);
	free(body.data);
}

static void check_codec(enum record_codec codec, unsigned records, unsigned value_bytes)
{
	struct produce_shape s = shape;
	s.codec = codec;
	s.records = records;
	s.record_bytes = value_bytes;
	struct produce_body body = produce_body_build(&s);
	struct bytes batch = batch_of(&body);
	cr_assert(record_batch_check_all(batch.data, batch.size) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_codec(record_batch_header_of(batch.data)) == codec);
	/* As docs/PERFORMANCE.md says of the values. */
	size_t plain = (size_t)records * value_bytes, size;
	cr_assert(batch.size < plain / 2 && batch.size > plain / 10, "codec %d: %zu of %zu",
		  codec, batch.size, plain);
	size_t room = plain + (size_t)records * RECORD_OVERHEAD_BYTES_MAX;
	uint8_t *open = opened(batch, room, &size);
	check_records(open, size, records, value_bytes);
	free(open);
	free(body.data);
}

Test(produce_request, a_body_can_be_sent_to_another_partition)
{
	struct produce_shape other = shape;
	other.partition = 0;
	struct produce_body body = produce_body_build(&other);
	be32_store(body.data + body.partition_at, shape.partition);
	cr_assert(batch_of(&body).size > RECORDS * VALUE_BYTES);
	free(body.data);
}

Test(produce_request, a_codec_leaves_one_stream_of_all_the_records)
{
	for (int codec = RECORD_CODEC_GZIP; codec < RECORD_CODECS; codec++)
		check_codec((enum record_codec)codec, 140, 100);
}

Test(produce_request, records_of_a_mebibyte_come_out_as_they_went_in)
{
	enum { MEBIBYTE = 1 << 20 };
	struct produce_shape s = shape;
	s.records = 3;
	s.record_bytes = MEBIBYTE;
	struct produce_body body = produce_body_build(&s);
	struct bytes batch = batch_of(&body);
	cr_assert(record_batch_check_all(batch.data, batch.size) == RECORD_BATCH_GOOD);
	check_records(batch.data, batch.size, 3, MEBIBYTE);
	free(body.data);
	for (int codec = RECORD_CODEC_GZIP; codec < RECORD_CODECS; codec++)
		check_codec((enum record_codec)codec, 3, MEBIBYTE);
}

Test(produce_request, snappy_is_framed_as_java_does)
{
	struct produce_shape s = shape;
	s.codec = RECORD_CODEC_SNAPPY;
	s.records = 100; /* 100 KiB: four blocks of at most 32 KiB */
	struct produce_body body = produce_body_build(&s);
	struct bytes batch = batch_of(&body);
	struct cursor c = cursor_of(batch.data, batch.size);
	cursor_take(&c, RECORD_BATCH_HEADER_BYTES);
	const uint8_t *magic = cursor_take(&c, 8);
	cr_assert(memcmp(magic, "\x82SNAPPY\0", 8) == 0);
	cr_assert(cursor_u32(&c) == 1 && cursor_u32(&c) == 1);
	unsigned blocks = 0;
	for (; cursor_left(&c); blocks++)
		cr_assert(cursor_take(&c, cursor_u32(&c)));
	cr_assert(blocks == 4);
	free(body.data);
}

Test(produce_request, codecs_have_the_names_kafka_gives_them)
{
	enum record_codec codec;
	cr_assert(record_codec_of_name("zstd", &codec) && codec == RECORD_CODEC_ZSTD);
	cr_assert(record_codec_of_name("none", &codec) && codec == RECORD_CODEC_NONE);
	cr_assert(!record_codec_of_name("lzo", &codec));
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
