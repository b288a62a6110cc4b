/* field_rows.h - the words that tables of fields are written in; see field.h. For the files that
 * are tables, and for nobody else: the words are short. Core: any. */
#ifndef PENSTOCK_FIELD_ROWS_H
#define PENSTOCK_FIELD_ROWS_H

#include "dataplane/wire/fleet/field.h"

#define ROW(text, of_kind, ...)                                                          \
	{                                                                                \
		.name = "\"" text "\":", .name_bytes = sizeof(text) - 1 + 3, .kind = (of_kind), \
		__VA_ARGS__                                                              \
	}
#define ROW_WITHOUT_NAME(of_kind)                                                        \
	{                                                                                \
		.kind = (of_kind)                                                        \
	}

/* A number without a unit of measure, or in whole ones. */
#define NUMBER(text, size, means) SCALED(text, size, 0, 0, means)
/* A number in tenths (places 1) or less, that counts from `from` of them. */
#define SCALED(text, size, places, from, means)                                          \
	ROW(text, FIELD_NUMBER, .bytes = (size), .decimals = (places), .offset = (from), \
	    .has_marks = true, .note = (means))
/* Degrees: west or south where bit `sign` of the bits before is set. */
#define DEGREES(text, sign, means)                                                       \
	ROW(text, FIELD_NUMBER, .bytes = 4, .decimals = 6, .has_marks = true, .has_sign = true, \
	    .shift = (sign), .note = (means))

#define BITS(text, size, means) ROW(text, FIELD_BITS, .bytes = (size), .note = (means))
#define PART(text, from_bit, bits, means)                                                \
	ROW(text, FIELD_PART, .shift = (from_bit), .width = (bits), .note = (means))
/* Of bits 0 to `bits` - 1. */
#define NAMES(text, all, bits, means)                                                    \
	ROW(text, FIELD_NAMES, .width = (bits), .names = (all), .note = (means))

#define LIST(text, counted, size, places, from, means)                                   \
	ROW(text, FIELD_LIST, .count_bytes = (counted), .bytes = (size), .decimals = (places), \
	    .offset = (from), .has_marks = true, .note = (means))
/* Numbers of which each value may be one: no marks. */
#define CODES(text, counted, size, means)                                                \
	ROW(text, FIELD_LIST, .count_bytes = (counted), .bytes = (size), .note = (means))
#define GROUP(text, counted, item_bytes, means)                                          \
	ROW(text, FIELD_GROUP, .count_bytes = (counted), .bytes = (item_bytes), .note = (means))
#define GROUP_END ROW_WITHOUT_NAME(FIELD_GROUP_END)

/* The same of a standard that knows no marks. */
#define PLAIN(text, size, places, means)                                                 \
	ROW(text, FIELD_NUMBER, .bytes = (size), .decimals = (places), .note = (means))
#define PLAIN_DEGREES(text, sign, means)                                                 \
	ROW(text, FIELD_NUMBER, .bytes = 4, .decimals = 6, .has_sign = true, .shift = (sign), \
	    .note = (means))

#define TIME(text, means)       ROW(text, FIELD_TIME, .note = (means))
#define TIME_BCD(text, means)   ROW(text, FIELD_TIME, .is_bcd = true, .note = (means))
#define TEXT(text, size, means) ROW(text, FIELD_TEXT, .bytes = (size), .note = (means))
#define TEXT_GBK(text, size, means)                                                      \
	ROW(text, FIELD_TEXT, .bytes = (size), .is_gbk = true, .note = (means))
#define SECRET_TEXT(text, size, means)                                                   \
	ROW(text, FIELD_TEXT, .bytes = (size), .is_secret = true, .note = (means))
#define TEXTS(text, means)           ROW(text, FIELD_TEXTS, .count_bytes = 1, .note = (means))
#define TEXTS_SUM(text, size, means) ROW(text, FIELD_TEXTS_SUM, .bytes = (size), .note = (means))
#define BYTES(text, counted, means)                                                      \
	ROW(text, FIELD_BYTES, .count_bytes = (counted), .note = (means))
#define SECRET_BYTES(text, counted, means)                                               \
	ROW(text, FIELD_BYTES, .count_bytes = (counted), .is_secret = true, .note = (means))

#define UNITS(text, means) ROW(text, FIELD_UNITS, .note = (means))
#define MAY_END            ROW_WITHOUT_NAME(FIELD_MAY_END)
#define FIELDS_END         ROW_WITHOUT_NAME(FIELD_END)

#define UNIT(text, ...)                                                                  \
	{                                                                                \
		.name = "\"" text "\"", .name_bytes = sizeof(text) - 1 + 2, .fields = __VA_ARGS__ \
	}

#endif
