/* gbt32960_sample.h - for tests: the frames of tests/vectors/gbt32960.tsv, and a second,
 * slow resynchroniser that says what a stream must be cut into. */
#ifndef PENSTOCK_GBT32960_SAMPLE_H
#define PENSTOCK_GBT32960_SAMPLE_H

#include "tests/unit/wire/fleet/soup.h"

struct sample_frame {
	bool is_2016;
	bool is_up;
	uint8_t *data;
	size_t size;
};

enum { SAMPLE_FRAMES_MAX = 128 };

struct sample_frames {
	size_t count;
	struct sample_frame frames[SAMPLE_FRAMES_MAX];
};

/* All rows, in their order; ends the test when the file is missing. */
const struct sample_frames *sample_frames(void);

/* The first vehicle login of the 2016 edition. */
const struct sample_frame *sample_login(void);

enum expect_kind { EXPECT_FRAME, EXPECT_RUN };
enum expect_cause { EXPECT_GARBAGE, EXPECT_BCC, EXPECT_TOO_LONG, EXPECT_INCOMPLETE };

struct expect_piece {
	enum expect_kind kind;
	enum expect_cause cause; /* of a run */
	size_t at;
	size_t size;
};

struct expect {
	size_t count;
	struct expect_piece *pieces;
};

/* Cuts a stream that has ended, trying every byte as a beginning; the caller frees. */
struct expect expect_of(const uint8_t *stream, size_t size, size_t frame_bytes_max);
void expect_free(struct expect *e);

/* A random mixture: good frames of the file, frames broken in each way, garbage. */
struct soup soup_random(struct dice *d, unsigned ingredients);

#endif
