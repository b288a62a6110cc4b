/* gbt32960_facts.c - header and time of a frame in, its facts out; see gbt32960_facts.h. */
#include "dataplane/fleet/gbt32960_facts.h"
#include "dataplane/wire/fleet/calendar.h"
#include "dataplane/wire/fleet/gbt32960_units.h"

/* An alarm lies behind units of any length: all before it are walked. */
static enum record_class class_of_report(const struct listener *l, struct bytes frame)
{
	bool has_topic = l->topic_alarm[0] != '\0';
	return has_topic && gbt32960_alarm_level(frame) > 0 ? RECORD_ALARM : RECORD_LIVE;
}

static enum record_class class_of(const struct listener *l, struct bytes frame)
{
	switch (gbt32960_header_of(frame)->command) {
	case GBT32960_LOGIN:
	case GBT32960_LOGOUT:
	case GBT32960_PLATFORM_LOGIN:
	case GBT32960_PLATFORM_LOGOUT:
		return RECORD_SESSION;
	case GBT32960_REALTIME:
		return class_of_report(l, frame);
	case GBT32960_REISSUE:
		return RECORD_REISSUE;
	}
	return RECORD_OTHER;
}

static int64_t time_ms_of(struct bytes frame)
{
	struct bytes time = gbt32960_time_of(gbt32960_header_of(frame), gbt32960_data_of(frame));
	int64_t seconds = time.size ? calendar_seconds(time.data) : CALENDAR_NONE;
	return seconds == CALENDAR_NONE ? FRAME_NO_TIME : (seconds - CALENDAR_BEIJING_S) * 1000;
}

void gbt32960_describe(const struct listener *l, struct bytes frame, struct frame_facts *ret)
{
	const struct gbt32960_header *h = gbt32960_header_of(frame);
	*ret = (struct frame_facts){
		.time_ms = time_ms_of(frame),
		.edition = h->start[0] == GBT32960_2025 ? 2025 : 2016,
		.command = h->command,
		.command_bytes = sizeof h->command,
		.class = (uint8_t)class_of(l, frame),
	};
}
