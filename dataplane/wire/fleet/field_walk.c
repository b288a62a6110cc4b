/* field_walk.c - a table's rows and a body's bytes in, what they say out; see field_walk.h. */
#include "dataplane/wire/fleet/field_walk.h"
#include "dataplane/wire/fleet/field_rows.h"

/* Where a walk stands when it is in no row of a table: before the next unit, or behind the last. */
enum { ROW_NEXT_UNIT = FIELD_UNITS + 1, ROW_UNITS_END };
static const struct field next_unit = {.kind = ROW_NEXT_UNIT}, units_end = {.kind = ROW_UNITS_END};
/* The rows of a unit of which only its size is known. */
static const struct field any_bytes[] = {BYTES("data", 0, ""), FIELDS_END};

void field_walk_init(struct field_walk *w, const struct field *rows, const struct unit *units,
		     struct bytes body)
{
	*w = (struct field_walk){
		.in = cursor_of(body.data, body.size),
		.body = body.data,
		.units = units,
		.row = rows,
	};
}

static bool bad(struct field_walk *w, struct field_piece *p, enum walk_verdict verdict)
{
	w->is_over = true;
	const uint8_t *rest = w->unit ? w->unit_at : w->in.at;
	p->kind = WALK_BAD;
	p->verdict = verdict;
	p->field = NULL;
	p->bytes = (struct bytes){rest, (size_t)(w->in.end - rest)};
	return true;
}

static bool has(const struct field_walk *w, size_t size)
{
	return likely(cursor_left(&w->in) >= size);
}

/* ---- counts ----------------------------------------------------------------------------- */

/* How many items of at least `item_bytes` a row begins with; an abnormal or invalid count is none.
 * False: it promises more than there is. */
static bool count_of(struct field_walk *w, struct field_piece *p, size_t item_bytes)
{
	static const struct field counts[] = {[1] = {.bytes = 1, .has_marks = true},
					      [2] = {.bytes = 2, .has_marks = true}};
	uint8_t bytes = p->field->count_bytes;
	int64_t count = field_number(&counts[bytes], w->in.at, &p->mark);
	p->count = p->mark == WALK_VALID ? (uint32_t)count : 0;
	if (cursor_left(&w->in) - bytes < p->count * item_bytes)
		return false;
	w->in.at += bytes;
	return true;
}

static struct bytes take(struct field_walk *w, size_t size)
{
	struct bytes taken = {w->in.at, size};
	w->in.at += size;
	return taken;
}

/* A mark adds nothing. */
static uint32_t sum_of(const struct field_piece *p)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < p->count; i++) {
		uint8_t mark;
		int64_t value = field_number(p->field, p->bytes.data + i * p->field->bytes, &mark);
		sum += mark == WALK_VALID ? (uint32_t)value : 0;
	}
	return sum;
}

static bool list(struct field_walk *w, struct field_piece *p)
{
	const struct field *f = p->field;
	if (!has(w, f->count_bytes))
		return bad(w, p, WALK_CUT);
	if (!count_of(w, p, f->bytes))
		return bad(w, p, WALK_COUNT);
	p->kind = WALK_LIST;
	p->bytes = take(w, (size_t)p->count * f->bytes);
	w->sum = f[1].kind == FIELD_TEXTS_SUM ? sum_of(p) : 0;
	return true;
}

static bool group(struct field_walk *w, struct field_piece *p)
{
	if (!has(w, p->field->count_bytes))
		return bad(w, p, WALK_CUT);
	if (!count_of(w, p, p->field->bytes))
		return bad(w, p, WALK_COUNT);
	p->kind = WALK_GROUP;
	w->group = p->field;
	w->items = 0;
	w->items_count = p->count;
	/* GROUP_END begins the first item as any other; of none it is passed. */
	while (w->row->kind != FIELD_GROUP_END)
		w->row++;
	w->row += p->count == 0;
	return true;
}

static bool group_end(struct field_walk *w, struct field_piece *p)
{
	p->field = w->group;
	p->count = w->items_count;
	p->kind = w->items < w->items_count ? WALK_ITEM : WALK_GROUP_END;
	if (p->kind == WALK_GROUP_END)
		return true;
	p->value = w->items++;
	w->row = w->group + 1;
	return true;
}

/* ---- numbers and bits ------------------------------------------------------------------- */

static bool number(struct field_walk *w, struct field_piece *p)
{
	const struct field *f = p->field;
	if (!has(w, f->bytes))
		return bad(w, p, WALK_CUT);
	p->kind = WALK_NUMBER;
	p->value = field_number(f, w->in.at, &p->mark);
	if (f->has_sign && w->bits >> f->shift & 1)
		p->value = -p->value;
	w->in.at += f->bytes;
	return true;
}

static bool bits(struct field_walk *w, struct field_piece *p)
{
	if (!number(w, p) || p->kind == WALK_BAD)
		return true;
	w->bits = (uint32_t)p->value;
	return true;
}

static bool part(struct field_walk *w, struct field_piece *p)
{
	p->kind = p->field->width == 1 ? WALK_FLAG : WALK_NUMBER;
	p->value = w->bits >> p->field->shift & ((1u << p->field->width) - 1);
	return true;
}

static bool names(struct field_walk *w, struct field_piece *p)
{
	p->kind = WALK_NAMES;
	p->value = w->bits & ((UINT64_C(1) << p->field->width) - 1);
	return true;
}

/* ---- texts and bytes -------------------------------------------------------------------- */

