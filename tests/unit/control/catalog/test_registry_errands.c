/* test_registry_errands.c - what the registry sends to the writers of partitions for others, and
 * what comes back. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 4);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_errands, .init = setup, .fini = teardown);

/* What came of the last errand. */
static struct registry_part got[8];
static unsigned done;

static void hear(void *owner, const struct registry_result *result)
{
	memcpy(got, result->parts, result->part_count * sizeof *got);
	if (result->error)
		got[0].error = result->error;
	done++;
}

/* What their writers have published. */
static void publish(const char *topic, uint32_t partition, int64_t start, int64_t high)
{
	uint32_t slot = rig_topic(&r, topic)->topic.refs[partition].slot;
	r.marks[slot].marks = (struct log_marks){.log_start_offset = start,
						 .high_watermark = high,
						 .log_end_offset = high + 5};
}

static struct registry_part part_of(const char *topic, uint32_t partition)
{
	struct registry_part part = {.partition = partition, .producers_max = 100000};
	memcpy(part.topic_id, rig_topic(&r, topic)->topic.id, sizeof part.topic_id);
	return part;
}

/* ---- producers --------------------------------------------------------------------------- */

static void send_producers(struct registry_part part)
{
	registry_send(r.registry, REGISTRY_PRODUCERS, &part, 1, hear, NULL);
}

static struct registry_part *told(struct registry_part part)
{
	send_producers(part);
	rig_turns(&r);
	return &got[0];
}

Test(registry_errands, producers_come_in_pieces_and_are_put_together)
{
	faults.producers = 2 * PRODUCERS_PIECE + 100;
	struct registry_part *p = told(part_of("t", 3));
	cr_assert(p->error == 0 && p->producer_count == 2 * PRODUCERS_PIECE + 100);
	for (uint32_t i = 0; i < p->producer_count; i++)
		cr_assert(p->producers[i].id == i);
	cr_assert(faults.pieces == 3);
	free(p->producers);
	rig_stop(&r);
}

Test(registry_errands, no_more_are_asked_for_than_are_wanted)
{
	struct registry_part part = part_of("t", 0);
	faults.producers = 3 * PRODUCERS_PIECE;
	part.producers_max = PRODUCERS_PIECE + 1;
	struct registry_part *p = told(part);
	cr_assert(p->producer_count == PRODUCERS_PIECE + 1 && faults.pieces == 2);
	free(p->producers);
	rig_stop(&r);
}

Test(registry_errands, what_begins_anew_takes_the_place_of_all_before)
{
	faults.producers = 3 * PRODUCERS_PIECE;
	faults.anew_at = 2;
	struct registry_part *p = told(part_of("t", 0));
	cr_assert(p->producer_count == 3 * PRODUCERS_PIECE && faults.pieces == 5);
	for (uint32_t i = 0; i < p->producer_count; i++)
		cr_assert(p->producers[i].id == i);
	free(p->producers);
	rig_stop(&r);
}

/* One that is gone through for ever would hold up everybody who changes a topic. */
Test(registry_errands, who_always_begins_anew_is_given_up)
{
	faults.producers = 3 * PRODUCERS_PIECE;
	faults.is_always_anew = true;
	struct registry_part *p = told(part_of("t", 0));
	cr_assert(p->error == 0 && p->producer_count == PRODUCERS_PIECE);
	free(p->producers);
	rig_create(&r, "after", 1);
	cr_assert(r.result.error == 0);
	rig_stop(&r);
}

