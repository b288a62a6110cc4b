/* test_settings_routing.c - where a listener's records go: topics by class, partitioners. */
#include "config/setting_value.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct settings s;
static char *said;
static size_t said_size;

/* `listener`, and lines about it: how many errors they are, which are in `said`. */
static unsigned read_listener(const char *listener, const char *const lines[])
{
	free(said);
	FILE *messages = open_memstream(&said, &said_size);
	unsigned errors = 0;
	settings_init(&s);
	errors += settings_assign(&s, "penstock.port=net_null0", messages);
	errors += settings_assign(&s, "penstock.port.address=192.0.2.10/24", messages);
	errors += settings_assign(&s, "listener.protocol.map=CARS:GBT32960", messages);
	errors += settings_assign(&s, listener, messages);
	for (unsigned i = 0; lines[i]; i++)
		errors += settings_assign(&s, lines[i], messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

#define READ(...) read_listener("listeners=CARS://:32960", (const char *[]){__VA_ARGS__, NULL})

static void refuses(const char *line, const char *sentence)
{
	cr_assert(READ(line) == 1, "%s: %s", line, said);
	cr_assert(strstr(said, sentence), "%s", said);
}

Test(settings_routing, a_class_of_records_goes_to_the_listeners_topic_unless_it_has_its_own)
{
	static const char *const topics[RECORD_CLASSES] = {
		[RECORD_LIVE] = "live",   [RECORD_REISSUE] = "cars", [RECORD_ALARM] = "live",
		[RECORD_SESSION] = "who", [RECORD_OTHER] = "cars",
	};
	cr_assert(READ("listener.name.cars.topic.live=live",
		       "listener.name.cars.topic.session=who") == 0, "%s", said);
	for (unsigned class = 0; class < RECORD_CLASSES; class++)
		cr_assert(strcmp(listener_topic(&s.listener[0], class), topics[class]) == 0);
	cr_assert(s.listener[0].partitioner_kind == PARTITIONER_MURMUR2);
	cr_assert(s.listener[0].timestamp == RECORD_TIME_RECEIPT && !s.listener[0].headers);
	cr_assert(READ("listener.name.cars.topic.alarm=bells") == 0, "%s", said);
	cr_assert(strcmp(listener_topic(&s.listener[0], RECORD_ALARM), "bells") == 0);
}

Test(settings_routing, what_is_no_topic_is_refused_by_the_name_of_its_setting)
{
	refuses("listener.name.cars.topic=a b", "listener.name.CARS.topic=a b: that is no name");
	refuses("listener.name.cars.topic.other=a b",
		"listener.name.CARS.topic.other=a b: that is no name of a topic");
	refuses("listener.name.cars.topic.live=__consumer_offsets",
		"it is one of the broker's own");
}

Test(settings_routing, a_partitioner_is_one_of_those_there_are)
{
	static const struct {
		const char *line;
		enum partitioner_kind kind;
		uint32_t partition;
	} good[] = {{"listener.name.cars.partitioner=murmur2", PARTITIONER_MURMUR2, 0},
		    {"listener.name.cars.partitioner=roundrobin", PARTITIONER_ROUNDROBIN, 0},
		    {"listener.name.cars.partitioner=STICKY", PARTITIONER_STICKY, 0},
		    {"listener.name.cars.partitioner=consistent", PARTITIONER_CONSISTENT, 0},
		    {"listener.name.cars.partitioner=fixed:0", PARTITIONER_FIXED, 0},
		    {"listener.name.cars.partitioner=fixed:17", PARTITIONER_FIXED, 17}};
	static const char *const bad[] = {"", "hash", "fixed", "fixed:", "fixed:-1", "fixed: 1",
					  "fixed:1x", "fixed:99999999999999999999"};
	for (unsigned i = 0; i < array_len(good); i++) {
		cr_assert(READ(good[i].line) == 0, "%s", said);
		cr_assert(s.listener[0].partitioner_kind == good[i].kind);
		cr_assert(s.listener[0].fixed_partition == good[i].partition);
	}
	for (unsigned i = 0; i < array_len(bad); i++) {
		char line[96];
		snprintf(line, sizeof line, "listener.name.cars.partitioner=%s", bad[i]);
		refuses(line, "expected murmur2, roundrobin, sticky, consistent or fixed:N");
	}
}