static bool text(struct field_walk *w, struct field_piece *p)
{
	size_t size = p->field->bytes ? p->field->bytes : cursor_left(&w->in);
	if (!has(w, size))
		return bad(w, p, WALK_CUT);
	p->kind = WALK_TEXT;
	p->bytes = take(w, size);
	return true;
}

static bool time_of(struct field_walk *w, struct field_piece *p)
{
	if (!has(w, FIELD_TIME_BYTES))
		return bad(w, p, WALK_CUT);
	p->kind = WALK_TIME;
	p->bytes = take(w, FIELD_TIME_BYTES);
	return true;
}

static bool texts(struct field_walk *w, struct field_piece *p, size_t size)
{
	p->kind = WALK_TEXTS;
	p->bytes = take(w, p->count * size);
	if (size == 0)
		p->count = 0;
	return true;
}

/* Count, size, texts. */
static bool texts_counted(struct field_walk *w, struct field_piece *p)
{
	if (!has(w, 2))
		return bad(w, p, WALK_CUT);
	size_t size = w->in.at[1];
	/* The byte of the size stands between the count and what is counted. */
	w->in.end--;
	bool is_there = count_of(w, p, size);
	w->in.end++;
	if (!is_there)
		return bad(w, p, WALK_COUNT);
	w->in.at++;
	return texts(w, p, size);
}

static bool texts_summed(struct field_walk *w, struct field_piece *p)
{
	p->count = w->sum;
	if (!has(w, (size_t)p->count * p->field->bytes))
		return bad(w, p, WALK_COUNT);
	return texts(w, p, p->field->bytes);
}

/* Their size is no measurement: it has no marks. */
static bool bytes(struct field_walk *w, struct field_piece *p)
{
	uint8_t count_bytes = p->field->count_bytes;
	if (!has(w, count_bytes))
		return bad(w, p, WALK_CUT);
	size_t size = count_bytes == 0   ? cursor_left(&w->in)
		      : count_bytes == 1 ? *w->in.at
					 : be16_load(w->in.at);
	if (!has(w, count_bytes + size))
		return bad(w, p, WALK_COUNT);
	w->in.at += count_bytes;
	p->kind = WALK_BYTES;
	p->bytes = take(w, size);
	return true;
}

/* ---- units ------------------------------------------------------------------------------ */

static bool units(struct field_walk *w, struct field_piece *p)
{
	w->row = &next_unit;
	p->kind = WALK_UNITS;
	return true;
}

/* The walk of one that says its size ends with it. False: it reaches beyond the body. */
static bool sized_unit(struct field_walk *w, struct field_piece *p)
{
	enum { HEAD = 2 };
	if (!has(w, HEAD))
		return !bad(w, p, WALK_CUT);
	uint8_t size = w->in.at[1];
	if (!has(w, HEAD + (size_t)size))
		return !bad(w, p, WALK_COUNT);
	if (!w->row || (size != w->unit->bytes && size != w->unit->bytes_short))
		w->row = any_bytes;
	w->end = w->in.end;
	w->in.end = w->in.at + HEAD + size;
	w->in.at++;
	return true;
}

static bool unit(struct field_walk *w, struct field_piece *p)
{
	if (!has(w, 1)) {
		w->row = &units_end;
		p->kind = WALK_UNITS_END;
		return true;
	}
	if (w->unit && w->unit->is_last) {
		w->unit = NULL;
		return bad(w, p, WALK_TOO_LONG);
	}
	w->unit_at = w->in.at;
	w->unit = &w->units[*w->in.at];
	w->row = w->unit->fields;
	if (w->has_sizes) {
		if (!sized_unit(w, p))
			return true;
	} else if (!w->row) {
		return bad(w, p, WALK_UNKNOWN);
	}
	w->in.at++;
	w->bits = 0;
	p->kind = WALK_UNIT;
	p->unit = w->unit;
	p->value = *w->unit_at;
	return true;
}

static bool end(struct field_walk *w, struct field_piece *p)
{
	if (w->unit) {
		if (w->has_sizes)
			w->in.end = w->end;
		w->row = &next_unit;
		p->kind = WALK_UNIT_END;
		p->unit = w->unit;
		return true;
	}
	if (has(w, 1))
		return bad(w, p, WALK_TOO_LONG);
	w->is_over = true;
	return false;
}

bool field_walk_next(struct field_walk *w, struct field_piece *ret)
{
	if (w->is_over)
		return false;
	ret->field = w->row++;
	ret->at = (size_t)(w->in.at - w->body);
	ret->mark = WALK_VALID;
	switch (ret->field->kind) {
	case FIELD_NUMBER:
		return number(w, ret);
	case FIELD_BITS:
		return bits(w, ret);
	case FIELD_PART:
		return part(w, ret);
	case FIELD_NAMES:
		return names(w, ret);
	case FIELD_LIST:
		return list(w, ret);
	case FIELD_GROUP:
		return group(w, ret);
	case FIELD_GROUP_END:
		return group_end(w, ret);
	case FIELD_TIME:
		return time_of(w, ret);
	case FIELD_TEXT:
		return text(w, ret);
	case FIELD_TEXTS:
		return texts_counted(w, ret);
	case FIELD_TEXTS_SUM:
		return texts_summed(w, ret);
	case FIELD_BYTES:
		return bytes(w, ret);
	case FIELD_UNITS:
		return units(w, ret);
	case FIELD_MAY_END:
		return has(w, 1) ? field_walk_next(w, ret) : end(w, ret);
	case ROW_NEXT_UNIT:
		return unit(w, ret);
	case ROW_UNITS_END:
		w->is_over = true;
		return false;
	default:
		return end(w, ret);
	}
}
