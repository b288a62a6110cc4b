/* kafka_decode.c - bytes of a message in, the C struct of its table out. */
#include "dataplane/wire/kafka/kafka_rows.h"

#include "dataplane/base/require.h"

struct decoder {
	struct cursor *c;
	struct kafka_arena *arena;
	int version;
	bool is_flexible;
	bool is_full; /* the arena */
};

static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out);

static void store_integer(const struct kafka_field *f, void *member, int64_t value)
{
	uint64_t v = (uint64_t)value;
	/* Little-endian host: the low bytes come first. */
	memcpy(member, &v, kafka_wire_bytes(f));
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "store_integer() takes low bytes");

/* A handler reads all members whatever the version, and nobody clears the struct before: none
 * is left as it was. */
static void set_absent(const struct kafka_field *f, void *member)
{
	switch (f->kind) {
	case KAFKA_UUID: memset(member, 0, KAFKA_UUID_BYTES); break;
	case KAFKA_STRING:
	case KAFKA_BYTES: memset(member, 0, sizeof(struct bytes)); break;
	case KAFKA_ARRAY:
	case KAFKA_OPTIONAL: memset(member, 0, sizeof(struct kafka_array_raw)); break;
	default: store_integer(f, member, f->absent);
	}
}

/* Kafka's numbers have a sign: each is widened from its own width, so that -1 stays -1. */
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
		length = decode_integer(d->c, kafka_length_bytes(f));
	if (length < -1 || (length == -1 && !kafka_may_be_null(f, d->version)))
		d->c->bad = true;
	return length;
}

/* Nothing is copied: the member points at the bytes of the message. */
static void decode_string(struct decoder *d, const struct kafka_field *f, void *member)
{
	struct bytes s = {0};
	int64_t length = decode_length(d, f);
	if (f->kind == KAFKA_STRING && length > KAFKA_STRING_BYTES_MAX)
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
		if (f->is_tagged || !kafka_is_present(f, d->version))
			continue;
		if (kafka_wire_bytes(f))
			bytes += kafka_wire_bytes(f);
		else if (d->is_flexible || f->kind == KAFKA_OPTIONAL)
			bytes += 1;
		else
			bytes += kafka_length_bytes(f);
	}
	/* An item without bytes would let any count through. */
	require(bytes > 0);
	return bytes;
}

/* The count is held against the bytes that are left before any memory is taken for it: four
 * bytes cannot ask for gigabytes. */
static void decode_array(struct decoder *d, const struct kafka_field *f, void *member)
{
	struct kafka_array_raw a = {.count = -1};
	int64_t length = decode_length(d, f);
	if (length >= 0) {
		a.count = (int32_t)cursor_count(d->c, (uint64_t)length,
						item_bytes_min(d, f->of));
		if (a.count > 0)
			a.items = kafka_arena_take(d->arena, (size_t)a.count, f->of->bytes);
		d->is_full |= a.count > 0 && !a.items;
		d->c->bad |= d->is_full;
	}
	for (int32_t i = 0; i < a.count && !d->c->bad; i++)
		decode_struct(d, f->of, (uint8_t *)a.items + (size_t)i * f->of->bytes);
	memcpy(member, &a, sizeof a);
}

/* A byte says whether there is one, below 0: there is none. */
static void decode_optional(struct decoder *d, const struct kafka_field *f, void *member)
{
	struct kafka_array_raw a = {.count = -1};
	if ((int8_t)cursor_u8(d->c) >= 0) {
		a.count = 1;
		a.items = kafka_arena_take(d->arena, 1, f->of->bytes);
		d->is_full |= !a.items;
		d->c->bad |= d->is_full;
	} else if (!kafka_may_be_null(f, d->version)) {
		d->c->bad = true;
	}
	if (a.items && !d->c->bad)
		decode_struct(d, f->of, a.items);
	memcpy(member, &a, sizeof a);
}

static void decode_field(struct decoder *d, const struct kafka_field *f, void *member)
{
	const uint8_t *raw;
	switch (f->kind) {
	case KAFKA_BOOL:
		/* As to Kafka any byte but 0 is true: a bool that held 2 would be undefined. */
		store_integer(f, member, cursor_u8(d->c) != 0);
		break;
	case KAFKA_UUID:
		raw = cursor_take(d->c, KAFKA_UUID_BYTES);
		if (raw)
			memcpy(member, raw, KAFKA_UUID_BYTES);
		break;
	case KAFKA_STRING:
	case KAFKA_BYTES: decode_string(d, f, member); break;
	case KAFKA_ARRAY: decode_array(d, f, member); break;
	case KAFKA_OPTIONAL: decode_optional(d, f, member); break;
	default:
		store_integer(f, member, decode_integer(d->c, kafka_wire_bytes(f)));
	}
}

/* A tag that this version does not have is as unknown as one that no row has. */
static const struct kafka_field *find_tag(const struct decoder *d,
					  const struct kafka_struct *s, uint64_t tag)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		if (f->is_tagged && f->tag == tag && kafka_is_present(f, d->version))
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

/* A tagged field is absent until decode_tags() meets it. Items that are plain values have no
 * tags, in no version. */
static void decode_struct(struct decoder *d, const struct kafka_struct *s, void *out)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		uint8_t *member = (uint8_t *)out + f->offset;
		if (f->is_tagged || !kafka_is_present(f, d->version))
			set_absent(f, member);
		else
			decode_field(d, f, member);
	}
	if (d->is_flexible && !s->is_bare)
		decode_tags(d, s, out);
}

/* A full arena ends the walk as malformed bytes do; only here are the two told apart. */
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
