/* test_registry_offline.c - one bad thing does not stop the rest: what is missing, damaged or
 * gone is offline, as it was, and told; all else is served; a full disk lets topics go. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_offline, .init = setup, .fini = teardown);

static bool said(const char *words)
{
	return strstr(r.said, words) != NULL;
}

/* ---- found at start --------------------------------------------------------------------- */

/* Two topics of two partitions; stopped. */
static void make_two(void)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	rig_create(&r, "u", 2);
	rig_stop(&r);
	r.said[0] = '\0';
}

/* Partition 1 of t is offline for a reason with `words` in it, and as it was; all else is
 * served, at this start and, when `mend` was run, with it again. */
static void check_one_offline(const char *words, const char *mend)
{
	rig_run(&r, "find . -path './t-1*' -printf '%%p %%s %%T@\n' | sort > /tmp/before.$PPID");
	cr_assert(rig_open(&r), "%s", r.message);
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(t && registry_is_offline(r.registry, t, 1), "%s", r.said);
	cr_assert(strstr(registry_partition_fault(r.registry, t, 1), words), "%s",
		  registry_partition_fault(r.registry, t, 1));
	cr_assert(said("t-1 is OFFLINE") && said(words), "%s", r.said);
	cr_assert(faults.served == 3 && faults.offline == 1);
	cr_assert(registry_partition_fault(r.registry, t, 0)[0] == '\0');
	rig_stop(&r);
	rig_run(&r, "find . -path './t-1*' -printf '%%p %%s %%T@\n' | sort | "
		    "cmp - /tmp/before.$PPID && rm /tmp/before.$PPID");
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
	rig_run(&r, mend);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 4 && faults.offline == 0);
	rig_stop(&r);
}

Test(registry_offline, a_segment_that_is_a_directory_takes_its_partition_offline)
{
	make_two();
	rig_run(&r, "mkdir t-1/00000000000000000000.log");
	check_one_offline("00000000000000000000.log: it is no file",
			  "rmdir t-1/00000000000000000000.log");
}

Test(registry_offline, a_segment_that_points_nowhere_takes_its_partition_offline)
{
	make_two();
	rig_run(&r, "ln -s nowhere t-1/00000000000000000000.index");
	check_one_offline("00000000000000000000.index: No such file",
			  "rm t-1/00000000000000000000.index");
}

Test(registry_offline, a_damaged_partition_metadata_takes_its_partition_offline)
{
	make_two();
	rig_run(&r, "cp t-1/partition.metadata kept; echo version: 0 > t-1/partition.metadata");
	check_one_offline("partition.metadata is damaged", "mv kept t-1/partition.metadata");
}

Test(registry_offline, a_partition_metadata_that_is_a_directory_takes_its_partition_offline)
{
	make_two();
	rig_run(&r, "mv t-1/partition.metadata kept; mkdir t-1/partition.metadata");
	check_one_offline("partition.metadata: Is a directory",
			  "rmdir t-1/partition.metadata; mv kept t-1/partition.metadata");
}

Test(registry_offline, a_partition_of_another_topic_is_not_served_as_this_one)
{
	make_two();
	rig_run(&r, "mv t-1 kept; cp -r u-1 t-1");
	check_one_offline("names another topic id", "rm -r t-1; mv kept t-1");
}

Test(registry_offline, a_partition_that_is_a_file_is_offline)
{
	make_two();
	rig_run(&r, "mv t-1 kept; echo mine > t-1");
	check_one_offline("Not a directory", "rm t-1; mv kept t-1");
}

Test(registry_offline, a_directory_full_of_something_else_is_no_partition)
{
	make_two();
	rig_run(&r, "mv t-1 kept; mkdir t-1; echo mine > t-1/notes.txt");
	check_one_offline("something else than a partition", "rm -r t-1; mv kept t-1");
}

Test(registry_offline, a_log_that_cannot_be_opened_takes_its_partition_offline)
{
	make_two();
	faults.log_error = -EIO;
	faults.log_error_at = "t-1";
	rig_write(&r, "recovery-point-offset-checkpoint", "0\n2\nt 0 5\nt 1 1234\n");
	rig_write(&r, "log-start-offset-checkpoint", "0\n2\nt 0 5\nt 1 1200\n");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(said("t-1 is OFFLINE, all else is served: Input/output error"), "%s", r.said);
	rig_stop(&r);
	/* What is known of it is kept for the day it is mended. */
	cr_assert(strstr(rig_read(&r, "recovery-point-offset-checkpoint"), "\nt 1 1234\n"));
	cr_assert(strstr(rig_read(&r, "log-start-offset-checkpoint"), "\nt 1 1200\n"));
	cr_assert(strstr(rig_read(&r, "replication-offset-checkpoint"), "0\n3\n"));
}

