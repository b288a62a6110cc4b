/* settings_draft.c - one key=value after another into struct settings and the draft; a key
 * that is nobody's is an error that names the nearest one. */
#include "config/settings_draft.h"
#include "dataplane/base/require.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

void settings_error(struct settings_report *report, const char *where, const char *format,
		    ...)
{
	va_list args;
	va_start(args, format);
	fprintf(report->messages, "%s: error: ", where);
	vfprintf(report->messages, format, args);
	fputc('\n', report->messages);
	va_end(args);
	report->errors++;
}

/* It lives until settings_finish(), so that what is wrong can be said with the place where it
 * was set. */
static struct settings_draft *draft_of(struct settings *s)
{
	if (!s->draft)
		s->draft = calloc(1, sizeof *s->draft);
	require(s->draft);
	return s->draft;
}

const char *settings_where(const struct settings *s, const char *key)
{
	struct setting_rows rows = setting_rows_gateway();
	const struct setting_row *row = setting_find(rows, key);
	if (!s->draft || !row || !s->draft->where[row - rows.rows][0])
		return "default";
	return s->draft->where[row - rows.rows];
}

/* As Java's: the later line holds. In one file that is hardly meant. */
static void note_twice(const char *key, const char *before, const char *where,
		       struct settings_report *report)
{
	if (before[0] && strcmp(where, WHERE_COMMAND_LINE) != 0)
		fprintf(report->messages,
			"%s: warning: %s was given at %s already; this line holds, delete "
			"the other\n",
			where, key, before);
}

static void keep_listener_line(struct settings *s, const char *key,
			       const struct listener_line *line,
			       struct settings_report *report)
{
	struct settings_draft *draft = draft_of(s);
	/* From the end: the last of those before is the one that no longer holds. */
	for (unsigned i = draft->line_count; i-- > 0;) {
		const struct listener_line *before = &draft->lines[i];
		if (before->row != line->row || strcasecmp(before->name, line->name) != 0)
			continue;
		note_twice(key, before->where, line->where, report);
		break;
	}
	draft->lines = realloc(draft->lines, (draft->line_count + 1) * sizeof *line);
	require(draft->lines);
	draft->lines[draft->line_count++] = *line;
}

/* listener.name.<name>.<key>: the value is checked now, its listener when all are known.
 */
static void put_listener(struct settings *s, const char *key, const char *value,
			 const char *where, struct settings_report *report)
{
	const char *name = key + strlen("listener.name.");
	const char *dot = strchr(name, '.');
	if (!dot || dot == name || (size_t)(dot - name) >= LISTENER_NAME_BYTES) {
		settings_error(report, where, "%s: expected listener.name.<name>.<key>",
			       key);
		return;
	}
	struct setting_rows rows = setting_rows_listener();
	struct listener_line line = {.row = setting_find(rows, dot + 1)};
	const char *reason = line.row ? NULL : kafka_key_reason(dot + 1);
	if (reason) {
		fprintf(report->messages, "%s: %s is ignored: %s\n", where, key, reason);
		return;
	}
	if (!line.row) {
		settings_error(report, where,
			       "%s: no such key; nearest: listener.name.%.*s.%s", key,
			       (int)(dot - name), name, setting_nearest(rows, dot + 1));
		return;
	}
	/* Into a listener that nobody has: which one is meant is not known yet. */
	struct listener scratch;
	char expected[256];
	if (!setting_parse(line.row, &scratch, value, expected, sizeof expected)) {
		settings_error(report, where, "%s=%s: expected %s", key, value, expected);
		return;
	}
	snprintf(line.name, sizeof line.name, "%.*s", (int)(dot - name), name);
	snprintf(line.value, sizeof line.value, "%s", value);
	snprintf(line.where, sizeof line.where, "%s", where);
	keep_listener_line(s, key, &line, report);
}

/* Kafka's keys are known by name, so that a broker's file can be used as it is; what nobody
 * knows is a mistake. */
static void put_unknown(const char *key, const char *where,
			struct settings_report *report)
{
	const char *reason = kafka_key_reason(key);
	if (reason)
		fprintf(report->messages, "%s: %s is ignored: %s\n", where, key, reason);
	else
		settings_error(report, where, "%s: no such key; nearest: %s", key,
			       setting_nearest(setting_rows_gateway(), key));
}

/* The first byte that no value of ours can mean; 0: there is none. */
static unsigned control_character(const char *text)
{
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return (unsigned char)*text;
	}
	return 0;
}

static bool has_control(const char *key, const char *value, const char *where,
			struct settings_report *report)
{
	unsigned found = control_character(key);
	if (found)
		settings_error(report, where,
			       "there is a control character (0x%02x) in the key: type the "
			       "line anew",
			       found);
	else if ((found = control_character(value)))
		settings_error(report, where,
			       "%s: there is a control character (0x%02x) in the value: type "
			       "the line anew",
			       key, found);
	return found;
}

/* Control characters are looked for first: whatever is said about a line may go to a terminal.
 * */
void settings_put(struct settings *s, const char *key, const char *value,
		  const char *where, struct settings_report *report)
{
	if (has_control(key, value, where, report))
		return;
	if (strncmp(key, "listener.name.", strlen("listener.name.")) == 0) {
		put_listener(s, key, value, where, report);
		return;
	}
	struct setting_rows rows = setting_rows_gateway();
	const struct setting_row *row = setting_find(rows, setting_unalias(key));
	if (!row) {
		put_unknown(key, where, report);
		return;
	}
	char expected[256];
	if (!setting_parse(row, s, value, expected, sizeof expected)) {
		settings_error(report, where, "%s=%s: expected %s", key, value, expected);
		return;
	}
	char *kept = draft_of(s)->where[row - rows.rows];
	note_twice(row->key, kept, where, report);
	snprintf(kept, SETTING_WHERE_BYTES, "%s", where);
	s->is_given[row - rows.rows] = true;
}

void settings_draft_free(struct settings *s)
{
	if (s->draft)
		free(s->draft->lines);
	free(s->draft);
	s->draft = NULL;
}
