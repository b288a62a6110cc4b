/* jt808_sample.h - for tests: the frames of tests/vectors/jt808.tsv, an encoder, and a second,
 * slow resynchroniser that says what a stream must be cut into. They share nothing with the codec
 * but its constants. */
#ifndef PENSTOCK_JT808_SAMPLE_H
#define PENSTOCK_JT808_SAMPLE_H

#include "dataplane/wire/fleet/jt808.h"
#include "tests/unit/wire/fleet/soup.h"

/* A row. */
struct jt808_sample {
	bool is_2019;
	bool is_up;
	bool is_good;
	enum jt808_cause cause; /* when it is not */
	char phone[JT808_PHONE_DIGITS_MAX + 1];
	unsigned serial;
	unsigned parts, part;
	unsigned escapes;
	unsigned body_bytes; /* that its header claims */
	uint8_t *data;
	size_t size;
};

enum { JT808_SAMPLES_MAX = 128 };

struct jt808_samples {
	size_t count;
	struct jt808_sample rows[JT808_SAMPLES_MAX];
};

/* All rows, in their order; ends the test when the file is missing. */
const struct jt808_samples *jt808_samples(void);

/* What a terminal sends. */
struct jt808_sent {
	uint16_t id;
	bool is_2019;
	bool is_marked_2019; /* the property bit */
	uint8_t version;
	uint8_t encryption;
	uint8_t phone[JT808_PHONE_BYTES_MAX]; /* the first 6 before 2019 */
	uint16_t serial;
	uint16_t parts, part; /* 0: in one */
	size_t body_bytes;
	uint8_t body[JT808_BODY_BYTES_MAX];
};
/* Adds its frame, delimiters and all. */
void jt808_send(struct soup *s, const struct jt808_sent *m);
/* Any of them, with more 7D and 7E in its body than chance would have. */
struct jt808_sent jt808_sent_random(struct dice *d);

/* Delimiters with nothing between them are no piece. */
struct jt808_expect_piece {
	bool is_frame;
	enum jt808_cause cause; /* of a run */
	size_t at;
	size_t size;
	size_t message_bytes; /* of a frame, without its escapes */
};

struct jt808_expect {
	size_t count;
	struct jt808_expect_piece *pieces;
};

/* Cuts a stream that has ended, delimiter by delimiter; the caller frees. */
struct jt808_expect jt808_expect_of(const uint8_t *stream, size_t size, size_t frame_bytes_max);
void jt808_expect_free(struct jt808_expect *e);

/* A random mixture: good frames, frames broken in each way, garbage, delimiters too many or few. */
struct soup jt808_soup_random(struct dice *d, unsigned ingredients);

#endif
