/* gen_docs.c - settings.def and stats.def in, docs/CONFIGURATION.md and docs/METRICS.md
 * out.
 *
 *     gen_docs configuration | metrics     writes the page to stdout
 */
#include "config/setting_value.h"
#include "dataplane/base/stats.h"

#include <inttypes.h>

static void print_range(const struct setting_row *row)
{
	if (row->type == SETTING_TYPE_flag)
		printf("true, false");
	else if (row->type == SETTING_TYPE_ratio)
		printf("%g to %g", (double)row->min / SETTING_RATIO_ONE,
		       (double)row->max / SETTING_RATIO_ONE);
	else if (row->type == SETTING_TYPE_words || row->type == SETTING_TYPE_enum ||
		 setting_is_text(row))
		for (const char *at = row->unit; *at; at++)
			fputs(*at == '|' ? ", " : (char[]){*at, '\0'}, stdout);
	else
		printf("%" PRId64 " to %" PRId64 " %s", row->min, row->max, row->unit);
}

/* The row of the gateway's that it has its value from, when it was not told itself; -1: none. */
static int stand_in(const struct setting_row *row, struct setting_rows rows)
{
	if (rows.rows == setting_rows_topic().rows)
		return (int)setting_parent(row);
	if (rows.rows == setting_rows_gateway().rows)
		return gateway_setting_coarser((unsigned)(row - rows.rows));
	return -1;
}

static const char *default_of(const struct setting_row *row, struct setting_rows rows,
			      char *out, size_t size)
{
	int other = stand_in(row, rows);
	if (other < 0)
		return setting_format_default(row, out, size);
	snprintf(out, size, "that of `%s`", setting_rows_gateway().rows[other].key);
	return out;
}

static const char *when_of(const struct setting_row *row, struct setting_rows rows)
{
	if (strcmp(row->when, "live") != 0)
		return "read at start";
	return rows.rows == setting_rows_topic().rows
		       ? "live: `penstockctl topic alter` changes it"
		       : "live: `penstockctl config set` changes it";
}

static void print_rows(struct setting_rows rows, const char *prefix)
{
	for (unsigned i = 0; i < rows.count; i++) {
		const struct setting_row *row = &rows.rows[i];
		char text[SETTING_TEXT_BYTES];
		const char *def = default_of(row, rows, text, sizeof text);
		/* Another key's name comes in quotes of its own. */
		const char *quote = *def && !strchr(def, '`') ? "`" : "";
		printf("### `%s%s`\n\n%s.\n\nDefault: %s%s%s · takes: ", prefix, row->key,
		       row->help, quote, *def ? def : "none", quote);
		print_range(row);
		printf(" · %s\n\n", when_of(row, rows));
	}
}

static void print_fixed(void)
{
	printf("### What of a topic is not applied\n\n"
	       "Kafka has these settings as well. Each may be given its default, which is "
	       "remembered and shown; another value is refused with the reason.\n\n"
	       "| key | default | what it is | why it is not applied |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < TOPIC_SETTINGS - TOPIC_SETTINGS_APPLIED; i++) {
		const struct fixed_row *row = &fixed_rows()[i];
		const char *quote = row->value[0] ? "`" : "";
		printf("| `%s` | %s%s%s | %s | %s |\n", row->key, quote,
		       row->value[0] ? row->value : "none", quote, row->help, row->reason);
	}
	printf("\n");
}

static void print_aliases(void)
{
	unsigned count;
	const struct setting_alias *aliases = setting_aliases(&count);
	printf("## Other names\n\n| key | means |\n|---|---|\n");
	for (unsigned i = 0; i < count; i++)
		printf("| `%s` | `%s` |\n", aliases[i].alias, aliases[i].key);
}

static void print_ignored(void)
{
	unsigned count;
	const struct kafka_key *keys = kafka_keys(&count);
	printf("\n## Kafka's keys that mean nothing here\n\n"
	       "They are accepted, and a line at start says why they are ignored. `*` "
	       "stands for "
	       "every ending.\n\n| key | why |\n|---|---|\n");
	for (unsigned i = 0; i < count; i++)
		printf("| `%s` | %s |\n", keys[i].name, keys[i].reason);
}

static void print_configuration(void)
{
	printf("# Configuration\n\n"
	       "Generated from `config/settings.def` and `config/kafka_keys.def`; do not "
	       "edit.\n\n"
	       "`penstockd --config FILE` reads a properties file as Kafka's brokers do; "
	       "`--set key=value`, as often as needed, overrides it. What is live can be "
	       "changed while the gateway runs, by `penstockctl config set` or a Kafka "
	       "client's AlterConfigs: that is kept in `.penstock.settings` of the log "
	       "directory, and goes before both. "
	       "A key that a file gives twice holds as it was given last, as in Java, and is "
	       "warned of; a UTF-8 mark at the file's start is skipped, other control "
	       "characters are errors. "
	       "`penstockd --check` reads both, says what is wrong and ends. Sizes and "
	       "times are "
	       "plain numbers in the unit their key names. `config/penstock.conf` is an "
	       "annotated "
	       "example.\n\n## The gateway\n\n");
	print_rows(setting_rows_gateway(), "");
	printf("## A listener\n\n`listener.name.<name>.<key>`, the name as in "
	       "`listeners`, in "
	       "lower case as Kafka writes it. One that means nothing to the listener's "
	       "protocol is refused.\n\n");
	print_rows(setting_rows_listener(), "listener.name.<name>.");
	printf("## A topic\n\nGiven at `penstockctl topic create NAME --config "
	       "key=value`, or later "
	       "with `topic alter` or a Kafka client's AlterConfigs; kept with the topic.\n\n");
	print_rows(setting_rows_topic(), "");
	print_fixed();
	print_aliases();
	print_ignored();
}

static void print_stats(enum ledger ledger, enum stat_role role)
{
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		const struct stat_info *info = &stat_infos[i];
		if (info->ledger == ledger && info->role == role)
			printf("| `%s` | %s | %s |\n", info->name, info->unit,
			       info->help);
	}
}

static void print_table_head(const char *title)
{
	printf("\n%s\n\n| name | unit | what it counts |\n|---|---|---|\n", title);
}

static void print_metrics(void)
{
	printf("# Metrics\n\n"
	       "Generated from `dataplane/base/stats.def`; do not edit. `penstockctl "
	       "stats` shows "
	       "them, `stats.get` (docs/CONTROL.md) gives them as JSON. Counters only "
	       "grow; they "
	       "are per core and added up.\n\n"
	       "A ledger balances: what came in is what ended in exactly one of its "
	       "ends, and "
	       "what is in flight. In flight is 0 after a drain.\n");
	for (unsigned ledger = 0; ledger < LEDGERS; ledger++) {
		printf("\n## Ledger of %s\n", ledger_names[ledger]);
		print_table_head("In:");
		print_stats((enum ledger)ledger, STAT_ROLE_in);
		print_table_head("Ends:");
		print_stats((enum ledger)ledger, STAT_ROLE_end);
	}
	printf("\n## Beside the ledgers\n");
	print_table_head("Counters:");
	print_stats(LEDGER_none, STAT_ROLE_count);
	print_table_head("Levels, which may fall again:");
	print_stats(LEDGER_none, STAT_ROLE_gauge);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "configuration") == 0)
		print_configuration();
	else if (argc == 2 && strcmp(argv[1], "metrics") == 0)
		print_metrics();
	else
		return fprintf(stderr, "usage: gen_docs configuration | metrics\n"), 2;
	return 0;
}
