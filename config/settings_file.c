/* settings_file.c - a Java properties file, as Kafka reads its own, into key and value.
 *
 *     # comment, ! comment
 *     key=value        key: value        key value
 *     key=a,\
 *         b            a backslash at the end joins the next line
 *
 * A UTF-8 mark at the start is skipped: some editors leave one, and to Kafka it is a part of
 * the first key. What cannot be meant, as a NUL or an escape sequence, is an error of its line.
 */
#include "config/settings_draft.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* One logical line, and the number of its first physical one. */
struct reader {
	FILE *file;
	char *physical;
	size_t physical_room;
	char *line;
	size_t size;
	unsigned number; /* of the last physical line */
	unsigned first;
	bool has_nul; /* somewhere in the logical line */
};

/* Two are one backslash that is meant: only an odd number of them joins lines. */
static size_t trailing_backslashes(const char *text, size_t size)
{
	size_t n = 0;
	while (n < size && text[size - 1 - n] == '\\')
		n++;
	return n;
}

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\f')
		at++;
	return at;
}

static bool append(struct reader *r, const char *text, size_t size)
{
	char *line = realloc(r->line, r->size + size + 1);
	if (!line)
		return false;
	memcpy(line + r->size, text, size);
	line[r->size + size] = '\0';
	r->line = line;
	r->size += size;
	return true;
}

/* Only where a line begins: in the lines that it joins # and ! mean nothing. */
static bool is_comment(const char *text)
{
	return *text == '#' || *text == '!';
}

/* False at the end of the file. */
static bool next_line(struct reader *r)
{
	r->size = 0;
	r->has_nul = false;
	bool continues = false;
	ssize_t got;
	while ((got = getline(&r->physical, &r->physical_room, r->file)) >= 0) {
		r->number++;
		r->has_nul |= memchr(r->physical, '\0', (size_t)got) != NULL;
		while (got > 0 &&
		       (r->physical[got - 1] == '\n' || r->physical[got - 1] == '\r'))
			r->physical[--got] = '\0';
		const char *text = skip_space(r->physical);
		if (!continues)
			r->first = r->number;
		size_t size = strlen(text);
		bool more = trailing_backslashes(text, size) % 2 == 1 &&
			    (continues || !is_comment(text));
		if (!append(r, text, size - more))
			return false;
		if (!more)
			return true;
		continues = true;
	}
	/* The file may end behind a backslash. */
	return continues;
}

/* Copies up to an unescaped stop character; null on an escape that is not taken. */
static const char *unescape(const char *at, const char *stops, char *out, size_t room)
{
	size_t size = 0;
	for (; *at && !strchr(stops, *at); at++) {
		char c = *at;
		if (c == '\\' && at[1]) {
			c = *++at;
			if (c == 'u')
				return NULL;
			const char *letters = "tnrf", *letter = strchr(letters, c);
			c = letter ? "\t\n\r\f"[letter - letters] : c;
		}
		if (size + 1 < room)
			out[size++] = c;
	}
	out[size] = '\0';
	return at;
}

/* Java keeps the space behind a value; Kafka trims it when it parses the value. */
static void trim_end(char *text)
{
	size_t size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		text[--size] = '\0';
}

static void put_line(struct settings *s, const char *line, const char *where,
		     struct settings_report *report)
{
	char key[SETTING_TEXT_BYTES], value[2 * SETTING_TEXT_BYTES];
	const char *at = unescape(line, "=: \t\f", key, sizeof key);
	if (at) {
		at = skip_space(at);
		at = skip_space(*at == '=' || *at == ':' ? at + 1 : at);
		at = unescape(at, "", value, sizeof value);
	}
	if (!at) {
		settings_error(report, where,
			       "\\u escapes are not taken: write the character itself");
		return;
	}
	trim_end(value);
	settings_put(s, key, value, where, report);
}

/* Skips a UTF-8 mark; false, with a sentence, when the file is UTF-16. */
static bool skip_mark(FILE *file, const char *path, struct settings_report *report)
{
	static const uint8_t utf8[] = {0xef, 0xbb, 0xbf};
	int first = getc(file);
	if (first == 0xfe || first == 0xff) {
		settings_error(report, path, "this is UTF-16 text: save it as UTF-8");
		return false;
	}
	if (first != utf8[0]) {
		ungetc(first, file);
		return true;
	}
	if (getc(file) == utf8[1] && getc(file) == utf8[2])
		return true;
	settings_error(report, path, "begins with bytes that are no UTF-8 text");
	return false;
}

/* Of a long path its end is kept: that and the number find the line. */
static void say_where(const char *path, unsigned line, char out[SETTING_WHERE_BYTES])
{
	enum { NUMBER_BYTES = 16 };
	size_t size = strlen(path), room = SETTING_WHERE_BYTES - NUMBER_BYTES;
	if (size <= room)
		snprintf(out, SETTING_WHERE_BYTES, "%s:%u", path, line);
	else
		snprintf(out, SETTING_WHERE_BYTES, "...%s:%u", path + size - room, line);
}

static void put_lines(struct settings *s, struct reader *r, const char *path,
		      struct settings_report *report)
{
	while (next_line(r)) {
		char where[SETTING_WHERE_BYTES];
		say_where(path, r->first, where);
		if (r->has_nul)
			settings_error(report, where,
				       "there is a NUL byte in this line: write it anew, or "
				       "save the file as UTF-8");
		else if (*r->line && !is_comment(r->line))
			put_line(s, r->line, where, report);
	}
	if (ferror(r->file))
		settings_error(report, path, "cannot be read: %s", strerror(errno));
}

unsigned settings_load(struct settings *s, const char *path, FILE *messages)
{
	struct settings_report report = {.messages = messages};
	struct reader r = {.file = fopen(path, "re")};
	if (!r.file) {
		settings_error(&report, path, "cannot be read: %s", strerror(errno));
		return report.errors;
	}
	if (skip_mark(r.file, path, &report))
		put_lines(s, &r, path, &report);
	fclose(r.file);
	free(r.physical);
	free(r.line);
	return report.errors;
}
