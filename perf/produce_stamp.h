/* produce_stamp.h - a number in a batch that is built once: where it lies, the CRC that goes with
 * it, and the way back from the bytes that a consumer is given.
 *
 *     batch header 61 | first record: sizes, deltas | value: number 8, then what it was
 *            CRC ◀─────────────────────────────────────────── changes with it
 *
 * The CRC is linear: of two numbers that differ in some bits the CRCs differ by the sum of what
 * each of these bits changes, whatever else is in the batch. So it follows from a table of 64
 * words, and not from the batch's bytes.
 *
 * Core: any. Memory: the struct. Limits: a first value of 8 bytes or more, no codec.
 */
#ifndef PENSTOCK_PRODUCE_STAMP_H
#define PENSTOCK_PRODUCE_STAMP_H

#include "perf/produce_request.h"

enum { PRODUCE_STAMP_BYTES = 8 };

struct produce_stamp {
	/* Places in the request's body. */
	size_t crc_at, number_at;
	uint32_t crc; /* with number 0 */
	uint32_t bits[64];
};

/* False: there is no room for a number. */
bool produce_stamp_init(struct produce_stamp *s, const struct produce_body *body);
/* `body`: a copy of its first bytes, up to the number's end. */
void produce_stamp_set(const struct produce_stamp *s, uint64_t number, uint8_t *body);
/* From the first bytes of a batch; false: no value of this size is among them. */
bool produce_stamp_read(struct bytes front, uint64_t *ret);

#endif
