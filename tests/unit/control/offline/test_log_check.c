/* test_log_check.c - what penstock-log says about sound, killed and damaged directories. */
#include "control/offline/log_check.h"
#include "control/catalog/partition_metadata.h"
#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"
#include "tests/unit/store/mark_rig.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>

static const char log_name[] = "00000000000000000000.log";
static const char index_name[] = "00000000000000000000.index";

static struct rig *filled(unsigned batches)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 50000;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < batches; i++)
		rig_append(r, 2, 400, ACK_DURABLE);
	rig_drain(r);
	return r;
}

/* As a stop of the gateway leaves them. */
static void store_marks(struct rig *r)
{
	const struct durable_mark mark = {r->key, r->durable_mark};
	mark_rig_store(r->root, MARK_FILE_NAME, &mark, 1);
	cr_assert(metadata_write(r->control, r->directory, r->key.topic_id) == 0);
}

static void forget_marks(struct rig *r)
{
	rig_forget_marks(r);
	store_marks(r);
}

static struct log_check check(struct rig *r)
{
	struct log_check c = {.disk = r->control};
	cr_assert(scan_init(&c.scan, r->control) == 0);
	log_check_marks(&c, r->root);
	cr_assert(log_check_partition(&c, r->directory));
	mark_table_free(&c.marks);
	scan_fini(&c.scan);
	return c;
}

Test(log_check, a_closed_log_is_clean)
{
	struct rig *r = filled(100);
	rig_finish(r);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0 && c.torn == 0);
	cr_assert(c.segments == 2 && c.batches == 100 && c.records == 200);
	rig_destroy(r);
}

Test(log_check, a_log_in_use_is_clean)
{
	struct rig *r = filled(100);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0 && c.torn == 0 && c.batches == 100);
	rig_destroy(r);
}

Test(log_check, an_index_ahead_of_a_killed_log_is_clean)
{
	struct rig *r = filled(10);
	rig_finish(r);
	static const uint8_t ahead[] = {0, 0, 0, 99, 0, 0, 0xc0, 0};
	rig_store(r, index_name, ahead, sizeof ahead);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0);
	rig_destroy(r);
}

Test(log_check, a_flipped_byte_is_corrupt)
{
	struct rig *r = filled(10);
	rig_finish(r);
	r->expected[r->expected_bytes / 2 + 200] ^= 1;
	rig_store(r, log_name, r->expected, r->expected_bytes);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 1 && c.torn == 0);
	rig_destroy(r);
}

/* No CRC covers it. */
Test(log_check, the_largest_offset_there_is_is_corrupt)
{
	struct rig *r = filled(10);
	rig_finish(r);
	memset(r->expected + r->expected_bytes / 10 * 4, 0xff, 8);
	r->expected[r->expected_bytes / 10 * 4] = 0x7f;
	rig_store(r, log_name, r->expected, r->expected_bytes);
	struct log_check c = check(r);
	cr_assert(c.corrupt > 0 && c.batches == 10, "%llu batches", (unsigned long long)c.batches);
	rig_destroy(r);
}

/* Which offsets: of each place, from the first that is lost to the one before the next sound
 * batch; all other batches are looked at. */
Test(log_check, what_is_damaged_is_named_and_what_lies_behind_is_read, .init = cr_redirect_stdout)
{
	struct rig *r = filled(100);
	rig_finish(r);
	size_t size, sealed;
	uint8_t *first = rig_load(r, log_name, &sealed);
	size_t batch = (size_t)record_batch_bytes(record_batch_header_of(first));
	first[3 * batch + 200] ^= 1; /* a record */
	first[7 * batch + 10] ^= 1;  /* a length */
	first[sealed - 1] ^= 1;      /* the last batch */
	rig_store(r, log_name, first, sealed);
	size_t in_first = sealed / batch;
	struct log_check c = check(r);
	cr_assert(c.corrupt == 3 && c.torn == 0 && c.batches == 97, "%u, %llu batches", c.corrupt,
		  (unsigned long long)c.batches);
	char said[4096], end[64];
	fflush(stdout);
	FILE *out = cr_get_redirected_stdout();
	size = fread(said, 1, sizeof said - 1, out);
	said[size] = '\0';
	snprintf(end, sizeof end, "offsets %zu to %zu are damaged", 2 * in_first - 2,
		 2 * in_first - 1);
	cr_assert(strstr(said, "CRC mismatch: offsets 6 to 7 are damaged"), "%s", said);
	cr_assert(strstr(said, "offsets 14 to 15 are damaged"), "%s", said);
	cr_assert(strstr(said, end), "%s", said);
	free(first);
	rig_destroy(r);
}

Test(log_check, half_a_batch_at_the_end_is_a_torn_tail)
{
	struct rig *r = filled(10);
	rig_finish(r);
	forget_marks(r);
	rig_store(r, log_name, r->expected, r->expected_bytes - 100);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0 && c.torn == 1);
	rig_destroy(r);
}

