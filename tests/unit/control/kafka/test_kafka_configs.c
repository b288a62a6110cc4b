/* test_kafka_configs.c - settings described and changed as clients ask for it. */
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_alter_configs.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_describe_configs.h"
#include "dataplane/wire/kafka/msg_incremental_alter_configs.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { NEWEST_DESCRIBE = 4, NEWEST_ALTER = 2, NEWEST_INCREMENTAL = 1 };

static void begin(void)
{
	kafka_api_rig_start();
	fake_registry_add(&registry, "t", 1);
	fake_registry_add(&registry, "u", 1);
}

TestSuite(kafka_configs, .init = begin, .fini = kafka_api_rig_stop);

/* ---- DescribeConfigs --------------------------------------------------------------------- */

static struct describe_configs_request_resource resource(int8_t type, const char *name)
{
	return (struct describe_configs_request_resource){
		.resource_type = type, .resource_name = text(name),
		.configuration_keys.count = -1};
}

static struct call_msg *describe(int version, struct describe_configs_request_resource *resources,
				 int32_t count, struct describe_configs_response *ret)
{
	struct describe_configs_request q = {.resources = {resources, count},
					     .include_synonyms = true,
					     .include_documentation = true};
	send_request(&calls[0], KAFKA_API_DESCRIBE_CONFIGS, version, &describe_configs_request,
		     &q);
	struct call_msg *call = reap();
	read_reply(call, &describe_configs_response, version, version >= 4, ret);
	return call;
}

static struct call_msg *describe_one(int8_t type, const char *name,
				     struct describe_configs_response *ret)
{
	struct describe_configs_request_resource asked = resource(type, name);
	return describe(NEWEST_DESCRIBE, &asked, 1, ret);
}

static const struct describe_configs_config *find(const struct describe_configs_result *r,
						  const char *key)
{
	for (int32_t i = 0; i < r->configs.count; i++)
		if (is_text(r->configs.items[i].name, key))
			return &r->configs.items[i];
	return NULL;
}

static void told(unsigned topic, const char *key, const char *value)
{
	char message[256];
	cr_assert(topic_settings_set(&registry.topics[topic].settings, &registry.live.now, key,
				     value, message, sizeof message),
		  "%s", message);
}

Test(kafka_configs, a_topic_has_every_setting_with_its_default_in_every_version)
{
	for (int version = 1; version <= NEWEST_DESCRIBE; version++) {
		struct describe_configs_request_resource asked = resource(2, "t");
		struct describe_configs_response r;
		struct call_msg *call = describe(version, &asked, 1, &r);
		cr_assert(r.results.count == 1 && r.results.items[0].error_code == 0);
		cr_assert(is_text(r.results.items[0].resource_name, "t"));
		cr_assert(r.results.items[0].configs.count == TOPIC_SETTINGS);
		const struct describe_configs_config *c =
			find(&r.results.items[0], "retention.ms");
		cr_assert(c && is_text(c->value, "604800000") && c->config_source == 5);
		cr_assert(!c->read_only && !c->is_sensitive);
		cr_assert(c->config_type == (version >= 3 ? 5 : 0));
		cr_assert((c->documentation.data != NULL) == (version >= 3));
		release(call);
	}
}

Test(kafka_configs, what_a_topic_was_told_is_its_own_and_names_what_it_hides)
{
	struct describe_configs_response r;
	told(0, "max.message.bytes", "5000");
	told(0, "cleanup.policy", "delete");
	struct call_msg *call = describe_one(2, "t", &r);
	const struct describe_configs_config *c = find(&r.results.items[0], "max.message.bytes");
	cr_assert(is_text(c->value, "5000") && c->config_source == 1 && c->synonyms.count == 2);
	cr_assert(is_text(c->synonyms.items[0].name, "max.message.bytes"));
	cr_assert(is_text(c->synonyms.items[0].value, "5000") && c->synonyms.items[0].source == 1);
	cr_assert(is_text(c->synonyms.items[1].name, "message.max.bytes"));
	cr_assert(is_text(c->synonyms.items[1].value, "1048588"));
	cr_assert(c->synonyms.items[1].source == 5);
	c = find(&r.results.items[0], "cleanup.policy");
	cr_assert(is_text(c->value, "delete") && c->config_source == 1);
	cr_assert(is_text(c->synonyms.items[1].name, "log.cleanup.policy"));
	release(call);
	call = describe_one(2, "u", &r);
	c = find(&r.results.items[0], "max.message.bytes");
	cr_assert(is_text(c->value, "1048588") && c->config_source == 5 && c->synonyms.count == 1);
	release(call);
}

