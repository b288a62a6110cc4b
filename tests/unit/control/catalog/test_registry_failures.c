/* test_registry_failures.c - calls fail in the middle of a change, and work again: what is
 * served afterwards is what the next start serves, too, and nothing is half there. */
#include "control/catalog/uuid.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

enum { FAILURES_MAX = 3 };

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_failures, .init = setup, .fini = teardown, .timeout = 100);

/* A change with `failures` failing calls from the n-th of it on; `check` holds what it left
 * against what was there before. Ends when no call fails any more. */
static void fail_everywhere(void (*prepare)(void), void (*change)(void),
			    void (*check)(unsigned call, unsigned failures))
{
	for (unsigned failures = 1; failures <= FAILURES_MAX; failures++) {
		bool has_failed = true;
		for (unsigned call = 1; has_failed; call++) {
			cr_assert(rig_open(&r));
			prepare();
			faults.changes_left = call;
			faults.failures = failures;
			change();
			has_failed = faults.failed > 0;
			faults.changes_left = 0;
			check(call, failures);
			rig_fini(&r);
			rig_init(&r);
		}
	}
}

static uint8_t id_before[UUID_BYTES];

static void make_three(void)
{
	rig_create(&r, "t", 3);
	cr_assert(r.result.error == 0);
	memcpy(id_before, rig_topic(&r, "t")->topic.id, UUID_BYTES);
}

static void delete(void)
{
	rig_delete(&r, "t");
}

static bool has_directory(uint32_t partition)
{
	char name[16];
	snprintf(name, sizeof name, "t-%u", partition);
	return rig_exists(&r, name);
}

/* The same topic with all of its partitions served, and no more. */
static void check_whole(uint32_t partitions, unsigned call, unsigned failures)
{
	const struct registry_topic *t = rig_topic(&r, "t");
	cr_assert(t && memcmp(t->topic.id, id_before, UUID_BYTES) == 0,
		  "call %u of %u: the topic is gone", call, failures);
	cr_assert(t->topic.partitions == partitions && faults.offline == 0,
		  "call %u of %u: %u partitions, %d offline: %s", call, failures,
		  t->topic.partitions, faults.offline, r.said);
	for (uint32_t i = 0; i < 8; i++)
		cr_assert(has_directory(i) == (i < partitions), "call %u of %u: t-%u", call,
			  failures, i);
}

static void check_gone(unsigned call, unsigned failures)
{
	cr_assert(!rig_topic(&r, "t") && !rig_exists(&r, ".t.json"), "call %u of %u", call,
		  failures);
	for (uint32_t i = 0; i < 8; i++)
		cr_assert(!has_directory(i), "call %u of %u: t-%u", call, failures, i);
}

static void check_deletion(unsigned call, unsigned failures)
{
	bool is_served = rig_topic(&r, "t") != NULL;
	int16_t error = r.result.error;
	cr_assert(error || !is_served);
	cr_assert(faults.served == (is_served ? 3 : 0) && faults.logs_open == faults.served);
	rig_crash(&r);
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "call %u of %u: %s", call, failures, r.message);
	if (is_served || (error && rig_topic(&r, "t")))
		check_whole(3, call, failures);
	else
		check_gone(call, failures);
	rig_stop(&r);
}

Test(registry_failures, a_topic_that_is_served_after_a_failed_deletion_is_there_at_the_next_start)
{
	fail_everywhere(make_three, delete, check_deletion);
}

static void make_three_and_fill_disk(void)
{
	make_three();
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	faults.is_full = true;
}

Test(registry_failures, nor_does_a_full_disk_take_it)
{
	fail_everywhere(make_three_and_fill_disk, delete, check_deletion);
}

/* It is renamed into its place and cannot be synced, nor be replaced again. */
Test(registry_failures, a_topic_whose_mark_may_or_may_not_last_is_served_no_more)
{
	cr_assert(rig_open(&r));
	make_three();
	faults.changes_left = 5; /* of the new file: open, write, sync, rename, then that */
	faults.failures = FAILURES_MAX;
	delete();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "the next start"), "%s", r.result.message);
	cr_assert(!rig_topic(&r, "t") && faults.served == 0 && has_directory(0));
	rig_crash(&r);
	cr_assert(rig_open(&r));
	check_gone(0, 0);
	rig_stop(&r);
}

/* ---- growth ------------------------------------------------------------------------------ */

static void grow(void)
{
	rig_alter(&r, "t", 5, NULL, 0);
}

static void refuse_growth(void)
{
	make_three();
	faults.open_error = -ENOMEM;
	faults.open_good = 1;
}

