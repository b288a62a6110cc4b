/* test_registry_foreign.c - what is not ours is left alone and named: at start, by a new topic,
 * by a deletion; and names that may be a topic's. */
#include "control/catalog/flush_file.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_foreign, .init = setup, .fini = teardown);

static bool said(const char *words)
{
	return strstr(r.said, words) != NULL;
}

static const char snapshot_of_all[] = "find . ! -name '*.json' ! -name '*checkpoint' ! -name "
				      "meta.properties ! -name '.kafka*' ! -name . | sort";

/* What `make` makes beside a topic is left alone and named, and is there after two starts. */
static void check_left_alone(const char *make, const char *named)
{
	char command[512];
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_stop(&r);
	r.said[0] = '\0';
	rig_run(&r, make);
	snprintf(command, sizeof command, "(%s) > /tmp/before.$PPID", snapshot_of_all);
	rig_run(&r, command);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(rig_open(&r), "%s", r.message);
		cr_assert(registry_count(r.registry) == 1, "%s", r.said);
		const char *line = strstr(r.said, "left alone");
		cr_assert(line && strstr(line, named) && !strstr(line + 1, "left alone"), "%s",
			  r.said);
		r.said[0] = '\0';
		rig_stop(&r);
	}
	snprintf(command, sizeof command, "%s | cmp - /tmp/before.$PPID && rm /tmp/before.$PPID",
		 snapshot_of_all);
	rig_run(&r, command);
}

/* Their names end as those of partitions do. */
Test(registry_foreign, the_files_of_flush_groups_are_nobody_elses)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_stop(&r);
	r.said[0] = '\0';
	rig_run(&r, "touch " FLUSH_FILE_NAME "0 " COMMIT_FILE_NAME "0");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(registry_count(r.registry) == 1 && !said(FLUSH_FILE_NAME) &&
			  !said(COMMIT_FILE_NAME),
		  "%s", r.said);
	rig_stop(&r);
}

Test(registry_foreign, a_directory_that_ends_in_delete_is_not_emptied)
{
	check_left_alone("mkdir do-not-delete; echo mine > do-not-delete/thesis.txt",
			 "do-not-delete");
}

Test(registry_foreign, a_name_like_kafkas_deleted_ones_holding_something_else_is_not_emptied)
{
	check_left_alone("d=t-0.0123456789abcdef0123456789abcdef-delete; mkdir $d; "
			 "touch $d/00000000000000000000.log $d/thesis.txt",
			 "t-0.0123456789abcdef0123456789abcdef-delete");
}

Test(registry_foreign, a_link_called_as_kafkas_deleted_ones_is_not_followed)
{
	check_left_alone("mkdir kept; touch kept/00000000000000000000.log; "
			 "ln -s kept t-0.0123456789abcdef0123456789abcdef-delete",
			 "t-0.0123456789abcdef0123456789abcdef-delete");
}

Test(registry_foreign, a_file_called_as_a_partition_is_left_alone)
{
	check_left_alone("echo mine > notes-1", "notes-1");
}

Test(registry_foreign, a_directory_of_something_else_called_as_a_partition_is_left_alone)
{
	check_left_alone("mkdir backup-2024; echo mine > backup-2024/photos", "backup-2024");
}

Test(registry_foreign, a_copy_of_a_partition_is_no_topic)
{
	check_left_alone("cp -r t-0 backup-2024", "backup-2024");
}

Test(registry_foreign, a_partition_alone_and_without_an_id_is_no_topic)
{
	check_left_alone("mkdir backup-2024; touch backup-2024/00000000000000000000.log",
			 "backup-2024");
}

Test(registry_foreign, a_link_to_a_partition_is_no_topic)
{
	check_left_alone("mkdir /tmp/elsewhere.$PPID; "
			 "touch /tmp/elsewhere.$PPID/00000000000000000000.log; "
			 "ln -s /tmp/elsewhere.$PPID x-0", "x-0");
	rig_run(&r, "rm -r /tmp/elsewhere.$PPID");
}

Test(registry_foreign, partitions_beyond_a_topics_last_are_left_alone)
{
	check_left_alone("cp -r t-0 t-7", "t-7");
}

Test(registry_foreign, a_json_file_of_somebody_else_is_left_alone)
{
	check_left_alone("echo '{}' > .config.json; echo '{}' > '.two words.json'",
			 ".config.json");
}

Test(registry_foreign, names_of_other_forms_are_left_alone)
{
	check_left_alone("mkdir -- a -0 x-01 x-1e3 x-99999999 x-0.0123456789ABCDEF-delete; "
			 "touch b; mkdir \"$(printf 'l\\nf')\"", "-0");
	cr_assert(!strchr(r.said, '\n') || !said("l\nf"));
}

