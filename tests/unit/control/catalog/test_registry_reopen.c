/* test_registry_reopen.c - partitions that have failed come back while others are served: through a
 * recovery, with all that was known of them, or they stay offline and say why. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/sim/sim_crew.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct rig r;

/* What became of the last errand's parts. */
static unsigned done;
static struct {
	int16_t error;
	char message[512];
} told[4];

static void setup(void)
{
	rig_init(&r);
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 2);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_reopen, .init = setup, .fini = teardown);

static void take(void *owner, const struct registry_result *result)
{
	done++;
	for (uint32_t i = 0; i < result->part_count; i++) {
		const struct registry_part *p = &result->parts[i];
		told[i].error = result->error ? result->error : p->error;
		snprintf(told[i].message, sizeof told[i].message, "%s",
			 p->message ? p->message : "");
	}
}

static void ask(const char *topic, const uint32_t *numbers, uint32_t count)
{
	struct registry_part parts[4] = {0};
	done = 0;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(parts[i].topic_id, rig_topic(&r, topic)->topic.id, 16);
		parts[i].partition = numbers[i];
	}
	registry_send(r.registry, REGISTRY_REOPEN, parts, count, take, NULL);
}

/* A crew makes one call a turn, in which nothing else may move. */
static void finish(void)
{
	for (unsigned i = 0; i < 1000 && !done; i++)
		rig_turn(&r);
	rig_turns(&r);
	cr_assert(done == 1);
}

static void reopen(uint32_t partition)
{
	ask("t", &partition, 1);
	finish();
}

static struct log_marks *marks_of(uint32_t partition)
{
	return &r.marks[rig_topic(&r, "t")->topic.refs[partition].slot].marks;
}

/* Its writer could not write. */
static void fail(uint32_t partition)
{
	marks_of(partition)->is_fenced = true;
	marks_of(partition)->fence_error = -EIO;
	rig_wait(&r, 1);
}

static const char *fault_of(uint32_t partition)
{
	return registry_partition_fault(r.registry, rig_topic(&r, "t"), partition);
}

static bool is_offline(uint32_t partition)
{
	return registry_is_offline(r.registry, rig_topic(&r, "t"), partition);
}

static const char *way_out(uint32_t partition)
{
	static char text[REGISTRY_WAY_OUT_BYTES];
	return registry_way_out(r.registry, rig_topic(&r, "t"), partition, text);
}

static void check_served(uint32_t partition)
{
	cr_assert(!is_offline(partition) && !fault_of(partition)[0] && !way_out(partition)[0] &&
			  registry_failed_ms(rig_topic(&r, "t"), partition) == 0,
		  "%s; %s", fault_of(partition), way_out(partition));
}

/* ---- what comes back --------------------------------------------------------------------- */

Test(registry_reopen, a_log_that_was_fenced_is_recovered_by_all_that_was_known_of_it)
{
	fail(1);
	cr_assert(strstr(r.said, "see to the disk, then `penstockctl partition reopen t 1`"), "%s",
		  r.said);
	cr_assert(strcmp(fault_of(1), "Input/output error") == 0 &&
		  registry_failed_ms(rig_topic(&r, "t"), 1) > 0);
	unsigned opened = faults.opened;
	faults.last_is_clean = true;
	reopen(1);
	cr_assert(told[0].error == 0, "%s", told[0].message);
	cr_assert(faults.opened == opened + 1 && faults.served == 2 && faults.offline == 0);
	/* As its log said when its writer gave it back (registry_fakes.c). */
	cr_assert(faults.last_recovery_point == 41 && faults.last_mark == 42 &&
		  !faults.last_is_clean);
	check_served(1);
	rig_stop(&r);
	cr_assert(rig_exists(&r, ".kafka_cleanshutdown"), "what came back is sound");
}

Test(registry_reopen, one_that_could_not_be_opened_at_the_start_is_later)
{
	rig_stop(&r);
	rig_write(&r, "recovery-point-offset-checkpoint", "0\n1\nt 1 1234\n");
	faults.log_error = -EIO;
	faults.log_error_at = "t-1";
	cr_assert(rig_open(&r) && is_offline(1) && faults.served == 1);
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && is_offline(1));
	faults.log_error = 0;
	reopen(1);
	cr_assert(told[0].error == 0 && faults.served == 2, "%s", told[0].message);
	cr_assert(faults.last_recovery_point == 1234);
	check_served(1);
	rig_stop(&r);
}

Test(registry_reopen, a_directory_that_went_is_served_when_it_is_back_and_is_not_made_anew)
{
	rig_run(&r, "mv t-1 gone");
	rig_wait(&r, 1);
	cr_assert(is_offline(1) && faults.fenced == 1, "%s", r.said);
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "t-1: its directory: it is not there"),
		  "%s", told[0].message);
	cr_assert(is_offline(1) && !rig_exists(&r, "t-1"));
	rig_run(&r, "mkdir t-1"); /* as below a file system that is not mounted */
	unsigned opened = faults.opened;
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
		  faults.opened == opened && !rig_exists(&r, "t-1/partition.metadata"));
	rig_run(&r, "rmdir t-1 && mv gone t-1");
	reopen(1);
	cr_assert(told[0].error == 0, "%s", told[0].message);
	check_served(1);
	rig_wait(&r, 2);
	check_served(1);
	rig_stop(&r);
}