Test(registry_offline, want_of_memory_stops_the_start)
{
	make_two();
	faults.log_error = -ENOMEM;
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(strstr(registry_fault(r.registry), "Cannot allocate memory") &&
			  !registry_is_ready(r.registry),
		  "%s", registry_fault(r.registry));
}

Test(registry_offline, a_cut_topic_file_takes_its_topic_offline)
{
	make_two();
	rig_write(&r, ".t.json", "{\"version\":0,\"name\":\"t\"");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(said("topic t: partitions 0-1 are OFFLINE") && said(".t.json: line 1"), "%s",
		  r.said);
	cr_assert(faults.served == 2 && faults.offline == 2);
	rig_alter(&r, "t", 4, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_create(&r, "t", 2);
	cr_assert(r.result.error == KAFKA_ERROR_TOPIC_ALREADY_EXISTS);
	cr_assert(!strchr(rig_read(&r, ".t.json"), '}'), "the file is evidence");
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0 && !rig_exists(&r, "t-0") && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
}

Test(registry_offline, a_topic_file_that_makes_no_sense_takes_its_topic_offline)
{
	static const char *const texts[] = {
		"", "[]", "{\"version\":0,\"name\":\"t\"}",
		"{\"version\":1,\"name\":\"t\",\"id\":\"4HFRS8UfSUGD5Mg7pVVcXg\","
		"\"partitions\":2,\"ready\":2,\"deleting\":false,\"config\":{}}",
		"{\"version\":0,\"name\":\"u\",\"id\":\"4HFRS8UfSUGD5Mg7pVVcXg\","
		"\"partitions\":2,\"ready\":2,\"deleting\":false,\"config\":{}}",
	};
	make_two();
	for (unsigned i = 0; i < array_len(texts); i++) {
		rig_write(&r, ".t.json", texts[i]);
		cr_assert(rig_open(&r), "%u: %s", i, r.message);
		cr_assert(faults.served == 2 && faults.offline == 2, "%u: %s", i, r.said);
		rig_stop(&r);
	}
	/* Removed, its directories are taken up as they are. */
	rig_run(&r, "rm .t.json");
	cr_assert(rig_open(&r) && faults.served == 4);
	rig_stop(&r);
}

/* Of a partition whose making was cut short; of one that was served it is evidence. */
Test(registry_offline, half_of_an_id_is_no_fault_of_a_partition_that_nobody_was_served)
{
	static const char *const ready[] = {"2", "1"};
	make_two();
	rig_write(&r, "t-1/partition.metadata", "version: 0\ntopic_");
	for (unsigned i = 0; i < array_len(ready); i++) {
		char command[128];
		snprintf(command, sizeof command,
			 "sed -i 's/\"ready\": [0-9]*/\"ready\": %s/' .t.json", ready[i]);
		rig_run(&r, command);
		cr_assert(rig_open(&r), "%s", r.message);
		cr_assert(faults.offline == (i == 0) && faults.served == 3 + i, "%s", r.said);
		rig_stop(&r);
	}
}

Test(registry_offline, a_damaged_meta_properties_is_said_and_left_as_it_is)
{
	static const char *const texts[] = {"", ("\x7f" "ELF garbage\n"), "node.id=\ncluster.id=\n",
					    "version=1\nnode.id=1\n",
					    "node.id=1\ncluster.id=x\x01y\n"};
	make_two();
	for (unsigned i = 0; i < array_len(texts); i++) {
		rig_write(&r, "meta.properties", texts[i]);
		cr_assert(rig_open(&r), "%u: %s", i, r.message);
		cr_assert(faults.served == 4 && said("meta.properties") && said("restore it"),
			  "%u: %s", i, r.said);
		cr_assert(strlen(registry_cluster_id(r.registry)) == 22);
		cr_assert(registry_directory_fault(r.registry)[0]);
		rig_stop(&r);
		cr_assert(strcmp(rig_read(&r, "meta.properties"), texts[i]) == 0);
		r.said[0] = '\0';
	}
	rig_run(&r, "rm meta.properties; mkdir meta.properties");
	cr_assert(rig_open(&r) && said("meta.properties cannot be read"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_offline, a_cluster_id_is_kept_when_the_node_is_not_named)
{
	rig_write(&r, "meta.properties", "cluster.id=MkU3OEVBNTcwNTJENDM2Qg\n");
	cr_assert(rig_open(&r) && said("names no node.id"), "%s", r.said);
	cr_assert(strcmp(registry_cluster_id(r.registry), "MkU3OEVBNTcwNTJENDM2Qg") == 0);
	rig_stop(&r);
}

Test(registry_offline, checkpoints_of_garbage_are_said)
{
	make_two();
	rig_write(&r, "recovery-point-offset-checkpoint", "\x01\x02");
	rig_run(&r, "rm .kafka_cleanshutdown; mkdir .kafka_cleanshutdown");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(!faults.last_is_clean && faults.served == 4);
	cr_assert(said("recovery-point-offset-checkpoint is damaged") &&
		  said(".kafka_cleanshutdown is a directory"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_offline, a_missing_partition_is_offline_and_says_what_to_do)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 4);
	rig_stop(&r);
	rig_run(&r, "rm -r t-1 t-2");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(said("topic t: partitions 1-2 are OFFLINE, all else is served: the directory "
		       "is missing: restore it, or accept the loss"), "%s", r.said);
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(t->topic.partitions == 4 && faults.served == 2 && faults.offline == 2);
	cr_assert(registry_is_offline(r.registry, t, 1) &&
		  !registry_is_offline(r.registry, t, 3));
	cr_assert(!rig_exists(&r, "t-1") && !rig_exists(&r, "t-2"));
	rig_stop(&r);
	rig_run(&r, "mkdir t-1 t-2");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 4 && faults.offline == 0);
	rig_stop(&r);
}

/* ---- what goes while it is served ------------------------------------------------------ */

static void check_all_lost(const char *take_away)
{
	char command[256];
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 3);
	rig_wait(&r, 2);
	cr_assert(faults.fenced == 0 && r.said[0] == '\0', "%s", r.said);
	snprintf(command, sizeof command, "d=$PWD; cd / && %s", take_away);
	rig_run(&r, command);
	rig_wait(&r, 1);
	cr_assert(faults.fenced == 3, "%u", faults.fenced);
	const char *line = strstr(r.said, "all partitions are OFFLINE");
	cr_assert(line && !strchr(line, '\n')[1], "%s", r.said);
	cr_assert(registry_is_offline(r.registry, rig_topic(&r, "t"), 2));
	cr_assert(strstr(registry_directory_fault(r.registry), "under the gateway"));
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_alter(&r, "t", 5, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_wait(&r, 61);
	cr_assert(faults.fenced == 3);
	rig_stop(&r);
}

Test(registry_offline, a_log_directory_that_is_removed_takes_all_partitions_offline)
{
	check_all_lost("rm -r $d");
	cr_assert(!rig_exists(&r, ""));
}

Test(registry_offline, nothing_is_written_into_another_directory_at_the_same_path)
{
	check_all_lost("mv $d $d.kept && mkdir -p $d/t-0 && touch $d/t-0/photos");
	rig_run(&r, "find . | sort | tr '\n' ' ' | grep -qx '. ./t-0 ./t-0/photos '");
	rig_run(&r, "rm -r $PWD.kept");
}

Test(registry_offline, a_partition_whose_directory_goes_is_offline_and_the_others_are_served)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 3);
	rig_run(&r, "mv t-1 kept && cp -r kept t-1 && rm -r t-2");
	rig_wait(&r, 2);
	cr_assert(faults.fenced == 2 && said("/t-1 is OFFLINE") && said("/t-2 is OFFLINE"), "%s",
		  r.said);
	cr_assert(!registry_is_offline(r.registry, rig_topic(&r, "t"), 0));
	rig_alter(&r, "t", 4, NULL, 0);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0 && faults.served == 0);
	rig_stop(&r);
}

