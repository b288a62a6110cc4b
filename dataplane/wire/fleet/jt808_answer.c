/* jt808_answer.c - messages that were read in, frames to their senders out; see jt808_answer.h. */
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/fleet/calendar.h"
#include "dataplane/wire/fleet/check_code.h"

/* A message in the making. */
struct draft {
	size_t size;
	uint8_t bytes[JT808_HEADER_BYTES_MAX + 5 + 2 * JT808_MISSING_MAX + 1];
};

static void put(struct draft *d, const void *data, size_t size)
{
	require(size <= sizeof d->bytes - d->size);
	if (size)
		memcpy(d->bytes + d->size, data, size);
	d->size += size;
}

static void put_u8(struct draft *d, uint8_t v)
{
	put(d, &v, sizeof v);
}

static void put_u16(struct draft *d, uint16_t v)
{
	struct be16 be = be16_of(v);
	put(d, &be, sizeof be);
}

/* The header of a message to the sender of `m`, whose body, of the size given, is to follow. */
static struct draft draft_of(const struct jt808_message *m, uint16_t id, uint16_t serial,
			     size_t body_bytes)
{
	struct draft d;
	d.size = 0;
	put_u16(&d, id);
	put_u16(&d, (uint16_t)(body_bytes | (m->is_2019 ? JT808_VERSIONED : 0)));
	if (m->is_2019)
		put_u8(&d, m->version);
	put(&d, m->phone.data, m->phone.size);
	put_u16(&d, serial);
	return d;
}

static size_t finish(struct draft *d, uint8_t *out)
{
	put_u8(d, check_code(d->bytes, d->size));
	return jt808_escape(out, (struct bytes){d->bytes, d->size});
}

size_t jt808_general_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			    enum jt808_result result)
{
	struct draft d = draft_of(m, JT808_GENERAL_ANSWER, serial, 5);
	put_u16(&d, m->serial);
	put_u16(&d, m->id);
	put_u8(&d, (uint8_t)result);
	return finish(&d, out);
}

/* From behind: delimiter, check code, escape or none, result, which is no escape itself. */
size_t jt808_general_answer_fail(uint8_t *frame, size_t size)
{
	bool is_escaped = frame[size - 3] == JT808_ESCAPE;
	size_t check_at = size - 2 - is_escaped;
	uint8_t check;
	jt808_unescape(&check, (struct bytes){frame + check_at, 1 + (size_t)is_escaped});
	check ^= frame[check_at - 1] ^ JT808_FAILED;
	frame[check_at - 1] = JT808_FAILED;
	uint8_t tail[4]; /* the check code between delimiters, of which the second is wanted */
	size_t tail_bytes = jt808_escape(tail, (struct bytes){&check, 1}) - 1;
	memcpy(frame + check_at, tail + 1, tail_bytes);
	return check_at + tail_bytes;
}

size_t jt808_registration_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
				 enum jt808_registered result, struct bytes code)
{
	require(code.size <= JT808_CODE_BYTES_MAX);
	if (result != JT808_REGISTERED)
		code.size = 0;
	struct draft d = draft_of(m, JT808_REGISTRATION_ANSWER, serial, 3 + code.size);
	put_u16(&d, m->serial);
	put_u8(&d, (uint8_t)result);
	put(&d, code.data, code.size);
	return finish(&d, out);
}

size_t jt808_time_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			 int64_t wall_ms)
{
	uint8_t fields[CALENDAR_FIELDS];
	calendar_of(fields, wall_ms / 1000);
	struct draft d = draft_of(m, JT808_TIME_ANSWER, serial, sizeof fields);
	for (unsigned i = 0; i < CALENDAR_FIELDS; i++)
		put_u8(&d, (uint8_t)(fields[i] / 10 % 10 << 4 | fields[i] % 10));
	return finish(&d, out);
}

static void put_missing(struct draft *d, struct jt808_missing missing)
{
	for (unsigned i = 0; i < missing.count; i++)
		put_u16(d, missing.parts[i]);
}

/* Serials of a message's parts are consecutive (2013: 7.12), so that any part tells the first's. */
size_t jt808_resend(uint8_t *out, const struct jt808_message *m, uint16_t serial,
		    struct jt808_missing missing)
{
	require(missing.count <= JT808_MISSING_MAX && m->part > 0);
	size_t count_bytes = m->is_2019 ? 2 : 1;
	struct draft d = draft_of(m, JT808_RESEND, serial, 2 + count_bytes + 2 * missing.count);
	put_u16(&d, (uint16_t)(m->serial - (m->part - 1)));
	if (m->is_2019)
		put_u16(&d, (uint16_t)missing.count);
	else
		put_u8(&d, (uint8_t)missing.count);
	put_missing(&d, missing);
	return finish(&d, out);
}

size_t jt808_media_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			  uint32_t media_id, struct jt808_missing missing)
{
	require(missing.count <= JT808_MISSING_MAX);
	struct be32 id = be32_of(media_id);
	size_t list_bytes = missing.count ? 1 + 2 * missing.count : 0;
	struct draft d = draft_of(m, JT808_MEDIA_ANSWER, serial, sizeof id + list_bytes);
	put(&d, &id, sizeof id);
	if (missing.count)
		put_u8(&d, (uint8_t)missing.count);
	put_missing(&d, missing);
	return finish(&d, out);
}