Test(kafka_configs, a_topic_follows_what_the_gateway_was_told_and_says_by_whom)
{
	struct describe_configs_response r;
	char message[256];
	cr_assert(live_settings_set(&registry.live, LIVE_CLUSTER, "log.segment.bytes", "2097152",
				    message, sizeof message));
	topic_settings_follow(&registry.topics[0].settings, &registry.live.now);
	struct call_msg *call = describe_one(2, "t", &r);
	const struct describe_configs_config *c = find(&r.results.items[0], "segment.bytes");
	cr_assert(is_text(c->value, "2097152") && c->config_source == 3);
	cr_assert(c->synonyms.count == 2 && c->synonyms.items[1].source == 5);
	release(call);
}

struct shown {
	int8_t source;
	bool read_only;
	char value[SETTING_TEXT_BYTES];
};

/* What CreateTopics tells of the settings of a new topic, of which one is its own. */
static void create(const char *name, struct shown ret[TOPIC_SETTINGS])
{
	struct create_topics_response r;
	struct create_topics_config config = {text("linger.ms"), text("9")};
	struct create_topics_request_topic t = {.name = text(name), .num_partitions = 1,
						.replication_factor = 1, .configs = {&config, 1}};
	struct create_topics_request q = {.topics = {&t, 1}, .timeout_ms = 1000};
	send_request(&calls[0], KAFKA_API_CREATE_TOPICS, 7, &create_topics_request, &q);
	take_parked();
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct inbox_msg *m = take_send();
	read_bytes(m->bytes, &create_topics_response, 7, true, &r);
	cr_assert(r.topics.items[0].configs.count == TOPIC_SETTINGS);
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++) {
		const struct create_topics_setting *s = &r.topics.items[0].configs.items[i];
		ret[i] = (struct shown){.source = s->config_source, .read_only = s->read_only};
		memcpy(ret[i].value, s->value.data, s->value.size);
	}
	give_send(m, INBOX_DONE);
}

/* Its own, this broker's, the cluster's, what the gateway was started with, and nobody's. */
Test(kafka_configs, who_creates_a_topic_is_told_its_settings_as_who_asks_for_them_later)
{
	struct shown shown[TOPIC_SETTINGS];
	struct describe_configs_response r;
	unsigned seen[SETTING_SOURCES] = {0};
	char message[256];
	registry.started.is_given[gateway_setting_find("message.max.bytes")] = true;
	cr_assert(live_settings_set(&registry.live, LIVE_BROKER, "log.segment.bytes", "2097152",
				    message, sizeof message));
	cr_assert(live_settings_set(&registry.live, LIVE_CLUSTER, "log.index.interval.bytes",
				    "5000", message, sizeof message));
	create("new", shown);
	struct call_msg *call = describe_one(2, "new", &r);
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++) {
		const struct describe_configs_config *c = &r.results.items[0].configs.items[i];
		cr_assert(shown[i].source == c->config_source, "%u", i);
		cr_assert(shown[i].read_only == c->read_only && is_text(c->value, shown[i].value));
		seen[shown[i].source]++;
	}
	for (unsigned source = SETTING_OF_TOPIC; source < SETTING_SOURCES; source++)
		cr_assert(seen[source] > 0, "%u", source);
	release(call);
}

