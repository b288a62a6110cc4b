/* kafka_schema.c - the walker: wire bytes and C structs in, the other out, by table. */
#include "dataplane/wire/kafka_schema.h"

#include "dataplane/base/require.h"

static const uint8_t wire_bytes[KAFKA_KINDS] = {
	[KAFKA_BOOL] = 1,  [KAFKA_INT8] = 1,  [KAFKA_INT16] = 2,
	[KAFKA_INT32] = 4, [KAFKA_INT64] = 8, [KAFKA_UUID] = KAFKA_UUID_BYTES,
};

static const struct kafka_field int32_rows[] = {{.name = "item", .kind = KAFKA_INT32}};
const struct kafka_struct kafka_int32_item = {
	.fields = int32_rows, .field_count = 1, .bytes = sizeof(int32_t), .is_bare = true};

static const struct kafka_field string_rows[] = {{.name = "item", .kind = KAFKA_STRING}};
const struct kafka_struct kafka_string_item = {
	.fields = string_rows, .field_count = 1, .bytes = sizeof(struct bytes), .is_bare = true};

static bool is_present(const struct kafka_field *f, int version)
{
	return version >= f->since && (f->gone_since == 0 || version < f->gone_since);
}

static bool may_be_null(const struct kafka_field *f, int version)
{
	return f->is_nullable && version >= f->null_since;
}

/* Members are reached by offset only, so values travel through memcpy: no alias of a type
 * the compiler does not expect. */
static int64_t load_integer(const struct kafka_field *f, const void *member)
{
	union {
		int8_t i8;
		int16_t i16;
		int32_t i32;
		int64_t i64;
	} v;
	memcpy(&v, member, wire_bytes[f->kind]);
	switch (wire_bytes[f->kind]) {
	case 1: return v.i8;
	case 2: return v.i16;
	case 4: return v.i32;
	default: return v.i64;
	}
}

static void store_integer(const struct kafka_field *f, void *member, int64_t value)
{
	uint64_t v = (uint64_t)value;
	/* Little-endian host: the low bytes come first. */
	memcpy(member, &v, wire_bytes[f->kind]);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "store_integer() takes low bytes");

/* ---- decoding ------------------------------------------------------------------------- */

struct decoder {
	struct cursor *c;
	struct kafka_arena *arena;
	int version;
	bool is_flexible;
	bool is_full; /* the arena */
};

static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out);

static void set_absent(const struct kafka_field *f, void *member)
{
	switch (f->kind) {
	case KAFKA_UUID: memset(member, 0, KAFKA_UUID_BYTES); break;
	case KAFKA_STRING: memset(member, 0, sizeof(struct bytes)); break;
	case KAFKA_ARRAY: memset(member, 0, sizeof(struct kafka_array_raw)); break;
	default: store_integer(f, member, f->absent);
	}
}

static int64_t decode_integer(struct cursor *c, unsigned bytes)
{
	switch (bytes) {
	case 1: return (int8_t)cursor_u8(c);
	case 2: return (int16_t)cursor_u16(c);
	case 4: return (int32_t)cursor_u32(c);
	default: return (int64_t)cursor_u64(c);
	}
}

/* A length or count; -1 for null, which is malformed where the version allows none. */
static int64_t decode_length(struct decoder *d, const struct kafka_field *f)
{
	int64_t length;
	if (d->is_flexible)
		length = (int64_t)cursor_uvarint(d->c, VARINT32_BYTES_MAX) - 1;
	else
		length = decode_integer(d->c, f->kind == KAFKA_STRING ? 2 : 4);
	if (length < -1 || (length == -1 && !may_be_null(f, d->version)))
		d->c->bad = true;
	return length;
}

static void decode_string(struct decoder *d, const struct kafka_field *f, void *member)
{
	struct bytes s = {0};
	int64_t length = decode_length(d, f);
	if (length > KAFKA_STRING_BYTES_MAX)
		d->c->bad = true;
	if (length >= 0) {
		s.data = cursor_take(d->c, (size_t)length);
		s.size = (size_t)length;
	}
	memcpy(member, &s, sizeof s);
}

/* The fewest bytes one item can have on the wire: what a count is held against. */
static size_t item_bytes_min(const struct decoder *d, const struct kafka_struct *s)
{
	size_t bytes = d->is_flexible && !s->is_bare ? 1 : 0;
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		if (f->is_tagged || !is_present(f, d->version))
			continue;
		if (wire_bytes[f->kind])
			bytes += wire_bytes[f->kind];
		else if (d->is_flexible)
			bytes += 1;
		else
			bytes += f->kind == KAFKA_STRING ? 2 : 4;
	}
	require(bytes > 0);
	return bytes;
}

/* Room for `count` items, aligned for any member; null (and full) when there is none. */
static void *arena_take(struct decoder *d, size_t item_bytes, uint32_t count)
{
	struct kafka_arena *a = d->arena;
	size_t left = (size_t)(a->end - a->at);
	size_t pad = -(uintptr_t)a->at % alignof(max_align_t);
	if (left < pad || (left - pad) / item_bytes < count) {
		d->is_full = true;
		d->c->bad = true;
		return NULL;
	}
	uint8_t *items = a->at + pad;
	a->at = items + item_bytes * count;
	return items;
}

