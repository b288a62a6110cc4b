/* test_registry.c - topics come, grow, change, go, and survive restarts and crashes. */
#include "control/catalog/registry_index.h"
#include "control/catalog/uuid.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry, .init = setup, .fini = teardown);

static const struct topic *snapshot_topic(const char *name)
{
	return topics_find(r.topics, (struct bytes){(const uint8_t *)name, strlen(name)});
}

static bool said(const char *words)
{
	return strstr(r.said, words) != NULL;
}

Test(registry, an_empty_directory_is_made_a_log_directory_of_kafkas)
{
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(registry_is_ready(r.registry) && registry_count(r.registry) == 0);
	cr_assert(strstr(rig_read(&r, "meta.properties"), "version=1\ncluster.id="));
	cr_assert(strstr(rig_read(&r, "meta.properties"), "\nnode.id=1\ndirectory.id="));
	cr_assert(strlen(registry_cluster_id(r.registry)) == 22);
	rig_stop(&r);
	cr_assert(rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry, a_created_topic_is_on_disk_served_and_published)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "vehicles", 3);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	cr_assert(r.result.topic == rig_topic(&r, "vehicles"));
	cr_assert(faults.served == 3);
	const struct topic *t = snapshot_topic("vehicles");
	cr_assert(t && t->partitions == 3 && t->options.batch_bytes == 65536 &&
		  t->options.linger_ms == 5);
	cr_assert(rig_exists(&r, "vehicles-2") && !rig_exists(&r, "vehicles-3"));
	char id[UUID_TEXT_BYTES], expected[64];
	snprintf(expected, sizeof expected, "version: 0\ntopic_id: %s\n",
		 uuid_format(t->id, id));
	cr_assert(strcmp(rig_read(&r, "vehicles-1/partition.metadata"), expected) == 0);
	rig_stop(&r);
}

Test(registry, each_writer_opens_and_closes_the_partitions_of_its_slots)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "five", 5);
	cr_assert(faults.served_by[0] == 3 && faults.served_by[1] == 2);
	rig_create(&r, "two", 2);
	rig_alter(&r, "five", 6, NULL, 0);
	cr_assert(faults.served_by[0] == 4 && faults.served_by[1] == 4);
	rig_delete(&r, "two");
	cr_assert(faults.served_by[0] == 3 && faults.served_by[1] == 3);
	rig_stop(&r);
	cr_assert(faults.served_by[0] == 0 && faults.served_by[1] == 0);
	cr_assert(rig_open(&r));
	cr_assert(faults.served_by[0] == 3 && faults.served_by[1] == 3);
	rig_stop(&r);
}

static void note_error(void *owner, const struct registry_result *result)
{
	*(int16_t *)owner = result->error;
}

Test(registry, a_large_topic_comes_and_goes_a_few_directories_a_turn)
{
	int16_t error = -1000;
	struct registry_request request = {.name = "large",
					   .partitions = 200,
					   .replication_factor = -1,
					   .done = note_error,
					   .owner = &error};
	cr_assert(rig_open(&r));
	registry_create_topic(r.registry, &request);
	while (!rig_exists(&r, "large-0"))
		cr_assert(registry_turn(r.registry, ++r.now_ns));
	cr_assert(!rig_exists(&r, "large-199"));
	rig_turns(&r);
	cr_assert(error == 0 && rig_exists(&r, "large-199") && faults.served == 200);
	error = -1000;
	registry_delete_topic(r.registry, &request);
	while (rig_exists(&r, "large-0"))
		rig_turn(&r);
	cr_assert(error == -1000 && rig_exists(&r, "large-199"));
	rig_turns(&r);
	cr_assert(error == 0 && !rig_exists(&r, "large-199"));
	rig_stop(&r);
}

/* A power cut during a creation leaves names whose files were never synced. */
Test(registry, a_partition_that_does_not_say_whose_it_is_is_told)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	char was[256];
	snprintf(was, sizeof was, "%s", rig_read(&r, "t-1/partition.metadata"));
	rig_stop(&r);
	rig_write(&r, "t-1/partition.metadata", "");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(strcmp(rig_read(&r, "t-1/partition.metadata"), was) == 0);
	rig_stop(&r);
}

