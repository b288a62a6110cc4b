/* walk_json.c - the walk of a body in, its fields as JSON out; see walk_json.h. */
#include "dataplane/wire/fleet/walk_json.h"

const char *walk_verdict_name(enum walk_verdict verdict)
{
	static const char *const names[WALK_VERDICTS] = {
		[WALK_CUT] = "cut",
		[WALK_COUNT] = "count",
		[WALK_UNKNOWN] = "unknown_unit",
		[WALK_TOO_LONG] = "too_long",
	};
	return names[verdict];
}

static void put_name(struct json_out *j, const struct field *f)
{
	out_key(j, f->name, f->name_bytes);
}

/* "name_abnormal": */
static void put_abnormal_name(struct json_out *j, const struct field *f)
{
	out_key(j, f->name, f->name_bytes - sizeof("\":") + 1u);
	out_literal(j, "_abnormal\":");
}

static void put_mark(struct json_out *j, const struct field_piece *p)
{
	out_null(j);
	if (p->mark == WALK_ABNORMAL) {
		put_abnormal_name(j, p->field);
		out_literal(j, "true,");
	}
}

static void put_number(struct json_out *j, const struct field_piece *p)
{
	put_name(j, p->field);
	if (likely(p->mark == WALK_VALID))
		out_number(j, p->value, p->field->decimals);
	else
		put_mark(j, p);
}

/* ---- lists ------------------------------------------------------------------------------ */

/* Numbers for which room is looked for at once. */
enum { BLOCK = 16 };

/* The places of a list's abnormal numbers. */
static void put_abnormal_places(struct json_out *j, const struct field_piece *p)
{
	put_abnormal_name(j, p->field);
	out_open(j, '[');
	for (uint32_t i = 0; i < p->count; i++) {
		uint8_t mark;
		field_number(p->field, p->bytes.data + i * p->field->bytes, &mark);
		if (mark == WALK_ABNORMAL)
			out_number(j, i, 0);
	}
	out_close(j, ']');
}

/* Some numbers of a list, for which there is room; whether one of them is abnormal. Compiled for
 * each shape that lists of hundreds have: `bytes` and `decimals` are the field's. */
static inline __attribute__((always_inline)) bool
put_numbers(struct json_out *j, const struct field *f, struct bytes raw, unsigned bytes,
	    unsigned decimals)
{
	struct field shape = {
		.bytes = (uint8_t)bytes, .offset = f->offset, .has_marks = f->has_marks};
	bool is_abnormal = false;
	char *at = j->at;
	for (const uint8_t *p = raw.data; p < raw.data + raw.size; p += bytes) {
		uint8_t mark;
		int64_t value = field_number(&shape, p, &mark);
		is_abnormal |= mark == WALK_ABNORMAL;
		if (likely(mark == WALK_VALID)) {
			at = out_number_at(at, value, decimals);
		} else {
			memcpy(at, "null,", 5);
			at += 5;
		}
	}
	j->at = at;
	return is_abnormal;
}

static bool put_block(struct json_out *j, const struct field *f, struct bytes raw)
{
	if (f->bytes == 2 && f->decimals == 3)
		return put_numbers(j, f, raw, 2, 3);
	if (f->bytes == 1 && f->decimals == 0)
		return put_numbers(j, f, raw, 1, 0);
	return put_numbers(j, f, raw, f->bytes, f->decimals);
}

static void put_list(struct json_out *j, const struct field_piece *p)
{
	const struct field *f = p->field;
	put_name(j, f);
	if (p->mark != WALK_VALID) {
		put_mark(j, p);
		return;
	}
	bool is_abnormal = false;
	out_open(j, '[');
	for (struct bytes left = p->bytes; left.size > 0;) {
		struct bytes block = {left.data, min_size(left.size, (size_t)BLOCK * f->bytes)};
		if (!out_room(j, BLOCK * JSON_NUMBER_ROOM))
			return;
		is_abnormal |= put_block(j, f, block);
		left = (struct bytes){left.data + block.size, left.size - block.size};
	}
	out_close(j, ']');
	if (is_abnormal)
		put_abnormal_places(j, p);
}

static void put_texts(struct json_out *j, const struct field_piece *p)
{
	put_name(j, p->field);
	if (p->mark != WALK_VALID) {
		put_mark(j, p);
		return;
	}
	out_open(j, '[');
	size_t size = p->count ? p->bytes.size / p->count : 0;
	for (uint32_t i = 0; i < p->count; i++)
		out_text(j, (struct bytes){p->bytes.data + i * size, size});
	out_close(j, ']');
}

static void put_names(struct json_out *j, const struct field_piece *p)
{
	put_name(j, p->field);
	out_open(j, '[');
	for (uint32_t left = (uint32_t)p->value; left; left &= left - 1) {
		const char *name = p->field->names[__builtin_ctz(left)];
		if (name)
			out_text(j, (struct bytes){(const uint8_t *)name, strlen(name)});
	}
	out_close(j, ']');
}

/* ---- times, bytes ----------------------------------------------------------------------- */