Test(kafka_configs, only_the_settings_that_are_named_are_answered)
{
	struct bytes keys[] = {text("segment.bytes"), text("no.such"), text("segment.bytes")};
	struct describe_configs_request_resource asked[] = {resource(2, "t"), resource(4, "7")};
	struct describe_configs_response r;
	asked[0].configuration_keys.items = asked[1].configuration_keys.items = keys;
	asked[0].configuration_keys.count = asked[1].configuration_keys.count = 3;
	release(describe(NEWEST_DESCRIBE, asked, 2, &r));
	cr_assert(r.results.items[0].configs.count == 1 && r.results.items[1].configs.count == 0);
	asked[0].configuration_keys.count = 0;
	release(describe(NEWEST_DESCRIBE, asked, 1, &r));
	cr_assert(r.results.items[0].configs.count == TOPIC_SETTINGS, "an empty list is all");
}

Test(kafka_configs, the_broker_has_every_setting_and_says_which_are_read_only)
{
	struct describe_configs_response r;
	struct call_msg *call = describe_one(4, "7", &r);
	const struct describe_configs_result *b = &r.results.items[0];
	cr_assert(b->error_code == 0);
	const struct describe_configs_config *c = find(b, "log.dirs");
	cr_assert(c && c->read_only && c->config_type == 7);
	c = find(b, "num.partitions");
	cr_assert(c && !c->read_only && is_text(c->value, "1") && c->config_source == 5);
	cr_assert(find(b, "broker.id") && find(b, "node.id"));
	c = find(b, "log.cleanup.policy");
	cr_assert(c && !c->read_only && is_text(c->value, "delete") && c->config_type == 7);
	c = find(b, "log.retention.bytes");
	cr_assert(c && !c->read_only && is_text(c->value, "-1") && c->config_type == 5);
	c = find(b, "log.retention.check.interval.ms");
	cr_assert(c && c->read_only && is_text(c->value, "300000"));
	release(call);
}

/* ---- one thing in several units, as Kafka answers it ----------------------------------- */

static void begin_with_an_hour(void)
{
	registry.started.is_given[gateway_setting_find("log.retention.hours")] = true;
	registry.started.log_retention_hours = 1;
	registry.started.log_retention_ms = 3600000;
	live_settings_init(&registry.live, &registry.started);
	topic_settings_follow(&registry.topics[0].settings, &registry.live.now);
}

/* "source:key=value" of each synonym. */
static const char *synonyms_of(const struct describe_configs_config *c)
{
	static char out[512];
	size_t used = 0;
	out[0] = '\0';
	for (int32_t i = 0; i < c->synonyms.count; i++) {
		const struct describe_configs_synonym *s = &c->synonyms.items[i];
		used += (size_t)snprintf(out + used, sizeof out - used, "%d:%.*s=%.*s ", s->source,
					 (int)s->name.size, (const char *)s->name.data,
					 (int)s->value.size, (const char *)s->value.data);
	}
	return out;
}

static void check_unit(int8_t type, const char *name, const char *key, const char *value,
		       int8_t source, const char *synonyms)
{
	struct describe_configs_response r;
	struct call_msg *call = describe_one(type, name, &r);
	const struct describe_configs_config *c = find(&r.results.items[0], key);
	cr_assert(c && c->config_source == source, "%s", key);
	cr_assert(value ? is_text(c->value, value) : c->value.data == NULL, "%s", key);
	cr_assert(strcmp(synonyms_of(c), synonyms) == 0, "%s: %s", key, synonyms_of(c));
	release(call);
}