Test(registry, topics_ids_and_settings_survive_a_restart)
{
	struct registry_setting snappy = {"compression.type", "snappy"};
	uint8_t id[16];
	cr_assert(rig_open(&r));
	rig_create(&r, "vehicles", 2);
	rig_alter(&r, "vehicles", -1, &snappy, 1);
	memcpy(id, rig_topic(&r, "vehicles")->topic.id, 16);
	rig_stop(&r);
	cr_assert(rig_open(&r), "%s", r.message);
	const struct registry_topic *t = rig_topic(&r, "vehicles");
	cr_assert(t && t->topic.partitions == 2 && memcmp(t->topic.id, id, 16) == 0);
	cr_assert(t->settings.topic.compression_type == COMPRESSION_SNAPPY &&
		  t->topic.options.compression_type == COMPRESSION_SNAPPY);
	cr_assert(registry_find_id(r.registry, id) == t);
	rig_stop(&r);
}

Test(registry, a_clean_stop_is_known_at_the_next_start_and_only_then)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_stop(&r);
	cr_assert(rig_open(&r) && faults.last_is_clean);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
	rig_crash(&r);
	cr_assert(rig_open(&r) && !faults.last_is_clean);
	rig_stop(&r);
}

Test(registry, watermarks_can_be_asked_for_after_the_logs_were_closed)
{
	struct log_marks marks;
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	uint32_t slot = rig_topic(&r, "t")->topic.refs[0].slot;
	r.marks[slot].marks = (struct log_marks){.high_watermark = 77};
	registry_stop(r.registry);
	rig_turns(&r);
	cr_assert(registry_is_stopped(r.registry));
	registry_marks(r.registry, rig_topic(&r, "t"), 0, &marks);
	cr_assert(marks.high_watermark == 77);
	registry_close(r.registry);
	log_dir_close(&r.dirs[0]);
}

Test(registry, partitions_grow_and_never_shrink)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	rig_alter(&r, "t", 5, NULL, 0);
	cr_assert(r.result.error == 0 && snapshot_topic("t")->partitions == 5);
	cr_assert(faults.served == 5);
	rig_alter(&r, "t", 5, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_PARTITIONS);
	rig_alter(&r, "t", 3, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_PARTITIONS);
	cr_assert(strstr(r.result.message, "ask for more than 5"), "%s",
		  r.result.message);
	rig_stop(&r);
	cr_assert(rig_open(&r) && rig_topic(&r, "t")->topic.partitions == 5);
	rig_stop(&r);
}

Test(registry, settings_reach_pollers_and_writers_and_fall_back)
{
	struct registry_setting set[] = {{"linger.ms", "50"},
					 {"segment.bytes", "2097152"},
					 {"index.interval.bytes", "12345"},
					 {"max.message.bytes", "543210"}};
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_alter(&r, "t", -1, set, array_len(set));
	cr_assert(r.result.error == 0 && snapshot_topic("t")->options.linger_ms == 50);
	cr_assert(faults.last_options.segment_bytes == 2097152);
	cr_assert(faults.last_options.index_interval_bytes == 12345);
	cr_assert(faults.last_options.message_bytes_max == 543210);
	set[0].value = NULL;
	rig_alter(&r, "t", -1, set, 1);
	cr_assert(snapshot_topic("t")->options.linger_ms == 5);
	cr_assert(faults.last_options.segment_bytes == 2097152);
	set[0] = (struct registry_setting){"lingerms", "5"};
	rig_alter(&r, "t", 4, set, 1);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(strstr(r.result.message, "nearest: linger.ms"), "%s", r.result.message);
	cr_assert(snapshot_topic("t")->partitions == 1);
	rig_stop(&r);
}

Test(registry, a_deleted_topic_is_gone_and_its_slot_gets_a_new_generation)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	struct partition_ref old = rig_topic(&r, "t")->topic.refs[0];
	uint8_t id[16];
	memcpy(id, rig_topic(&r, "t")->topic.id, 16);
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0 && !rig_topic(&r, "t") && !snapshot_topic("t"));
	cr_assert(!rig_exists(&r, "t-0") && !rig_exists(&r, ".t.json") &&
		  faults.served == 0);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	rig_create(&r, "t", 1);
	struct partition_ref new = rig_topic(&r, "t")->topic.refs[0];
	cr_assert(new.slot == old.slot &&new.generation == old.generation + 1);
	cr_assert(memcmp(id, rig_topic(&r, "t")->topic.id, 16) != 0);
	rig_stop(&r);
}

static void create_refused(const char *name, int32_t partitions, int16_t error)
{
	unsigned calls = faults.calls;
	rig_create(&r, name, partitions);
	cr_assert(r.result.error == error, "%s: %d", name, r.result.error);
	cr_assert(r.result.message[0] && !r.result.topic);
	cr_assert(faults.calls == calls, "a refused topic touches no disk");
}