/* Digits that are none make the time none, too. */
static void from_bcd(uint8_t out[FIELD_TIME_BYTES], const uint8_t *bcd)
{
	enum { NONE = 0xff };
	for (unsigned i = 0; i < FIELD_TIME_BYTES; i++)
		out[i] = bcd[i] >> 4 < 10 && (bcd[i] & 15) < 10
				 ? (uint8_t)(10 * (bcd[i] >> 4) + (bcd[i] & 15))
				 : NONE;
}

/* A time that is none is null, and followed by its bytes. */
static void put_time(struct json_out *j, const struct field_piece *p)
{
	uint8_t time[FIELD_TIME_BYTES];
	memcpy(time, p->bytes.data, sizeof time);
	if (p->field->is_bcd)
		from_bcd(time, p->bytes.data);
	put_name(j, p->field);
	if (out_time(j, time))
		return;
	out_null(j);
	out_key(j, p->field->name, p->field->name_bytes - sizeof("\":") + 1u);
	out_literal(j, "_bytes\":");
	out_hex(j, p->bytes);
}

static void put_text(struct json_out *j, const struct field_piece *p)
{
	if (p->field->is_secret)
		return;
	put_name(j, p->field);
	if (p->field->is_gbk)
		out_gbk(j, p->bytes);
	else
		out_text(j, p->bytes);
}

static void put_bytes(struct json_out *j, const struct field_piece *p)
{
	if (p->field->is_secret)
		return;
	put_name(j, p->field);
	out_hex(j, p->bytes);
}

/* ---- groups and units ------------------------------------------------------------------- */

static void put_group(struct json_out *j, const struct field_piece *p)
{
	put_name(j, p->field);
	if (p->mark != WALK_VALID)
		put_mark(j, p);
	else if (p->count == 0)
		out_literal(j, "[],");
	else
		out_open(j, '[');
}

static void put_item(struct json_out *j, const struct field_piece *p)
{
	if (p->value > 0)
		out_close(j, '}');
	out_open(j, '{');
}

static void put_group_end(struct json_out *j)
{
	out_close(j, '}');
	out_close(j, ']');
}

static void put_units(struct json_out *j, const struct field_piece *p)
{
	put_name(j, p->field);
	out_open(j, '[');
}

static void put_unit(struct json_out *j, const struct field_piece *p)
{
	out_literal(j, "{\"id\":");
	out_number(j, p->value, 0);
	if (p->unit->name_bytes == 0)
		return;
	out_literal(j, "\"name\":");
	out_key(j, p->unit->name, p->unit->name_bytes);
	out_literal(j, ",");
}

static void put_undecoded(struct json_out *j, const struct field_piece *p)
{
	const char *name = walk_verdict_name((enum walk_verdict)p->verdict);
	out_literal(j, "\"undecoded\":{\"why\":");
	out_text(j, (struct bytes){(const uint8_t *)name, strlen(name)});
	out_literal(j, "\"at\":");
	out_number(j, (int64_t)p->at, 0);
	out_literal(j, "\"bytes\":");
	out_hex(j, p->bytes);
	out_close(j, '}');
}

/* ---- all of them ------------------------------------------------------------------------ */

static void put_piece(struct json_out *j, const struct field_piece *p)
{
	switch ((enum walk_kind)p->kind) {
	case WALK_NUMBER:
		put_number(j, p);
		break;
	case WALK_FLAG:
		put_name(j, p->field);
		out_bool(j, p->value);
		break;
	case WALK_NAMES:
		put_names(j, p);
		break;
	case WALK_LIST:
		put_list(j, p);
		break;
	case WALK_GROUP:
		put_group(j, p);
		break;
	case WALK_ITEM:
		put_item(j, p);
		break;
	case WALK_GROUP_END:
		put_group_end(j);
		break;
	case WALK_TIME:
		put_time(j, p);
		break;
	case WALK_TEXT:
		put_text(j, p);
		break;
	case WALK_TEXTS:
		put_texts(j, p);
		break;
	case WALK_BYTES:
		put_bytes(j, p);
		break;
	case WALK_UNITS:
		put_units(j, p);
		break;
	case WALK_UNIT:
		put_unit(j, p);
		break;
	case WALK_UNIT_END:
		out_close(j, '}');
		break;
	case WALK_UNITS_END:
		out_close(j, ']');
		break;
	case WALK_BAD:
		break;
	}
}

/* What of a unit has been written before it turned out to be bad is taken back. */
bool walk_json(struct json_out *j, struct field_walk *w)
{
	struct field_piece p;
	char *unit_at = NULL;
	bool in_units = false;
	bool is_more;
	while ((is_more = field_walk_next(w, &p)) && p.kind != WALK_BAD) {
		if (p.kind == WALK_UNIT)
			unit_at = j->at;
		put_piece(j, &p);
		if (p.kind == WALK_UNIT_END)
			unit_at = NULL;
		in_units |= p.kind == WALK_UNITS;
	}
	if (!is_more) /* and no BAD one was the last */
		return true;
	if (unit_at)
		j->at = unit_at;
	if (in_units)
		out_close(j, ']');
	put_undecoded(j, &p);
	return false;
}