static void decode_array(struct decoder *d, const struct kafka_field *f, void *member)
{
	struct kafka_array_raw a = {.count = -1};
	int64_t length = decode_length(d, f);
	if (length >= 0) {
		a.count = (int32_t)cursor_count(d->c, (uint64_t)length,
						item_bytes_min(d, f->of));
		if (a.count > 0)
			a.items = arena_take(d, f->of->bytes, (uint32_t)a.count);
	}
	for (int32_t i = 0; i < a.count && !d->c->bad; i++)
		decode_struct(d, f->of, (uint8_t *)a.items + (size_t)i * f->of->bytes);
	memcpy(member, &a, sizeof a);
}

static void decode_field(struct decoder *d, const struct kafka_field *f, void *member)
{
	const uint8_t *raw;
	switch (f->kind) {
	case KAFKA_BOOL:
		store_integer(f, member, cursor_u8(d->c) != 0);
		break;
	case KAFKA_UUID:
		raw = cursor_take(d->c, KAFKA_UUID_BYTES);
		if (raw)
			memcpy(member, raw, KAFKA_UUID_BYTES);
		break;
	case KAFKA_STRING: decode_string(d, f, member); break;
	case KAFKA_ARRAY: decode_array(d, f, member); break;
	default:
		store_integer(f, member, decode_integer(d->c, wire_bytes[f->kind]));
	}
}

static const struct kafka_field *find_tag(const struct decoder *d,
					  const struct kafka_struct *s, uint64_t tag)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		if (f->is_tagged && f->tag == tag && is_present(f, d->version))
			return f;
	}
	return NULL;
}

/* A known tag is decoded within its own bytes; what is left of them is skipped, as is an
 * unknown one. */
static void decode_tags(struct decoder *d, const struct kafka_struct *s, uint8_t *out)
{
	struct cursor *whole = d->c;
	uint64_t count = cursor_uvarint(whole, VARINT32_BYTES_MAX);
	if (count > KAFKA_TAGS_MAX)
		whole->bad = true;
	for (uint64_t i = 0; i < count && !whole->bad; i++) {
		uint64_t tag = cursor_uvarint(whole, VARINT32_BYTES_MAX);
		uint64_t size = cursor_uvarint(whole, VARINT32_BYTES_MAX);
		const uint8_t *value = cursor_take(whole, size);
		const struct kafka_field *f = find_tag(d, s, tag);
		if (!value || !f)
			continue;
		struct cursor part = cursor_of(value, size);
		d->c = &part;
		decode_field(d, f, out + f->offset);
		d->c = whole;
		whole->bad = part.bad;
	}
}

static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		uint8_t *member = (uint8_t *)out + f->offset;
		if (f->is_tagged || !is_present(f, d->version))
			set_absent(f, member);
		else
			decode_field(d, f, member);
	}
	if (d->is_flexible && !s->is_bare)
		decode_tags(d, s, out);
}

enum kafka_decoded kafka_decode(const struct kafka_message *m, int version,
				struct cursor *c, struct kafka_arena *arena, void *ret)
{
	struct decoder d = {.c = c, .arena = arena, .version = version,
			    .is_flexible = version >= m->flexible_since};
	decode_struct(&d, m->body, ret);
	if (d.is_full)
		return KAFKA_DECODED_TOO_LARGE;
	return c->bad ? KAFKA_DECODED_MALFORMED : KAFKA_DECODED_OK;
}

/* ---- encoding ------------------------------------------------------------------------- */

/* Counts always, writes when there is an emitter: a size and the bytes it is the size of
 * come from the same walk. */
struct sink {
	struct emitter *e;
	size_t size;
	int version;
	bool is_flexible;
};

static void encode_struct(struct sink *s, const struct kafka_struct *of, const void *in);

static void put_raw(struct sink *s, const void *data, size_t size)
{
	s->size += size;
	if (s->e)
		emit_bytes(s->e, data, size);
}

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

static void put_length(struct sink *s, const struct kafka_field *f, int64_t length)
{
	if (length < 0 && !may_be_null(f, s->version))
		length = 0;
	if (s->is_flexible)
		put_uvarint(s, (uint64_t)(length + 1));
	else
		put_integer(s, length, f->kind == KAFKA_STRING ? 2 : 4);
}

static void encode_string(struct sink *s, const struct kafka_field *f, const void *member)
{
	struct bytes text;
	memcpy(&text, member, sizeof text);
	require(text.size <= KAFKA_STRING_BYTES_MAX);
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

static void encode_field(struct sink *s, const struct kafka_field *f, const void *member)
{
	switch (f->kind) {
	case KAFKA_UUID: put_raw(s, member, KAFKA_UUID_BYTES); break;
	case KAFKA_STRING: encode_string(s, f, member); break;
	case KAFKA_ARRAY: encode_array(s, f, member); break;
	default: put_integer(s, load_integer(f, member), wire_bytes[f->kind]);
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
		memcpy(&text, member, sizeof text);
		return text.data == NULL;
	case KAFKA_ARRAY:
		memcpy(&array, member, sizeof array);
		return array.count <= 0;
	default:
		return load_integer(f, member) == f->absent;
	}
}

static bool is_tag_due(const struct sink *s, const struct kafka_field *f, const uint8_t *in)
{
	return f->is_tagged && is_present(f, s->version) && !is_default(f, in + f->offset);
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
		if (!f->is_tagged && is_present(f, s->version))
			encode_field(s, f, (const uint8_t *)in + f->offset);
	}
	if (s->is_flexible && !of->is_bare)
		encode_tags(s, of, in);
}

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