/* So many topics that there is room for an operator's only. */
static struct entry *fill_table(struct registry *registry)
{
	struct entry *all = calloc(TOPICS_MAX - TOPICS_KEPT, sizeof *all);
	for (unsigned i = 0; i < TOPICS_MAX - TOPICS_KEPT; i++) {
		snprintf(all[i].shown.topic.name, sizeof all[i].shown.topic.name, "t%u", i);
		registry_insert(registry, &all[i]);
	}
	return all;
}

Test(registry, the_last_eighth_of_the_table_is_an_operators)
{
	enum { MOST = PARTITIONS_MAX - PARTITIONS_KEPT };
	cr_assert(rig_open(&r));
	rig_check(&r, "wide", MOST, true);
	cr_assert(r.result.error == 0);
	rig_check(&r, "wide", MOST + 1, true);
	cr_assert(r.result.error == KAFKA_ERROR_POLICY_VIOLATION);
	rig_check(&r, "wide", MOST + 1, false);
	cr_assert(r.result.error == 0);
	struct entry *all = fill_table(r.registry);
	rig_check(&r, "one-more", 1, true);
	cr_assert(r.result.error == KAFKA_ERROR_POLICY_VIOLATION);
	cr_assert(strstr(r.result.message, "for an operator to create"), "%s", r.result.message);
	rig_check(&r, "one-more", 1, false);
	cr_assert(r.result.error == 0);
	r.registry->entry_count = 0;
	free(all);
	rig_stop(&r);
}

