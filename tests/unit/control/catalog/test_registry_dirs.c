/* test_registry_dirs.c - two log directories: where partitions go, what is written down of each,
 * and that one that is lost takes nothing of the other with it. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/sim/sim_crew.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static struct rig r;

static void begin(void)
{
	rig_init(&r);
	r.dir_count = 2;
	rig_run(&r, "mkdir $PWD.second");
}

static void end(void)
{
	rig_fini(&r);
}

TestSuite(registry_dirs, .init = begin, .fini = end);

static bool said(const char *words)
{
	return strstr(r.said, words) != NULL;
}

/* Holds a condition of the shell's, asked in the first directory? $S is the second. */
static bool holds(const char *condition)
{
	char line[1024];
	snprintf(line, sizeof line, "cd %s && S=%s && %s", r.directory, r.second, condition);
	return system(line) == 0;
}

static void shell(const char *command)
{
	cr_assert(holds(command), "%s", command);
}

/* t: partitions 0 and 2 in the first, 1 in the second; the gateway runs. */
static void make_three(void)
{
	cr_assert(rig_open(&r), "%s", r.message);
	rig_create(&r, "t", 3);
	cr_assert(r.result.error == 0, "%s", r.result.message);
}

Test(registry_dirs, a_new_partition_goes_where_the_fewest_are)
{
	make_three();
	cr_assert(holds("test -d t-0 -a -d t-2 -a -d $S/t-1 -a ! -e t-1"));
	rig_create(&r, "u", 1);
	cr_assert(holds("test -d $S/u-0 -a ! -e u-0"));
	rig_create(&r, "v", 2);
	cr_assert(holds("test -d v-0 -a -d $S/v-1"));
	cr_assert(holds("test -e .t.json -a ! -e $S/.t.json"), "what is the gateway's");
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(registry_directory_count(r.registry) == 2);
	cr_assert(registry_directory_of(r.registry, t, 1) == registry_directory(r.registry, 1));
	rig_stop(&r);
}

Test(registry_dirs, a_partition_is_served_where_it_lies)
{
	make_three();
	rig_alter(&r, "t", 5, NULL, 0);
	rig_stop(&r);
	shell("mv $S/t-1 .");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 5 && faults.offline == 0, "%s", r.said);
	cr_assert(holds("test -d t-1 -a -d $S/t-3 -a ! -e $S/t-1"));
	rig_create(&r, "u", 2);
	cr_assert(holds("test -d $S/u-0 -a -d $S/u-1"), "four are in the first, one in the other");
	rig_stop(&r);
}

Test(registry_dirs, each_has_its_own_checkpoints_and_marks)
{
	make_three();
	rig_stop(&r);
	static const char *const names[] = {"recovery-point-offset-checkpoint",
					    "log-start-offset-checkpoint",
					    "replication-offset-checkpoint"};
	for (unsigned i = 0; i < array_len(names); i++) {
		char line[256];
		snprintf(line, sizeof line,
			 "grep -q '^t 0 ' %s && grep -q '^t 2 ' %s && ! grep -q '^t 1 ' %s",
			 names[i], names[i], names[i]);
		shell(line);
		snprintf(line, sizeof line, "grep -q '^t 1 ' $S/%s && ! grep -q '^t [02] ' $S/%s",
			 names[i], names[i]);
		shell(line);
	}
	shell("test -e .kafka_cleanshutdown -a -e $S/.kafka_cleanshutdown");
	shell("test -s .penstock-durable-marks -a -s $S/.penstock-durable-marks");
	cr_assert(rig_open(&r), "%s", r.message);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(faults.mark_of[faults.opened - 1 - i] == 42, "%u", i);
	cr_assert(faults.last_is_clean && faults.last_recovery_point == 41);
	rig_stop(&r);
}

/* Nor does it count when it is the last that is read of its partition. */
Test(registry_dirs, a_line_in_the_wrong_directory_counts_for_nothing)
{
	make_three();
	rig_stop(&r);
	shell("printf '0\\n3\\nt 0 41\\nt 1 7777\\nt 2 41\\n' > recovery-point-offset-checkpoint");
	shell("printf '0\\n2\\nt 1 5\\nt 2 7777\\n' > $S/log-start-offset-checkpoint");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.last_recovery_point == 41);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(faults.start_of[faults.opened - 1 - i] < 7777, "%u", i);
	rig_stop(&r);
	shell("! grep -q 7777 recovery-point-offset-checkpoint");
}

