/* test_registry_marks.c - durable marks of a log directory: taken in at start from whatever
 * files there are, and never lost on their way into the one that replaces them. */
#include "dataplane/store/mark_table.h"
#include "tests/unit/control/catalog/registry_rig.h"
#include "tests/unit/store/mark_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct mark_key key_of(const struct rig *r, const char *topic, uint32_t partition)
{
	struct mark_key key = {.partition = partition};
	const struct registry_topic *t = rig_topic(r, topic);
	cr_assert(t);
	memcpy(key.topic_id, t->topic.id, sizeof key.topic_id);
	return key;
}

/* Two topics of two partitions, stopped; no mark file is left. */
struct topics_made {
	struct mark_key a[2], b[2];
};

static struct topics_made make_topics(struct rig *r)
{
	struct topics_made made;
	rig_init(r);
	cr_assert(rig_open(r));
	rig_create(r, "a", 2);
	rig_create(r, "b", 2);
	for (uint32_t p = 0; p < 2; p++) {
		made.a[p] = key_of(r, "a", p);
		made.b[p] = key_of(r, "b", p);
	}
	rig_stop(r);
	rig_run(r, "rm -f " MARK_FILE_NAME "* .kafka_cleanshutdown");
	faults.opened = 0;
	return made;
}

static int64_t noted(const struct rig *r, struct mark_key key)
{
	return mark_rig_find(NULL, r->directory, &key);
}

static void store(const struct rig *r, const char *name, struct mark_key key, int64_t offset)
{
	struct durable_mark mark = {key, offset};
	mark_rig_store(r->directory, name, &mark, 1);
}

/* Those of a gateway with sixteen writers, read by one with two. */
Test(registry_marks, every_file_is_read_however_many_writers_there_were)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME, made.a[0], 100);
	store(&r, MARK_FILE_NAME ".0", made.a[1], 200);
	store(&r, MARK_FILE_NAME ".1", made.b[0], 300);
	store(&r, MARK_FILE_NAME ".15", made.b[1], 400);
	cr_assert(rig_open(&r));
	cr_assert(faults.mark_of[0] == 100 && faults.mark_of[1] == 200);
	cr_assert(faults.mark_of[2] == 300 && faults.mark_of[3] == 400);
	rig_crash(&r);
	/* In one place now, for good. */
	cr_assert(!rig_exists(&r, MARK_FILE_NAME ".0") && !rig_exists(&r, MARK_FILE_NAME ".1") &&
		  !rig_exists(&r, MARK_FILE_NAME ".15"));
	cr_assert(noted(&r, made.a[0]) == 100 && noted(&r, made.a[1]) == 200);
	cr_assert(noted(&r, made.b[0]) == 300 && noted(&r, made.b[1]) == 400);
	cr_assert(!strstr(r.said, MARK_FILE_NAME), "%s", r.said);
	rig_fini(&r);
}

/* The fakes' logs are durable up to 42. */
Test(registry_marks, what_was_found_durable_is_noted_at_start_and_stop)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME ".0", made.a[0], 41);
	cr_assert(rig_open(&r));
	cr_assert(noted(&r, made.a[0]) == 42 && noted(&r, made.b[1]) == 42);
	rig_run(&r, "rm -f " MARK_FILE_NAME);
	rig_stop(&r);
	cr_assert(noted(&r, made.a[0]) == 42 && noted(&r, made.b[1]) == 42);
	rig_fini(&r);
}

/* As the message about a missing directory says: an empty one, and no line in the checkpoints. */
Test(registry_marks, an_accepted_loss_takes_the_mark_with_it)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME, made.a[0], 100);
	store(&r, MARK_FILE_NAME ".0", made.b[0], 300);
	rig_run(&r, "rm -rf a-0 b-0; mkdir a-0 b-0; touch b-0/leader-epoch-checkpoint; "
		    "rm -f *-checkpoint");
	cr_assert(rig_open(&r));
	cr_assert(faults.mark_of[0] <= 0 && faults.mark_of[2] == 300);
	cr_assert(strstr(r.said, "a-0 is empty") && strstr(r.said, "below offset 100 are given up"),
		  "%s", r.said);
	cr_assert(!strstr(r.said, "b-0"), "%s", r.said);
	cr_assert(noted(&r, made.a[0]) == 42 && noted(&r, made.b[0]) == 300);
	rig_stop(&r);
	rig_fini(&r);
}

Test(registry_marks, a_topic_made_again_inherits_nothing_and_the_old_ones_marks_go)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME ".0", made.a[0], 1000);
	cr_assert(rig_open(&r));
	rig_delete(&r, "a");
	rig_create(&r, "a", 2);
	cr_assert(r.result.error == 0 && faults.last_mark <= 0);
	struct mark_key again = key_of(&r, "a", 0);
	rig_stop(&r);
	cr_assert(noted(&r, made.a[0]) == -1 && noted(&r, again) == 42);
	cr_assert(noted(&r, made.b[0]) == 42);
	rig_fini(&r);
}

