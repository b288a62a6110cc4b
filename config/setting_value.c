/* setting_value.c - text to a field of a settings struct and back; the nearest known key.
 */
#include "config/setting_value.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

/* Every number of a row as one integer, whatever its width in the struct. */
int64_t setting_number(const struct setting_row *row, const void *base)
{
	const uint8_t *field = (const uint8_t *)base + row->offset;
	int64_t number = 0;
	require(row->size <= sizeof number);
	memcpy(&number, field, row->size); /* little endian */
	/* Of the types that may be negative the other one is as long as this. */
	return row->type == SETTING_TYPE_int ? (int32_t)number : number;
}

void setting_set_number(const struct setting_row *row, void *base, int64_t number)
{
	require(row->size <= sizeof number && number >= row->min);
	memcpy((uint8_t *)base + row->offset, &number, row->size);
}

bool setting_is_text(const struct setting_row *row)
{
	return row->type == SETTING_TYPE_string || row->type == SETTING_TYPE_list ||
	       row->type == SETTING_TYPE_name;
}

static void text_set(const struct setting_row *row, void *base, const char *text)
{
	snprintf((char *)base + row->offset, row->size, "%s", text);
}

void setting_set_default(const struct setting_row *row, void *base)
{
	if (setting_is_text(row))
		text_set(row, base, row->default_text);
	else
		setting_set_number(row, base, row->default_number);
}

/* Position of a word of `size` bytes among "a|b|c", or -1. */
static int64_t word_index(const char *words, const char *word, size_t size)
{
	for (int64_t i = 0; *words; i++) {
		size_t here = strcspn(words, "|");
		if (here == size && strncasecmp(words, word, size) == 0)
			return i;
		words += here + (words[here] == '|');
	}
	return -1;
}

static void word_at(const char *words, int64_t index, char *out, size_t size)
{
	for (; index > 0; index--)
		words += strcspn(words, "|") + 1;
	snprintf(out, size, "%.*s", (int)strcspn(words, "|"), words);
}

static bool parse_word(const struct setting_row *row, void *base, const char *text,
		       char *message, size_t message_size)
{
	const char *words = row->type == SETTING_TYPE_flag ? "false|true" : row->unit;
	int64_t index = word_index(words, text, strlen(text));
	if (index < 0) {
		snprintf(message, message_size, "one of %s", words);
		return false;
	}
	setting_set_number(row, base, index);
	return true;
}

/* "b,a": a bit for each, in any order; with blanks around them, as Kafka takes them. */
static bool parse_words(const struct setting_row *row, void *base, const char *text, char *message,
			size_t message_size)
{
	const char *at = text;
	int64_t all = 0;
	bool is_good = true;
	do {
		at += strspn(at, " ");
		size_t here = strcspn(at, ","), size = here;
		while (size > 0 && at[size - 1] == ' ')
			size--;
		int64_t index = word_index(row->unit, at, size);
		is_good &= index >= 0;
		all |= index >= 0 ? INT64_C(1) << index : 0;
		at += here + (at[here] == ',');
	} while (*at);
	if (is_good)
		setting_set_number(row, base, all);
	else
		snprintf(message, message_size, "some of %s, with commas between them", row->unit);
	return is_good;
}

static bool parse_ratio(const struct setting_row *row, void *base, const char *text, char *message,
			size_t message_size)
{
	char *end;
	double ratio = strtod(text, &end) * SETTING_RATIO_ONE;
	if (end == text || *end || !(ratio >= (double)row->min && ratio <= (double)row->max)) {
		snprintf(message, message_size, "a number from %g to %g",
			 (double)row->min / SETTING_RATIO_ONE,
			 (double)row->max / SETTING_RATIO_ONE);
		return false;
	}
	setting_set_number(row, base, (int64_t)(ratio + 0.5));
	return true;
}

/* A number out of range is refused, not moved to the nearest one: an operator who is not told
 * takes it for what he wrote. */
