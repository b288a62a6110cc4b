/* test_read.c - reads: whole batches from the one that holds the offset, from any place. */
#include "dataplane/store/log/log_private.h"
#include "dataplane/base/clock.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>

static struct rig *filled(unsigned batches, uint32_t records, size_t value_bytes)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < batches; i++)
		rig_append(r, records, value_bytes, ACK_DURABLE);
	rig_drain(r);
	return r;
}

static int64_t first_offset(const struct read_msg *read)
{
	struct record_batch_header h;
	chain_copy_out(&read->bytes, 0, &h, sizeof h);
	return record_batch_base_offset(&h);
}

Test(read, begins_with_the_batch_that_holds_the_offset)
{
	struct rig *r = filled(200, 5, 300);
	for (unsigned i = 0; i < 300; i++) {
		int64_t offset = rand() % 1000;
		struct read_msg read = rig_read(r, offset, 2 + (unsigned)rand() % 8, 1 << 20);
		cr_assert(read.error == 0 && read.bytes.size > 0);
		cr_assert(first_offset(&read) == offset - offset % 5);
		cr_assert(read.high_watermark == 1000 && read.log_start_offset == 0);
		chain_give(&read.bytes);
	}
	cr_assert(r->pool.in_use == 0);
	rig_destroy(r);
}

Test(read, finds_its_place_through_the_index_file)
{
	/* More entries than are kept in memory, closed and opened: the file answers. */
	struct rig *r = filled(3000, 1, 4100);
	rig_finish(r);
	cr_assert(rig_open(r, 3000, true));
	cr_assert(r->found.batches_scanned < 10);
	for (unsigned i = 0; i < 200; i++) {
		int64_t offset = rand() % 3000;
		struct read_msg read = rig_read(r, offset, 4, 1 << 20);
		cr_assert(read.error == 0 && read.bytes.size > 0);
		cr_assert(first_offset(&read) == offset);
		chain_give(&read.bytes);
	}
	rig_destroy(r);
}

static unsigned descriptors_open(void)
{
	unsigned count = 0;
	DIR *list = opendir("/proc/self/fd");
	while (readdir(list))
		count++;
	closedir(list);
	return count;
}

Test(read, sealed_segments_are_many_and_descriptors_few)
{
	enum { BATCHES = 600, DESCRIPTORS = 3 };
	struct rig *r = rig_create();
	r->options.segment_bytes = 64 << 10;
	r->options.index_interval_bytes = 4096;
	r->service_options.descriptors = DESCRIPTORS;
	unsigned before = descriptors_open();
	for (unsigned life = 0; life < 2; life++) {
		cr_assert(rig_open(r, 0, life > 0));
		cr_assert(descriptors_open() == before, "none of an idle log");
		for (unsigned i = 0; i < BATCHES; i++) {
			rig_append(r, 1, 4000, ACK_DURABLE);
			if (i % 20 == 0)
				rig_drain(r);
			cr_assert(descriptors_open() <= before + DESCRIPTORS);
		}
		rig_drain(r);
		cr_assert(r->log->segments.count > 30 * (life + 1));
		int64_t end = rig_marks(r).high_watermark;
		for (unsigned i = 0; i < 400; i++) {
			int64_t offset = rand() % end;
			struct read_msg read = rig_read(r, offset, 4, 1 << 20);
			cr_assert(read.error == 0 && first_offset(&read) == offset);
			cr_assert(descriptors_open() <= before + DESCRIPTORS);
			chain_give(&read.bytes);
		}
		rig_check_content(r);
		rig_finish(r);
		cr_assert(descriptors_open() == before);
	}
	rig_destroy(r);
}

