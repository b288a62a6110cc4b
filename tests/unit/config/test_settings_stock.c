/* test_settings_stock.c - a broker's file as it comes with Kafka: every key of it is taken, or said
 * to be ignored and why. */
#include "config/setting_value.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct settings s;
static char *said;
static size_t said_size;

/* With what a broker does not have: the port. */
static unsigned start_with(const char *name)
{
	char path[512];
	FILE *messages = open_memstream(&said, &said_size);
	snprintf(path, sizeof path, "%s/%s", getenv("VECTORS_DIR"), name);
	settings_init(&s);
	unsigned errors = settings_load(&s, path, messages);
	errors += settings_assign(&s, "penstock.port=net_tap0", messages);
	errors += settings_assign(&s, "penstock.port.address=192.0.2.10/24", messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

/* Of its own line. */
static bool is_reported(const char *key)
{
	char words[640];
	snprintf(words, sizeof words, ": %s is ignored: ", key);
	return strstr(said, words) != NULL;
}

static unsigned check_keys(const char *name)
{
	char path[512], line[512];
	unsigned keys = 0;
	snprintf(path, sizeof path, "%s/%s", getenv("VECTORS_DIR"), name);
	FILE *file = fopen(path, "r");
	cr_assert(file != NULL);
	while (fgets(line, sizeof line, file)) {
		char *equals = strchr(line, '=');
		if (line[0] == '#' || !equals)
			continue;
		*equals = '\0';
		int row = gateway_setting_find(line);
		cr_assert(row >= 0 ? s.is_given[row] : is_reported(line), "%s: neither", line);
		keys++;
	}
	fclose(file);
	return keys;
}

Test(settings_stock, the_file_of_kafka_2_3_is_taken)
{
	cr_assert(start_with("server-2.3.properties") == 0, "%s", said);
	cr_assert(check_keys("server-2.3.properties") == 18);
	char dir[SETTING_TEXT_BYTES];
	cr_assert(s.node_id == 0 && s.listener_count == 1 && s.listener[0].port == 9092);
	cr_assert(settings_log_dir(&s, 0, dir) && strcmp(dir, "/tmp/kafka-logs") == 0);
	cr_assert(s.group.initial_rebalance_delay_ms == 0);
	cr_assert(s.log_retention_ms == 604800000 && s.log_retention_check_interval_ms == 300000);
	free(said);
}

Test(settings_stock, the_file_of_kafka_4_is_taken_without_its_controller)
{
	cr_assert(start_with("server-4.properties") == 0, "%s", said);
	cr_assert(check_keys("server-4.properties") == 24);
	cr_assert(s.node_id == 1 && s.listener_count == 1);
	cr_assert(s.log_retention_ms == 604800000 && s.log_retention_check_interval_ms == 300000);
	cr_assert(s.listener[0].port == 9092 && strcmp(s.listener[0].name, "PLAINTEXT") == 0);
	cr_assert(strcmp(s.address[0].advertised_host, "localhost") == 0);
	cr_assert(strstr(said, "listeners: CONTROLLER://:9093 is left out"), "%s", said);
	free(said);
}
