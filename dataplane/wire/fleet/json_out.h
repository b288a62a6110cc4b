/* json_out.h - values in, the text of one JSON object in a caller's buffer out.
 *
 * Every value is followed by a comma, and whoever closes an object or an array takes the last one
 * back:
 *
 *     {"a":1,        {"a":1,"b":[2,3,        {"a":1,"b":[2,3],        {"a":1,"b":[2,3]},
 *
 * What is written is UTF-8 and valid whatever the bytes are. Numbers are exact: a decimal point is
 * put between digits, no fraction is computed. A writer looks for room before it writes, for the
 * longest that its value may be: it says `is_full` when less than that is left, and from then on
 * nothing is written. Nothing beyond `end` is touched.
 *
 * Core: any; no state but the caller's.
 */
#ifndef PENSTOCK_JSON_OUT_H
#define PENSTOCK_JSON_OUT_H

#include "dataplane/base/base.h"

enum {
	/* A key as a table has it (field.h), copied as a whole. */
	JSON_KEY_ROOM = 32,
	/* The longest number: a sign, 10 digits, a point, and a zero before it; copied as 16. */
	JSON_NUMBER_ROOM = 16,
	JSON_TIME_BYTES = 6,
	JSON_TIME_ROOM = sizeof("\"2000-01-01T00:00:00+08:00\","),
	/* What a byte of a text becomes at most: \u00ff. */
	JSON_ESCAPED_BYTES = 6,
};

struct json_out {
	char *start;
	char *at;
	char *end;
	bool is_full;
};

static inline struct json_out json_out_of(void *data, size_t size)
{
	char *p = data;
	return (struct json_out){.start = p, .at = p, .end = p + size};
}

/* Whether `size` bytes may be written. */
static inline bool out_room(struct json_out *j, size_t size)
{
	if (unlikely((size_t)(j->end - j->at) < size))
		j->is_full = true;
	return likely(!j->is_full);
}

/* Any text that is JSON's already: a constant. */
static inline void out_put(struct json_out *j, const char *text, size_t size)
{
	if (!out_room(j, size))
		return;
	memcpy(j->at, text, size);
	j->at += size;
}
#define out_literal(j, text) out_put(j, "" text, sizeof(text) - 1)

/* `key` has JSON_KEY_ROOM bytes, of which `bytes` are it. */
static inline void out_key(struct json_out *j, const char *key, size_t bytes)
{
	if (!out_room(j, JSON_KEY_ROOM))
		return;
	memcpy(j->at, key, JSON_KEY_ROOM);
	j->at += bytes;
}

static inline void out_open(struct json_out *j, char bracket)
{
	if (out_room(j, 1))
		*j->at++ = bracket;
}

static inline void out_close(struct json_out *j, char bracket)
{
	if (!out_room(j, 2))
		return;
	j->at -= j->at[-1] == ',';
	*j->at++ = bracket;
	*j->at++ = ',';
}

/* out_number_at() of any number: at most 10 digits, and 9 decimals. */
char *out_long_at(char *at, int64_t value, unsigned decimals);

/* The three digits of each number below a thousand, the first in the lowest byte. */
extern const uint32_t out_thousand[1000];

/* The last `used` of four digits, the first in the lowest byte, with the point between them. */
static inline __attribute__((always_inline)) char *out_point(char *at, uint64_t digits,
							     unsigned used, unsigned decimals)
{
	digits >>= 8 * (4 - used);
	unsigned whole = used - decimals;
	uint64_t text = digits & ((UINT64_C(1) << 8 * whole) - 1);
	uint64_t fraction = digits >> 8 * whole;
	/* Without decimals the comma stands where the point would. */
	text |= (uint64_t)(decimals ? '.' : ',') << 8 * whole;
	text |= (fraction | (uint64_t)',' << 8 * decimals) << 8 * (whole + 1);
	memcpy(at, &text, sizeof text);
	return at + used + 1 + (decimals > 0);
}

/* A number of up to four digits and three decimals, without looking for room: JSON_NUMBER_ROOM. It
 * is put together in a register. Cells in thousandths of a volt, and tenths of most units, have all
 * four digits: where these come first, nothing depends on how many there are. */
static inline char *out_digits(char *at, uint32_t value, unsigned decimals)
{
	uint64_t digits = (value / 1000 + '0') | (uint64_t)out_thousand[value % 1000] << 8;
	if (likely(value > 999))
		return out_point(at, digits, 4, decimals);
	unsigned used = 1 + (value > 9) + (value > 99);
	return out_point(at, digits, used > decimals ? used : decimals + 1, decimals);
}

/* value / 10^decimals, and a comma, where there is JSON_NUMBER_ROOM. Returns its end. */
static inline char *out_number_at(char *at, int64_t value, unsigned decimals)
{
	bool is_negative = value < 0;
	uint64_t size = is_negative ? -(uint64_t)value : (uint64_t)value;
	if (unlikely(size > 9999 || decimals > 3))
		return out_long_at(at, value, decimals);
	*at = '-';
	return out_digits(at + is_negative, (uint32_t)size, decimals);
}

static inline void out_number(struct json_out *j, int64_t value, unsigned decimals)
{
	if (out_room(j, JSON_NUMBER_ROOM))
		j->at = out_number_at(j->at, value, decimals);
}

static inline void out_null(struct json_out *j)
{
	out_literal(j, "null,");
}

static inline void out_bool(struct json_out *j, bool value)
{
	if (value)
		out_literal(j, "true,");
	else
		out_literal(j, "false,");
}

/* In quotes: ASCII as it is, but for quotes, backslashes and controls; every other byte as a
 * character of that number. Less the zeroes and spaces at its end. */
void out_text(struct json_out *j, struct bytes text);
/* The same of GBK, whose characters come as UTF-8; a byte that begins none stands for itself. */
void out_gbk(struct json_out *j, struct bytes text);
/* In quotes, two digits for each byte. */
void out_hex(struct json_out *j, struct bytes bytes);
/* Year - 2000 to second of Beijing's time, as ISO 8601 has it; false, and nothing written: there is
 * no such time. */
bool out_time(struct json_out *j, const uint8_t time[JSON_TIME_BYTES]);

#endif
