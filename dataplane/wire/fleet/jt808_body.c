/* jt808_body.c - bodies in, what they say out; see jt808_body.h. */
#include "dataplane/wire/fleet/jt808_body.h"
#include "dataplane/wire/fleet/check_code.h"

static struct bytes take(struct cursor *c, size_t size)
{
	const uint8_t *p = cursor_take(c, size);
	return (struct bytes){p, p ? size : 0};
}

static struct bytes rest(struct cursor *c)
{
	return take(c, cursor_left(c));
}

static const struct {
	uint8_t maker, model, terminal;
} widths[] = {
	[JT808_2011] = {5, 8, 7},
	[JT808_2013] = {5, 20, 7},
	[JT808_2019] = {11, 30, 30},
};

/* Nothing but their lengths tells 2011 from 2013: one of 2011 would need a plate of 12 bytes to be
 * as long as the shortest of 2013. */
static enum jt808_edition edition_of(const struct jt808_message *m)
{
	enum { FIXED_2013 = 2 + 2 + 5 + 20 + 7 + 1 };
	if (m->is_2019)
		return JT808_2019;
	return m->body.size < FIXED_2013 ? JT808_2011 : JT808_2013;
}

bool jt808_registration_read(const struct jt808_message *m, struct jt808_registration *ret)
{
	struct cursor c = cursor_of(m->body.data, m->body.size);
	ret->edition = edition_of(m);
	ret->province = cursor_u16(&c);
	ret->city = cursor_u16(&c);
	ret->maker = take(&c, widths[ret->edition].maker);
	ret->model = take(&c, widths[ret->edition].model);
	ret->terminal = take(&c, widths[ret->edition].terminal);
	ret->colour = cursor_u8(&c);
	ret->plate = rest(&c);
	return !c.bad;
}

bool jt808_authentication_read(const struct jt808_message *m, struct jt808_authentication *ret)
{
	enum { IMEI_BYTES = 15, SOFTWARE_BYTES = 20 };
	struct cursor c = cursor_of(m->body.data, m->body.size);
	*ret = (struct jt808_authentication){.code = m->body};
	if (!m->is_2019)
		return true;
	uint8_t code_bytes = cursor_u8(&c);
	ret->code = take(&c, code_bytes);
	if (cursor_left(&c) >= IMEI_BYTES + SOFTWARE_BYTES) {
		ret->imei = take(&c, IMEI_BYTES);
		ret->software = take(&c, SOFTWARE_BYTES);
	}
	return !c.bad;
}

bool jt808_location_read(const struct jt808_message *m, struct jt808_location *ret)
{
	enum { POSITION_BYTES = 18, TIME_BYTES = 6 };
	struct cursor c = cursor_of(m->body.data, m->body.size);
	ret->alarm = cursor_u32(&c);
	take(&c, POSITION_BYTES);
	ret->time = take(&c, TIME_BYTES);
	return !c.bad && m->parts == 0 && m->encryption == 0;
}

struct bytes jt808_batch_next(struct jt808_batch *b)
{
	uint16_t size = cursor_u16(&b->items);
	return take(&b->items, size);
}

/* All sizes are looked at before the first report is used: a batch is taken whole or not. */
bool jt808_batch_read(const struct jt808_message *m, struct jt808_batch *ret)
{
	enum { REPORT_BYTES_MIN = 28 };
	struct cursor c = cursor_of(m->body.data, m->body.size);
	ret->count = cursor_u16(&c);
	ret->type = cursor_u8(&c);
	ret->items = c;
	struct jt808_batch walk = *ret;
	for (unsigned i = 0; i < ret->count && !walk.items.bad; i++)
		walk.items.bad |= jt808_batch_next(&walk).size < REPORT_BYTES_MIN;
	return !walk.items.bad && cursor_left(&walk.items) == 0;
}

size_t jt808_batch_report_bytes(const struct jt808_message *batch, struct bytes report)
{
	return jt808_whole_header_bytes(batch) + report.size + 1;
}

/* The header of a batch that came in one is as long as that of a whole, and before its body. */
size_t jt808_batch_report(uint8_t *out, const struct jt808_message *batch, struct bytes report)
{
	struct jt808_header_2013 *h = (struct jt808_header_2013 *)out;
	size_t header = jt808_whole_header_bytes(batch), size = header + report.size;
	memcpy(out, batch->body.data - header, header);
	uint16_t properties = be16_get(h->properties) & (uint16_t)~JT808_BODY_BYTES;
	h->id = be16_of(JT808_LOCATION);
	h->properties = be16_of((uint16_t)(properties | report.size));
	memcpy(out + header, report.data, report.size);
	out[size] = check_code(out, size);
	return size + 1;
}

bool jt808_media_read(const struct jt808_message *m, uint32_t *id)
{
	struct cursor c = cursor_of(m->body.data, m->body.size);
	*id = cursor_u32(&c);
	return !c.bad;
}