/* A process that ends at any call of the start: what was noted is found by the next. */
Test(registry_marks, no_mark_is_lost_wherever_a_start_ends, .timeout = 60)
{
	bool is_whole = false;
	for (unsigned calls = 1; !is_whole; calls++) {
		struct rig r;
		struct topics_made made = make_topics(&r);
		store(&r, MARK_FILE_NAME, made.a[0], 100);
		store(&r, MARK_FILE_NAME ".0", made.a[1], 200);
		store(&r, MARK_FILE_NAME ".1", made.b[0], 300);
		faults.calls_left = calls;
		is_whole = rig_open(&r) && !faults.is_dead;
		if (r.registry)
			rig_crash(&r);
		memset(&faults, 0, sizeof faults);
		rig_forget_logs();
		cr_assert(noted(&r, made.a[0]) == 100 && noted(&r, made.a[1]) == 200 &&
				  noted(&r, made.b[0]) == 300,
			  "%u calls", calls);
		rig_fini(&r);
	}
}

Test(registry_marks, where_they_cannot_be_written_the_writers_files_stay)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME ".0", made.a[0], 100);
	faults.is_full = true;
	cr_assert(rig_open(&r));
	cr_assert(strstr(r.said, MARK_FILE_NAME " cannot be written: No space left"), "%s", r.said);
	cr_assert(rig_exists(&r, MARK_FILE_NAME ".0") && noted(&r, made.a[0]) == 100);
	faults.is_full = false;
	rig_stop(&r);
	cr_assert(noted(&r, made.a[0]) == 100 && noted(&r, made.b[0]) == 42);
	rig_fini(&r);
}

Test(registry_marks, where_one_cannot_be_read_all_stay_as_they_are)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME, made.a[0], 100);
	rig_run(&r, "mkdir " MARK_FILE_NAME ".3");
	cr_assert(rig_open(&r));
	cr_assert(faults.mark_of[0] == 100);
	cr_assert(strstr(r.said, MARK_FILE_NAME ".3 cannot be read: Is a directory"), "%s", r.said);
	rig_stop(&r);
	rig_run(&r, "rmdir " MARK_FILE_NAME ".3");
	cr_assert(noted(&r, made.a[0]) == 100 && noted(&r, made.b[0]) == -1);
	rig_fini(&r);
}

Test(registry_marks, a_partitions_own_file_of_before_goes_when_all_has_its_place)
{
	struct rig r;
	make_topics(&r);
	rig_write(&r, "a-0/" MARK_OLD_NAME, "0\n1\n00000000000000000099\n");
	faults.has_old_mark = true;
	cr_assert(rig_open(&r));
	cr_assert(!rig_exists(&r, "a-0/" MARK_OLD_NAME));
	rig_stop(&r);
	/* Of a damaged one nothing is changed. */
	rig_write(&r, "a-0/" MARK_OLD_NAME, "0\n1\n00000000000000000099\n");
	faults.log_is_corrupt = true;
	cr_assert(rig_open(&r));
	cr_assert(rig_exists(&r, "a-0/" MARK_OLD_NAME));
	rig_crash(&r);
	/* Nor before the marks have a place. */
	memset(&faults, 0, sizeof faults);
	faults.has_old_mark = faults.is_full = true;
	cr_assert(rig_open(&r));
	cr_assert(rig_exists(&r, "a-0/" MARK_OLD_NAME));
	faults.is_full = false;
	rig_stop(&r);
	rig_fini(&r);
}

/* What its log begins with stays what it is held to. */
Test(registry_marks, an_offline_partition_keeps_its_mark)
{
	struct rig r;
	struct topics_made made = make_topics(&r);
	store(&r, MARK_FILE_NAME ".0", made.a[0], 100);
	faults.log_error = -EIO;
	faults.log_error_at = "a-0";
	cr_assert(rig_open(&r));
	rig_stop(&r);
	cr_assert(noted(&r, made.a[0]) == 100);
	rig_fini(&r);
}

Test(registry_marks, a_writer_that_cannot_write_its_own_is_said_once)
{
	struct rig r;
	make_topics(&r);
	cr_assert(rig_open(&r));
	for (unsigned slot = 0; slot < 4; slot++)
		r.marks[slot].marks.mark_error = -ENOSPC;
	rig_wait(&r, 3);
	const char *line = strstr(r.said, "durable marks cannot be written: No space left");
	cr_assert(line && !strstr(line + 1, "durable marks"), "%s", r.said);
	cr_assert(!strstr(r.said, "takes no more records"));
	rig_stop(&r);
	rig_fini(&r);
}