Test(log_check, a_lost_end_that_was_durable_is_corrupt)
{
	struct rig *r = filled(10);
	rig_finish(r);
	store_marks(r);
	rig_store(r, log_name, r->expected, r->expected_bytes / 10 * 9);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 1);
	/* Of a directory alone nobody knows. */
	forget_marks(r);
	c = check(r);
	cr_assert(c.corrupt == 0 && c.torn == 0);
	/* Unless it has a file of its own, as older versions made. */
	rig_store(r, MARK_OLD_NAME, "0\n1\n00000000000000000020\n", 25);
	c = check(r);
	cr_assert(c.corrupt == 1);
	rig_destroy(r);
}

Test(log_check, what_was_durable_of_an_earlier_topic_of_the_name_does_not_count)
{
	struct rig *r = filled(10);
	rig_finish(r);
	store_marks(r);
	r->key.topic_id[3]++;
	cr_assert(metadata_write(r->control, r->directory, r->key.topic_id) == 0);
	rig_store(r, log_name, r->expected, r->expected_bytes / 10 * 9);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0);
	rig_destroy(r);
}

Test(log_check, an_index_entry_off_by_one_is_corrupt)
{
	size_t size;
	struct rig *r = filled(30);
	rig_finish(r);
	uint8_t *index = rig_load(r, index_name, &size);
	cr_assert(size >= 16);
	index[3]++;
	rig_store(r, index_name, index, size);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 1);
	free(index);
	rig_destroy(r);
}

Test(log_check, a_gap_between_segments_is_corrupt)
{
	struct rig *r = filled(200);
	rig_finish(r);
	struct log_check whole = check(r);
	cr_assert(whole.corrupt == 0 && whole.segments == 4);
	rig_store(r, log_name, r->expected, 800);
	struct log_check c = check(r);
	cr_assert(c.corrupt > 0);
	rig_destroy(r);
}

static void move(const struct rig *r, int64_t base, enum segment_file file, bool is_swap)
{
	char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
	segment_path(from, sizeof from, r->directory, base, file);
	if (is_swap)
		segment_swap_path(to, sizeof to, r->directory, base, file);
	else
		segment_deleted_path(to, sizeof to, r->directory, base, file);
	cr_assert(rename(from, to) == 0);
}

/* One of four waits for its name, and the next one is half out of its way. */
Test(log_check, a_compaction_that_was_stopped_in_the_middle_is_no_damage)
{
	struct rig *r = filled(200);
	int64_t second = segment_ring_at(&r->log->segments, 1)->base_offset;
	int64_t third = segment_ring_at(&r->log->segments, 2)->base_offset;
	rig_finish(r);
	move(r, second, SEGMENT_INDEX, false);
	move(r, second, SEGMENT_TIMEINDEX, false);
	move(r, second, SEGMENT_LOG, false);
	cr_assert(check(r).corrupt > 0);
	move(r, third, SEGMENT_INDEX, false);
	rig_store(r, "00000000000000000001.log.swap", "a name", 6);
	cr_assert(check(r).corrupt == 0);
	rig_destroy(r);
}

static void redirect(void)
{
	cr_redirect_stdout();
}

/* Listed with its size, and no fault. */
Test(log_check, what_a_start_has_kept_is_listed, .init = redirect)
{
	char said[2048] = "";
	struct rig *r = filled(10);
	rig_finish(r);
	rig_store(r, "00000000000000000000.log.at-4096-1.quarantine", "batches", 7);
	rig_store(r, "quarantine", "a note", 6);
	struct log_check c = check(r);
	fflush(stdout);
	FILE *out = cr_get_redirected_stdout();
	said[fread(said, 1, sizeof said - 1, out)] = '\0';
	cr_assert(c.corrupt == 0 && c.torn == 0 && c.kept == 1);
	cr_assert(strstr(said, ".at-4096-1.quarantine: 7 bytes") && strstr(said, "torn tail"),
		  "%s", said);
	rig_destroy(r);
}

Test(log_check, a_dump_shows_what_is_known_of_producers, .init = redirect)
{
	static char said[8192];
	struct rig *r = rig_create();
	struct rig_producer producer = {.id = 4711, .epoch = 3, .sequence = 10};
	cr_assert(rig_open(r, 0, false));
	r->producer = &producer;
	rig_append(r, 2, 400, ACK_DURABLE);
	rig_drain(r);
	rig_finish(r);
	rig_store(r, "00000000000000000001.snapshot", "nonsense", 8);
	struct log_check c = {.disk = r->control, .is_dump = true};
	cr_assert(scan_init(&c.scan, r->control) == 0);
	cr_assert(log_check_partition(&c, r->directory) && c.corrupt == 0);
	scan_fini(&c.scan);
	fflush(stdout);
	said[fread(said, 1, sizeof said - 1, cr_get_redirected_stdout())] = '\0';
	cr_assert(strstr(said, "producer 4711 epoch 3 sequence 10\n"), "%s", said);
	cr_assert(strstr(said, "00000000000000000002.snapshot: 1 batches of producers\n"), "%s",
		  said);
	cr_assert(strstr(said, "  producer 4711 epoch 3 last sequence 11 last offset 1 offset "
			       "delta 1 time "),
		  "%s", said);
	cr_assert(strstr(said, "00000000000000000001.snapshot: damaged"), "%s", said);
	rig_destroy(r);
}