Test(registry_dirs, one_that_was_left_unclean_leaves_the_other_clean)
{
	make_three();
	faults.log_error = -EBADMSG;
	rig_stop(&r);
	faults.log_error_at = "t-1";
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 2 && faults.offline == 1);
	faults.log_error = 0;
	rig_stop(&r);
	shell("test -e .kafka_cleanshutdown -a ! -e $S/.kafka_cleanshutdown");
}

/* ---- whose they are --------------------------------------------------------------------- */

Test(registry_dirs, they_are_of_one_cluster_and_each_has_an_id)
{
	make_three();
	rig_stop(&r);
	shell("test $(grep cluster.id meta.properties) = $(grep cluster.id $S/meta.properties)");
	shell("test $(grep directory.id meta.properties) != "
	      "$(grep directory.id $S/meta.properties)");
	shell("sed -i 's/cluster.id=.*/cluster.id=MkU3OEVBNTcwNTJENDM2Qg/' $S/meta.properties");
	cr_assert(!rig_open(&r) && strstr(r.message, "belongs to cluster MkU3OEVBNTcwNTJENDM2Qg"),
		  "%s", r.message);
	shell("cp meta.properties $S/meta.properties");
	cr_assert(!rig_open(&r) && strstr(r.message, "one is a copy of the other"), "%s",
		  r.message);
	shell("rm $S/meta.properties");
	cr_assert(rig_open(&r), "%s", r.message);
	shell("test $(grep cluster.id meta.properties) = $(grep cluster.id $S/meta.properties)");
	rig_stop(&r);
	shell("sed -i s/node.id=.*/node.id=17/ $S/meta.properties");
	cr_assert(!rig_open(&r) && strstr(r.message, ".second belongs to node 17"), "%s",
		  r.message);
}

Test(registry_dirs, a_new_first_one_is_of_the_cluster_of_the_others)
{
	make_three();
	char cluster[64];
	snprintf(cluster, sizeof cluster, "%s", registry_cluster_id(r.registry));
	rig_stop(&r);
	shell("rm meta.properties");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(strcmp(registry_cluster_id(r.registry), cluster) == 0);
	rig_stop(&r);
}

/* The place of a file system that is not mounted looks like that. */
Test(registry_dirs, an_empty_first_one_beside_one_in_use_stops_the_start)
{
	make_three();
	rig_stop(&r);
	shell("d=$PWD && cd / && mv $d $d.away && mkdir $d $d/lost+found && touch $d/.lock");
	cr_assert(!rig_open(&r) && strstr(r.message, " is empty, and "), "%s", r.message);
	cr_assert(strstr(r.message, ".second is in use"), "%s", r.message);
	shell("test ! -e meta.properties -a -e $S/.kafka_cleanshutdown");
	shell("d=$PWD && cd / && rm -r $d && mv $d.away $d");
	cr_assert(rig_open(&r) && faults.served == 3, "%s", r.message);
	rig_stop(&r);
}

/* A disk more, or one that is not mounted. */
Test(registry_dirs, an_empty_second_one_is_taken_and_named_where_partitions_are_missing)
{
	make_three();
	rig_stop(&r);
	shell("mv $S $S.away && mkdir $S");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 2 && faults.offline == 1 && !r.dirs[1].is_lost);
	cr_assert(said("is missing, and ") && said(".second was new at this start: mount what "
		  "belongs there"), "%s", r.said);
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == 0 && holds("test -d $S/u-0"));
	rig_stop(&r);
	shell("rm -r $S && mv $S.away $S");
	cr_assert(rig_open(&r) && faults.served == 3 && faults.offline == 1, "u is gone: %s",
		  r.said);
	rig_stop(&r);
}

/* Another order of log.dirs would take all topics up anew, with other settings. */
Test(registry_dirs, topics_files_belong_into_the_first)
{
	make_three();
	rig_stop(&r);
	shell("mv .t.json $S");
	cr_assert(!rig_open(&r) && strstr(r.message, "holds files of topics (.t.json)"), "%s",
		  r.message);
	shell("mv $S/.t.json .");
	cr_assert(rig_open(&r) && faults.served == 3);
	rig_stop(&r);
}