Test(registry_reopen, settings_that_changed_meanwhile_are_the_logs)
{
	struct registry_setting s = {"segment.bytes", "4194304"};
	fail(1);
	sim_crew_hold(true);
	uint32_t one = 1;
	ask("t", &one, 1);
	rig_turns(&r);
	rig_alter(&r, "t", -1, &s, 1);
	cr_assert(r.result.error == 0 && !done);
	faults.last_options = (struct log_options){0};
	sim_crew_hold(false);
	rig_turns(&r);
	cr_assert(done == 1 && told[0].error == 0 && faults.last_options.segment_bytes == 4194304);
	rig_stop(&r);
}

/* ---- what does not ------------------------------------------------------------------------ */

Test(registry_reopen, each_is_told_apart_and_one_that_is_served_is_left_alone)
{
	static const uint32_t numbers[] = {0, 1, 2, 1};
	fail(1);
	ask("t", numbers, 4);
	finish();
	cr_assert(told[0].error == KAFKA_ERROR_INVALID_REQUEST &&
			  strstr(told[0].message, "t-0: it is served, and has not failed"),
		  "%s", told[0].message);
	cr_assert(told[1].error == 0, "%s", told[1].message);
	cr_assert(told[2].error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(told[3].error == KAFKA_ERROR_INVALID_REQUEST &&
		  strstr(told[3].message, "it is being reopened already"));
	cr_assert(faults.served == 2);
	rig_stop(&r);
}

Test(registry_reopen, one_whose_disk_is_still_bad_says_which_call_failed_and_waits)
{
	fail(1);
	faults.log_error = -EROFS;
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "t-1: Read-only file system"),
		  "%s", told[0].message);
	cr_assert(is_offline(1) && !is_offline(0) && faults.served == 1 && faults.offline == 1);
	cr_assert(strcmp(fault_of(1), "Read-only file system") == 0 &&
		  strstr(way_out(1), "penstockctl partition reopen t 1"));
	rig_wait(&r, 61); /* what was known of it is written down meanwhile */
	cr_assert(strstr(rig_read(&r, "recovery-point-offset-checkpoint"), "\nt 1 41\n"));
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry_reopen, one_that_is_found_damaged_is_read_only)
{
	fail(1);
	faults.log_is_corrupt = true;
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "damage at offset 7"),
		  "%s", told[0].message);
	cr_assert(!is_offline(1) && strstr(fault_of(1), "damage at offset 7") &&
		  strstr(way_out(1), "penstock-log repair"));
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry_reopen, nothing_is_served_that_could_not_be_synced)
{
	fail(1);
	faults.failing = r.directory;
	faults.failing_error = -ENOSPC;
	faults.fails_syncs = true;
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "cannot be synced: No space left"),
		  "%s", told[0].message);
	cr_assert(is_offline(1) && faults.logs_open == 1);
	faults.failing = NULL;
	reopen(1);
	cr_assert(told[0].error == 0, "%s", told[0].message);
	rig_stop(&r);
}

Test(registry_reopen, what_only_a_start_can_judge_waits_for_it)
{
	rig_stop(&r);
	rig_run(&r, "mv t-1 gone");
	cr_assert(rig_open(&r) && is_offline(1));
	rig_run(&r, "mv gone t-1");
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "then start the gateway again"),
		  "%s", told[0].message);
	rig_stop(&r);
	cr_assert(rig_open(&r) && !is_offline(1), "%s", r.said);
	rig_stop(&r);
}

