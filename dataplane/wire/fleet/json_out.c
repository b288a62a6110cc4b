/* json_out.c - values in, JSON's text out; see json_out.h. */
#include "dataplane/wire/fleet/json_out.h"
#include "dataplane/wire/fleet/calendar.h"
#include "dataplane/wire/fleet/gbk.h"

#define ONE(h, t, o) ('0' + (h)) | ('0' + (t)) << 8 | ('0' + (o)) << 16
#define TEN(h, t)                                                                        \
	ONE(h, t, 0), ONE(h, t, 1), ONE(h, t, 2), ONE(h, t, 3), ONE(h, t, 4),            \
		ONE(h, t, 5), ONE(h, t, 6), ONE(h, t, 7), ONE(h, t, 8), ONE(h, t, 9)
#define HUNDRED(h)                                                                       \
	TEN(h, 0), TEN(h, 1), TEN(h, 2), TEN(h, 3), TEN(h, 4), TEN(h, 5), TEN(h, 6),     \
		TEN(h, 7), TEN(h, 8), TEN(h, 9)
const uint32_t out_thousand[1000] = {
	HUNDRED(0), HUNDRED(1), HUNDRED(2), HUNDRED(3), HUNDRED(4),
	HUNDRED(5), HUNDRED(6), HUNDRED(7), HUNDRED(8), HUNDRED(9),
};

char *out_long_at(char *at, int64_t value, unsigned decimals)
{
	char digits[20];
	unsigned count = 0;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	for (; left > 0 || count <= decimals; left /= 10)
		digits[count++] = (char)('0' + left % 10);
	if (value < 0)
		*at++ = '-';
	while (count > 0) {
		*at++ = digits[--count];
		if (count == decimals && count > 0)
			*at++ = '.';
	}
	*at++ = ',';
	return at;
}

static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static char hex_digit(unsigned nibble)
{
	return (char)(nibble + (nibble < 10 ? '0' : 'a' - 10));
}

static char *put_escaped(char *at, uint8_t byte)
{
	memcpy(at, "\\u00", 4);
	at[4] = hex_digit(byte >> 4);
	at[5] = hex_digit(byte & 15);
	return at + JSON_ESCAPED_BYTES;
}

static struct bytes trimmed(struct bytes text)
{
	while (text.size > 0 && (text.data[text.size - 1] == 0 || text.data[text.size - 1] == ' '))
		text.size--;
	return text;
}

static char *put_byte(char *at, uint8_t byte)
{
	if (unlikely(!is_plain(byte)))
		return put_escaped(at, byte);
	*at = (char)byte;
	return at + 1;
}

/* A character of the first plane, from U+0080 on. */
static char *put_utf8(char *at, uint16_t character)
{
	if (character < 0x800) {
		*at++ = (char)(0xc0 | character >> 6);
	} else {
		*at++ = (char)(0xe0 | character >> 12);
		*at++ = (char)(0x80 | (character >> 6 & 63));
	}
	*at++ = (char)(0x80 | (character & 63));
	return at;
}

void out_gbk(struct json_out *j, struct bytes text)
{
	text = trimmed(text);
	if (!out_room(j, text.size * JSON_ESCAPED_BYTES + sizeof("\"\",")))
		return;
	char *at = j->at;
	*at++ = '"';
	for (size_t i = 0; i < text.size; i++) {
		bool is_pair = i + 1 < text.size;
		uint16_t character = is_pair ? gbk_character(text.data[i], text.data[i + 1]) : 0;
		at = character ? put_utf8(at, character) : put_byte(at, text.data[i]);
		i += character != 0;
	}
	*at++ = '"';
	*at++ = ',';
	j->at = at;
}

void out_text(struct json_out *j, struct bytes text)
{
	text = trimmed(text);
	if (!out_room(j, text.size * JSON_ESCAPED_BYTES + sizeof("\"\",")))
		return;
	char *at = j->at;
	*at++ = '"';
	for (size_t i = 0; i < text.size; i++)
		at = put_byte(at, text.data[i]);
	*at++ = '"';
	*at++ = ',';
	j->at = at;
}

void out_hex(struct json_out *j, struct bytes bytes)
{
	if (!out_room(j, 2 * bytes.size + sizeof("\"\",")))
		return;
	char *at = j->at;
	*at++ = '"';
	for (size_t i = 0; i < bytes.size; i++) {
		at[2 * i] = hex_digit(bytes.data[i] >> 4);
		at[2 * i + 1] = hex_digit(bytes.data[i] & 15);
	}
	at += 2 * bytes.size;
	*at++ = '"';
	*at++ = ',';
	j->at = at;
}

static void put_two(char *at, uint8_t value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
}

bool out_time(struct json_out *j, const uint8_t time[JSON_TIME_BYTES])
{
	static const char form[JSON_TIME_ROOM] = "\"2000-00-00T00:00:00+08:00\",";
	enum { YEAR_MAX = 99 }; /* t.5 */
	if (time[0] > YEAR_MAX || calendar_seconds(time) == CALENDAR_NONE)
		return false;
	if (!out_room(j, JSON_TIME_ROOM))
		return true;
	memcpy(j->at, form, JSON_TIME_ROOM);
	for (unsigned i = 0; i < JSON_TIME_BYTES; i++)
		put_two(j->at + 3 + 3 * i, time[i]);
	j->at += JSON_TIME_ROOM - 1;
	return true;
}