Test(registry_dirs, a_topic_of_kafkas_is_taken_up_from_all_of_them)
{
	shell("mkdir k-0 $S/k-1 k-2 && touch k-0/00000000000000000000.log "
	      "$S/k-1/00000000000000000000.log k-2/00000000000000000000.log");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(said("topic k: taken up with 3 partitions") && faults.served == 3, "%s", r.said);
	rig_stop(&r);
}

Test(registry_dirs, a_partition_that_is_there_twice_is_offline)
{
	make_three();
	rig_stop(&r);
	shell("cp -r $S/t-1 t-1");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 2 && said("in more than one of log.dirs"), "%s", r.said);
	rig_stop(&r);
	shell("rm -r t-1");
	cr_assert(rig_open(&r) && faults.served == 3);
	rig_stop(&r);
}

static void fail_second(int error)
{
	faults.failing = r.second;
	faults.failing_error = error;
}

/* ---- lost ------------------------------------------------------------------------------- */

Test(registry_dirs, one_that_is_lost_at_the_start_leaves_the_other_served)
{
	make_three();
	rig_stop(&r);
	shell("mv $S $S.away");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 2 && faults.offline == 1);
	cr_assert(said("partitions 1 are OFFLINE") && said("may lie in a log directory that is"),
		  "%s", r.said);
	cr_assert(registry_directory(r.registry, 1)->is_lost);
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(registry_directory_of(r.registry, t, 1) == NULL, "nobody knows where it lies");
	cr_assert(registry_directory_of(r.registry, t, 2) == registry_directory(r.registry, 0));
	cr_assert(holds("test ! -e t-1"), "it is not made anew");
	rig_create(&r, "u", 2);
	cr_assert(r.result.error == 0 && holds("test -d u-0 -a -d u-1"), "%s", r.result.message);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR, "it would be there again");
	rig_delete(&r, "u");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
	shell("test -e .kafka_cleanshutdown || test -e .t.json");
	shell("mv $S.away $S");
	cr_assert(rig_open(&r) && faults.served == 3 && faults.offline == 0, "%s", r.said);
	cr_assert(faults.mark_of[faults.opened - 2] == 42, "what is known of it is in it");
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0 && holds("test ! -e t-0 -a ! -e $S/t-1"));
	rig_stop(&r);
}

/* Half made when the gateway was killed: some of it may lie there. */
Test(registry_dirs, what_may_lie_in_one_that_is_lost_is_not_made_in_another)
{
	make_three();
	rig_stop(&r);
	shell("sed -i 's/\"ready\": 3/\"ready\": 0/' .t.json && mv $S $S.away");
	cr_assert(rig_open(&r) && faults.served == 2 && faults.offline == 1, "%s", r.said);
	cr_assert(holds("test ! -e t-1"));
	rig_stop(&r);
	shell("mv $S.away $S");
	cr_assert(rig_open(&r) && faults.served == 3, "%s", r.said);
	rig_stop(&r);
}

Test(registry_dirs, a_deletion_that_was_under_way_waits_for_the_one_that_is_lost)
{
	make_three();
	rig_stop(&r);
	shell("sed -i 's/\"deleting\": false/\"deleting\": true/' .t.json && mv $S $S.away");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(said("its deletion was under way; not finished"), "%s", r.said);
	rig_stop(&r);
	shell("test -e .t.json -a ! -e t-0 && mv $S.away $S");
	cr_assert(rig_open(&r) && said("under way; finished"), "%s", r.said);
	rig_stop(&r);
	shell("test ! -e .t.json -a ! -e $S/t-1");
}