static void check_growth(unsigned call, unsigned failures)
{
	int16_t error = r.result.error;
	cr_assert(rig_topic(&r, "t")->topic.partitions == (error ? 3 : 5));
	cr_assert(faults.served == (error ? 3 : 5) && faults.logs_open == faults.served);
	rig_crash(&r);
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "call %u of %u: %s", call, failures, r.message);
	uint32_t now = rig_topic(&r, "t")->topic.partitions;
	cr_assert(now == 5 || (error && now == 3));
	check_whole(now, call, failures);
	rig_stop(&r);
}

Test(registry_failures, a_growth_that_fails_leaves_old_or_new)
{
	fail_everywhere(make_three, grow, check_growth);
}

Test(registry_failures, a_growth_that_a_writer_refuses_leaves_old_or_new)
{
	fail_everywhere(refuse_growth, grow, check_growth);
}

Test(registry_failures, a_crash_at_any_call_of_an_undone_growth_leaves_old_or_new)
{
	bool has_ended = false;
	for (unsigned call = 1; !has_ended; call++) {
		cr_assert(rig_open(&r));
		refuse_growth();
		faults.calls_left = call;
		grow();
		has_ended = !faults.is_dead;
		rig_crash(&r);
		cr_assert(rig_open(&r), "call %u: %s", call, r.message);
		check_whole(rig_topic(&r, "t")->topic.partitions == 5 ? 5 : 3, call, 0);
		rig_stop(&r);
		rig_fini(&r);
		rig_init(&r);
	}
}

/* Taken for a topic of Kafka's they would come back. */
static void check_deletion_after(unsigned call, unsigned failures)
{
	faults.open_error = 0;
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	check_gone(call, failures);
	rig_stop(&r);
	cr_assert(rig_open(&r));
	check_gone(call, failures);
	rig_stop(&r);
}

Test(registry_failures, what_an_undone_growth_could_not_remove_goes_with_the_topic)
{
	fail_everywhere(refuse_growth, grow, check_deletion_after);
}

static void check_second_growth(unsigned call, unsigned failures)
{
	faults.open_error = 0;
	if (r.result.error)
		rig_alter(&r, "t", 6, NULL, 0);
	cr_assert(r.result.error == 0, "call %u of %u: %s", call, failures, r.result.message);
	check_whole(rig_topic(&r, "t")->topic.partitions, call, failures);
	rig_stop(&r);
	cr_assert(rig_open(&r));
	check_whole(6, call, failures);
	rig_stop(&r);
}

Test(registry_failures, a_growth_can_be_asked_for_again)
{
	fail_everywhere(refuse_growth, grow, check_second_growth);
}

/* ---- creation ---------------------------------------------------------------------------- */

static void nothing(void)
{
}

static void create(void)
{
	rig_create(&r, "t", 3);
}

/* The second is whole: what the first left is removed, and never taken for its. */
static void check_second_creation(unsigned call, unsigned failures)
{
	int16_t error = r.result.error;
	faults.is_full = false;
	rig_create(&r, "t", 2);
	cr_assert(r.result.error == (error ? 0 : KAFKA_ERROR_TOPIC_ALREADY_EXISTS),
		  "call %u of %u: %s", call, failures, r.result.message);
	memcpy(id_before, rig_topic(&r, "t")->topic.id, UUID_BYTES);
	rig_crash(&r);
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "call %u of %u: %s", call, failures, r.message);
	check_whole(error ? 2 : 3, call, failures);
	rig_delete(&r, "t");
	check_gone(call, failures);
	rig_stop(&r);
}

Test(registry_failures, a_second_creation_takes_nothing_that_the_first_left)
{
	fail_everywhere(nothing, create, check_second_creation);
}

static void fill_disk(void)
{
	faults.is_full = true;
}

Test(registry_failures, nor_on_a_full_disk)
{
	fail_everywhere(fill_disk, create, check_second_creation);
}

/* A topic of fewer partitions where a deletion has left some: its own deletion leaves none. */
static void check_smaller_creation(unsigned call, unsigned failures)
{
	rig_create(&r, "t", 1);
	bool is_made = r.result.error == 0;
	if (is_made)
		rig_delete(&r, "t");
	rig_crash(&r);
	cr_assert(rig_open(&r), "call %u of %u: %s", call, failures, r.message);
	if (is_made)
		check_gone(call, failures);
	rig_stop(&r);
}

Test(registry_failures, nor_does_a_smaller_one_forget_what_a_deletion_left)
{
	fail_everywhere(make_three, delete, check_smaller_creation);
}

/* ---- what is left ------------------------------------------------------------------------ */

/* From the n-th change of a life on all fail, or so many that the stop sees some of them. */
enum { FAILURES_UNTIL_STOP = 12 };

/* A mark of a clean stop vouches for what lies there: whole partitions that were served until
 * then, or what the next start removes. */