Test(registry, names_and_counts_are_refused_as_kafka_refuses_them)
{
	char long_name[TOPIC_NAME_BYTES_MAX + 2] = {0};
	memset(long_name, 'x', sizeof long_name - 1);
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	create_refused("t", 1, KAFKA_ERROR_TOPIC_ALREADY_EXISTS);
	create_refused("", 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused(".", 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused("..", 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused("a/b", 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused("caf\xc3\xa9", 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused(long_name, 1, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	create_refused("u", 0, KAFKA_ERROR_INVALID_PARTITIONS);
	create_refused("u", -2, KAFKA_ERROR_INVALID_PARTITIONS);
	create_refused("u", PARTITIONS_MAX, KAFKA_ERROR_INVALID_PARTITIONS);
	rig_set(&r, LIVE_BROKER, &(struct registry_setting){"default.replication.factor", "3"}, 1);
	create_refused("u", 1, KAFKA_ERROR_INVALID_REPLICATION_FACTOR);
	cr_assert(strstr(r.result.message, "default.replication.factor"), "%s",
		  r.result.message);
	rig_stop(&r);
}

Test(registry, a_name_of_249_characters_works_through_create_restart_and_delete)
{
	char name[250];
	memset(name, 'y', 249);
	name[249] = '\0';
	cr_assert(rig_open(&r));
	rig_create(&r, name, 12);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
	cr_assert(rig_open(&r), "%s", r.message);
	rig_delete(&r, name);
	cr_assert(r.result.error == 0 && r.said[0] == '\0', "%s", r.said);
	rig_stop(&r);
}

Test(registry, a_full_disk_refuses_a_topic_but_not_a_deletion)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	faults.is_full = true;
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "No space left on device"));
	faults.is_full = true;
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	cr_assert(!rig_exists(&r, "t-0") && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
}

Test(registry, no_topic_takes_larger_batches_than_the_gateway_has_memory_for)
{
	const struct registry_setting large = {"max.message.bytes", "2000000"};
	const struct registry_setting same = {"max.message.bytes", "1048588"};
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_alter(&r, "t", -1, &large, 1);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(strstr(r.result.message, "message.max.bytes 1048588"), "%s", r.result.message);
	rig_alter(&r, "t", -1, &same, 1);
	cr_assert(r.result.error == 0);
	rig_stop(&r);
}

Test(registry, deletion_can_be_forbidden)
{
	r.settings.delete_topic_enable = false;
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_TOPIC_DELETION_DISABLED &&
		  rig_topic(&r, "t"));
	rig_stop(&r);
}

Test(registry, a_writer_that_refuses_undoes_the_creation)
{
	cr_assert(rig_open(&r));
	faults.open_error = -ENOMEM;
	faults.open_good = 2;
	rig_create(&r, "t", 4);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(!rig_topic(&r, "t") && !rig_exists(&r, "t-0") &&
		  !rig_exists(&r, ".t.json"));
	cr_assert(faults.served == 0 && faults.logs_open == 0);
	faults.open_error = 0;
	rig_create(&r, "t", 2);
	faults.open_error = -ENOMEM;
	faults.open_good = 1;
	rig_alter(&r, "t", 4, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(snapshot_topic("t")->partitions == 2 && faults.served == 2);
	cr_assert(rig_exists(&r, "t-1") && !rig_exists(&r, "t-2") &&
		  !rig_exists(&r, "t-3"));
	rig_stop(&r);
}

Test(registry, jobs_wait_for_each_other_and_for_a_slow_writer)
{
	cr_assert(rig_open(&r));
	faults.writer_is_slow = true;
	rig_create(&r, "t", 2);
	rig_create(&r, "t", 2);
	rig_delete(&r, "t");
	cr_assert(r.done == 0 && registry_is_busy(r.registry) && !rig_topic(&r, "t"));
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(r.done == 3 && r.result.error == 0 && !rig_topic(&r, "t"));
	cr_assert(!registry_is_busy(r.registry));
	rig_stop(&r);
}

Test(registry, jobs_that_have_not_begun_end_with_the_gateway)
{
	cr_assert(rig_open(&r));
	faults.writer_is_slow = true;
	rig_create(&r, "t", 1);
	rig_alter(&r, "t", 2, NULL, 0);
	registry_stop(r.registry);
	cr_assert(r.done == 1 && r.result.error == KAFKA_ERROR_BROKER_NOT_AVAILABLE);
	rig_create(&r, "u", 1);
	faults.writer_is_slow = false;
	rig_stop(&r);
	cr_assert(r.done == 3 && r.result.error == KAFKA_ERROR_BROKER_NOT_AVAILABLE);
	cr_assert(rig_exists(&r, "t-0") && !rig_exists(&r, "t-1") && !rig_exists(&r, "u-0"));
}

Test(registry, topics_of_listeners_are_made_at_start)
{
	char said_text[64];
	FILE *none = fmemopen(said_text, sizeof said_text, "w");
	settings_assign(&r.settings,
			"listeners=GBT32960://:1,FLEET://:2,KAFKA://:3,UDP://:4", none);
	settings_assign(&r.settings, "listener.protocol.map=FLEET:GBT32960", none);
	settings_assign(&r.settings, "listener.name.fleet.topic=gbt32960", none);
	settings_assign(&r.settings, "num.partitions=4", none);
	settings_finish(&r.settings, none);
	fclose(none);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(registry_is_ready(r.registry), "%s", registry_fault(r.registry));
	cr_assert(registry_count(r.registry) == 2);
	cr_assert(strcmp(registry_at(r.registry, 0)->topic.name, "gbt32960") == 0);
	cr_assert(strcmp(registry_at(r.registry, 1)->topic.name, "udp") == 0);
	cr_assert(registry_at(r.registry, 0)->topic.partitions == 4);
	rig_stop(&r);
}

Test(registry, a_directory_of_kafkas_is_taken_up_with_its_id)
{
	char command[256];
	snprintf(command, sizeof command,
		 "mkdir %s/events-0 %s/events-1 %s/__cluster_metadata-0", r.directory,
		 r.directory, r.directory);
	cr_assert(system(command) == 0);
	rig_write(&r, "meta.properties",
		  "#\nversion=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nnode.id=1\n");
	rig_write(&r, "events-0/partition.metadata",
		  "version: 0\ntopic_id: 4HFRS8UfSUGD5Mg7pVVcXg\n");
	rig_write(&r, "events-1/00000000000000000000.log", "");
	cr_assert(rig_open(&r), "%s", r.message);
	const struct registry_topic *t = rig_topic(&r, "events");
	char id[UUID_TEXT_BYTES];
	cr_assert(t && t->topic.partitions == 2 && registry_count(r.registry) == 1);
	cr_assert(strcmp(uuid_format(t->topic.id, id), "4HFRS8UfSUGD5Mg7pVVcXg") == 0);
	cr_assert(strcmp(registry_cluster_id(r.registry), "MkU3OEVBNTcwNTJENDM2Qg") == 0);
	cr_assert(said("topic events: taken up with 2 partitions"), "%s", r.said);
	rig_stop(&r);
}

Test(registry, the_directory_of_another_node_is_refused)
{
	cr_assert(rig_open(&r));
	rig_stop(&r);
	r.settings.node_id = 7;
	cr_assert(!rig_open(&r));
	cr_assert(strstr(r.message, "belongs to node 1"), "%s", r.message);
}

Test(registry, a_corrupt_log_is_served_but_leaves_no_clean_mark)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_stop(&r);
	faults.log_is_corrupt = true;
	cr_assert(rig_open(&r));
	cr_assert(said("/t-0: damage at offset 7"), "%s", r.said);
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry, a_partition_that_fails_is_said_once_and_leaves_no_clean_mark)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	r.marks[rig_topic(&r, "t")->topic.refs[1].slot].marks =
		(struct log_marks){.is_fenced = true, .fence_error = -ENOSPC};
	rig_wait(&r, 3);
	const char *line = strstr(r.said, "/t-1: No space left on device");
	cr_assert(line && !strstr(line + 1, "/t-1:"), "%s", r.said);
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}

/* After the next start the topic has either all `partitions` or is not there at all, and
 * no file tells of it then. */
static void check_whole_or_gone(unsigned call, const char *name, uint32_t before,
				uint32_t after)
{
	cr_assert(rig_open(&r), "call %u: %s", call, r.message);
	const struct registry_topic *t = rig_topic(&r, name);
	uint32_t partitions = t ? t->topic.partitions : 0;
	cr_assert(partitions == before || partitions == after, "call %u: %u", call,
		  partitions);
	for (uint32_t i = 0; i < 8; i++) {
		char directory[64];
		snprintf(directory, sizeof directory, "%s-%u", name, i);
		cr_assert(rig_exists(&r, directory) == (i < partitions), "call %u: %s",
			  call, directory);
	}
	cr_assert(rig_exists(&r, ".t.json") == (partitions > 0), "call %u", call);
	rig_stop(&r);
}

Test(registry, a_crash_at_any_call_of_a_creation_leaves_it_whole_or_gone, .timeout = 60)
{
	bool has_ended = false;
	for (unsigned call = 1; !has_ended; call++) {
		cr_assert(rig_open(&r));
		faults.calls_left = call;
		rig_create(&r, "t", 3);
		has_ended = !faults.is_dead;
		rig_crash(&r);
		check_whole_or_gone(call, "t", 0, 3);
		rig_fini(&r);
		rig_init(&r);
	}
}

Test(registry, a_crash_at_any_call_of_a_growth_leaves_old_or_new, .timeout = 60)
{
	bool has_ended = false;
	for (unsigned call = 1; !has_ended; call++) {
		cr_assert(rig_open(&r));
		rig_create(&r, "t", 2);
		faults.calls_left = call;
		rig_alter(&r, "t", 5, NULL, 0);
		has_ended = !faults.is_dead;
		rig_crash(&r);
		check_whole_or_gone(call, "t", 2, 5);
		rig_fini(&r);
		rig_init(&r);
	}
}

Test(registry, a_crash_at_any_call_of_a_deletion_leaves_all_or_nothing, .timeout = 60)
{
	bool has_ended = false;
	for (unsigned call = 1; !has_ended; call++) {
		cr_assert(rig_open(&r));
		rig_create(&r, "t", 3);
		uint8_t id[UUID_BYTES];
		memcpy(id, rig_topic(&r, "t")->topic.id, sizeof id);
		faults.calls_left = call;
		rig_delete(&r, "t");
		has_ended = !faults.is_dead;
		rig_crash(&r);
		check_whole_or_gone(call, "t", 3, 0);
		/* Not another topic of the same name, made of what was left. */
		cr_assert(rig_open(&r));
		cr_assert(!rig_topic(&r, "t") ||
				  memcmp(rig_topic(&r, "t")->topic.id, id, sizeof id) == 0,
			  "call %u", call);
		rig_stop(&r);
		rig_fini(&r);
		rig_init(&r);
	}
}

/* Adopted as a stranger's it would come back empty, and with a recovery point. */
Test(registry, a_topic_marked_as_deleted_is_not_taken_up_again)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 3);
	rig_crash(&r);
	char file[1024];
	snprintf(file, sizeof file, "%s", rig_read(&r, ".t.json"));
	char *mark = strstr(file, "\"deleting\": false");
	cr_assert(mark, "%s", file);
	memcpy(mark, "\"deleting\": true ", strlen("\"deleting\": false"));
	rig_write(&r, ".t.json", file);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(!rig_topic(&r, "t") && !rig_exists(&r, "t-0") && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
}

Test(registry, uuids_are_22_characters_and_read_back)
{
	uint8_t id[UUID_BYTES], again[UUID_BYTES];
	char text[UUID_TEXT_BYTES];
	uuid_make(id);
	cr_assert(strlen(uuid_format(id, text)) == 22);
	cr_assert(uuid_parse(text, again) && memcmp(id, again, UUID_BYTES) == 0);
	cr_assert(!uuid_parse("short", again));
	cr_assert(!uuid_parse("4HFRS8UfSUGD5Mg7pVVc!g", again));
}
