/* field_walk.h - a table's rows and a body's bytes in, what they say out, piece by piece.
 *
 *     field_walk_init(&w, rows, units, body);
 *     while (field_walk_next(&w, &piece))
 *             switch (piece.kind) …
 *
 * Pieces come in the order of the bytes. Nothing is copied and nothing allocated: lists, texts and
 * bytes are views into the body. A walk ends by itself, or with one BAD piece that says why and
 * where; the bytes that were not read are in it. It reads no byte beyond the body, and costs a
 * bounded time for each of them, whatever they are.
 *
 * A unit has no length, so that some pieces of a BAD one have been given already when it turns out
 * to be one. Who keeps pieces goes back to where the unit began: WALK_BAD's bytes begin there. A
 * unit that does say how long it is (`has_sizes`), and is unknown or of another size than its
 * fields, is BYTES of the name "data", and the walk goes on behind it.
 *
 * Core: any; no state but the caller's.
 */
#ifndef PENSTOCK_FIELD_WALK_H
#define PENSTOCK_FIELD_WALK_H

#include "dataplane/base/cursor.h"
#include "dataplane/wire/fleet/field.h"

enum walk_kind {
	WALK_NUMBER,    /* value, mark */
	WALK_FLAG,      /* value: 0 or 1 */
	WALK_NAMES,     /* value: the bits whose names are asked for */
	WALK_LIST,      /* count numbers in bytes, mark of their count */
	WALK_GROUP,     /* count items follow and an end, of none nothing; mark of their count */
	WALK_ITEM,      /* of a group: the next one begins; value: how many were before it */
	WALK_GROUP_END, /* count: of its items */
	WALK_TIME,      /* bytes */
	WALK_TEXT,      /* bytes, as they came */
	WALK_TEXTS,     /* count texts of equal size in bytes */
	WALK_BYTES,     /* bytes */
	WALK_UNITS,     /* units follow */
	WALK_UNIT,      /* value: its number; unit */
	WALK_UNIT_END,
	WALK_UNITS_END,
	WALK_BAD,       /* verdict; at: of the field that is wrong; bytes: all that was not read */
};

enum walk_mark { WALK_VALID, WALK_ABNORMAL, WALK_INVALID };

enum walk_verdict {
	WALK_CUT,      /* a field reaches beyond the body */
	WALK_COUNT,    /* a count promises more than the body has */
	WALK_UNKNOWN,  /* a unit of which the table knows nothing, not even its size */
	WALK_TOO_LONG, /* bytes behind the last field, or the last unit */
	WALK_VERDICTS,
};

struct field_piece {
	uint8_t kind;              /* enum walk_kind */
	uint8_t mark;              /* enum walk_mark */
	uint8_t verdict;           /* enum walk_verdict */
	const struct field *field; /* of what has one; null of units and BAD */
	const struct unit *unit;
	int64_t value; /* in units of the field's last decimal */
	uint32_t count;
	size_t at; /* in the body */
	struct bytes bytes;
};

struct field_walk {
	struct cursor in;
	const uint8_t *body;
	const struct unit *units; /* FIELD_UNIT_IDS; null where the table has none */
	/* Units have a byte behind their number, their size. Who walks such sets it. */
	bool has_sizes;
	const uint8_t *end; /* of the body, while one of these is walked */
	const struct field *row;  /* the next */
	const struct unit *unit;  /* whose row it is, or null: the body's */
	const uint8_t *unit_at;
	const struct field *group; /* the row of the group that is walked */
	uint32_t items, items_count;
	uint32_t bits; /* the last ones */
	uint32_t sum;  /* of the last list */
	bool is_over;
};

void field_walk_init(struct field_walk *w, const struct field *rows, const struct unit *units,
		     struct bytes body);
/* The next piece; false when there is none. */
bool field_walk_next(struct field_walk *w, struct field_piece *ret);

/* One number of a list, as WALK_NUMBER would say it. `at` points to field->bytes bytes. */
static inline int64_t field_number(const struct field *f, const uint8_t *at, uint8_t *mark)
{
	uint32_t raw, all_ones;
	uint16_t two;
	switch (f->bytes) {
	case 1:
		raw = *at;
		all_ones = UINT8_MAX;
		break;
	case 2:
		/* Not be16_load(): a move of 16 bits keeps the upper half of the register, and so
		 * each number of a list would wait for the one before it. */
		memcpy(&two, at, sizeof two);
		raw = __builtin_bswap32(two) >> 16;
		all_ones = UINT16_MAX;
		break;
	default:
		raw = be32_load(at);
		all_ones = UINT32_MAX;
	}
	uint32_t below = all_ones - raw;
	*mark = !f->has_marks || below > 1 ? WALK_VALID : below ? WALK_ABNORMAL : WALK_INVALID;
	return (int64_t)raw + f->offset;
}

#endif
