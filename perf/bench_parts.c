/* bench_parts.c - the counter's speed, and frames of vehicles; see bench_parts.h. */
#include "perf/bench_parts.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/fleet/check_code.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/fleet/jt808.h"

enum { VIN_DIGITS = 8 };

/* Held against the clock for a tenth of a second: not every machine tells how fast its counter
 * is. */
double bench_counter_hz(void)
{
	uint64_t ns = clock_now_ns(), cycles = clock_cycles();
	while (clock_now_ns() - ns < 100 * NS_PER_MS)
		continue;
	return (double)(clock_cycles() - cycles) * 1e9 / (double)(clock_now_ns() - ns);
}

void bench_frame_make(uint8_t *out, unsigned number)
{
	memset(out, (int)(number & 0x1f), BENCH_FRAME_BYTES);
	struct gbt32960_header *h = (struct gbt32960_header *)out;
	*h = (struct gbt32960_header){.start = {'#', '#'},
				      .command = GBT32960_REALTIME,
				      .flag = GBT32960_COMMAND,
				      .encryption = GBT32960_PLAIN};
	memcpy(h->vin, "LPENSTOCK00000000", GBT32960_VIN_BYTES);
	for (unsigned i = 0; i < VIN_DIGITS; i++, number /= 10)
		h->vin[GBT32960_VIN_BYTES - 1 - i] = (uint8_t)('0' + number % 10);
	h->data_bytes = be16_of(BENCH_FRAME_BYTES - GBT32960_FRAME_BYTES_MIN);
	struct bytes data = {out + GBT32960_HEADER_BYTES,
			     BENCH_FRAME_BYTES - GBT32960_FRAME_BYTES_MIN};
	out[BENCH_FRAME_BYTES - 1] = gbt32960_bcc(h, data);
}

/* Whatever would need an escape is written with the neighbour of its number. */
static uint8_t plain(unsigned byte)
{
	return (uint8_t)(byte == JT808_DELIMITER || byte == JT808_ESCAPE ? 0x70 : byte);
}

void bench_report_make(uint8_t *out, unsigned number, uint16_t serial)
{
	enum { BODY = BENCH_REPORT_BYTES - 2 - JT808_MESSAGE_BYTES_MIN, LOCATION = 0x0200 };
	uint8_t *message = out + 1, *end = out + BENCH_REPORT_BYTES - 1;
	struct jt808_header_2013 h = {.id = be16_of(LOCATION), .properties = be16_of(BODY)};
	for (unsigned i = 0; i < sizeof h.phone; i++, number /= 100)
		h.phone[5 - i] = (uint8_t)(number / 10 % 10 << 4 | number % 10);
	be16_store(&h.serial, (uint16_t)(plain(serial >> 8) << 8 | plain(serial & 0xff)));
	memcpy(message, &h, sizeof h);
	memset(message + sizeof h, 0x11, BODY);
	uint8_t sum = check_code(message, sizeof h + BODY);
	if (sum == JT808_DELIMITER || sum == JT808_ESCAPE)
		end[-2] ^= 0x20;
	end[-1] = check_code(message, sizeof h + BODY);
	out[0] = *end = JT808_DELIMITER;
}
