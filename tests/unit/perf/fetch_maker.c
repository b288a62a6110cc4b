/* fetch_maker.c - see fetch_maker.h. */
#include "tests/unit/perf/fetch_maker.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_fetch.h"

#include <criterion/criterion.h>

enum { VERSION = 11, RECORD_BYTES = 20 };

void fetch_maker_begin(struct fetch_maker *m, uint32_t correlation, int16_t error,
		       uint32_t session_id)
{
	static const struct fetch_topic topic = {.name = {(const uint8_t *)"perf", 4}};
	struct fetch_answer_head head = {.error_code = error, .session_id = (int32_t)session_id};
	m->partitions = 0;
	m->records_at = NULL;
	m->e = emitter_of(m->bytes, sizeof m->bytes);
	kafka_response_header_emit(&m->e, (int32_t)correlation, false);
	kafka_encode(&fetch_answer_head, VERSION, &head, &m->e);
	emit_u32(&m->e, 1);
	kafka_encode(&fetch_topic, VERSION, &topic, &m->e);
	m->count_at = m->e.at;
	emit_u32(&m->e, 0);
}

void fetch_maker_partition(struct fetch_maker *m, uint32_t partition, int16_t error,
			   int64_t high_watermark)
{
	struct fetch_result result = {
		.partition = (int32_t)partition,
		.error_code = error,
		.high_watermark = high_watermark,
		.last_stable_offset = high_watermark,
		.aborted = {.count = -1},
		.preferred_read_replica = -1,
	};
	kafka_encode(&fetch_result, VERSION, &result, &m->e);
	m->records_at = m->e.at;
	emit_u32(&m->e, 0);
	m->partitions++;
}

void fetch_maker_batch(struct fetch_maker *m, int64_t first, uint32_t records)
{
	static const uint8_t value[RECORD_BYTES];
	struct record_batch_header h;
	uint8_t *batch = emit_room(&m->e, sizeof h);
	cr_assert(batch);
	for (uint32_t i = 0; i < records; i++)
		record_emit(&m->e, &(struct record_view){.offset_delta = (int32_t)i,
							 .value = {value, sizeof value}});
	record_batch_build(&h, records, 1, 1);
	record_batch_place(&h, first, 0);
	record_batch_set_size(&h, (uint32_t)(m->e.at - batch));
	struct bytes rest = {batch + sizeof h, (size_t)(m->e.at - batch) - sizeof h};
	record_batch_set_crc(&h, record_batch_crc(&h, rest));
	memcpy(batch, &h, sizeof h);
	be32_store(m->records_at, (uint32_t)(m->e.at - m->records_at) - 4);
}

struct bytes fetch_maker_end(struct fetch_maker *m)
{
	cr_assert(!m->e.bad);
	be32_store(m->count_at, m->partitions);
	kafka_size_store(m->bytes, emitter_size(&m->e));
	return (struct bytes){m->bytes, emitter_size(&m->e)};
}
