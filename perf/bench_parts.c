/* bench_parts.c - the counter's speed, and a vehicle's frame; see bench_parts.h. */
#include "perf/bench_parts.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/fleet/gbt32960.h"

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
