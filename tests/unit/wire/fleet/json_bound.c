/* json_bound.c - rows in, the most that their JSON takes out; see json_bound.h. */
#include "tests/unit/wire/fleet/json_bound.h"

/* The longest that a row's own text becomes, but for what it counts. */
static double row_bytes(const struct field *f)
{
	double name = f->name_bytes, mark = 5 + name - 2 + 16;
	switch (f->kind) {
	case FIELD_NUMBER:
		return name + (mark > 14 ? mark : 14);
	case FIELD_BITS:
		return name + 11;
	case FIELD_PART:
		return name + 6;
	case FIELD_LIST:
	case FIELD_GROUP:
	case FIELD_TEXTS:
	case FIELD_TEXTS_SUM:
		return name + mark; /* or brackets, and the name once more with others */
	case FIELD_TIME:
		return name + 5 + name + 6 + 15;
	case FIELD_TEXT:
		return name + 3 + 6.0 * f->bytes;
	case FIELD_BYTES:
		return name + 3;
	case FIELD_NAMES: {
		double names = name + 3;
		for (unsigned i = 0; i < f->width; i++)
			names += f->names[i] ? (double)strlen(f->names[i]) + 3 : 0;
		return names;
	}
	default:
		return 0;
	}
}

/* For each byte that a row counts. */
static double item_bytes(const struct field *f)
{
	switch (f->kind) {
	case FIELD_LIST: /* null, and the place of what is abnormal; or a number */
		return f->has_marks ? (5 + 6.0) / f->bytes : 11.0 / f->bytes;
	case FIELD_TEXTS:
		return 6 + 3;
	case FIELD_TEXTS_SUM:
		return 6;
	case FIELD_TEXT: /* to the end */
		return f->bytes ? 0 : 6;
	case FIELD_BYTES:
		return 2;
	default:
		return 0;
	}
}

static unsigned row_bytes_min(const struct field *f)
{
	switch (f->kind) {
	case FIELD_NUMBER:
	case FIELD_BITS:
	case FIELD_TEXT:
		return f->bytes;
	case FIELD_TIME:
		return FIELD_TIME_BYTES;
	case FIELD_TEXTS:
		return 2;
	default:
		return f->count_bytes;
	}
}

double json_bytes_each(const struct field **rows, double own, unsigned own_bytes)
{
	double text = own, worst = 0;
	unsigned bytes = own_bytes;
	const struct field *f = *rows;
	for (; f->kind != FIELD_END && f->kind != FIELD_GROUP_END && f->kind != FIELD_UNITS; f++) {
		double each = item_bytes(f);
		text += row_bytes(f);
		bytes += row_bytes_min(f);
		if (f->kind == FIELD_GROUP) {
			f++;
			each = json_bytes_each(&f, 3, 0);
		}
		worst = each > worst ? each : worst;
	}
	*rows = f;
	return bytes > 0 && text / bytes > worst ? text / bytes : worst;
}
