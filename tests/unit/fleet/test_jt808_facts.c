/* test_jt808_facts.c - what messages say of themselves: class, edition, id, time. */
#include "dataplane/fleet/jt808_facts.h"
#include "dataplane/wire/fleet/jt808_body.h"

#include <criterion/criterion.h>

/* A message of the 2013 header; `properties` beside its body's length. */
static struct bytes message_of(uint16_t id, uint16_t properties, const void *body, size_t size)
{
	static uint8_t message[JT808_MESSAGE_BYTES_MAX];
	size_t at = 0;
	struct jt808_header_2013 h = {.id = be16_of(id),
				      .properties = be16_of((uint16_t)(properties | size))};
	memset(message, 0, sizeof message);
	memcpy(message, &h, sizeof h);
	at += sizeof h;
	if (properties & JT808_IN_PARTS) {
		struct jt808_part part = {be16_of(2), be16_of(1)};
		memcpy(message + at, &part, sizeof part);
		at += sizeof part;
	}
	memcpy(message + at, body, size);
	return (struct bytes){message, at + size + 1};
}

enum { LOCATION_BYTES = 28 };

/* 2024-01-02 03:04:05 in Beijing. */
static const uint8_t location[LOCATION_BYTES] = {[22] = 0x24, 0x01, 0x02, 0x03, 0x04, 0x05};
static const uint8_t alarmed[LOCATION_BYTES] = {0, 0, 0, 1, [22] = 0x24, 0x01, 0x02, 3, 4, 5};
static const uint8_t no_date[LOCATION_BYTES] = {[22] = 0x24, 0x13, 0x02, 3, 4, 5};
static const uint8_t no_bcd[LOCATION_BYTES] = {[22] = 0x2A, 0x01, 0x02, 3, 4, 5};
static const uint8_t as_they_came[2 + 1 + 2 + LOCATION_BYTES] = {0, 1, 0, 0, LOCATION_BYTES};
static const uint8_t late[2 + 1 + 2 + LOCATION_BYTES] = {0, 1, 1, 0, LOCATION_BYTES};
enum { SOME_TIME_S = 1704135845 };

Test(jt808_facts, each_message_has_its_class_and_a_report_its_time)
{
	static const struct {
		uint16_t id;
		uint16_t properties;
		const uint8_t *body;
		size_t size;
		enum record_class class;
		int64_t time_s;
	} rows[] = {
		{0x0100, 0, location, 10, RECORD_SESSION, FRAME_NO_TIME},
		{0x0102, 0, location, 10, RECORD_SESSION, FRAME_NO_TIME},
		{0x0003, 0, location, 0, RECORD_SESSION, FRAME_NO_TIME},
		{0x0002, 0, location, 0, RECORD_OTHER, FRAME_NO_TIME},
		{0x0200, 0, location, LOCATION_BYTES, RECORD_LIVE, SOME_TIME_S},
		{0x0200, 0, alarmed, LOCATION_BYTES, RECORD_ALARM, SOME_TIME_S},
		{0x0200, 0, no_date, LOCATION_BYTES, RECORD_LIVE, FRAME_NO_TIME},
		{0x0200, 0, no_bcd, LOCATION_BYTES, RECORD_LIVE, FRAME_NO_TIME},
		{0x0200, 0, alarmed, LOCATION_BYTES - 1, RECORD_LIVE, FRAME_NO_TIME},
		{0x0200, 1 << JT808_ENCRYPTION_SHIFT, alarmed, LOCATION_BYTES, RECORD_LIVE,
		 FRAME_NO_TIME},
		{0x0200, JT808_IN_PARTS, alarmed, LOCATION_BYTES, RECORD_LIVE, FRAME_NO_TIME},
		{0x0704, 0, as_they_came, sizeof as_they_came, RECORD_LIVE, FRAME_NO_TIME},
		{0x0704, 0, late, sizeof late, RECORD_REISSUE, FRAME_NO_TIME},
		{0x0704, 0, late, sizeof late - 1, RECORD_LIVE, FRAME_NO_TIME},
		{0x0704, JT808_IN_PARTS, late, sizeof late, RECORD_LIVE, FRAME_NO_TIME},
		{0x0900, 0, location, 10, RECORD_OTHER, FRAME_NO_TIME},
	};
	for (unsigned i = 0; i < array_len(rows); i++) {
		struct frame_facts facts;
		jt808_describe(NULL, message_of(rows[i].id, rows[i].properties, rows[i].body,
					  rows[i].size), &facts);
		int64_t time_ms = rows[i].time_s < 0 ? FRAME_NO_TIME : rows[i].time_s * 1000;
		cr_assert(facts.class == rows[i].class, "row %u", i);
		cr_assert(facts.time_ms == time_ms, "row %u", i);
		cr_assert(facts.command == rows[i].id && facts.command_bytes == 2);
		cr_assert(facts.edition == 2013);
	}
}