Test(kafka_configs, what_was_given_in_hours_is_null_in_finer_units_and_holds_for_topics)
{
	begin_with_an_hour();
	check_unit(4, "7", "log.retention.ms", NULL, 5, "");
	check_unit(4, "7", "log.retention.minutes", NULL, 5, "");
	check_unit(4, "7", "log.retention.hours", "1", 4,
		   "4:log.retention.hours=1 5:log.retention.hours=168 ");
	check_unit(2, "t", "retention.ms", "3600000", 5, "");
	check_unit(4, "7", "log.roll.ms", NULL, 5, "");
	check_unit(4, "7", "log.roll.hours", "168", 5, "5:log.roll.hours=168 ");
	check_unit(2, "t", "segment.ms", "604800000", 5, "");
	check_unit(2, "t", "segment.jitter.ms", "0", 5, "");
	check_unit(2, "t", "file.delete.delay.ms", "60000", 5,
		   "5:log.segment.delete.delay.ms=60000 ");
}

Test(kafka_configs, what_is_set_in_the_finest_unit_goes_before_the_coarser_ones)
{
	char message[256];
	begin_with_an_hour();
	cr_assert(live_settings_set(&registry.live, LIVE_BROKER, "log.retention.ms", "5000",
				    message, sizeof message));
	topic_settings_follow(&registry.topics[0].settings, &registry.live.now);
	static const char all[] = "2:log.retention.ms=5000 4:log.retention.hours=1 "
				  "5:log.retention.hours=168 ";
	check_unit(4, "7", "log.retention.ms", "5000", 2, all);
	check_unit(4, "7", "log.retention.minutes", NULL, 5, "");
	check_unit(4, "7", "log.retention.hours", "1", 4,
		   "4:log.retention.hours=1 5:log.retention.hours=168 ");
	check_unit(2, "t", "retention.ms", "5000", 2, all);
	told(0, "retention.ms", "-1");
	check_unit(2, "t", "retention.ms", "-1", 1,
		   "1:retention.ms=-1 2:log.retention.ms=5000 4:log.retention.hours=1 "
		   "5:log.retention.hours=168 ");
}

Test(kafka_configs, of_all_brokers_only_the_unit_that_was_set_is_known)
{
	struct describe_configs_response r;
	char message[256];
	begin_with_an_hour();
	cr_assert(live_settings_set(&registry.live, LIVE_CLUSTER, "log.retention.ms", "-1",
				    message, sizeof message));
	check_unit(4, "", "log.retention.ms", "-1", 3, "3:log.retention.ms=-1 ");
	release(describe_one(4, "", &r));
	cr_assert(r.results.items[0].configs.count == 1);
}

Test(kafka_configs, of_all_brokers_only_what_was_set_for_them_is_known)
{
	struct describe_configs_response r;
	char message[256];
	release(describe_one(4, "", &r));
	cr_assert(r.results.items[0].error_code == 0 && r.results.items[0].configs.count == 0);
	live_settings_set(&registry.live, LIVE_BROKER, "linger.ms", "1", message, sizeof message);
	live_settings_set(&registry.live, LIVE_CLUSTER, "linger.ms", "2", message, sizeof message);
	struct call_msg *call = describe_one(4, "", &r);
	const struct describe_configs_result *b = &r.results.items[0];
	cr_assert(b->configs.count == 1 && is_text(b->configs.items[0].value, "2"));
	cr_assert(b->configs.items[0].config_source == 3);
	release(call);
	call = describe_one(4, "7", &r);
	const struct describe_configs_config *c = find(&r.results.items[0], "linger.ms");
	cr_assert(is_text(c->value, "1") && c->config_source == 2 && c->synonyms.count == 3);
	release(call);
}

