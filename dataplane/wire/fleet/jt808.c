/* jt808.c - windows of a stream in, pieces out; contents to messages and back; see jt808.h. */
#include "dataplane/wire/fleet/jt808.h"
#include "dataplane/wire/fleet/check_code.h"

static const uint8_t *find(struct bytes in, uint8_t byte)
{
	return in.size ? memchr(in.data, byte, in.size) : NULL;
}

/* ---- the header ------------------------------------------------------------------------- */

/* Its size by the property bits and by what is there; 0: what it says of the body is not so. The
 * headers of 2013 and 2019 differ in 5 bytes, so that the length proves which of them it is: some
 * terminals set the bit of 2019 above a header of 2013. */
static size_t header_bytes(uint16_t properties, size_t message_bytes)
{
	size_t rest = (properties & JT808_BODY_BYTES) + 1u;
	size_t parts = properties & JT808_IN_PARTS ? sizeof(struct jt808_part) : 0;
	size_t header_2013 = sizeof(struct jt808_header_2013) + parts;
	size_t header_2019 = sizeof(struct jt808_header_2019) + parts;
	if (properties & JT808_VERSIONED && message_bytes == header_2019 + rest)
		return header_2019;
	return message_bytes == header_2013 + rest ? header_2013 : 0;
}

/* Sub-packages are the last of the header's fields. */
static const struct jt808_part *part_of(const uint8_t *header, size_t size)
{
	return (const struct jt808_part *)(header + size - sizeof(struct jt808_part));
}

struct jt808_message jt808_read(struct bytes message)
{
	const struct jt808_header_2013 *h = (const struct jt808_header_2013 *)message.data;
	const struct jt808_header_2019 *h19 = (const struct jt808_header_2019 *)message.data;
	uint16_t properties = be16_get(h->properties);
	size_t header = header_bytes(properties, message.size);
	bool is_in_parts = properties & JT808_IN_PARTS;
	size_t plain_header = header - (is_in_parts ? sizeof(struct jt808_part) : 0);
	bool is_2019 = plain_header == sizeof *h19;
	struct jt808_message m = {
		.id = be16_get(h->id),
		.serial = be16_get(is_2019 ? h19->serial : h->serial),
		.is_2019 = is_2019,
		.version = is_2019 ? h19->version : 0,
		.encryption = (uint8_t)((properties & JT808_ENCRYPTION) >> JT808_ENCRYPTION_SHIFT),
		.body = {message.data + header, message.size - header - 1},
	};
	m.phone = is_2019 ? (struct bytes){h19->phone, sizeof h19->phone}
			  : (struct bytes){h->phone, sizeof h->phone};
	if (is_in_parts) {
		m.parts = be16_get(part_of(message.data, header)->parts);
		m.part = be16_get(part_of(message.data, header)->part);
	}
	return m;
}

size_t jt808_whole_header(uint8_t *out, const struct jt808_message *m, uint16_t serial)
{
	unsigned encryption = (unsigned)m->encryption << JT808_ENCRYPTION_SHIFT;
	uint16_t properties = (uint16_t)(encryption | (m->is_2019 ? JT808_VERSIONED : 0));
	struct jt808_header_2013 h = {be16_of(m->id), be16_of(properties), {0}, be16_of(serial)};
	struct jt808_header_2019 h19 = {h.id, h.properties, m->version, {0}, h.serial};
	memcpy(m->is_2019 ? h19.phone : h.phone, m->phone.data, m->phone.size);
	size_t size = jt808_whole_header_bytes(m);
	memcpy(out, m->is_2019 ? (const void *)&h19 : &h, size);
	return size;
}

struct jt808_message jt808_whole_read(struct bytes whole)
{
	const struct jt808_header_2013 *h = (const struct jt808_header_2013 *)whole.data;
	const struct jt808_header_2019 *h19 = (const struct jt808_header_2019 *)whole.data;
	uint16_t properties = be16_get(h->properties);
	struct jt808_message m = {
		.id = be16_get(h->id),
		.is_2019 = properties & JT808_VERSIONED,
		.encryption = (uint8_t)((properties & JT808_ENCRYPTION) >> JT808_ENCRYPTION_SHIFT),
	};
	m.serial = be16_get(m.is_2019 ? h19->serial : h->serial);
	m.version = m.is_2019 ? h19->version : 0;
	m.phone = m.is_2019 ? (struct bytes){h19->phone, sizeof h19->phone}
			    : (struct bytes){h->phone, sizeof h->phone};
	size_t header = jt808_whole_header_bytes(&m);
	m.body = (struct bytes){whole.data + header, whole.size - header};
	return m;
}