Test(read, at_the_high_watermark_is_empty_and_beyond_the_end_is_out_of_range)
{
	struct rig *r = filled(3, 1, 10);
	struct read_msg read = rig_read(r, 3, 1, 4096);
	cr_assert(read.error == 0 && read.bytes.size == 0 && read.bytes_needed == 0);
	chain_give(&read.bytes);
	read = rig_read(r, 4, 1, 4096);
	cr_assert(read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	chain_give(&read.bytes);
	read = rig_read(r, -1, 1, 4096);
	cr_assert(read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	chain_give(&read.bytes);
	rig_destroy(r);
}

Test(read, what_is_written_and_not_synced_is_not_there_yet)
{
	struct rig *r = filled(3, 4, 500);
	r->turn_ns = 0; /* nobody waits for the sync of what follows, and it never falls due */
	const struct append_msg *a = rig_append(r, 4, 500, ACK_WRITTEN);
	while (!r->is_answered[3])
		rig_turn(r);
	cr_assert(a->error == 0 && rig_marks(r).written_offset == 16);
	struct read_msg behind = rig_read(r, 12, 8, 1 << 20);
	cr_assert(behind.error == 0 && behind.bytes.size == 0 && behind.bytes_needed == 0);
	cr_assert(behind.high_watermark == 12);
	chain_give(&behind.bytes);
	struct read_msg across = rig_read(r, 8, 8, 1 << 20);
	struct record_batch_header h;
	chain_copy_out(&across.bytes, 0, &h, sizeof h);
	cr_assert(across.error == 0 && record_batch_bytes(&h) == (int64_t)across.bytes.size);
	cr_assert(across.high_watermark == 12);
	chain_give(&across.bytes);
	r->turn_ns = 1000000;
	rig_drain(r);
	behind = rig_read(r, 12, 8, 1 << 20);
	cr_assert(behind.bytes.size > 0 && behind.high_watermark == 16);
	chain_give(&behind.bytes);
	rig_destroy(r);
}

Test(read, says_how_much_room_the_first_batch_needs)
{
	struct rig *r = filled(3, 1, 20000);
	struct read_msg read = rig_read(r, 1, 2, 1 << 20);
	cr_assert(read.error == 0 && read.bytes.size == 0 && read.bytes_needed > 20000);
	unsigned chunks = (read.bytes_needed + CHUNK_BYTES - 1) / CHUNK_BYTES;
	chain_give(&read.bytes);
	read = rig_read(r, 1, chunks, 1 << 20);
	cr_assert(read.error == 0 && read.bytes.size > 20000 && first_offset(&read) == 1);
	chain_give(&read.bytes);
	read = rig_read(r, 1, 0, 1 << 20);
	cr_assert(read.error == 0 && read.bytes_needed > 0);
	rig_destroy(r);
}

Test(read, gives_no_more_than_asked_for_but_one_batch)
{
	struct rig *r = filled(20, 1, 1000);
	size_t batch = r->expected_bytes / 20;
	struct read_msg read = rig_read(r, 4, 8, 10);
	cr_assert(read.bytes.size == batch);
	chain_give(&read.bytes);
	read = rig_read(r, 4, 8, (uint32_t)(2 * batch + 1));
	cr_assert(read.bytes.size == 2 * batch);
	chain_give(&read.bytes);
	rig_destroy(r);
}

Test(read, a_batch_larger_than_one_read_operation_comes_in_pieces)
{
	struct rig *r = filled(2, 1, 3000000);
	struct read_msg read = rig_read(r, 1, 800, 4 << 20);
	cr_assert(read.error == 0 && read.bytes.size == r->expected_bytes / 2);
	cr_assert(first_offset(&read) == 1);
	chain_give(&read.bytes);
	rig_destroy(r);
}

/* Whoever has read up to the high watermark would be woken for nothing. */
Test(read, a_watch_stays_until_something_lies_behind_its_offset)
{
	struct rig *r = filled(1, 1, 10);
	struct watch_msg watch = {.msg.kind = HANDOFF_WATCH, .offset = 2, .error = 99};
	log_watch(r->log, &watch);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	cr_assert(rig_marks(r).high_watermark == 2 && list_is_empty(&r->service.watches));
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	cr_assert(list_take_first(&r->service.watches) == &watch.node && watch.error == 0);
	rig_destroy(r);
}

Test(read, a_watch_comes_back_when_the_high_watermark_passes)
{
	struct rig *r = filled(2, 1, 10);
	struct watch_msg early = {.offset = 1};
	struct watch_msg late = {.offset = 2};
	log_watch(r->log, &late);
	cr_assert(list_is_empty(&r->service.watches));
	log_watch(r->log, &early);
	cr_assert(list_take_first(&r->service.watches) == &early.node);
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_drain(r);
	cr_assert(list_take_first(&r->service.watches) == &late.node && late.error == 0);
	struct watch_msg closing = {.offset = 3};
	log_watch(r->log, &closing);
	log_finish(r->log);
	cr_assert(list_take_first(&r->service.watches) == &closing.node);
	cr_assert(closing.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	rig_drain(r);
	rig_destroy(r);
}

/* ---- from memory --------------------------------------------------------------------------- */

static struct rig *open_recent(unsigned pages)
{
	struct rig *r = rig_create();
	r->service_options.settings.tail_bytes = pages * DISK_BLOCK_BYTES;
	r->options.segment_bytes = 64 << 10;
	cr_assert(rig_open(r, 0, false));
	return r;
}

static void come_to_the_end(struct rig *r)
{
	struct read_msg end = rig_read(r, rig_marks(r).high_watermark, 1, 4096);
	chain_give(&end.bytes);
}

static uint64_t from_memory(const struct rig *r)
{
	return r->stats.value[STAT_reads_recent];
}

Test(read, who_has_come_to_the_end_is_given_the_next_from_memory)
{
	struct rig *r = open_recent(64);
	r->turn_ns = 1000; /* a slow disk is no reason to be followed no more */
	rig_append(r, 1, 3000, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	cr_assert(from_memory(r) == 0, "nobody had asked before it was written");
	for (unsigned i = 1; i < 40; i++) {
		come_to_the_end(r);
		rig_append(r, 1, 3000, ACK_DURABLE);
		rig_drain(r);
		uint64_t before = from_memory(r);
		struct read_msg read = rig_read(r, i, 2, 1 << 20);
		cr_assert(read.error == 0 && first_offset(&read) == i);
		cr_assert(from_memory(r) == before + 1, "%u", i);
		chain_give(&read.bytes);
	}
	rig_check_content(r);
	rig_destroy(r);
}

/* The last block was kept when somebody followed the log, and grew when nobody did. */
Test(read, a_block_that_grew_meanwhile_is_not_given_as_it_was)
{
	struct rig *r = open_recent(64);
	come_to_the_end(r);
	rig_append(r, 1, 500, ACK_DURABLE);
	rig_drain(r);
	r->turn_ns = NS_PER_S;
	for (unsigned i = 0; i < 20; i++)
		rig_turn(r);
	rig_append(r, 1, 500, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	rig_destroy(r);
}

/* Without an index it walks block by block: others of its writer have their turns meanwhile. */
Test(read, who_looks_for_long_in_memory_leaves_the_turn_to_others)
{
	struct rig *r = open_recent(4096);
	r->options.index_interval_bytes = INT32_MAX;
	r->options.segment_bytes = 64 << 20;
	log_alter(r->log, &r->options);
	r->turn_ns = 1000;
	come_to_the_end(r);
	for (unsigned i = 0; i < 1000; i++)
		rig_append(r, 1, 8000, ACK_DURABLE);
	rig_drain(r);
	struct read_msg read = {.offset = 999, .bytes_max = 1 << 20, .error = 99};
	for (unsigned i = 0; i < 3; i++)
		chain_push(&read.bytes, chunk_take(&r->pool));
	log_read(r->log, &read);
	log_service_turn(&r->service, r->service.now_ns);
	cr_assert(from_memory(r) == LOG_RECALLS_MAX);
	while (read.error == 99)
		rig_turn(r);
	list_remove(&read.node);
	cr_assert(read.error == 0 && first_offset(&read) == 999);
	cr_assert(from_memory(r) > 2 * LOG_RECALLS_MAX, "and it goes on there");
	chain_give(&read.bytes);
	rig_destroy(r);
}

Test(read, whatever_is_in_memory_is_what_is_in_the_files)
{
	struct rig *r = open_recent(8);
	srand(7);
	for (unsigned i = 0; i < 400; i++) {
		if (rand() % 3 == 0)
			come_to_the_end(r);
		r->turn_ns = rand() % 50 ? 1000000 : 11 * NS_PER_S;
		rig_append(r, 1, (size_t)rand() % 6000, ACK_DURABLE);
		rig_drain(r);
		if (i % 40 == 39)
			rig_check_content(r);
	}
	cr_assert(from_memory(r) > 0);
	rig_finish(r);
	cr_assert(rig_open(r, 0, true));
	rig_check_content(r);
	rig_destroy(r);
}