#define FIRST_LOG "00000000000000000000.log"
#define SECOND_LOG "00000000000000004711.log"

/* Partition 1 of t has two segments; `harm` befalls it while it is served. */
static void harm_served(const char *harm, bool is_rolled)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	rig_stop(&r);
	rig_write(&r, "t-1/" FIRST_LOG, "");
	if (!is_rolled)
		rig_write(&r, "t-1/" SECOND_LOG, "");
	cr_assert(rig_open(&r) && faults.served == 2);
	if (is_rolled) {
		rig_wait(&r, 3);
		rig_write(&r, "t-1/" SECOND_LOG, "");
		rig_wait(&r, 3);
	}
	r.said[0] = '\0';
	rig_run(&r, harm);
	rig_wait(&r, 2);
}

/* It is fenced, and named with its segment; the other is served. */
static void check_missed(const char *segment)
{
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(registry_is_offline(r.registry, t, 1) && faults.fenced == 1, "%s", r.said);
	cr_assert(!registry_is_offline(r.registry, t, 0));
	const char *fault = registry_partition_fault(r.registry, t, 1);
	cr_assert(strstr(fault, segment) && strstr(fault, "removed or replaced"), "%s", fault);
	cr_assert(said("t-1 is OFFLINE"), "%s", r.said);
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}