Test(kafka_configs, who_has_no_settings_is_told_apart)
{
	static const struct {
		int8_t type;
		const char *name;
		int16_t error;
	} cases[] = {
		{2, "nobody", KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION},
		{2, "a/b", KAFKA_ERROR_INVALID_TOPIC_EXCEPTION},
		{2, "", KAFKA_ERROR_INVALID_TOPIC_EXCEPTION},
		{4, "8", KAFKA_ERROR_INVALID_REQUEST},
		{4, "7x", KAFKA_ERROR_INVALID_REQUEST},
		{4, "07", KAFKA_ERROR_INVALID_REQUEST},
		{4, "seven", KAFKA_ERROR_INVALID_REQUEST},
		{4, "700000000000000000000", KAFKA_ERROR_INVALID_REQUEST},
		{8, "7", KAFKA_ERROR_INVALID_REQUEST},
		{0, "t", KAFKA_ERROR_INVALID_REQUEST},
		{-1, "t", KAFKA_ERROR_INVALID_REQUEST},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct describe_configs_response r;
		struct call_msg *call = describe_one(cases[i].type, cases[i].name, &r);
		cr_assert(r.results.items[0].error_code == cases[i].error, "%s", cases[i].name);
		cr_assert(r.results.items[0].error_message.size > 0);
		cr_assert(r.results.items[0].resource_type == cases[i].type);
		cr_assert(r.results.items[0].configs.count == 0);
		release(call);
	}
}

/* ---- changes ----------------------------------------------------------------------------- */

static struct ticket alter(int version, struct alter_configs_request_resource *resources,
			   int32_t count, bool validate_only)
{
	struct alter_configs_request q = {.resources = {resources, count},
					  .validate_only = validate_only};
	send_request(&calls[0], KAFKA_API_ALTER_CONFIGS, version, &alter_configs_request, &q);
	return take_parked();
}

static struct inbox_msg *take_answer(struct ticket ticket, const struct kafka_message *m,
				     int version, struct alter_configs_response *ret)
{
	struct inbox_msg *msg = take_send();
	cr_assert(msg && msg->ticket.request == ticket.request);
	read_bytes(msg->bytes, m, version, version >= m->flexible_since, ret);
	return msg;
}

Test(kafka_configs, a_change_is_a_job_and_answered_when_it_is_done)
{
	for (int version = 0; version <= NEWEST_ALTER; version++) {
		struct alter_configs_request_config c[] = {
			{text("linger.ms"), CONFIG_SET, text("9")},
			{text("segment.bytes"), CONFIG_SET, text("2097152")}};
		struct alter_configs_request_resource asked = {2, text("t"), {c, 2}};
		struct alter_configs_response r;
		struct ticket ticket = alter(version, &asked, 1, version == 1);
		cr_assert(registry.jobs_count == 1 && take_send() == NULL);
		const struct fake_job *job = &registry.jobs[0];
		cr_assert(strcmp(job->name, "t") == 0 && job->replaces && job->partitions == -1);
		cr_assert(job->validate_only == (version == 1));
		cr_assert(strcmp(job->settings, "linger.ms=9;segment.bytes=2097152;") == 0);
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
		struct inbox_msg *m = take_answer(ticket, &alter_configs_response, version, &r);
		cr_assert(r.responses.count == 1 && r.responses.items[0].error_code == 0);
		cr_assert(r.responses.items[0].error_message.data == NULL);
		cr_assert(is_text(r.responses.items[0].resource_name, "t"));
		give_send(m, INBOX_DONE);
	}
}

