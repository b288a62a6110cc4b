/* kafka_rows.h - what decoding and encoding both ask a row of a message's table.
 *
 * Private to kafka_decode.c and kafka_encode.c. Members are reached by offset only, so their
 * values travel through memcpy: no alias of a type the compiler does not expect.
 */
#ifndef PENSTOCK_KAFKA_ROWS_H
#define PENSTOCK_KAFKA_ROWS_H

#include "dataplane/wire/kafka/kafka_schema.h"

/* Bytes on the wire of each kind; 0: they vary. An integer's member is as wide. */
static inline unsigned kafka_wire_bytes(const struct kafka_field *f)
{
	static const uint8_t bytes[KAFKA_KINDS] = {
		[KAFKA_BOOL] = 1,  [KAFKA_INT8] = 1,  [KAFKA_INT16] = 2,
		[KAFKA_INT32] = 4, [KAFKA_INT64] = 8, [KAFKA_UUID] = KAFKA_UUID_BYTES,
	};
	return bytes[f->kind];
}

/* Bytes of the length or count before a string or an array, where it is not compact. */
static inline unsigned kafka_length_bytes(const struct kafka_field *f)
{
	return f->kind == KAFKA_STRING ? 2 : 4;
}

static inline bool kafka_is_present(const struct kafka_field *f, int version)
{
	return version >= f->since && (f->gone_since == 0 || version < f->gone_since);
}

static inline bool kafka_may_be_null(const struct kafka_field *f, int version)
{
	return f->is_nullable && version >= f->null_since;
}

#endif
