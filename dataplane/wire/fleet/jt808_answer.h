/* jt808_answer.h - JT/T 808: what a platform sends, as frames: escaped, between their delimiters.
 *
 * Each goes to the sender of a message that was read, in the layout of its header and to its
 * phone, and carries two serials: the platform's own, which its caller counts, and that of the
 * message that is answered. Core: any; no state. Limits: `out` has room for what the constant of
 * its name says; nothing is sent in sub-packages.
 */
#ifndef PENSTOCK_JT808_ANSWER_H
#define PENSTOCK_JT808_ANSWER_H

#include "dataplane/wire/fleet/jt808.h"

enum {
	JT808_GENERAL_ANSWER = 0x8001,
	JT808_RESEND = 0x8003,
	JT808_TIME_ANSWER = 0x8004,
	JT808_REGISTRATION_ANSWER = 0x8100,
	JT808_MEDIA_ANSWER = 0x8800,
};

/* Of 0x8001 (2013: 8.2). */
enum jt808_result {
	JT808_DONE = 0,
	JT808_FAILED = 1,
	JT808_WRONG = 2,
	JT808_UNSUPPORTED = 3,
};

/* Of 0x8100 (2013: 8.6). */
enum jt808_registered {
	JT808_REGISTERED = 0,
	JT808_VEHICLE_TAKEN = 1,
	JT808_VEHICLE_UNKNOWN = 2,
	JT808_TERMINAL_TAKEN = 3,
	JT808_TERMINAL_UNKNOWN = 4,
};

/* Bytes of a frame whose body has so many, at most: all of it escaped. */
#define JT808_FRAME_BYTES(body) (2 + 2 * ((int)sizeof(struct jt808_header_2019) + (body) + 1))

enum {
	JT808_CODE_BYTES_MAX = 64, /* of an authentication code of ours */
	/* Sub-packages that are asked for at a time: 2013 counts them in a byte. */
	JT808_MISSING_MAX = 255,

	JT808_GENERAL_ANSWER_BYTES_MAX = JT808_FRAME_BYTES(5),
	JT808_TIME_ANSWER_BYTES_MAX = JT808_FRAME_BYTES(6),
	JT808_REGISTRATION_ANSWER_BYTES_MAX = JT808_FRAME_BYTES(3 + JT808_CODE_BYTES_MAX),
	JT808_RESEND_BYTES_MAX = JT808_FRAME_BYTES(4 + 2 * JT808_MISSING_MAX),
	JT808_MEDIA_ANSWER_BYTES_MAX = JT808_FRAME_BYTES(5 + 2 * JT808_MISSING_MAX),
};
static_assert(5 + 2 * JT808_MISSING_MAX <= JT808_BODY_BYTES_MAX, "no answer in sub-packages");

/* All return the size of the frame in `out`. */

/* serial 2 | id 2 | result 1 */
size_t jt808_general_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			    enum jt808_result result);

/* Makes the result of a general answer in `frame` JT808_FAILED, and its check code right, which may
 * need an escape or none any more: returns the size, one more at most. */
size_t jt808_general_answer_fail(uint8_t *frame, size_t size);

/* serial 2 | result 1 | code, of JT808_REGISTERED only: JT808_CODE_BYTES_MAX */
size_t jt808_registration_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
				 enum jt808_registered result, struct bytes code);

/* BCD[6], year - 2000 to second, UTC (2019: 8.5) */
size_t jt808_time_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			 int64_t wall_ms);

/* The numbers of parts that did not come, JT808_MISSING_MAX at most. */
struct jt808_missing {
	const uint16_t *parts;
	unsigned count;
};

/* serial of part 1 2 | count 1, 2019: 2 | parts 2 each (2013: 8.4, 2019: 8.6) */
size_t jt808_resend(uint8_t *out, const struct jt808_message *m, uint16_t serial,
		    struct jt808_missing missing);

/* media id 4 | of what misses parts: count 1 | parts 2 each */
size_t jt808_media_answer(uint8_t *out, const struct jt808_message *m, uint16_t serial,
			  uint32_t media_id, struct jt808_missing missing);

#endif