Test(registry_reopen, a_disk_without_room_is_no_place_for_a_recovery)
{
	fail(1);
	faults.bytes_left = 1 << 20;
	rig_wait(&r, 1);
	reopen(1);
	cr_assert(told[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(told[0].message, "penstock.disk.reserve.bytes"),
		  "%s", told[0].message);
	cr_assert(!is_offline(1) && faults.served == 2, "as it was");
	rig_stop(&r);
}

/* ---- what else happens meanwhile ---------------------------------------------------------- */

/* The recovery is under way, and waits. */
static void begin_recovery(void)
{
	uint32_t one = 1;
	fail(1);
	sim_crew_hold(true);
	ask("t", &one, 1);
	rig_turns(&r);
	cr_assert(!done && is_offline(1) && strcmp(way_out(1), "it is being reopened") == 0);
}

Test(registry_reopen, a_stop_breaks_it_off)
{
	struct recovery_progress p;
	begin_recovery();
	cr_assert(registry_reopening(r.registry, &p) && p.partitions == 1 && p.opened == 0);
	unsigned opened = faults.opened;
	rig_stop(&r);
	sim_crew_hold(false);
	cr_assert(done == 1 && told[0].error && strstr(told[0].message, "is stopping"), "%s",
		  told[0].message);
	cr_assert(faults.opened == opened && !rig_exists(&r, ".kafka_cleanshutdown"));
}

Test(registry_reopen, its_topic_can_be_deleted)
{
	begin_recovery();
	rig_delete(&r, "t");
	cr_assert(r.result.error == -1000, "it waits");
	unsigned opened = faults.opened;
	sim_crew_hold(false);
	rig_turns(&r);
	cr_assert(done == 1 && strstr(told[0].message, "is being deleted"), "%s", told[0].message);
	cr_assert(faults.opened == opened && r.result.error == 0 && !rig_exists(&r, "t-1"));
	cr_assert(faults.served == 0 && faults.offline == 0);
	rig_stop(&r);
}

Test(registry_reopen, a_process_that_ends_under_it_leaves_nothing)
{
	struct recovery_progress p;
	begin_recovery();
	rig_crash(&r);
	sim_crew_hold(false);
	cr_assert(done == 1 && rig_open(&r) && !is_offline(1), "%s", r.message);
	cr_assert(!registry_reopening(r.registry, &p));
	rig_stop(&r);
}

/* Its writer is asked nothing that a partition without a log cannot answer. */
Test(registry_reopen, others_are_served_and_changed_meanwhile)
{
	begin_recovery();
	rig_create(&r, "u", 1);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_alter(&r, "t", 3, NULL, 0);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_wait(&r, 61); /* checkpoints, retention */
	sim_crew_hold(false);
	rig_turns(&r);
	cr_assert(done == 1 && told[0].error == 0, "%s", told[0].message);
	cr_assert(faults.served == 4);
	rig_stop(&r);
}

/* ---- a log directory ---------------------------------------------------------------------- */

static void use_two(void)
{
	rig_stop(&r);
	r.dir_count = 2;
	rig_run(&r, "mkdir $PWD.second");
	cr_assert(rig_open(&r), "%s", r.message);
	rig_create(&r, "u", 2);
	cr_assert(r.dirs[1].partitions == 2 && faults.served == 4);
}

static void reopen_second(void)
{
	done = r.done;
	registry_reopen_directory(r.registry, 1, rig_take_result, &r);
	for (unsigned i = 0; i < 1000 && r.done == done; i++)
		rig_turn(&r);
	rig_turns(&r);
}

static void check_second(bool is_lost, uint32_t served)
{
	cr_assert(r.dirs[1].is_lost == is_lost && faults.served == served, "%u; %s", faults.served,
		  r.said);
}

Test(registry_reopen, a_log_directory_that_is_back_is_used_again_with_what_lies_there)
{
	use_two();
	rig_run(&r, "mv $PWD.second $PWD.away");
	rig_wait(&r, 1);
	check_second(true, 4);
	cr_assert(faults.fenced == 2 && strstr(r.said, "then `penstockctl logdir reopen`"));
	reopen_second();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(r.result.message, "it is not there, or not the one that was"),
		  "%s", r.result.message);
	check_second(true, 4);
	rig_run(&r, "mkdir $PWD.second");
	reopen_second();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR, "it is another one");
	check_second(true, 4);
	rig_run(&r, "rmdir $PWD.second && mv $PWD.away $PWD.second");
	reopen_second();
	cr_assert(r.result.error == 0 && r.result.part_count == 2, "%s", r.result.message);
	check_second(false, 4);
	cr_assert(strstr(r.said, ".second is used again") && r.dirs[1].fault[0] == '\0');
	rig_create(&r, "v", 4);
	cr_assert(r.result.error == 0 && r.dirs[1].partitions == 4, "new partitions go there");
	rig_stop(&r);
	cr_assert(rig_open(&r) && faults.offline == 0 && faults.served == 8, "%s", r.said);
	rig_stop(&r);
}

Test(registry_reopen, a_log_directory_that_takes_no_file_stays_lost)
{
	use_two();
	faults.failing = r.second;
	faults.failing_error = -EROFS;
	rig_wait(&r, 120); /* a checkpoint */
	check_second(true, 4);
	reopen_second();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(r.result.message, "read-only"),
		  "%s", r.result.message);
	check_second(true, 4);
	faults.failing = NULL;
	reopen_second();
	cr_assert(r.result.error == 0, "%s", r.result.message);
	check_second(false, 4);
	rig_stop(&r);
}

Test(registry_reopen, a_log_directory_that_was_lost_at_the_start_waits_for_the_next)
{
	use_two();
	rig_stop(&r);
	rig_run(&r, "mv $PWD.second $PWD.away");
	cr_assert(rig_open(&r), "%s", r.message);
	rig_run(&r, "mv $PWD.away $PWD.second");
	reopen_second();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR &&
			  strstr(r.result.message, "start the gateway again"),
		  "%s", r.result.message);
	rig_stop(&r);
}