Test(registry_dirs, one_that_goes_while_it_is_served_takes_its_partitions_alone)
{
	make_three();
	rig_wait(&r, 1);
	shell("mv $S $S.away");
	rig_wait(&r, 1);
	cr_assert(faults.fenced == 1, "%u", faults.fenced);
	cr_assert(said("the partitions in it are OFFLINE, all else is served"), "%s", r.said);
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(registry_is_offline(r.registry, t, 1) && !registry_is_offline(r.registry, t, 0));
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == 0 && holds("test -d u-0"), "%s", r.result.message);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	fail_second(-EIO);
	rig_alter(&r, "t", 4, NULL, 0);
	cr_assert(r.result.error == 0 && holds("test -d t-3"), "%s", r.result.message);
	faults.failing = NULL;
	rig_wait(&r, 61);
	rig_stop(&r);
	shell("test -e .kafka_cleanshutdown -a ! -e $S && mv $S.away $S");
	cr_assert(rig_open(&r) && faults.served == 5, "%s", r.said);
	rig_stop(&r);
}

Test(registry_dirs, without_the_first_nothing_is_changed_and_the_second_is_served)
{
	make_three();
	rig_wait(&r, 1);
	shell("cd / && mv $OLDPWD $OLDPWD.away");
	rig_wait(&r, 1);
	cr_assert(faults.fenced == 2, "%u", faults.fenced);
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(!registry_is_offline(r.registry, rig_topic(&r, "t"), 1));
	rig_stop(&r);
	char line[256];
	snprintf(line, sizeof line, "test ! -e %s && mv %s.away %s", r.directory, r.directory,
		 r.directory);
	cr_assert(system(line) == 0);
}

Test(registry_dirs, room_is_looked_for_in_each)
{
	make_three();
	faults.bytes_left = 1 << 20;
	rig_wait(&r, 1);
	cr_assert(r.dirs[0].is_short && r.dirs[1].is_short);
	cr_assert(said(".second: 1 MiB are left on its disk"), "%s", r.said);
	faults.bytes_left = 300ull << 20;
	rig_wait(&r, 1);
	for (unsigned d = 0; d < 2; d++)
		cr_assert(r.dirs[d].room_bytes == ((300ull - 128) << 20) / RIG_WRITERS / 2,
			  "both are on one disk");
	rig_stop(&r);
}

static int part_errors[2] = {-1, -1};

static void take_parts(void *owner, const struct registry_result *result)
{
	for (uint32_t i = 0; i < result->part_count; i++)
		part_errors[i] = result->parts[i].error;
}

/* ---- that fail --------------------------------------------------------------------------- */

Test(registry_dirs, one_that_cannot_be_written_is_given_up_at_its_checkpoint)
{
	static const int errors[] = {-EIO, -EROFS, -ENODEV};
	make_three();
	for (unsigned i = 0; i < array_len(errors); i++) {
		fail_second(errors[i]);
		rig_wait(&r, 61);
		cr_assert(r.dirs[1].is_lost && faults.fenced == i + 1, "%u: %s", i, r.said);
		cr_assert(said("the partitions in it are OFFLINE"), "%s", r.said);
		rig_create(&r, "u", 2);
		cr_assert(r.result.error == 0, "%s", r.result.message);
		cr_assert(holds("test -d u-0 -a -d u-1"));
		rig_delete(&r, "u");
		faults.failing = NULL;
		rig_stop(&r);
		cr_assert(rig_open(&r) && faults.offline == 0, "%s", r.message);
		faults.fenced = i + 1;
	}
	rig_stop(&r);
}

Test(registry_dirs, one_that_is_full_is_not_given_up)
{
	make_three();
	fail_second(-ENOSPC);
	rig_wait(&r, 61);
	cr_assert(!r.dirs[1].is_lost && said("recovery points cannot be written"), "%s", r.said);
	faults.failing = NULL;
	rig_stop(&r);
}

Test(registry_dirs, a_creation_that_fails_in_one_goes_to_the_other_when_it_is_asked_for_again)
{
	make_three();
	fail_second(-EROFS);
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && r.dirs[1].is_lost);
	cr_assert(strstr(r.result.message, ".second"), "%s", r.result.message);
	rig_create(&r, "v", 1);
	cr_assert(r.result.error == 0 && holds("test -d v-0"), "%s", r.result.message);
	faults.failing = NULL;
	rig_stop(&r);
}