/* Such a partition is served as ever. */
Test(registry_offline, batches_that_a_writer_found_damaged_are_said_once_and_shown)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	const struct registry_topic *t = rig_topic(&r, "t");
	struct log_marks *marks = &r.marks[t->topic.refs[1].slot].marks;
	r.said[0] = '\0';
	for (int64_t i = 1; i <= 2; i++) {
		marks->damaged_batches = (uint64_t)i;
		marks->is_damaged = true;
		marks->damage = (struct log_damage){4000, 70000, 4711 * i};
		rig_wait(&r, 3);
	}
	char *first = strstr(r.said, "t-1/00000000000000004000.log: the batch at position 70000, "
				     "offset 4711, is damaged");
	cr_assert(first && !strstr(strstr(first, "4711") + 1, "4711"), "%s", r.said);
	cr_assert(strstr(first, "offset 9422, is damaged on disk (2 batches"), "%s", r.said);
	cr_assert(strstr(registry_partition_fault(r.registry, t, 1), "2 batches are damaged"));
	cr_assert(registry_partition_fault(r.registry, t, 0)[0] == '\0');
	cr_assert(!registry_is_offline(r.registry, t, 1));
	marks->is_damaged = false;
	rig_wait(&r, 3);
	cr_assert(registry_partition_fault(r.registry, t, 1)[0] == '\0');
	*marks = (struct log_marks){0};
	rig_stop(&r);
	cr_assert(rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry_offline, a_partition_whose_active_segment_goes_is_offline)
{
	harm_served("rm t-1/" SECOND_LOG, false);
	check_missed(SECOND_LOG);
}

Test(registry_offline, a_partition_whose_sealed_segment_goes_is_offline)
{
	harm_served("rm t-1/" FIRST_LOG, false);
	check_missed(FIRST_LOG);
}

Test(registry_offline, a_partition_whose_segment_is_replaced_is_offline)
{
	harm_served("cp t-1/" FIRST_LOG " t-1/x && mv t-1/x t-1/" FIRST_LOG, false);
	check_missed(FIRST_LOG);
}

static void start_known(void *owner, const struct registry_result *result)
{
	cr_assert(result->parts[0].error == 0);
}

/* Its writer takes it out of the way when no record is left in it. */
static void check_deleted(int64_t start, bool is_missed)
{
	const struct registry_topic *t = rig_topic(&r, "t");
	struct registry_part part = {.partition = 1, .offset = start};
	memcpy(part.topic_id, t->topic.id, sizeof part.topic_id);
	r.marks[t->topic.refs[1].slot].marks =
		(struct log_marks){.high_watermark = 5000, .log_end_offset = 5000};
	rig_wait(&r, 3);
	registry_send(r.registry, REGISTRY_DELETE_RECORDS, &part, 1, start_known, NULL);
	rig_turns(&r);
	rig_run(&r, "mv t-1/" FIRST_LOG " t-1/" FIRST_LOG ".deleted");
	rig_wait(&r, 2);
	cr_assert(registry_is_offline(r.registry, t, 1) == is_missed, "%s", r.said);
	rig_stop(&r);
}

Test(registry_offline, a_segment_without_records_may_go)
{
	harm_served("true", false);
	check_deleted(4711, false);
}

Test(registry_offline, a_segment_with_a_record_left_may_not)
{
	harm_served("true", false);
	check_deleted(4710, true);
}

