/* settings_log_dirs.c - the list log.dirs in, its directories out, one by one; see settings.h. */
#include "config/settings_log_dirs.h"

/* A list as Kafka reads it: blanks around a comma are not part of a path, and what is empty is
 * passed over. */
bool settings_log_dir(const struct settings *s, unsigned n, char out[SETTING_TEXT_BYTES])
{
	for (const char *at = s->log_dirs; *at;) {
		at += strspn(at, ", \t");
		size_t size = strcspn(at, ",");
		const char *end = at + size;
		while (size > 0 && strchr(" \t", at[size - 1]))
			size--;
		if (size > 0 && n-- == 0) {
			snprintf(out, SETTING_TEXT_BYTES, "%.*s", (int)size, at);
			return true;
		}
		at = end;
	}
	return false;
}

static bool is_named_before(const struct settings *s, unsigned n, const char *path)
{
	char before[SETTING_TEXT_BYTES];
	for (unsigned i = 0; i < n && settings_log_dir(s, i, before); i++)
		if (strcmp(before, path) == 0)
			return true;
	return false;
}

/* Two names of one directory are found when it is locked: here they are texts. */
void settings_log_dirs(const struct settings *s, struct settings_report *report)
{
	const char *where = settings_where(s, "log.dirs");
	char path[SETTING_TEXT_BYTES];
	unsigned count = 0;
	for (; settings_log_dir(s, count, path); count++)
		if (is_named_before(s, count, path))
			settings_error(report, where, "log.dirs: %s is named twice", path);
	if (count == 0)
		settings_error(report, where,
			       "log.dirs is empty: expected a directory, or several with commas "
			       "between them");
	if (count > LOG_DIRS_MAX)
		settings_error(report, where, "log.dirs: %u directories; at most %d", count,
			       LOG_DIRS_MAX);
}