/* Partition 3 is made in the second, and cannot be removed there; then it is the first's turn. */
static bool grows_where_a_growth_has_failed(unsigned change)
{
	rig_create(&r, "t", 3);
	faults.changes_left = change;
	faults.failures = 2;
	faults.failed = 0;
	faults.failing_error = -ENOSPC;
	rig_alter(&r, "t", 4, NULL, 0);
	bool has_failed = r.result.error;
	faults.changes_left = 0;
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == 0, "%u: %s", change, r.result.message);
	rig_alter(&r, "t", 4, NULL, 0);
	cr_assert(r.result.error == 0 || !has_failed, "%u: %s", change, r.result.message);
	cr_assert(holds("test $(ls -d t-3 $S/t-3 2>/dev/null | wc -l) = 1"), "%u", change);
	rig_delete(&r, "t");
	rig_delete(&r, "u");
	return has_failed;
}

Test(registry_dirs, what_a_growth_has_left_goes_before_the_next_one)
{
	cr_assert(rig_open(&r), "%s", r.message);
	unsigned change = 1;
	while (grows_where_a_growth_has_failed(change))
		change++;
	cr_assert(change > 10, "%u", change);
	rig_stop(&r);
}

/* A topic of that name was there before, and the checkpoints would name it. */
Test(registry_dirs, nothing_is_made_in_one_that_is_lost_while_a_topic_is_created)
{
	make_three();
	rig_create(&r, "u", 3);
	rig_delete(&r, "u");
	fail_second(-EIO);
	rig_create(&r, "v", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && r.dirs[1].is_lost);
	faults.failing = NULL;
	cr_assert(holds("test ! -e $S/v-0"));
	rig_create(&r, "v", 2);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR, "its file waits for the loss");
	rig_create(&r, "w", 2);
	cr_assert(r.result.error == 0 && holds("test -d w-0 -a -d w-1"), "%s", r.result.message);
	rig_stop(&r);
}

/* What its writer saw may be of one file, or of them all. */
Test(registry_dirs, a_fenced_log_has_its_directory_looked_at)
{
	make_three();
	const struct registry_topic *t = rig_topic(&r, "t");
	r.marks[t->topic.refs[1].slot].marks.is_fenced = true;
	r.marks[t->topic.refs[1].slot].marks.fence_error = -EIO;
	rig_wait(&r, 2);
	cr_assert(!r.dirs[1].is_lost && said("t-1: Input/output error"), "%s", r.said);
	rig_create(&r, "u", 1);
	t = rig_topic(&r, "u");
	fail_second(-EIO);
	r.marks[t->topic.refs[0].slot].marks.is_fenced = true;
	r.marks[t->topic.refs[0].slot].marks.fence_error = -EIO;
	rig_wait(&r, 2);
	cr_assert(r.dirs[1].is_lost && !r.dirs[0].is_lost, "%s", r.said);
	faults.failing = NULL;
	memset(r.marks, 0, PARTITIONS_MAX * sizeof *r.marks);
	rig_stop(&r);
}

Test(registry_dirs, the_last_one_is_given_up_with_the_gateway)
{
	make_three();
	fail_second(-EIO);
	rig_wait(&r, 61);
	cr_assert(r.dirs[1].is_lost && !registry_has_lost_all(r.registry));
	faults.failing = r.directory;
	faults.failing_error = -EROFS;
	rig_wait(&r, 70);
	cr_assert(r.dirs[0].is_lost && registry_has_lost_all(r.registry));
	cr_assert(said("its file system is read-only; mount it for writing, or name another "
		       "directory: it was the last log directory"), "%s", r.said);
	cr_assert(faults.fenced == 3 && said("the gateway ends"), "%s", r.said);
	faults.failing = NULL;
	rig_stop(&r);
	cr_assert(rig_open(&r) && faults.served == 3, "%s", r.message);
	rig_stop(&r);
}

/* It may be of one place of the disk. */
Test(registry_dirs, the_last_one_is_not_given_up_for_one_error)
{
	r.dir_count = 1;
	make_three();
	rig_wait(&r, 1);
	for (unsigned i = 0; i < 2; i++) {
		faults.changes_left = faults.failures = 1;
		faults.failed = 0;
		rig_wait(&r, 70);
		cr_assert(faults.failed == 1 && said("recovery points cannot be written"), "%s",
			  r.said);
		cr_assert(!r.dirs[0].is_lost && faults.fenced == 0);
	}
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
}

