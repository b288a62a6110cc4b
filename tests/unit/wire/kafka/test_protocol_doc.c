/* test_protocol_doc.c - docs/PROTOCOL.md lists the rows of kafka_apis.def, no more and no
 * less. */
#include "dataplane/wire/kafka/kafka_apis.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char *server_name(const struct kafka_api_row *row)
{
	static const char *const names[] = {
		[KAFKA_SERVER_POLLER] = "data core",
		[KAFKA_SERVER_CONTROL] = "control",
		[KAFKA_SERVER_COORDINATOR] = "coordinator",
	};
	return names[row->server];
}

static void row_line(const struct kafka_api_row *row, char *out, size_t size)
{
	char flexible[8] = "never";
	if (row->flexible_since != KAFKA_FLEXIBLE_NEVER)
		snprintf(flexible, sizeof flexible, "%d", row->flexible_since);
	snprintf(out, size, "| %d | %s | %d-%d | %d-%d | %s | %s |\n", row->key, row->name,
		 row->version_advertised, row->version_max, row->version_min,
		 row->version_max, flexible, server_name(row));
}

Test(protocol_doc, the_page_lists_what_the_table_serves)
{
	FILE *f = fopen(PROTOCOL_DOC, "r");
	cr_assert(f != NULL);
	char line[512], want[512];
	unsigned rows = 0;
	while (fgets(line, sizeof line, f) && strcmp(line, "## ApiVersions\n") != 0) {
		if (strncmp(line, "| ", 2) != 0 || line[2] < '0' || line[2] > '9')
			continue;
		cr_assert(rows < KAFKA_API_ROWS, "one row too many: %s", line);
		row_line(&kafka_api_rows[rows++], want, sizeof want);
		cr_assert(strcmp(line, want) == 0, "%s should be %s", line, want);
	}
	fclose(f);
	cr_assert(rows == KAFKA_API_ROWS);
}
