/* jt808_facts.c - a message in, its facts out; see jt808_facts.h. */
#include "dataplane/fleet/jt808_facts.h"
#include "dataplane/wire/fleet/calendar.h"
#include "dataplane/wire/fleet/jt808_body.h"

static enum record_class class_of_location(const struct jt808_message *m)
{
	struct jt808_location location;
	bool is_read = jt808_location_read(m, &location);
	return is_read && location.alarm ? RECORD_ALARM : RECORD_LIVE;
}

static enum record_class class_of_batch(const struct jt808_message *m)
{
	enum { LATE = 1 };
	struct jt808_batch batch;
	bool is_plain = m->parts == 0 && m->encryption == 0;
	bool is_late = is_plain && jt808_batch_read(m, &batch) && batch.type == LATE;
	return is_late ? RECORD_REISSUE : RECORD_LIVE;
}

static enum record_class class_of(const struct jt808_message *m)
{
	switch (m->id) {
	case JT808_REGISTRATION:
	case JT808_DEREGISTRATION:
	case JT808_AUTHENTICATION:
		return RECORD_SESSION;
	case JT808_LOCATION:
		return class_of_location(m);
	case JT808_BATCH:
		return class_of_batch(m);
	}
	return RECORD_OTHER;
}

static int64_t time_ms_of(const struct jt808_message *m)
{
	struct jt808_location location;
	uint8_t fields[CALENDAR_FIELDS];
	if (m->id != JT808_LOCATION || !jt808_location_read(m, &location))
		return FRAME_NO_TIME;
	for (unsigned i = 0; i < CALENDAR_FIELDS; i++) {
		uint8_t bcd = location.time.data[i];
		if (bcd >> 4 > 9 || (bcd & 15) > 9)
			return FRAME_NO_TIME;
		fields[i] = (uint8_t)(10 * (bcd >> 4) + (bcd & 15));
	}
	int64_t seconds = calendar_seconds(fields);
	return seconds == CALENDAR_NONE ? FRAME_NO_TIME : (seconds - CALENDAR_BEIJING_S) * 1000;
}

/* The edition of 2011 shows only in the lengths of bodies; its header is that of 2013. */
void jt808_describe(const struct listener *l, struct bytes message, struct frame_facts *ret)
{
	struct jt808_message m = jt808_stored_read(message);
	*ret = (struct frame_facts){
		.time_ms = time_ms_of(&m),
		.edition = m.is_2019 ? 2019 : 2013,
		.command = m.id,
		.command_bytes = sizeof m.id,
		.class = (uint8_t)class_of(&m),
	};
}
