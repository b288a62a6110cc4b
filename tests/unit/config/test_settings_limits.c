/* test_settings_limits.c - how many connections: Kafka's keys, in all, of a listener, of an
 * address; what groups may ask for, and whose topics nobody writes to. */
#include "config/settings.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct settings s;

/* Of lines of key=value; the number of errors, and in `*said` what was said. */
static unsigned read_lines(const char *const *lines, unsigned count, char **said)
{
	size_t size;
	unsigned errors = 0;
	FILE *messages = open_memstream(said, &size);
	settings_init(&s);
	for (unsigned i = 0; i < count; i++)
		errors += settings_assign(&s, lines[i], messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

#define COMMON                                                                                     \
	"penstock.port=net_null0", "penstock.port.address=192.0.2.10/24", "log.dirs=/tmp/x",       \
		"listeners=KAFKA://:9092,GBT32960://:32960,UDP://:5140"

Test(settings_limits, connections_are_limited_by_kafkas_names)
{
	static const char *const lines[] = {
		COMMON,
		"max.connections=1000",
		"max.connections.per.ip=10",
		"listener.name.gbt32960.max.connections=900",
		"max.connections.per.ip.overrides=192.0.2.1:100, 192.0.2.2:0",
	};
	char *said;
	cr_assert(read_lines(lines, array_len(lines), &said) == 0, "%s", said);
	cr_assert(s.tcp.max_connections == 1000 && s.tcp.max_connections_per_ip == 10);
	cr_assert(s.listener[0].max_connections == INT32_MAX);
	cr_assert(s.listener[1].max_connections == 900 && s.tcp.address_limits == 2);
	cr_assert(s.tcp.address_limit[0].ip4 == 0xc0000201);
	cr_assert(s.tcp.address_limit[0].connections == 100);
	cr_assert(s.tcp.address_limit[1].connections == 0);
	free(said);
}

Test(settings_limits, by_default_there_are_none)
{
	static const char *const lines[] = {COMMON};
	char *said;
	cr_assert(read_lines(lines, array_len(lines), &said) == 0, "%s", said);
	cr_assert(s.tcp.max_connections == INT32_MAX && s.tcp.address_limits == 0);
	cr_assert(s.tcp.max_connections_per_ip == INT32_MAX);
	free(said);
}

Test(settings_limits, what_is_no_limit_is_refused)
{
	static const struct {
		const char *line, *why;
	} wrong[] = {
		{"max.connections.per.ip.overrides=192.0.2.1", "expected address:count"},
		{"max.connections.per.ip.overrides=192.0.2.1:-1", "expected address:count"},
		{"max.connections.per.ip.overrides=host.example:5", "names are not looked up"},
		{"max.connections.per.ip.overrides=192.0.2.1:1,192.0.2.1:2", "there twice"},
		{"listener.name.udp.max.connections=5", "listener UDP speaks UDP"},
		{"max.connections=0", "max.connections"},
	};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		const char *lines[] = {COMMON, wrong[i].line};
		char *said;
		cr_assert(read_lines(lines, array_len(lines), &said) == 1, "%s", wrong[i].line);
		cr_assert(strstr(said, wrong[i].why), "%s", said);
		free(said);
	}
}

static void refuses(const char *line, const char *why)
{
	const char *const lines[] = {COMMON, line};
	char *said;
	cr_assert(read_lines(lines, array_len(lines), &said) == 1, "%s", said);
	cr_assert(strstr(said, why), "%s", said);
	free(said);
}

Test(settings_limits, groups_by_kafkas_names)
{
	static const char *const lines[] = {
		COMMON,
		"group.initial.rebalance.delay.ms=0",
		"group.max.size=5",
		"offsets.topic.num.partitions=8",
		"offsets.retention.minutes=60",
		"offsets.topic.replication.factor=3",
	};
	char *said;
	cr_assert(read_lines(lines, array_len(lines), &said) == 0, "%s", said);
	cr_assert(s.group.initial_rebalance_delay_ms == 0 && s.group.members_max == 5);
	cr_assert(s.offsets_topic_partitions == 8 && s.group.retention_minutes == 60);
	cr_assert(s.group.offset_metadata_bytes_max == 4096);
	free(said);
	refuses("group.min.session.timeout.ms=1800001", "no member could join");
}

Test(settings_limits, a_listener_does_not_write_to_a_topic_of_the_brokers_own)
{
	refuses("listener.name.udp.topic=__consumer_offsets", "the broker's own");
}
