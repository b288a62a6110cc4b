/* clean_rig.c - keys and values in, a record batch out; see clean_rig.h. */
#include "tests/unit/clean/clean_rig.h"
#include "dataplane/writer_open.h"
#include "dataplane/writer_pack.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* As record_put() does, but for a header: its key "h", its value a byte. */
static void put_record(struct emitter *e, const struct record_view *r)
{
	static const uint8_t headers[] = {2, 2, 'h', 2, '!'};
	size_t body = record_body_bytes(r) - 1 + sizeof headers;
	emit_varint(e, (int64_t)body);
	emit_u8(e, 0);
	emit_varint(e, r->timestamp_delta);
	emit_varint(e, r->offset_delta);
	uint8_t *room = emit_room(e, varint_size(record_span_size(r->key)) + r->key.size);
	record_put_span(room, r->key);
	room = emit_room(e, varint_size(record_span_size(r->value)) + r->value.size);
	record_put_span(room, r->value);
	memcpy(emit_room(e, sizeof headers), headers, sizeof headers);
}

uint8_t *rig_batch_make(struct packer *p, const struct rig_batch *b)
{
	size_t room = 64;
	for (unsigned i = 0; i < b->count; i++)
		room += 64 + bytes_of(b->records[i].key).size + bytes_of(b->records[i].value).size;
	uint8_t *records = malloc(room);
	struct emitter e = emitter_of(records, room);
	for (unsigned i = 0; i < b->count; i++)
		put_record(&e, &(struct record_view){.timestamp_delta = i,
						     .offset_delta = (int32_t)i,
						     .key = bytes_of(b->records[i].key),
						     .value = bytes_of(b->records[i].value)});
	cr_assert(!e.bad);
	struct record_batch_header h;
	int64_t latest = b->base_time + (int64_t)b->count - 1;
	record_batch_build(&h, b->count, b->base_time, latest);
	record_batch_place(&h, b->base_offset, 0);
	h.attributes = be16_of((uint16_t)b->attributes);
	if (b->producer_id) {
		h.producer_id = be64_of((uint64_t)b->producer_id);
		h.producer_epoch = be16_of(3);
		h.base_sequence = be32_of(4711);
	}
	packer_begin(p, b->codec, &h);
	for (size_t at = 0, n; at < emitter_size(&e); at += n) {
		n = min_size(emitter_size(&e) - at, OPEN_PIECE_BYTES);
		cr_assert(packer_put(p, (struct bytes){records + at, n}));
	}
	struct chain packed;
	cr_assert(packer_end(p, latest, &packed));
	if (b->attributes & RECORD_BATCH_LOG_APPEND_TIME)
		record_batch_set_append_time(&packed, latest);
	uint8_t *batch = malloc(packed.size);
	chain_copy_out(&packed, 0, batch, packed.size);
	chain_give(&packed);
	free(records);
	return batch;
}