static void check_mark(uint32_t served)
{
	rig_stop(&r);
	if (!rig_exists(&r, ".kafka_cleanshutdown"))
		return;
	bool has_file = rig_exists(&r, ".t.json");
	if (has_file && strstr(rig_read(&r, ".t.json"), "\"deleting\": true"))
		return;
	cr_assert(!has_file || served > 0, "%s", r.said);
	for (uint32_t i = served; i < 8; i++)
		cr_assert(!has_directory(i), "t-%u: %s", i, r.said);
}

/* True: some call of the change, or of the stop, failed. */
static bool stop_over(void (*prepare)(void), void (*change)(void), unsigned call,
		      unsigned failures)
{
	cr_assert(rig_open(&r));
	prepare();
	faults.changes_left = call;
	faults.failures = failures;
	change();
	uint32_t served = (uint32_t)faults.served;
	bool has_failed = faults.failed > 0;
	if (failures <= FAILURES_MAX) /* then the disk works again */
		faults.changes_left = 0;
	check_mark(served);
	cr_assert(failures > FAILURES_MAX || rig_exists(&r, ".kafka_cleanshutdown"),
		  "call %u of %u: %s", call, failures, r.said);
	rig_fini(&r);
	rig_init(&r);
	return has_failed;
}

static void stop_over_everywhere(void (*prepare)(void), void (*change)(void))
{
	static const unsigned failures[] = {1, FAILURES_MAX, FAILURES_UNTIL_STOP};
	for (unsigned i = 0; i < array_len(failures); i++)
		for (unsigned call = 1; stop_over(prepare, change, call, failures[i]); call++)
			;
}

Test(registry_failures, a_clean_stop_leaves_no_creation_half_made)
{
	stop_over_everywhere(nothing, create);
}

Test(registry_failures, a_clean_stop_leaves_no_growth_half_made)
{
	stop_over_everywhere(make_three, grow);
	stop_over_everywhere(refuse_growth, grow);
}

Test(registry_failures, a_clean_stop_leaves_no_topic_that_may_or_may_not_be_deleted)
{
	stop_over_everywhere(make_three, delete);
}

/* The third partition's log finds no room, and nothing else does. */
Test(registry_failures, a_creation_that_fills_the_disk_leaves_nothing)
{
	faults.log_error = -ENOSPC;
	faults.log_error_at = "t-2";
	cr_assert(rig_open(&r));
	create();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	check_gone(0, 0);
	rig_stop(&r);
	cr_assert(rig_exists(&r, ".kafka_cleanshutdown"), "%s", r.said);
}

static void leave_creation(void)
{
	faults.log_error = -EIO;
	faults.log_error_at = "t-2";
	create();
	faults.log_error = 0;
}

Test(registry_failures, a_creation_over_what_is_left_says_whose_it_is)
{
	cr_assert(rig_open(&r));
	faults.changes_left = 30; /* in the undoing, and from there on */
	faults.failures = 1000;
	leave_creation();
	cr_assert(r.result.error && rig_exists(&r, ".t.json"));
	create();
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(strstr(r.result.message, "an earlier change of it has failed") &&
			  strstr(r.result.message, "Input/output error"),
		  "%s", r.result.message);
	faults.changes_left = 0;
	create();
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
}

/* As if it were still served: what they say keeps recovery from cutting what was durable. */
Test(registry_failures, a_topic_that_may_be_there_again_keeps_its_offsets_in_the_checkpoints)
{
	cr_assert(rig_open(&r));
	make_three();
	faults.changes_left = 5;
	faults.failures = FAILURES_MAX;
	delete();
	cr_assert(r.result.error && !rig_topic(&r, "t"));
	faults.changes_left = 0;
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	cr_assert(strstr(rig_read(&r, "recovery-point-offset-checkpoint"), "t 2 "), "%s",
		  rig_read(&r, "recovery-point-offset-checkpoint"));
	rig_crash(&r);
}

static void note_done(void *owner, const struct registry_result *result)
{
	int16_t **next = owner;
	*(*next)++ = result->error;
}

/* Whoever asked is gone when the registry is closed. */
Test(registry_failures, a_stop_that_is_given_up_ends_the_job_under_way_and_those_that_wait)
{
	int16_t errors[3] = {0}, *next = errors;
	struct registry_request request = {.name = "t", .partitions = 1, .replication_factor = 1,
					   .done = note_done, .owner = &next};
	cr_assert(rig_open(&r));
	registry_create_topic(r.registry, &request);
	r.now_ns += 1000;
	registry_turn(r.registry, r.now_ns);
	request.name = "u";
	registry_create_topic(r.registry, &request);
	cr_assert(next == errors);
	registry_end_jobs(r.registry);
	cr_assert(next == errors + 2 && errors[0] == KAFKA_ERROR_BROKER_NOT_AVAILABLE &&
		  errors[1] == KAFKA_ERROR_BROKER_NOT_AVAILABLE);
	rig_crash(&r);
	cr_assert(next == errors + 2);
}