struct jt808_message jt808_stored_read(struct bytes value)
{
	const struct jt808_header_2013 *h = (const struct jt808_header_2013 *)value.data;
	bool is_one = header_bytes(be16_get(h->properties), value.size) > 0;
	return is_one ? jt808_read(value) : jt808_whole_read(value);
}

static char digit_of(unsigned nibble)
{
	return (char)(nibble + (nibble < 10 ? '0' : 'a' - 10));
}

/* All digits there may be at once, then as many as are wanted: their loops have no end that depends
 * on the number. */
size_t jt808_phone_text(char out[JT808_PHONE_DIGITS_MAX], struct bytes phone, bool keeps_zeroes)
{
	uint8_t bcd[JT808_PHONE_BYTES_MAX] = {0};
	char all[2 * JT808_PHONE_DIGITS_MAX] = {0};
	size_t digits = 2 * phone.size, zeroes = 0;
	if (phone.size == sizeof bcd)
		memcpy(bcd, phone.data, sizeof bcd);
	else
		memcpy(bcd, phone.data, sizeof((struct jt808_header_2013 *)NULL)->phone);
	for (unsigned i = 0; i < sizeof bcd; i++) {
		all[2 * i] = digit_of(bcd[i] >> 4);
		all[2 * i + 1] = digit_of(bcd[i] & 15);
	}
	while (!keeps_zeroes && zeroes + 1 < digits && all[zeroes] == '0')
		zeroes++;
	memcpy(out, all + zeroes, JT808_PHONE_DIGITS_MAX);
	return digits - zeroes;
}

/* ---- escapes ---------------------------------------------------------------------------- */

/* 01 stands for the escape, 02 for the delimiter. */
enum { ESCAPED_FROM = JT808_ESCAPE - 1 };
static_assert(JT808_DELIMITER == ESCAPED_FROM + 2, "4.4.2");

static bool is_escape(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 2 && (p[1] == 1 || p[1] == 2);
}

/* How many, or -1: one stands for nothing. */
static int count_escapes(struct bytes content)
{
	const uint8_t *end = content.data + content.size, *p;
	int count = 0;
	while ((p = find(content, JT808_ESCAPE))) {
		if (!is_escape(p, end))
			return -1;
		count++;
		content = (struct bytes){p + 2, (size_t)(end - p) - 2};
	}
	return count;
}

size_t jt808_unescape(uint8_t *out, struct bytes content)
{
	const uint8_t *end = content.data + content.size, *p;
	size_t size = 0;
	while ((p = find(content, JT808_ESCAPE))) {
		size_t plain = (size_t)(p - content.data);
		memcpy(out + size, content.data, plain);
		size += plain;
		out[size++] = (uint8_t)(ESCAPED_FROM + p[1]);
		content = (struct bytes){p + 2, (size_t)(end - p) - 2};
	}
	if (content.size)
		memcpy(out + size, content.data, content.size);
	return size + content.size;
}

static bool is_special(uint8_t byte)
{
	return byte == JT808_ESCAPE || byte == JT808_DELIMITER;
}

/* Nearly all have no special byte, and are copied. */
static bool has_special(struct bytes message)
{
	unsigned count = 0;
	for (size_t i = 0; i < message.size; i++)
		count += is_special(message.data[i]);
	return count > 0;
}

size_t jt808_escape(uint8_t *out, struct bytes message)
{
	size_t size = 0;
	out[size++] = JT808_DELIMITER;
	if (likely(!has_special(message))) {
		memcpy(out + 1, message.data, message.size);
		out[1 + message.size] = JT808_DELIMITER;
		return message.size + 2;
	}
	for (size_t i = 0; i < message.size; i++) {
		uint8_t byte = message.data[i];
		if (is_special(byte)) {
			out[size++] = JT808_ESCAPE;
			byte = (uint8_t)(byte - ESCAPED_FROM);
		}
		out[size++] = byte;
	}
	out[size++] = JT808_DELIMITER;
	return size;
}

/* ---- contents --------------------------------------------------------------------------- */

/* The message's first bytes, header and all: where they lie, or without their escapes in `room`. */
static const uint8_t *head_of(struct bytes content, int escapes,
			      uint8_t room[2 * JT808_HEADER_BYTES_MAX])
{
	if (escapes == 0)
		return content.data;
	/* Not to end inside an escape: the last byte of it would be read behind its end. */
	size_t size = min_size(content.size, 2 * JT808_HEADER_BYTES_MAX);
	if (content.data[size - 1] == JT808_ESCAPE)
		size--;
	jt808_unescape(room, (struct bytes){content.data, size});
	return room;
}

static struct jt808_piece bad(enum jt808_cause cause, size_t size)
{
	return (struct jt808_piece){.kind = JT808_BAD, .cause = cause, .size = size};
}

