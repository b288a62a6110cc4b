/* test_producer_snapshot.c - Kafka's .snapshot file, byte for byte. */
#include "dataplane/store/producer_snapshot.h"
#include "dataplane/base/crc32c.h"

#include <criterion/criterion.h>

enum { ROOM = 4096 };

static struct producers table;
static uint8_t file[ROOM];

static void begin(void)
{
	cr_assert(producers_init(&table, 16, 1) == 0);
}

static void end(void)
{
	producers_fini(&table);
}

TestSuite(producer_snapshot, .init = begin, .fini = end);

static void note(int64_t id, int16_t epoch, int32_t sequence, int64_t offset, uint32_t count)
{
	struct record_batch_header h = {
		.base_offset = be64_of((uint64_t)offset),
		.last_offset_delta = be32_of(count - 1),
		.max_timestamp = be64_of(0x0102030405060708),
		.producer_id = be64_of((uint64_t)id),
		.producer_epoch = be16_of((uint16_t)epoch),
		.base_sequence = be32_of((uint32_t)sequence),
		.count = be32_of(count),
	};
	producers_note(&table, 0, &h, 0);
}

Test(producer_snapshot, a_producer_of_one_batch_is_these_bytes)
{
	static const uint8_t body[] = {
		0, 0, 0, 1,                         /* count */
		0, 0, 0, 0, 0, 0, 0x12, 0x34,       /* producer id */
		0, 5,                               /* epoch */
		0, 0, 0, 12,                        /* last sequence */
		0, 0, 0, 0, 0, 0, 0, 102,           /* last offset */
		0, 0, 0, 2,                         /* offset delta */
		1, 2, 3, 4, 5, 6, 7, 8,             /* timestamp */
		0xff, 0xff, 0xff, 0xff,             /* no coordinator */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* no transaction */
	};
	note(0x1234, 5, 10, 100, 3);
	size_t size = snapshot_encode(&table, 0, file);
	cr_assert(size == 56 && size == SNAPSHOT_CRC_FROM + sizeof body);
	cr_assert(be16_load(file) == 1);
	cr_assert(memcmp(file + SNAPSHOT_CRC_FROM, body, sizeof body) == 0);
	cr_assert(be32_load(file + 2) == crc32c(body, sizeof body));
}

Test(producer_snapshot, what_was_written_is_read_back)
{
	for (int64_t id = 0; id < 10; id++)
		note(id, (int16_t)id, (int32_t)(3 * id), 100 + 5 * id, 5);
	struct bytes b = {file, snapshot_encode(&table, 0, file)};
	cr_assert(snapshot_check(b) == 10);
	for (uint32_t i = 0; i < 10; i++) {
		struct producer p;
		cr_assert(snapshot_entry(b, i, &p));
		const struct producer_batch *n = producer_newest(&p);
		cr_assert(p.count == 1 && p.epoch == p.id);
		cr_assert(n->last_sequence == 3 * p.id + 4 && n->offset_delta == 4);
		cr_assert(n->last_offset == 104 + 5 * p.id);
	}
}

/* Kafka takes the last entry of an id. */
Test(producer_snapshot, the_batches_of_a_producer_come_in_order_the_newest_last)
{
	for (int32_t s = 0; s < 8; s++)
		note(7, 0, s, 10 + s, 1);
	struct bytes b = {file, snapshot_encode(&table, 0, file)};
	cr_assert(snapshot_check(b) == PRODUCER_BATCHES);
	for (uint32_t i = 0; i < PRODUCER_BATCHES; i++) {
		struct producer p;
		cr_assert(snapshot_entry(b, i, &p) && p.id == 7);
		cr_assert(producer_newest(&p)->last_sequence == 3 + (int32_t)i);
	}
}

Test(producer_snapshot, nobody_is_ten_bytes)
{
	struct bytes b = {file, snapshot_encode(&table, 0, file)};
	cr_assert(b.size == SNAPSHOT_HEADER_BYTES && snapshot_check(b) == 0);
}

Test(producer_snapshot, a_file_with_any_byte_changed_or_missing_is_damaged)
{
	note(1, 0, 0, 0, 1);
	note(2, 0, 0, 1, 1);
	size_t size = snapshot_encode(&table, 0, file);
	for (size_t i = 0; i < size; i++) {
		file[i] ^= 1;
		cr_assert(snapshot_check((struct bytes){file, size}) == -1, "byte %zu", i);
		file[i] ^= 1;
		cr_assert(snapshot_check((struct bytes){file, i}) == -1, "of %zu bytes", i);
	}
	cr_assert(snapshot_check((struct bytes){file, size}) == 2);
	cr_assert(snapshot_check((struct bytes){file, size + 1}) == -1);
}

Test(producer_snapshot, a_producer_without_a_batch_is_passed_over)
{
	note(1, 0, 0, 0, 1);
	size_t size = snapshot_encode(&table, 0, file);
	struct producer p;
	memset(file + SNAPSHOT_HEADER_BYTES + 14, 0xff, 8);
	cr_assert(!snapshot_entry((struct bytes){file, size}, 0, &p));
}

Test(producer_snapshot, it_is_named_after_its_offset)
{
	char path[128];
	int64_t offset;
	snapshot_path(path, sizeof path, "/a/topic-0", 4711);
	cr_assert(strcmp(path, "/a/topic-0/00000000000000004711.snapshot") == 0);
	cr_assert(snapshot_parse(path + 11, &offset) && offset == 4711);
	cr_assert(!snapshot_parse("00000000000000004711.log", &offset));
	cr_assert(!snapshot_parse("4711.snapshot", &offset));
	cr_assert(!snapshot_parse("00000000000000004711.snapshot.deleted", &offset));
}