/* Kafka's own removal, finished as Kafka finishes it. */
Test(registry_foreign, a_deleted_partition_of_kafkas_is_removed)
{
	cr_assert(rig_open(&r));
	rig_stop(&r);
	rig_run(&r, "d=t.x-1-7.0123456789abcdef0123456789abcdef-delete; mkdir $d; cd $d; "
		    "touch 00000000000000000000.log 00000000000000000000.index.deleted "
		    "00000000000000000009.snapshot leader-epoch-checkpoint partition.metadata");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(!rig_exists(&r, "t.x-1-7.0123456789abcdef0123456789abcdef-delete"));
	cr_assert(!said("left alone"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_foreign, a_gap_among_kafkas_partitions_is_missing_and_not_made)
{
	cr_assert(rig_open(&r));
	rig_stop(&r);
	rig_run(&r, "mkdir events-0 events-2000; for i in 0 2000; do printf 'version: 0\ntopic_id: "
		    "4HFRS8UfSUGD5Mg7pVVcXg\n' > events-$i/partition.metadata; done");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(rig_topic(&r, "events")->topic.partitions == 2001);
	cr_assert(faults.served == 2 && faults.offline == 1999);
	cr_assert(said("partitions 1-1999 are OFFLINE"), "%s", r.said);
	cr_assert(!rig_exists(&r, "events-1") && rig_exists(&r, "events-2000"));
	rig_stop(&r);
	cr_assert(rig_open(&r) && faults.offline == 1999);
	rig_delete(&r, "events");
	cr_assert(r.result.error == 0 && !rig_exists(&r, "events-2000"));
	rig_stop(&r);
}

/* Made over it, the topic's deletion would take it along. */
Test(registry_foreign, no_topic_is_made_where_something_else_lies)
{
	cr_assert(rig_open(&r));
	rig_run(&r, "mkdir backup-2; echo mine > backup-2/photos; echo mine > notes-0; "
		    "echo '{}' > .config.json");
	rig_create(&r, "backup", 3);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "/backup-2: move it away"), "%s", r.result.message);
	rig_create(&r, "notes", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_create(&r, "config", 1);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_create(&r, "backup", 2);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_alter(&r, "backup", 3, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strcmp(rig_read(&r, "backup-2/photos"), "mine\n") == 0);
	cr_assert(strcmp(rig_read(&r, ".config.json"), "{}\n") == 0);
	rig_stop(&r);
}

Test(registry_foreign, a_deletion_leaves_what_is_no_directory_of_ours)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
	rig_stop(&r);
	rig_run(&r, "rm -r t-0 t-1; echo mine > t-0; mkdir kept; echo mine > kept/photos; "
		    "ln -s kept t-1");
	cr_assert(rig_open(&r), "%s", r.message);
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	cr_assert(strcmp(rig_read(&r, "t-0"), "mine\n") == 0);
	cr_assert(strcmp(rig_read(&r, "kept/photos"), "mine\n") == 0);
	rig_stop(&r);
}

/* ---- names ------------------------------------------------------------------------------ */

/* Whatever a client may call a topic, the next start takes. */
Test(registry_foreign, every_name_that_is_taken_is_one_a_start_takes)
{
	static const char *const names[] = {
		"__cluster_metadata", "__cluster_metadata-0", "__consumer_offsets", "a", "a-1",
		"a-1-0", "-", "--", "0", "-0", "a.", ".a", "...", "a-delete", ".a.json",
		"a-0.0123456789abcdef0123456789abcdef-delete", "next.log.tmp", "lost+found",
		"meta.properties", ".lock", "_", "A", "recovery-point-offset-checkpoint"};
	unsigned taken = 0;
	cr_assert(rig_open(&r));
	for (unsigned i = 0; i < array_len(names); i++) {
		rig_create(&r, names[i], 2);
		cr_assert(r.result.error == 0 ||
				  r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION,
			  "%s: %s", names[i], r.result.message);
		taken += r.result.error == 0;
	}
	cr_assert(taken == array_len(names) - 2, "%u", taken);
	rig_stop(&r);
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(registry_count(r.registry) == taken && faults.served == 2 * taken &&
			  r.said[0] == '\0', "%s", r.said);
	for (unsigned i = 0; i < registry_count(r.registry);) {
		const struct topic *t = &registry_at(r.registry, i)->topic;
		i += t->is_internal;
		if (!t->is_internal)
			rig_delete(&r, t->name);
	}
	cr_assert(registry_count(r.registry) == 1);
	cr_assert(r.said[0] == '\0', "%s", r.said);
	rig_stop(&r);
}

Test(registry_foreign, the_name_of_kafkas_metadata_is_refused)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "__cluster_metadata", 1);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	rig_stop(&r);
}