Test(kafka_configs, several_resources_are_answered_together_each_with_its_own_error)
{
	struct alter_configs_request_config c = {text("linger.ms"), CONFIG_SET, text("9")};
	struct alter_configs_request_resource asked[] = {{2, text("t"), {&c, 1}},
							 {2, text("nobody"), {&c, 1}},
							 {4, text("7"), {&c, 1}},
							 {4, text(""), {&c, 1}},
							 {4, text("9"), {&c, 1}}};
	struct alter_configs_response r;
	struct ticket ticket = alter(NEWEST_ALTER, asked, array_len(asked), false);
	cr_assert(registry.jobs_count == 1 && strcmp(registry.jobs[0].name, "t") == 0);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(registry.jobs_count == 1 && registry.jobs[0].scope == LIVE_BROKER);
	fake_registry_end_job(&registry, KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(registry.jobs_count == 1 && registry.jobs[0].scope == LIVE_CLUSTER);
	cr_assert(take_send() == NULL);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct inbox_msg *m = take_answer(ticket, &alter_configs_response, NEWEST_ALTER, &r);
	static const int16_t errors[] = {0, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
					 KAFKA_ERROR_INVALID_CONFIG, 0,
					 KAFKA_ERROR_INVALID_REQUEST};
	for (unsigned i = 0; i < array_len(errors); i++)
		cr_assert(r.responses.items[i].error_code == errors[i], "%u", i);
	cr_assert(is_text(r.responses.items[2].error_message, "error 40"));
	give_send(m, INBOX_DONE);
}

Test(kafka_configs, a_resource_that_is_there_twice_is_not_changed)
{
	struct alter_configs_request_config c = {text("linger.ms"), CONFIG_SET, text("9")};
	struct alter_configs_request_resource asked[] = {{2, text("t"), {&c, 1}},
							 {2, text("u"), {&c, 1}},
							 {2, text("t"), {&c, 1}}};
	struct alter_configs_response r;
	struct ticket ticket = alter(NEWEST_ALTER, asked, 3, false);
	cr_assert(registry.jobs_count == 1 && strcmp(registry.jobs[0].name, "u") == 0);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct inbox_msg *m = take_answer(ticket, &alter_configs_response, NEWEST_ALTER, &r);
	cr_assert(r.responses.count == 2, "each is answered once");
	cr_assert(r.responses.items[0].error_code == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(r.responses.items[1].error_code == 0);
	give_send(m, INBOX_DONE);
}

Test(kafka_configs, a_topic_that_is_called_as_a_broker_is_another_resource)
{
	struct alter_configs_request_config c = {text("linger.ms"), CONFIG_SET, text("9")};
	struct alter_configs_request_resource asked[] = {{2, text("7"), {&c, 1}},
							 {4, text("7"), {&c, 1}}};
	struct alter_configs_response r;
	fake_registry_add(&registry, "7", 1);
	struct ticket ticket = alter(NEWEST_ALTER, asked, 2, false);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct inbox_msg *m = take_answer(ticket, &alter_configs_response, NEWEST_ALTER, &r);
	cr_assert(r.responses.count == 2 && r.responses.items[1].error_code == 0);
	give_send(m, INBOX_DONE);
}

Test(kafka_configs, a_request_for_nothing_is_answered_with_nothing)
{
	struct alter_configs_response r;
	struct ticket ticket = alter(NEWEST_ALTER, NULL, 0, false);
	struct inbox_msg *m = take_answer(ticket, &alter_configs_response, NEWEST_ALTER, &r);
	cr_assert(r.responses.count == 0 && registry.jobs_count == 0);
	give_send(m, INBOX_DONE);
}

/* One change of topic t or of the gateway; what came of it before there is a job, or the job's
 * settings. */
static int16_t change(int8_t type, const char *name, int8_t operation, const char *key,
		      const char *value)
{
	struct alter_configs_request_config c = {
		text(key), operation, value ? text(value) : (struct bytes){0}};
	struct alter_configs_request_resource asked = {type, text(name), {&c, 1}};
	struct alter_configs_request q = {.resources = {&asked, 1}};
	struct alter_configs_response r;
	send_request(&calls[0], KAFKA_API_INCREMENTAL_ALTER_CONFIGS, NEWEST_INCREMENTAL,
		     &incremental_alter_configs_request, &q);
	struct ticket ticket = take_parked();
	if (registry.jobs_count == 1) {
		cr_assert(!registry.jobs[0].replaces);
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	}
	struct inbox_msg *m = take_answer(ticket, &incremental_alter_configs_response,
					  NEWEST_INCREMENTAL, &r);
	int16_t error = r.responses.items[0].error_code;
	cr_assert(!error || r.responses.items[0].error_message.size > 0);
	give_send(m, INBOX_DONE);
	return error;
}

/* The fake registry's jobs move up in their array, and leave the last one behind. */
static const char *asked_for(void)
{
	return registry.jobs[0].settings;
}

Test(kafka_configs, single_settings_are_set_and_taken_back)
{
	cr_assert(change(2, "t", CONFIG_SET, "linger.ms", "9") == 0);
	cr_assert(strcmp(asked_for(), "linger.ms=9;") == 0);
	cr_assert(change(2, "t", CONFIG_DELETE, "linger.ms", NULL) == 0);
	cr_assert(strcmp(asked_for(), "linger.ms;") == 0);
	cr_assert(change(2, "t", CONFIG_DELETE, "linger.ms", "9") == 0);
	cr_assert(strcmp(asked_for(), "linger.ms;") == 0, "the value means nothing");
	cr_assert(change(4, "7", CONFIG_SET, "num.partitions", "2") == 0);
}

Test(kafka_configs, lists_and_only_lists_are_appended_to_and_subtracted_from)
{
	cr_assert(change(2, "t", CONFIG_APPEND, "cleanup.policy", "compact") == 0);
	cr_assert(strcmp(asked_for(), "cleanup.policy=delete,compact;") == 0, "%s", asked_for());
	cr_assert(change(2, "t", CONFIG_SUBTRACT, "cleanup.policy", "compact") == 0);
	cr_assert(strcmp(asked_for(), "cleanup.policy=delete;") == 0);
	cr_assert(change(2, "t", CONFIG_APPEND, "linger.ms", "9") == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(change(4, "7", CONFIG_SUBTRACT, "num.partitions", "9") ==
		  KAFKA_ERROR_INVALID_CONFIG);
}

Test(kafka_configs, what_cannot_be_meant_is_refused_before_there_is_a_job)
{
	cr_assert(change(2, "t", 4, "linger.ms", "9") == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(change(2, "t", -1, "linger.ms", "9") == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(change(2, "t", CONFIG_SET, "linger.ms", NULL) == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(change(2, "t", CONFIG_SET, "linger.ms", "9\n") == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(change(2, "t", CONFIG_SET, "linger\x1b", "9") == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(change(2, "t/", CONFIG_SET, "linger.ms", "9") ==
		  KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(registry.jobs_count == 0);
}

Test(kafka_configs, what_is_only_to_be_checked_is_not_changed)
{
	struct alter_configs_request_config c = {text("linger.ms"), CONFIG_SET,
							     text("1")};
	struct alter_configs_request_resource asked = {2, text("t"), {&c, 1}};
	struct alter_configs_request q = {.resources = {&asked, 1},
						      .validate_only = true};
	send_request(&calls[0], KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 1,
		     &incremental_alter_configs_request, &q);
	take_parked();
	cr_assert(registry.jobs_count == 1 && registry.jobs[0].validate_only);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	give_send(take_send(), INBOX_DONE);
}

Test(kafka_configs, a_setting_that_is_there_twice_is_not_changed)
{
	struct alter_configs_request_config c[] = {
		{text("linger.ms"), CONFIG_SET, text("1")},
		{text("linger.ms"), CONFIG_DELETE, {0}}};
	struct alter_configs_request_resource asked = {2, text("t"), {c, 2}};
	struct alter_configs_request q = {.resources = {&asked, 1}};
	struct alter_configs_response r;
	send_request(&calls[0], KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 0,
		     &incremental_alter_configs_request, &q);
	struct ticket ticket = take_parked();
	struct inbox_msg *m = take_answer(ticket, &incremental_alter_configs_response, 0, &r);
	cr_assert(r.responses.items[0].error_code == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(registry.jobs_count == 0);
	give_send(m, INBOX_DONE);
}

Test(kafka_configs, a_gateway_that_ends_forgets_who_still_waits)
{
	struct alter_configs_request_config c = {text("linger.ms"), CONFIG_SET, text("9")};
	struct alter_configs_request_resource asked = {2, text("t"), {&c, 1}};
	alter(NEWEST_ALTER, &asked, 1, false);
	kafka_api_rig_end();
	cr_assert(registry.jobs_count == 0);
}
