/* test_gbt32960_facts.c - what frames say of themselves: class, edition, command, time. */
#include "dataplane/fleet/gbt32960_facts.h"
#include "dataplane/wire/fleet/gbt32960.h"

#include <criterion/criterion.h>

enum { DATA_BYTES = 30 };

/* 2024-01-02 03:04:05 in Beijing. */
static const uint8_t some_time[] = {24, 1, 2, 3, 4, 5};
enum { SOME_TIME_S = 1704135845 };

static const struct listener plain, alarmed = {.topic_alarm = "alarms"};

static struct bytes frame_of(uint8_t start, uint8_t command, uint8_t encryption, size_t data_bytes)
{
	static uint8_t frame[GBT32960_FRAME_BYTES_MIN + DATA_BYTES];
	struct gbt32960_header h = {.start = {start, start}, .command = command,
				    .flag = GBT32960_COMMAND, .encryption = encryption,
				    .data_bytes = be16_of((uint16_t)data_bytes)};
	memset(frame, 0, sizeof frame);
	memcpy(frame, &h, sizeof h);
	if (data_bytes >= sizeof some_time)
		memcpy(frame + sizeof h, some_time, sizeof some_time);
	return (struct bytes){frame, GBT32960_FRAME_BYTES_MIN + data_bytes};
}

Test(gbt32960_facts, each_command_has_its_class)
{
	static const uint8_t classes[256] = {
		[0x01] = RECORD_SESSION, [0x02] = RECORD_LIVE,    [0x03] = RECORD_REISSUE,
		[0x04] = RECORD_SESSION, [0x05] = RECORD_SESSION, [0x06] = RECORD_SESSION,
	};
	struct frame_facts facts;
	for (unsigned command = 0; command < 256; command++) {
		gbt32960_describe(&plain, frame_of('#', (uint8_t)command, 1, DATA_BYTES), &facts);
		bool is_known = command >= 0x01 && command <= 0x06;
		cr_assert(facts.class == (is_known ? classes[command] : RECORD_OTHER),
			  "command %02x", command);
		cr_assert(facts.command == command && facts.command_bytes == 1);
		cr_assert(facts.edition == 2016);
	}
	gbt32960_describe(&plain, frame_of('$', 0x02, 1, DATA_BYTES), &facts);
	cr_assert(facts.edition == 2025);
}

Test(gbt32960_facts, a_time_is_beijings_and_what_shows_none_has_none)
{
	struct frame_facts facts;
	gbt32960_describe(&plain, frame_of('#', 0x02, 1, DATA_BYTES), &facts);
	cr_assert(facts.time_ms == INT64_C(1000) * SOME_TIME_S);
	gbt32960_describe(&plain, frame_of('#', 0x02, 1, sizeof some_time - 1), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
	gbt32960_describe(&plain, frame_of('#', 0x07, 1, 0), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
	for (uint8_t secret = 2; secret <= 5; secret++) {
		gbt32960_describe(&plain, frame_of('$', 0x02, secret, DATA_BYTES), &facts);
		cr_assert(facts.time_ms == FRAME_NO_TIME);
	}
	gbt32960_describe(&plain, frame_of('$', 0x0B, 1, DATA_BYTES), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
}

/* A report of 2016 of a vehicle's extremes, and then its alarms (t. 16 and 17), and of 2025 of the
 * alarms alone. */
static struct bytes report_of(uint8_t start, uint8_t level)
{
	enum { EXTREMES_BYTES = 15, ALARM_BYTES = 1 + 1 + 4 + 4, LEVELS_BYTES = 1 };
	static uint8_t frame[256];
	bool is_2016 = start == '#';
	size_t at = GBT32960_HEADER_BYTES + sizeof some_time;
	memset(frame, 0, sizeof frame);
	memcpy(frame + GBT32960_HEADER_BYTES, some_time, sizeof some_time);
	if (is_2016) {
		frame[at] = 0x06;
		at += EXTREMES_BYTES;
	}
	frame[at] = is_2016 ? 0x07 : 0x06;
	frame[at + 1] = level;
	at += ALARM_BYTES + (is_2016 ? 0 : LEVELS_BYTES);
	struct gbt32960_header h = {.start = {start, start}, .command = GBT32960_REALTIME,
				    .flag = GBT32960_COMMAND, .encryption = GBT32960_PLAIN,
				    .data_bytes = be16_of((uint16_t)(at - sizeof h))};
	memcpy(frame, &h, sizeof h);
	return (struct bytes){frame, at + 1};
}

Test(gbt32960_facts, a_report_that_raises_an_alarm_is_one_where_that_has_a_topic)
{
	static const struct {
		uint8_t level;
		enum record_class class;
	} rows[] = {{0, RECORD_LIVE}, {1, RECORD_ALARM}, {3, RECORD_ALARM}, {0xFE, RECORD_LIVE},
		    {0xFF, RECORD_LIVE}};
	struct frame_facts facts;
	for (unsigned i = 0; i < array_len(rows); i++) {
		for (unsigned edition = 0; edition < 2; edition++) {
			struct bytes report = report_of("#$"[edition], rows[i].level);
			gbt32960_describe(&alarmed, report, &facts);
			cr_assert(facts.class == rows[i].class, "row %u, %u", i, edition);
			gbt32960_describe(&plain, report, &facts);
			cr_assert(facts.class == RECORD_LIVE);
		}
	}
	/* What is secret, or cannot be read up to there, raises none. */
	struct bytes report = report_of('#', 1);
	((uint8_t *)report.data)[21] = GBT32960_AES;
	gbt32960_describe(&alarmed, report, &facts);
	cr_assert(facts.class == RECORD_LIVE);
	report = report_of('#', 1);
	((uint8_t *)report.data)[GBT32960_HEADER_BYTES + sizeof some_time] = 0x20;
	gbt32960_describe(&alarmed, report, &facts);
	cr_assert(facts.class == RECORD_LIVE);
}
