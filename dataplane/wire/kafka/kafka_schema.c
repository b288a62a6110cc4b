/* kafka_schema.c - the items of arrays of plain values; the walkers are kafka_decode.c and
 * kafka_encode.c. */
#include "dataplane/wire/kafka/kafka_schema.h"

static const struct kafka_field int32_rows[] = {{.name = "item", .kind = KAFKA_INT32}};
const struct kafka_struct kafka_int32_item = {
	.fields = int32_rows, .field_count = 1, .bytes = sizeof(int32_t), .is_bare = true};

static const struct kafka_field int64_rows[] = {{.name = "item", .kind = KAFKA_INT64}};
const struct kafka_struct kafka_int64_item = {
	.fields = int64_rows, .field_count = 1, .bytes = sizeof(int64_t), .is_bare = true};

static const struct kafka_field string_rows[] = {{.name = "item", .kind = KAFKA_STRING}};
const struct kafka_struct kafka_string_item = {
	.fields = string_rows, .field_count = 1, .bytes = sizeof(struct bytes), .is_bare = true};
