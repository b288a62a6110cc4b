/* field.h - what the tables are made of that say what a vehicle's frames are made of.
 *
 * A body is a row of fields; some of it may be units, each of which is a row of fields again, under
 * a number of its own. What a body says is read out of its bytes by field_walk.h; what is written
 * here is all that is known of it:
 *
 *     bytes:   1a 0b 14 … │ 01 03 … │ 08 01 │ 01 0f 6e … 03 0c e4 0c e5 0c e3 │ …
 *     rows:    TIME         UNITS
 *                           NUMBER …  GROUP   NUMBER NUMBER … LIST             GROUP_END
 *
 * A number is (raw + offset) / 10^decimals: a voltage of 0.1 V has one decimal, a current that
 * counts from -1000 A has the offset -10000. With marks, all ones mean "invalid" and one less
 * "abnormal", as both editions of GB/T 32960 have it. Bits are named by the rows behind them, which
 * have no bytes of their own.
 *
 * Core: any; tables are constants. Limits: a name of FIELD_NAME_BYTES with its quotes and colon;
 * groups hold no groups, and lists and groups that are counted have items of at least a byte.
 */
#ifndef PENSTOCK_FIELD_H
#define PENSTOCK_FIELD_H

#include "dataplane/base/base.h"

enum { FIELD_NAME_BYTES = 32, FIELD_UNIT_IDS = 256, FIELD_TIME_BYTES = 6 };

enum field_kind {
	FIELD_END,       /* no field: the table ends */
	FIELD_NUMBER,
	FIELD_BITS,      /* a number whose bits say something each */
	FIELD_PART,      /* of the bits before it: `width` of them, from bit `shift` on */
	FIELD_NAMES,     /* of the `width` lowest bits before it: the names of those set */
	FIELD_LIST,      /* a count of `count_bytes`, and so many numbers */
	FIELD_GROUP,     /* a count, and so often all rows to GROUP_END: `bytes` or more each */
	FIELD_GROUP_END,
	FIELD_TIME,      /* FIELD_TIME_BYTES, binary or BCD, year - 2000 to second */
	FIELD_TEXT,      /* `bytes` of text; 0: to the end */
	FIELD_TEXTS,     /* texts: their count and the size of each, a byte each, before them */
	FIELD_TEXTS_SUM, /* texts of `bytes`: as many as the list before them adds up to */
	FIELD_BYTES,     /* a size of `count_bytes`, and so many bytes; 0: to the end */
	FIELD_MAY_END,   /* no field: the table ends here where no bytes are left */
	FIELD_UNITS,     /* units to the end of the body: its last row */
};

struct field {
	/* As a key of JSON's: in quotes, with its colon. Copied as a whole (json_out.h). */
	char name[FIELD_NAME_BYTES];
	uint8_t name_bytes;
	uint8_t kind;        /* enum field_kind */
	uint8_t bytes;       /* of a number: 1, 2 or 4 */
	uint8_t count_bytes; /* 1 or 2 */
	uint8_t decimals;
	uint8_t shift;
	uint8_t width;
	bool has_marks : 1;
	bool has_sign : 1;  /* negative where bit `shift` of the bits before it is set */
	bool is_secret : 1; /* passed over: nobody is told */
	bool is_bcd : 1;    /* of a time */
	bool is_gbk : 1;    /* of a text */
	int32_t offset;
	const char *note;         /* what its values mean, for the reader of docs/JSON.md */
	const char *const *names; /* of bits, from the lowest on; null: it has none */
};
static_assert(sizeof(struct field) == 64, "a line");

/* What stands behind one number of FIELD_UNITS. */
struct unit {
	char name[FIELD_NAME_BYTES]; /* in quotes; none: it has none */
	const struct field *fields;  /* null: unknown, and so is where it ends */
	uint8_t name_bytes;
	bool is_last; /* nothing may stand behind it */
	/* Of units that say how long they are: the one or two sizes that its fields may have. */
	uint8_t bytes, bytes_short;
};

#endif
