/* jt808_json.c - a message of JT/T 808 in, one JSON object out; see jt808_json.h. */
#include "dataplane/wire/fleet/jt808_json.h"
#include "dataplane/wire/fleet/jt808_fields.h"
#include "dataplane/wire/fleet/walk_json.h"

static unsigned edition_of(const struct jt808_message *m)
{
	struct jt808_registration r;
	if (m->is_2019)
		return 2019;
	/* Nothing but the length of a registration tells 2011 from 2013. */
	if (m->id != JT808_REGISTRATION || m->parts > 0 || m->encryption)
		return 2013;
	jt808_registration_read(m, &r);
	return r.edition == JT808_2011 ? 2011 : 2013;
}

static void put_header(struct json_out *j, const struct jt808_message *m)
{
	char phone[JT808_PHONE_DIGITS_MAX];
	size_t digits = jt808_phone_text(phone, m->phone, false);
	const char *name = jt808_message_name(m->id);
	out_literal(j, "{\"protocol\":\"jt808\",\"edition\":");
	out_number(j, edition_of(m), 0);
	out_literal(j, "\"id\":");
	out_number(j, m->id, 0);
	if (name) {
		out_literal(j, "\"message\":");
		out_text(j, (struct bytes){(const uint8_t *)name, strlen(name)});
	}
	out_literal(j, "\"phone\":");
	out_text(j, (struct bytes){(const uint8_t *)phone, digits});
	out_literal(j, "\"serial\":");
	out_number(j, m->serial, 0);
	out_literal(j, "\"encryption\":");
	out_number(j, m->encryption, 0);
	if (m->parts > 0) {
		out_literal(j, "\"parts\":");
		out_number(j, m->parts, 0);
		out_literal(j, "\"part\":");
		out_number(j, m->part, 0);
	}
}

/* An object for each report; whether all of them could be read. */
static bool put_reports(struct json_out *j, struct jt808_batch *batch)
{
	bool is_whole = true;
	out_literal(j, "\"type\":");
	out_number(j, batch->type, 0);
	out_literal(j, "\"reports\":");
	out_open(j, '[');
	for (unsigned i = 0; i < batch->count; i++) {
		struct field_walk walk;
		jt808_walk(&walk, jt808_report, jt808_batch_next(batch));
		out_open(j, '{');
		is_whole &= walk_json(j, &walk);
		out_close(j, '}');
	}
	out_close(j, ']');
	return is_whole;
}

static enum jt808_json put_body(struct json_out *j, const struct jt808_message *m)
{
	struct field_walk walk;
	struct jt808_batch batch;
	const struct field *fields = jt808_body_fields(m);
	bool is_plain = m->parts == 0 && m->encryption == 0;
	if (is_plain && m->id == JT808_BATCH && jt808_batch_read(m, &batch))
		return put_reports(j, &batch) ? JT808_JSON_WHOLE : JT808_JSON_PARTLY;
	if (!is_plain || !fields) {
		out_literal(j, "\"data\":");
		out_hex(j, m->body);
		return JT808_JSON_OPAQUE;
	}
	jt808_walk(&walk, fields, m->body);
	return walk_json(j, &walk) ? JT808_JSON_WHOLE : JT808_JSON_PARTLY;
}

enum jt808_json jt808_json(struct bytes value, void *out, size_t room, size_t *bytes)
{
	struct json_out j = json_out_of(out, room);
	struct jt808_message m = jt808_stored_read(value);
	put_header(&j, &m);
	enum jt808_json outcome = put_body(&j, &m);
	out_close(&j, '}');
	*bytes = j.is_full ? 0 : (size_t)(j.at - j.start) - 1;
	return j.is_full ? JT808_JSON_NO_ROOM : outcome;
}
