/* inspect_rig.c - compressed batches for tests; see inspect_rig.h. */
#include "tests/unit/dataplane/inspect_rig.h"
#include "dataplane/base/require.h"
#include "perf/record_deflate.h"

#include <snappy-c.h>
#include <stdlib.h>

/* xorshift32 (Marsaglia): what repeats soon would be compressed away. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state >> 8;
}

static void fill_value(uint8_t *value, const struct batch_spec *s, uint32_t *state)
{
	for (size_t i = 0; i < s->value_bytes; i++)
		value[i] = random_next(state) % 256 < s->noise ? (uint8_t)random_next(state) : 0;
}

uint8_t *batch_records(const struct batch_spec *s, size_t *ret_size)
{
	size_t room = RECORD_BATCH_HEADER_BYTES +
		      s->records * (s->value_bytes + 1 + RECORD_OVERHEAD_BYTES_MAX);
	uint8_t *batch = malloc(room), *value = malloc(s->value_bytes + 1);
	uint32_t state = 1, step = s->offset_step ? s->offset_step : 1;
	uint32_t count = s->claimed_count ? s->claimed_count : s->records;
	int64_t latest = s->claimed_time ? s->claimed_time : s->base_time + s->records - 1;
	struct emitter e = emitter_of(batch + RECORD_BATCH_HEADER_BYTES,
				      room - RECORD_BATCH_HEADER_BYTES);
	for (unsigned i = 0; i < s->records; i++) {
		fill_value(value, s, &state);
		struct record_view v = {.timestamp_delta = i,
					.offset_delta = (int32_t)(i * step),
					.value = {value, s->value_bytes}};
		if (i < s->keyed)
			v.key = (struct bytes){(const uint8_t *)"k", 1};
		record_emit(&e, &v);
	}
	require(!e.bad);
	record_batch_build((void *)batch, count, s->base_time, latest);
	record_batch_set_codec((void *)batch, s->codec);
	free(value);
	*ret_size = RECORD_BATCH_HEADER_BYTES + emitter_size(&e);
	return batch;
}

uint8_t *batch_stream(enum record_codec codec, struct bytes records, size_t *ret_size)
{
	uint8_t *out = malloc(record_deflate_room(records.size));
	*ret_size = record_deflate_room(records.size);
	if (codec == RECORD_CODEC_SNAPPY)
		require(snappy_compress((const char *)records.data, records.size, (char *)out,
					ret_size) == SNAPPY_OK);
	else
		*ret_size = record_deflate(codec, records, out);
	return out;
}

static struct append_msg *append_of(struct chunk_pool *pool, const uint8_t *header,
				    struct bytes rest, uint32_t slot)
{
	struct append_msg *a = calloc(1, sizeof *a);
	const struct record_batch_header *h = record_batch_header_of(header);
	struct record_batch_header sealed = *h;
	*a = (struct append_msg){.msg.kind = HANDOFF_APPEND,
				 .codec = (uint8_t)record_batch_codec(h),
				 .partition = {slot, 3},
				 .level = ACK_DURABLE,
				 .records = 1,
				 .time_min = INT64_MIN,
				 .time_max = INT64_MAX,
				 .error = -1};
	list_init(&a->node);
	record_batch_set_size(&sealed, (uint32_t)(RECORD_BATCH_HEADER_BYTES + rest.size));
	record_batch_set_crc(&sealed, record_batch_crc(&sealed, rest));
	require(chain_append(&a->bytes, pool, &sealed, sizeof sealed) &&
		chain_append(&a->bytes, pool, rest.data, rest.size));
	return a;
}

struct append_msg *append_of_stream(struct chunk_pool *pool, const struct batch_spec *s,
				    struct bytes stream, uint32_t slot)
{
	size_t size;
	uint8_t *batch = batch_records(s, &size);
	struct append_msg *a = append_of(pool, batch, stream, slot);
	free(batch);
	return a;
}

struct append_msg *append_make(struct chunk_pool *pool, const struct batch_spec *s,
			       uint32_t slot)
{
	size_t size, stream_size;
	uint8_t *batch = batch_records(s, &size);
	struct bytes records = {batch + RECORD_BATCH_HEADER_BYTES,
				size - RECORD_BATCH_HEADER_BYTES};
	uint8_t *stream = batch_stream(s->codec, records, &stream_size);
	struct append_msg *a = append_of(pool, batch, (struct bytes){stream, stream_size}, slot);
	free(stream);
	free(batch);
	return a;
}

void append_free(struct append_msg *a)
{
	chain_give(&a->bytes);
	free(a);
}

bool append_is_whole(const struct append_msg *a)
{
	uint8_t *batch = malloc(a->bytes.size);
	chain_copy_out(&a->bytes, 0, batch, a->bytes.size);
	bool is_good = record_batch_check_all(batch, a->bytes.size) == RECORD_BATCH_GOOD;
	free(batch);
	return is_good;
}