/* 256 MiB are to be left. */
Test(registry_offline, a_disk_that_is_nearly_full_is_told_to_the_writers_until_there_is_room)
{
	cr_assert(rig_open(&r) && !r.dirs[0].is_short);
	rig_create(&r, "t", 1);
	faults.bytes_left = 255ull << 20;
	rig_wait(&r, 1);
	cr_assert(r.dirs[0].is_short && said("255 MiB are left"), "%s", r.said);
	faults.bytes_left = 270ull << 20;
	rig_wait(&r, 1);
	cr_assert(r.dirs[0].is_short && !said("taken again"), "a little more is none");
	faults.bytes_left = 300ull << 20;
	rig_wait(&r, 1);
	cr_assert(!r.dirs[0].is_short &&
		  said("300 MiB are left on its disk: records are taken again"));
	unsigned looks = r.dirs[0].looks;
	cr_assert(r.dirs[0].room_bytes == ((300ull - 128) << 20) / RIG_WRITERS);
	rig_wait(&r, 1);
	cr_assert(r.dirs[0].looks > looks);
	/* A start looks before its topics are shown. */
	rig_stop(&r);
	faults.bytes_left = 1;
	cr_assert(rig_open(&r) && r.dirs[0].is_short);
	rig_stop(&r);
}

Test(registry_offline, a_segment_made_while_it_is_served_is_missed_too)
{
	harm_served("rm t-1/" SECOND_LOG, true);
	check_missed(SECOND_LOG);
}

/* Indexes are made anew, and what else lies there is nobody's. */
Test(registry_offline, a_partition_that_loses_no_segment_is_served_on)
{
	harm_served("touch t-1/00000000000000009999.log t-1/note t-1/00000000000000000000.index && "
		    "rm t-1/note t-1/00000000000000000000.index", true);
	cr_assert(!registry_is_offline(r.registry, rig_topic(&r, "t"), 1), "%s", r.said);
	cr_assert(r.said[0] == '\0', "%s", r.said);
	rig_stop(&r);
}

/* The one message a partition has may be under way for something else. */
Test(registry_offline, a_directory_that_goes_during_a_job_is_noticed_all_the_same)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	faults.writer_is_slow = true;
	rig_create(&r, "u", 2);
	rig_run(&r, "d=$PWD; cd / && rm -r $d");
	rig_wait(&r, 1);
	cr_assert(faults.fenced == 0 && registry_is_busy(r.registry));
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(faults.fenced == 4, "%u", faults.fenced);
	rig_stop(&r);
}

/* ---- a full disk ---------------------------------------------------------------------- */

/* In the first second there is no checkpoint yet that could make room. */
Test(registry_offline, a_full_disk_lets_a_topic_be_deleted_at_once)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	rig_create(&r, "u", 2);
	rig_run(&r, "rm -f replication-offset-checkpoint");
	faults.is_full = true;
	faults.has_full_names = true;
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	cr_assert(!rig_exists(&r, "t-0") && !rig_exists(&r, "t-1") && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(registry_count(r.registry) == 1 && faults.served == 2, "%s", r.said);
	rig_stop(&r);
}

Test(registry_offline, a_crash_at_any_call_of_a_deletion_on_a_full_disk_leaves_all_or_nothing,
     .timeout = 60)
{
	bool has_ended = false;
	for (unsigned call = 1; !has_ended; call++) {
		cr_assert(rig_open(&r));
		rig_create(&r, "t", 3);
		rig_run(&r, "rm -f replication-offset-checkpoint");
		faults.is_full = faults.has_full_names = true;
		faults.calls_left = call;
		rig_delete(&r, "t");
		has_ended = !faults.is_dead;
		rig_crash(&r);
		cr_assert(rig_open(&r), "call %u: %s", call, r.message);
		const struct registry_topic *t = rig_topic(&r, "t");
		cr_assert(!said("OFFLINE"), "call %u: %s", call, r.said);
		cr_assert(rig_exists(&r, "t-0") == (t != NULL) &&
				  rig_exists(&r, "t-2") == (t != NULL), "call %u", call);
		rig_stop(&r);
		rig_fini(&r);
		rig_init(&r);
	}
}

/* Where the file system copies, room is made by a checkpoint that nothing here reads back. */
Test(registry_offline, a_full_disk_that_copies_lets_a_topic_be_deleted_after_a_checkpoint)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_wait(&r, 61);
	faults.is_full = faults.copies_on_write = true;
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0 && !rig_exists(&r, "t-0"), "%s", r.result.message);
	rig_stop(&r);
}
