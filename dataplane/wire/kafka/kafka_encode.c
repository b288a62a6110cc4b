/* kafka_encode.c - a message's C struct in, its bytes or their number out. */
#include "dataplane/wire/kafka/kafka_rows.h"

#include "dataplane/base/require.h"

/* Counts always, writes when there is an emitter: a size and the bytes it is the size of
 * come from the same walk. */
struct sink {
	struct emitter *e;
	size_t size;
	int version;
	bool is_flexible;
};

static void encode_struct(struct sink *s, const struct kafka_struct *of, const void *in);

/* Read in its own width and with its sign, as decode_integer() reads it from the wire. */
static int64_t load_integer(const struct kafka_field *f, const void *member)
{
	union {
		int8_t i8;
		int16_t i16;
		int32_t i32;
		int64_t i64;
	} v;
	memcpy(&v, member, kafka_wire_bytes(f));
	switch (kafka_wire_bytes(f)) {
	case 1: return v.i8;
	case 2: return v.i16;
	case 4: return v.i32;
	default: return v.i64;
	}
}

/* All bytes pass here, so that none is written that is not counted. */
static void put_raw(struct sink *s, const void *data, size_t size)
{
	s->size += size;
	if (s->e)
		emit_bytes(s->e, data, size);
}

/* The last bytes of a number in network order are the same number in fewer bytes. */
static void put_integer(struct sink *s, int64_t value, unsigned bytes)
{
	uint8_t raw[8];
	be64_store(raw, (uint64_t)value);
	put_raw(s, raw + sizeof raw - bytes, bytes);
}

static void put_uvarint(struct sink *s, uint64_t value)
{
	uint8_t raw[VARINT64_BYTES_MAX];
	put_raw(s, raw, uvarint_put(raw, value));
}

/* A null that this version has no way to say is written as empty. */
static void put_length(struct sink *s, const struct kafka_field *f, int64_t length)
{
	if (length < 0 && !kafka_may_be_null(f, s->version))
		length = 0;
	if (s->is_flexible)
		put_uvarint(s, (uint64_t)(length + 1));
	else
		put_integer(s, length, kafka_length_bytes(f));
}

/* A string too long is our own mistake: those that peers send were held against the same bound
 * when they were decoded. */
static void encode_string(struct sink *s, const struct kafka_field *f, const void *member)
{
	struct bytes text;
	memcpy(&text, member, sizeof text);
	require(f->kind == KAFKA_BYTES || text.size <= KAFKA_STRING_BYTES_MAX);
	put_length(s, f, text.data ? (int64_t)text.size : -1);
	if (text.data)
		put_raw(s, text.data, text.size);
}

static void encode_array(struct sink *s, const struct kafka_field *f, const void *member)
{
	struct kafka_array_raw a;
	memcpy(&a, member, sizeof a);
	put_length(s, f, a.count);
	for (int32_t i = 0; i < a.count; i++)
		encode_struct(s, f->of, (const uint8_t *)a.items + (size_t)i * f->of->bytes);
}

/* One that this version has to have is our own to bring. */
static void encode_optional(struct sink *s, const struct kafka_field *f, const void *member)
{
	struct kafka_array_raw a;
	memcpy(&a, member, sizeof a);
	require(a.count == 1 || (a.count < 1 && kafka_may_be_null(f, s->version)));
	put_integer(s, a.count == 1 ? 1 : -1, 1);
	if (a.count == 1)
		encode_struct(s, f->of, a.items);
}

static void encode_field(struct sink *s, const struct kafka_field *f, const void *member)
{
	switch (f->kind) {
	case KAFKA_UUID: put_raw(s, member, KAFKA_UUID_BYTES); break;
	case KAFKA_STRING:
	case KAFKA_BYTES: encode_string(s, f, member); break;
	case KAFKA_ARRAY: encode_array(s, f, member); break;
	case KAFKA_OPTIONAL: encode_optional(s, f, member); break;
	default: put_integer(s, load_integer(f, member), kafka_wire_bytes(f));
	}
}

/* A tagged field at its default is left out (KIP-482). */
static bool is_default(const struct kafka_field *f, const void *member)
{
	static const uint8_t zero[KAFKA_UUID_BYTES];
	struct bytes text;
	struct kafka_array_raw array;
	switch (f->kind) {
	case KAFKA_UUID:
		return memcmp(member, zero, sizeof zero) == 0;
	case KAFKA_STRING:
	case KAFKA_BYTES:
		memcpy(&text, member, sizeof text);
		return text.data == NULL;
	case KAFKA_ARRAY:
	case KAFKA_OPTIONAL:
		memcpy(&array, member, sizeof array);
		return array.count <= 0;
	default:
		return load_integer(f, member) == f->absent;
	}
}

/* Asked twice of each row: the number of tags stands before the first of them. */
static bool is_tag_due(const struct sink *s, const struct kafka_field *f, const uint8_t *in)
{
	return f->is_tagged && kafka_is_present(f, s->version) && !is_default(f, in + f->offset);
}

/* Tables list tagged fields in the order of their numbers, as the wire must. */
static void encode_tags(struct sink *s, const struct kafka_struct *of, const uint8_t *in)
{
	unsigned count = 0;
	for (unsigned i = 0; i < of->field_count; i++)
		count += is_tag_due(s, &of->fields[i], in);
	put_uvarint(s, count);
	for (unsigned i = 0; i < of->field_count; i++) {
		const struct kafka_field *f = &of->fields[i];
		if (!is_tag_due(s, f, in))
			continue;
		/* Its size stands before it: the first walk counts, the second writes. */
		struct sink value = {.version = s->version, .is_flexible = true};
		encode_field(&value, f, in + f->offset);
		put_uvarint(s, f->tag);
		put_uvarint(s, value.size);
		encode_field(s, f, in + f->offset);
	}
}

static void encode_struct(struct sink *s, const struct kafka_struct *of, const void *in)
{
	for (unsigned i = 0; i < of->field_count; i++) {
		const struct kafka_field *f = &of->fields[i];
		if (!f->is_tagged && kafka_is_present(f, s->version))
			encode_field(s, f, (const uint8_t *)in + f->offset);
	}
	if (s->is_flexible && !of->is_bare)
		encode_tags(s, of, in);
}

/* Without an emitter a walk only counts. */
size_t kafka_encoded_size(const struct kafka_message *m, int version, const void *message)
{
	struct sink s = {.version = version, .is_flexible = version >= m->flexible_since};
	encode_struct(&s, m->body, message);
	return s.size;
}

void kafka_encode(const struct kafka_message *m, int version, const void *message,
		  struct emitter *e)
{
	struct sink s = {
		.e = e, .version = version, .is_flexible = version >= m->flexible_since};
	encode_struct(&s, m->body, message);
}
