/* settings_draft.h - what reading the settings keeps until they are complete: where each was
 * written, and the lines of listeners that are not known yet.
 *
 * Private to config/settings*.c. Core: control, at start. Ownership: made with the first
 * value, freed by settings_draft_free().
 */
#ifndef PENSTOCK_SETTINGS_DRAFT_H
#define PENSTOCK_SETTINGS_DRAFT_H

#include "config/setting_value.h"

enum { SETTING_WHERE_BYTES = 256 };

/* Where a setting of the command line was written. */
#define WHERE_COMMAND_LINE "--set"

/* listener.name.<name>.<key>=value, kept until `listeners` is known. */
struct listener_line {
	char name[LISTENER_NAME_BYTES];
	const struct setting_row *row;
	char value[SETTING_TEXT_BYTES];
	char where[SETTING_WHERE_BYTES];
};

struct settings_draft {
	char where[SETTING_ROWS_MAX][SETTING_WHERE_BYTES]; /* by row: "file:line" or "--set" */
	struct listener_line *lines;
	unsigned line_count;
};

/* Where messages go, and how many of them were errors. */
struct settings_report {
	FILE *messages;
	unsigned errors;
};

__attribute__((format(printf, 3, 4))) void
settings_error(struct settings_report *report, const char *where, const char *format, ...);

/* One key and value, wherever they were written. */
void settings_put(struct settings *s, const char *key, const char *value, const char *where,
		  struct settings_report *report);
/* Where a key was written; "default" when nowhere. */
const char *settings_where(const struct settings *s, const char *key);

/* Once nothing is to be said about a value any more. */
void settings_draft_free(struct settings *s);

#endif
