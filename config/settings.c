/* settings.c - defaults, what the command line says, and the text of --help; see settings.h. */
#include "config/settings.h"
#include "config/settings_draft.h"

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof *s);
	struct setting_rows rows = setting_rows_gateway();
	for (unsigned i = 0; i < rows.count; i++)
		setting_set_default(&rows.rows[i], s);
}

/* The key ends at the first equals sign: a value may have more of them, as a port's arguments
 * do. */
unsigned settings_assign(struct settings *s, const char *assignment, FILE *messages)
{
	struct settings_report report = {.messages = messages};
	char key[SETTING_TEXT_BYTES];
	size_t size = strcspn(assignment, "=");
	if (assignment[size] != '=' || size == 0 || size >= sizeof key) {
		settings_error(&report, WHERE_COMMAND_LINE, "%s: expected key=value",
			       assignment);
		return report.errors;
	}
	snprintf(key, sizeof key, "%.*s", (int)size, assignment);
	settings_put(s, key, assignment + size + 1, WHERE_COMMAND_LINE, &report);
	return report.errors;
}

char *gateway_setting_text(const struct settings *s, unsigned row, char *out, size_t size)
{
	return setting_format(&setting_rows_gateway().rows[row], s, out, size);
}

void settings_usage(FILE *out)
{
	struct setting_rows rows = setting_rows_gateway();
	for (unsigned i = 0; i < rows.count; i++) {
		char text[SETTING_TEXT_BYTES];
		fprintf(out, "  %s=%s\n      %s.\n", rows.rows[i].key,
			setting_format_default(&rows.rows[i], text, sizeof text),
			rows.rows[i].help);
	}
	fprintf(out, "\nPer listener, as listener.name.<name>.<key>:\n");
	rows = setting_rows_listener();
	for (unsigned i = 0; i < rows.count; i++)
		fprintf(out, "  %s\n      %s.\n", rows.rows[i].key, rows.rows[i].help);
}
