/* test_produce_stamp.c - numbers in a batch: its CRC is right for each, and each is found again. */
#include "perf/produce_stamp.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct produce_body body;
static struct produce_stamp stamp;

static bool build(unsigned records, unsigned record_bytes, enum record_codec codec)
{
	struct produce_shape shape = {.topic = "perf",
				      .acks = -1,
				      .record_bytes = record_bytes,
				      .records = records,
				      .codec = codec,
				      .now_ms = 1};
	body = produce_body_build(&shape);
	return produce_stamp_init(&stamp, &body);
}

static struct bytes batch(void)
{
	size_t at = body.partition_at + 8;
	return (struct bytes){body.data + at, body.size - at};
}

Test(produce_stamp, every_number_has_the_right_crc_and_is_found_again)
{
	static const uint64_t numbers[] = {0, 1, 2, 0x8000000000000000, UINT64_MAX,
					   0x0123456789abcdef};
	static const struct {
		unsigned records, record_bytes;
	} shapes[] = {{1, 8}, {1, 450}, {140, 100}, {2, 20000}};
	for (unsigned s = 0; s < array_len(shapes); s++) {
		cr_assert(build(shapes[s].records, shapes[s].record_bytes, RECORD_CODEC_NONE));
		for (unsigned i = 0; i < array_len(numbers); i++) {
			uint64_t found = ~numbers[i];
			produce_stamp_set(&stamp, numbers[i], body.data);
			cr_assert(record_batch_check_all(batch().data, batch().size) ==
				  RECORD_BATCH_GOOD);
			cr_assert(produce_stamp_read(batch(), &found) && found == numbers[i]);
		}
		free(body.data);
	}
}

Test(produce_stamp, the_first_bytes_of_a_batch_are_enough)
{
	uint64_t found;
	cr_assert(build(140, 20000, RECORD_CODEC_NONE));
	produce_stamp_set(&stamp, 77, body.data);
	struct bytes front = {batch().data, RECORD_BATCH_HEADER_BYTES + 32};
	cr_assert(produce_stamp_read(front, &found) && found == 77);
	front.size = RECORD_BATCH_HEADER_BYTES;
	cr_assert(!produce_stamp_read(front, &found));
	free(body.data);
}

Test(produce_stamp, there_is_no_room_in_short_values_and_in_compressed_ones)
{
	cr_assert(!build(10, 7, RECORD_CODEC_NONE));
	free(body.data);
	cr_assert(!build(10, 100, RECORD_CODEC_LZ4));
	free(body.data);
}