static bool parse_number(const struct setting_row *row, void *base, const char *text,
			 char *message, size_t message_size)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || errno || number < row->min || number > row->max) {
		snprintf(message, message_size,
			 "a whole number from %" PRId64 " to %" PRId64 " (%s)", row->min,
			 row->max, row->unit);
		return false;
	}
	setting_set_number(row, base, number);
	return true;
}

bool setting_parse(const struct setting_row *row, void *base, const char *text,
		   char *message, size_t message_size)
{
	switch (row->type) {
	case SETTING_TYPE_flag:
	case SETTING_TYPE_enum:
		return parse_word(row, base, text, message, message_size);
	case SETTING_TYPE_words:
		return parse_words(row, base, text, message, message_size);
	case SETTING_TYPE_ratio:
		return parse_ratio(row, base, text, message, message_size);
	case SETTING_TYPE_string:
	case SETTING_TYPE_list:
	case SETTING_TYPE_name:
		if (strlen(text) >= row->size) {
			snprintf(message, message_size, "at most %zu characters",
				 row->size - 1);
			return false;
		}
		text_set(row, base, text);
		return true;
	default:
		return parse_number(row, base, text, message, message_size);
	}
}

static void format_words(const char *words, int64_t all, char *out, size_t size)
{
	char word[64];
	size_t used = 0;
	out[0] = '\0';
	for (int64_t i = 0; all >> i; i++) {
		if (!(all >> i & 1))
			continue;
		word_at(words, i, word, sizeof word);
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "," : "", word);
		require(used < size);
	}
}

/* As Kafka writes it: 0.5, and 1.0. */
static void format_ratio(int64_t millionths, char *out, size_t size)
{
	int n = snprintf(out, size, "%" PRId64 ".%06" PRId64, millionths / SETTING_RATIO_ONE,
			 millionths % SETTING_RATIO_ONE);
	require(n > 0 && (size_t)n < size);
	while (out[n - 1] == '0' && out[n - 2] != '.')
		out[--n] = '\0';
}

static void format_number(const struct setting_row *row, int64_t number, char *out,
			  size_t size)
{
	if (row->type == SETTING_TYPE_flag)
		word_at("false|true", number, out, size);
	else if (row->type == SETTING_TYPE_enum)
		word_at(row->unit, number, out, size);
	else if (row->type == SETTING_TYPE_words)
		format_words(row->unit, number, out, size);
	else if (row->type == SETTING_TYPE_ratio)
		format_ratio(number, out, size);
	else
		snprintf(out, size, "%" PRId64, number);
}

char *setting_format(const struct setting_row *row, const void *base, char *out,
		     size_t size)
{
	if (setting_is_text(row))
		snprintf(out, size, "%s", (const char *)base + row->offset);
	else
		format_number(row, setting_number(row, base), out, size);
	return out;
}

char *setting_format_default(const struct setting_row *row, char *out, size_t size)
{
	if (setting_is_text(row))
		snprintf(out, size, "%s", row->default_text);
	else
		format_number(row, row->default_number, out, size);
	return out;
}

/* A row of the table lies on the stack: what is longer is compared by its beginning. */
enum { KEY_COMPARED_BYTES = 96 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Levenshtein's distance, one row of its table at a time. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_size = min_size(strlen(a), KEY_COMPARED_BYTES);
	size_t b_size = min_size(strlen(b), KEY_COMPARED_BYTES);
	unsigned row[KEY_COMPARED_BYTES + 1];
	for (unsigned j = 0; j <= b_size; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_size; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_size; j++) {
			unsigned above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_size];
}

/* Asked only for the message about a key that nobody knows, so all rows are compared. */
const char *setting_nearest(struct setting_rows rows, const char *key)
{
	const char *nearest = rows.rows[0].key;
	unsigned least = edit_distance(key, nearest);
	for (unsigned i = 1; i < rows.count; i++) {
		unsigned distance = edit_distance(key, rows.rows[i].key);
		if (distance < least) {
			least = distance;
			nearest = rows.rows[i].key;
		}
	}
	return nearest;
}