/* What is asked of a topic that is not told is over as well, and so the topic can go. */
Test(registry_dirs, starts_that_cannot_be_written_are_not_told)
{
	make_three();
	rig_create(&r, "u", 1);
	rig_create(&r, "v", 1);
	cr_assert(holds("test -d $S/u-0 -a -d v-0"));
	static const char *const names[] = {"u", "v"};
	struct registry_part parts[2] = {{.offset = 5}, {.offset = 5}};
	for (unsigned i = 0; i < 2; i++) {
		const struct topic *t = &rig_topic(&r, names[i])->topic;
		memcpy(parts[i].topic_id, t->id, sizeof parts[i].topic_id);
		r.marks[t->refs[0].slot].marks.high_watermark = 10;
	}
	fail_second(-ENOSPC);
	registry_send(r.registry, REGISTRY_DELETE_RECORDS, parts, 2, take_parts, NULL);
	rig_turns(&r);
	cr_assert(part_errors[0] == KAFKA_ERROR_KAFKA_STORAGE_ERROR && part_errors[1] == 0,
		  "%d %d", part_errors[0], part_errors[1]);
	cr_assert(faults.deletions == 1 && faults.last_deletion == 5);
	faults.failing = NULL;
	rig_delete(&r, "u");
	cr_assert(r.result.error == 0 && holds("test ! -e $S/u-0"), "%s", r.result.message);
	rig_stop(&r);
}

Test(registry_dirs, a_creation_waits_for_the_sync_of_each_that_it_has_a_part_in)
{
	make_three();
	fail_second(-EIO);
	faults.fails_syncs = true;
	rig_create(&r, "u", 2);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && r.dirs[1].is_lost);
	cr_assert(strstr(r.result.message, ".second: Input/output error"), "%s", r.result.message);
	rig_create(&r, "v", 2);
	cr_assert(r.result.error == 0 && holds("test -d v-0 -a -d v-1"), "%s", r.result.message);
	faults.failing = NULL;
	rig_stop(&r);
}

/* ---- that do not answer -------------------------------------------------------------------- */

Test(registry_dirs, one_that_does_not_answer_is_left_alone_until_it_does)
{
	make_three();
	rig_wait(&r, 6);
	cr_assert(holds("test -e .penstock-probe -a -e $S/.penstock-probe"));
	sim_crew_hold(true);
	rig_wait(&r, 9);
	cr_assert(!r.dirs[0].is_stuck && !r.dirs[1].is_stuck, "slow is not stuck");
	rig_wait(&r, 7);
	cr_assert(r.dirs[0].is_stuck && r.dirs[1].is_stuck && said(".second does not answer"),
		  "%s", r.said);
	unsigned calls = faults.calls;
	rig_wait(&r, 61);
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "does not answer"), "%s", r.result.message);
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(faults.calls == calls, "%u calls", faults.calls - calls);
	sim_crew_hold(false);
	rig_wait(&r, 1);
	cr_assert(!r.dirs[0].is_stuck && !r.dirs[1].is_stuck && said("answers again"));
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
}

/* u lies in the second, v in the first. */
Test(registry_dirs, a_sync_that_hangs_keeps_those_waiting_who_have_a_part_there)
{
	make_three();
	faults.slow_at = r.second;
	rig_create(&r, "u", 1);
	cr_assert(r.done == 1 && holds("test -d $S/u-0"));
	rig_create(&r, "v", 1);
	cr_assert(r.done == 2 && r.result.error == 0 && holds("test -d v-0"), "%s",
		  r.result.message);
	r.dirs[1].is_stuck = true;
	rig_turns(&r);
	cr_assert(r.done == 3 && r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, ".second: Connection timed out"), "%s",
		  r.result.message);
	cr_assert(holds("test -d $S/u-0"), "nothing is removed there meanwhile");
	r.dirs[1].is_stuck = false;
	faults.slow_at = NULL;
	rig_turns(&r);
	rig_create(&r, "u", 1);
	cr_assert(r.done == 4 && r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
}

Test(registry_dirs, one_directory_is_not_probed)
{
	r.dir_count = 1;
	cr_assert(rig_open(&r));
	rig_wait(&r, 20);
	cr_assert(!rig_exists(&r, ".penstock-probe"));
	rig_stop(&r);
}