Test(registry_errands, partitions_that_are_not_there_or_offline_have_errors_of_their_own)
{
	struct registry_part gone = part_of("t", 4);
	cr_assert(told(gone)->error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	gone = part_of("t", 1);
	rig_delete(&r, "t");
	cr_assert(told(gone)->error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(faults.pieces == 0);
	rig_create(&r, "t", 1);
	faults.is_offline = true;
	cr_assert(told(part_of("t", 0))->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(got[0].producer_count == 0);
	free(got[0].producers);
	rig_stop(&r);
}

Test(registry_errands, an_errand_behind_the_stop_is_refused)
{
	struct registry_part part = part_of("t", 0);
	registry_stop(r.registry);
	send_producers(part);
	rig_turns(&r);
	cr_assert(registry_is_stopped(r.registry));
	registry_close(r.registry);
	log_dir_close(&r.dirs[0]);
	cr_assert(done == 1 && got[0].error == KAFKA_ERROR_BROKER_NOT_AVAILABLE);
}

/* ---- records that go --------------------------------------------------------------------- */

static const char starts_file[] = "log-start-offset-checkpoint";

/* Of partition 1; the answers are in `got`. */
static void delete_below(int64_t offset)
{
	struct registry_part part = part_of("t", 1);
	part.offset = offset;
	registry_send(r.registry, REGISTRY_DELETE_RECORDS, &part, 1, hear, NULL);
	rig_turns(&r);
}

static void must_be_written(void)
{
	cr_assert(strstr(rig_read(&r, starts_file), "t 1 50\n"), "before a writer is told");
}

Test(registry_errands, a_start_is_on_disk_before_its_writer_hears_of_it_and_stays)
{
	faults.delete_seen = must_be_written;
	publish("t", 1, 10, 100);
	delete_below(50);
	cr_assert(got[0].error == 0 && got[0].log_start_offset == 50);
	cr_assert(faults.deletions == 1 && faults.last_deletion == 50);
	/* The writer has not published it yet, and what is written when it is due says it all the
	 * same. */
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	must_be_written();
	rig_crash(&r);
	cr_assert(rig_open(&r));
	for (unsigned i = 0; i < 4; i++)
		cr_assert(faults.start_of[i] == (i == 1 ? 50 : 0), "%u", i);
	rig_stop(&r);
	must_be_written();
}

/* What the second is held against is where the first has moved it to. */
Test(registry_errands, a_start_does_not_go_back_to_what_was_asked_for_meanwhile)
{
	publish("t", 1, 10, 100);
	faults.writer_is_slow = true;
	delete_below(60);
	delete_below(50);
	cr_assert(done == 0 && strstr(rig_read(&r, starts_file), "t 1 60\n"));
	publish("t", 1, 60, 100);
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(done == 2 && got[0].error == 0 && got[0].log_start_offset == 60);
	cr_assert(faults.deletions == 1 && faults.last_deletion == 60);
	cr_assert(strstr(rig_read(&r, starts_file), "t 1 60\n"));
	rig_stop(&r);
}

Test(registry_errands, what_may_go_is_what_is_durable)
{
	publish("t", 1, 10, 100);
	delete_below(101);
	cr_assert(got[0].error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE && got[0].log_start_offset == -1);
	delete_below(-2);
	cr_assert(got[0].error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	cr_assert(faults.deletions == 0);
	delete_below(REGISTRY_HIGH_WATERMARK);
	cr_assert(got[0].error == 0 && got[0].log_start_offset == 100);
	cr_assert(faults.last_deletion == 100);
	rig_stop(&r);
}

Test(registry_errands, below_the_start_nothing_is_left_to_go)
{
	publish("t", 1, 10, 100);
	delete_below(10);
	cr_assert(got[0].error == 0 && got[0].log_start_offset == 10);
	delete_below(3);
	cr_assert(got[0].error == 0 && got[0].log_start_offset == 10);
	cr_assert(faults.deletions == 0);
	rig_stop(&r);
}

Test(registry_errands, where_the_start_cannot_be_written_it_does_not_move)
{
	publish("t", 1, 10, 100);
	faults.is_full = true;
	delete_below(50);
	cr_assert(got[0].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && faults.deletions == 0);
	faults.is_full = false;
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	cr_assert(strstr(rig_read(&r, starts_file), "t 1 10\n"));
	rig_stop(&r);
}

Test(registry_errands, partitions_that_fail_do_not_keep_the_others_back)
{
	struct registry_part parts[4];
	for (uint32_t i = 0; i < 4; i++) {
		publish("t", i, 0, 100);
		parts[i] = part_of("t", i);
		parts[i].offset = 60 + i;
	}
	parts[0].error = KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	parts[2].offset = 1000;
	registry_send(r.registry, REGISTRY_DELETE_RECORDS, parts, 4, hear, NULL);
	rig_turns(&r);
	cr_assert(got[0].error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(got[1].log_start_offset == 61 && got[3].log_start_offset == 63);
	cr_assert(got[2].error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE && faults.deletions == 2);
	rig_stop(&r);
}

Test(registry_errands, records_of_the_gateways_own_topics_stay)
{
	rig_create(&r, "__consumer_offsets", 1);
	publish("__consumer_offsets", 0, 0, 100);
	struct registry_part part = part_of("__consumer_offsets", 0);
	part.offset = 50;
	registry_send(r.registry, REGISTRY_DELETE_RECORDS, &part, 1, hear, NULL);
	rig_turns(&r);
	cr_assert(got[0].error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION && faults.deletions == 0);
	rig_stop(&r);
}

Test(registry_errands, records_of_a_topic_that_is_only_compacted_stay)
{
	static const struct registry_setting compact = {"cleanup.policy", "compact"},
					     both = {"cleanup.policy", "compact,delete"};
	publish("t", 1, 0, 100);
	rig_alter(&r, "t", -1, &compact, 1);
	delete_below(50);
	cr_assert(got[0].error == KAFKA_ERROR_POLICY_VIOLATION && faults.deletions == 0);
	rig_alter(&r, "t", -1, &both, 1);
	delete_below(50);
	cr_assert(got[0].error == 0 && faults.deletions == 1);
	rig_stop(&r);
}

Test(registry_errands, a_topic_made_again_starts_at_its_beginning)
{
	publish("t", 1, 0, 100);
	delete_below(50);
	rig_delete(&r, "t");
	rig_create(&r, "t", 2);
	rig_crash(&r);
	cr_assert(rig_open(&r));
	cr_assert(faults.start_of[1] <= 0);
	rig_stop(&r);
}
