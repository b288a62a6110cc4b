/* kafka_schema.h - Kafka messages as tables: one row per field, one walker for all of them.
 *
 *     static const struct kafka_field rows[] = {
 *             KAFKA_FIELD(struct m, name, STRING, NULLABLE_SINCE(1)),
 *             KAFKA_FIELD(struct m, leader_epoch, INT32, SINCE(7), .absent = -1),
 *             KAFKA_FIELD(struct m, items, ARRAY, .of = &item),
 *     };
 *
 *     bytes ──▶ kafka_decode ──▶ C struct (arrays in the caller's arena, strings in place)
 *     C struct ──▶ kafka_encode ──▶ emitter
 *
 * A row says which versions carry the field and what it is worth in the others, so that a
 * handler sees one struct whatever the client's version. From `flexible_since` on, lengths
 * are compact and every struct ends in tagged fields (KIP-482); unknown ones are skipped.
 *
 * A peer cannot make us reserve: a count is compared with the bytes that remain before any
 * item is taken from the arena, and the arena never grows. Recursion is as deep as the
 * tables, not as the input.
 *
 * Core: any; no allocation, no state. Ownership: decoded strings point into the input and
 * arrays into the arena; both must outlive the struct.
 * Limits: KAFKA_TAGS_MAX tagged fields per struct, strings of 32767 bytes.
 */
#ifndef PENSTOCK_KAFKA_SCHEMA_H
#define PENSTOCK_KAFKA_SCHEMA_H

#include "dataplane/base/cursor.h"

/* Tagged fields of one struct; Kafka itself has at most 6. */
enum { KAFKA_TAGS_MAX = 64 };

enum { KAFKA_STRING_BYTES_MAX = 32767 };

enum { KAFKA_UUID_BYTES = 16 };

/* What a member of the C struct is. Strings and bytes are a struct bytes, in place; null data
 * means null. */
enum kafka_kind {
	KAFKA_BOOL,
	KAFKA_INT8,
	KAFKA_INT16,
	KAFKA_INT32,
	KAFKA_INT64,
	KAFKA_UUID,   /* uint8_t[KAFKA_UUID_BYTES] */
	KAFKA_STRING, /* struct bytes */
	KAFKA_BYTES,  /* struct bytes, of any size: what Kafka calls BYTES */
	KAFKA_ARRAY,  /* kafka_array(type) */
	KAFKA_OPTIONAL, /* kafka_array(type) of one item or, as null, of none: Kafka's struct that
			 * may be null */
	KAFKA_KINDS,
};

/* An array member; count -1 is the null array. */
#define kafka_array(type)                                                                \
	struct {                                                                         \
		type *items;                                                             \
		int32_t count;                                                           \
	}

/* The same as the walker sees it. */
struct kafka_array_raw {
	void *items;
	int32_t count;
};

struct kafka_field {
	const char *name;
	const struct kafka_struct *of; /* ARRAY, OPTIONAL: what its items are */
	int64_t absent;                /* value in versions without the field, or without the tag */
	uint16_t offset;
	uint8_t kind;         /* enum kafka_kind */
	uint8_t tag;
	uint8_t since;        /* first version that has it */
	uint8_t gone_since;   /* first version that no longer has it; 0: none */
	uint8_t null_since;   /* first version in which it may be null */
	bool is_nullable;
	bool is_tagged;
};

#define SINCE(version)	        .since = (version)
#define GONE_SINCE(version)     .gone_since = (version)
#define NULLABLE_SINCE(version) .is_nullable = true, .null_since = (version)
#define TAGGED(number)	        .is_tagged = true, .tag = (number)

enum {
	KAFKA_BOOL_BYTES = sizeof(bool),
	KAFKA_INT8_BYTES = 1,
	KAFKA_INT16_BYTES = 2,
	KAFKA_INT32_BYTES = 4,
	KAFKA_INT64_BYTES = 8,
	KAFKA_STRING_BYTES = sizeof(struct bytes),
	KAFKA_BYTES_BYTES = sizeof(struct bytes),
	KAFKA_ARRAY_BYTES = sizeof(struct kafka_array_raw),
	KAFKA_OPTIONAL_BYTES = sizeof(struct kafka_array_raw),
};

/* One row. Does not compile when the member's size is not its kind's. */
#define KAFKA_FIELD(type, member, kind_, ...)                                            \
	{                                                                                \
		.name = #member, .kind = KAFKA_##kind_,                                  \
		.offset = offsetof(type, member) +                                       \
			  0 * sizeof(char[sizeof(((type *)0)->member) ==                 \
							  KAFKA_##kind_##_BYTES          \
						  ? 1                                    \
						  : -1]),                                \
		__VA_ARGS__                                                              \
	}

struct kafka_struct {
	const struct kafka_field *fields;
	uint16_t field_count;
	uint16_t bytes; /* of the C struct */
	bool is_bare;   /* item of an array of plain values: no tagged fields of its own */
};

#define KAFKA_STRUCT(type, rows)                                                         \
	{                                                                                \
		.fields = (rows), .field_count = array_len(rows), .bytes = sizeof(type)  \
	}

/* Items of arrays of plain values: int32_t, int64_t and struct bytes (strings). */
extern const struct kafka_struct kafka_int32_item;
extern const struct kafka_struct kafka_int64_item;
extern const struct kafka_struct kafka_string_item;

struct kafka_message {
	const char *name;
	const struct kafka_struct *body;
	uint8_t flexible_since;
};

/* Memory for the arrays of one decoded message. */
struct kafka_arena {
	uint8_t *at;
	uint8_t *end;
};

static inline struct kafka_arena kafka_arena_of(void *memory, size_t size)
{
	return (struct kafka_arena){.at = memory, .end = (uint8_t *)memory + size};
}

/* Room for `count` items, aligned for any member; null when there is none. */
static inline void *kafka_arena_take(struct kafka_arena *a, size_t count, size_t item_bytes)
{
	size_t left = (size_t)(a->end - a->at);
	size_t pad = -(uintptr_t)a->at % alignof(max_align_t);
	if (left < pad || (left - pad) / item_bytes < count)
		return NULL;
	uint8_t *items = a->at + pad;
	a->at = items + count * item_bytes;
	return items;
}

enum kafka_decoded {
	KAFKA_DECODED_OK,
	KAFKA_DECODED_MALFORMED, /* cut short, or a length, count or null that cannot be */
	KAFKA_DECODED_TOO_LARGE, /* well-formed so far, but the arena is full */
};

/* Fills *ret from the bytes at `c`; other than OK, *ret is unspecified. What follows the
 * message stays in `c`. */
enum kafka_decoded kafka_decode(const struct kafka_message *m, int version,
				struct cursor *c, struct kafka_arena *arena, void *ret);

/* Bytes kafka_encode() writes. */
size_t kafka_encoded_size(const struct kafka_message *m, int version, const void *message);

/* Writes *message, fields the version lacks left out. A null where the version has none is
 * written as empty. e->bad when there is too little room. */
void kafka_encode(const struct kafka_message *m, int version, const void *message,
		  struct emitter *e);

#endif
