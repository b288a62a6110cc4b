/* test_gbt32960_facts.c - what frames say of themselves: class, edition, command, time. */
#include "dataplane/fleet/gbt32960_facts.h"
#include "dataplane/wire/fleet/gbt32960.h"

#include <criterion/criterion.h>

enum { DATA_BYTES = 30 };

/* 2024-01-02 03:04:05 in Beijing. */
static const uint8_t some_time[] = {24, 1, 2, 3, 4, 5};
enum { SOME_TIME_S = 1704135845 };

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
		gbt32960_describe(frame_of('#', (uint8_t)command, 1, DATA_BYTES), &facts);
		bool is_known = command >= 0x01 && command <= 0x06;
		cr_assert(facts.class == (is_known ? classes[command] : RECORD_OTHER),
			  "command %02x", command);
		cr_assert(facts.command == command && facts.command_bytes == 1);
		cr_assert(facts.edition == 2016);
	}
	gbt32960_describe(frame_of('$', 0x02, 1, DATA_BYTES), &facts);
	cr_assert(facts.edition == 2025);
}

Test(gbt32960_facts, a_time_is_beijings_and_what_shows_none_has_none)
{
	struct frame_facts facts;
	gbt32960_describe(frame_of('#', 0x02, 1, DATA_BYTES), &facts);
	cr_assert(facts.time_ms == INT64_C(1000) * SOME_TIME_S);
	gbt32960_describe(frame_of('#', 0x02, 1, sizeof some_time - 1), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
	gbt32960_describe(frame_of('#', 0x07, 1, 0), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
	for (uint8_t secret = 2; secret <= 5; secret++) {
		gbt32960_describe(frame_of('$', 0x02, secret, DATA_BYTES), &facts);
		cr_assert(facts.time_ms == FRAME_NO_TIME);
	}
	gbt32960_describe(frame_of('$', 0x0B, 1, DATA_BYTES), &facts);
	cr_assert(facts.time_ms == FRAME_NO_TIME);
}