/* What lies between two delimiters. The XOR of an escape and of what it stands for differ in their
 * last bit, both of them: 7D ^ 01 and 7D, 7D ^ 02 and 7E. So the sum is taken of the bytes as they
 * lie there, and is as odd as their escapes are. */
static struct jt808_piece look_at_content(struct bytes content)
{
	if (content.size < JT808_MESSAGE_BYTES_MIN)
		return bad(JT808_GARBAGE, content.size);
	int escapes = count_escapes(content);
	if (escapes < 0)
		return bad(JT808_ESCAPING, content.size);
	size_t message_bytes = content.size - (size_t)escapes;
	if (message_bytes < JT808_MESSAGE_BYTES_MIN)
		return bad(JT808_GARBAGE, content.size);
	if (check_code(content.data, content.size) != (escapes & 1))
		return bad(JT808_CHECK, content.size);
	uint8_t room[2 * JT808_HEADER_BYTES_MAX];
	const uint8_t *head = head_of(content, escapes, room);
	uint16_t properties = be16_get(((const struct jt808_header_2013 *)head)->properties);
	size_t header = header_bytes(properties, message_bytes);
	if (header == 0)
		return bad(JT808_LENGTH, content.size);
	if (properties & JT808_IN_PARTS) {
		uint16_t part = be16_get(part_of(head, header)->part);
		if (part == 0 || part > be16_get(part_of(head, header)->parts))
			return bad(JT808_PARTS, content.size);
	}
	return (struct jt808_piece){.kind = JT808_FRAME, .escapes = (uint16_t)escapes,
				    .size = content.size, .content = content};
}

/* ---- the scanner ------------------------------------------------------------------------ */

void jt808_scan_init(struct jt808_scan *s, struct bytes window, bool is_open,
		     uint32_t frame_bytes_max)
{
	*s = (struct jt808_scan){
		.window = window,
		.is_open = is_open,
		.content_bytes_max = min_u32(frame_bytes_max, JT808_WIRE_BYTES_MAX) - 2,
	};
}

/* A content has begun and no delimiter ends it, as far as is looked. */
static struct jt808_piece look_at_rest(const struct jt808_scan *s, struct bytes at, size_t opening)
{
	if (at.size - opening > s->content_bytes_max)
		return bad(JT808_TOO_LONG, opening + s->content_bytes_max + 1);
	if (!s->is_last)
		return (struct jt808_piece){.kind = JT808_WAIT, .size = at.size + 1};
	/* Nobody misses what a lone delimiter would have opened. */
	if (at.size == opening)
		return (struct jt808_piece){.kind = JT808_FILL, .size = opening};
	return bad(JT808_INCOMPLETE, at.size);
}

/* The piece at one place; its size has the delimiters that are its own. That behind a BAD content
 * stays: it may open a message. */
static struct jt808_piece piece_at(const struct jt808_scan *s)
{
	struct bytes at = {s->window.data + s->at, s->window.size - s->at};
	size_t opening = at.data[0] == JT808_DELIMITER;
	if (!opening && !s->is_open) {
		const uint8_t *next = find(at, JT808_DELIMITER);
		return bad(JT808_GARBAGE, next ? (size_t)(next - at.data) : at.size);
	}
	struct bytes content = {at.data + opening, at.size - opening};
	content.size = min_size(content.size, s->content_bytes_max + 1u);
	const uint8_t *closing = find(content, JT808_DELIMITER);
	if (!closing)
		return look_at_rest(s, at, opening);
	content.size = (size_t)(closing - content.data);
	if (content.size == 0)
		return (struct jt808_piece){.kind = JT808_FILL, .size = 1};
	struct jt808_piece piece = look_at_content(content);
	piece.size += opening + (piece.kind == JT808_FRAME);
	return piece;
}

/* A row of bad pieces is one to the caller, with the cause of the first: one fault is counted once,
 * however many bytes pass until the next message. */
bool jt808_scan_next(struct jt808_scan *s, struct jt808_piece *ret)
{
	size_t start = s->at;
	while (s->at < s->window.size) {
		struct jt808_piece piece = piece_at(s);
		bool is_first = s->at == start;
		bool goes_on = piece.kind == JT808_FILL ||
			       (piece.kind == JT808_BAD && (is_first || ret->kind == JT808_BAD));
		if (!is_first && !goes_on)
			break;
		if (is_first)
			*ret = piece;
		if (piece.kind == JT808_WAIT)
			return true;
		s->at += piece.size;
		s->is_open = s->window.data[s->at - 1] == JT808_DELIMITER;
		if (piece.kind == JT808_FRAME)
			return true;
	}
	if (s->at == start)
		return false;
	ret->size = s->at - start;
	return true;
}
