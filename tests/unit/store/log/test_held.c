/* test_held.c - a segment that leaves its log's ring while the disk is at work on it. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>

enum { DESCRIPTORS = 2 };

/* Some sealed segments, and few descriptors for them. */
static struct rig *open_sealed(void)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 64 << 10;
	r->service_options.descriptors = DESCRIPTORS;
	cr_assert(rig_open(r, 0, false));
	fake_eager(r->disk, true, 1);
	for (unsigned i = 0; i < 100; i++) {
		rig_append(r, 1, 4000, ACK_DURABLE);
		rig_drain(r);
	}
	fake_eager(r->disk, false, 1);
	cr_assert(r->log->segments.count > 4 && !r->log->sealing);
	return r;
}

static void begin_read(struct rig *r, struct read_msg *read, int64_t offset)
{
	*read = (struct read_msg){.offset = offset, .bytes_max = CHUNK_BYTES, .error = 99};
	chain_push(&read->bytes, chunk_take(&r->pool));
	chain_push(&read->bytes, chunk_take(&r->pool));
	log_read(r->log, read);
	rig_turn(r);
}

static void finish_read(struct rig *r, struct disk_op *op, struct read_msg *read)
{
	fake_complete(r->disk, op);
	rig_turn(r);
	cr_assert(list_take_first(&r->service.reads_done) == &read->node && read->error == 0);
}

static void check_first_batch(const struct rig *r, const struct read_msg *read)
{
	struct record_batch_header h;
	chain_copy_out(&read->bytes, 0, &h, sizeof h);
	size_t size = (size_t)record_batch_bytes(&h);
	uint8_t batch[8192];
	cr_assert(size <= sizeof batch && size <= read->bytes.size);
	chain_copy_out(&read->bytes, 0, batch, size);
	cr_assert(memcmp(batch, r->expected, size) == 0);
}

static struct disk_op *find_other_read(const struct rig *r, const struct disk_op *held)
{
	for (unsigned i = 0; i < fake_pending(r->disk); i++) {
		struct disk_op *op = fake_op(r->disk, i);
		if (op->kind == DISK_READ && op != held)
			return op;
	}
	return NULL;
}

/* The first batch of each of the segments from the head on is read: as many files that have to
 * be opened for want of a descriptor. */
static void read_segments(struct rig *r, const struct disk_op *held)
{
	for (uint32_t i = 0; i + 1 < r->log->segments.count; i++) {
		struct read_msg read;
		begin_read(r, &read, segment_ring_at(&r->log->segments, i)->base_offset);
		struct disk_op *op = find_other_read(r, held);
		cr_assert(op != NULL);
		finish_read(r, op, &read);
		chain_give(&read.bytes);
	}
}

Test(held, a_read_keeps_the_file_of_a_segment_that_left_the_ring)
{
	struct rig *r = open_sealed();
	struct segment_ring *segments = &r->log->segments;
	struct read_msg read;
	begin_read(r, &read, 0);
	struct disk_op *op = fake_find(r->disk, DISK_READ);
	struct segment *first = segment_ring_take_first(segments);
	cr_assert(op && first->base_offset == 0 && first->holders == 2);

	const struct open_file *file = first->open[SEGMENT_LOG];
	int fd = op->fd;
	read_segments(r, op);
	cr_assert(first->open[SEGMENT_LOG] == file && op->fd == fd, "others were closed for them");
	cr_assert(first->holders == 2 && list_is_empty(&r->service.reads_done));

	finish_read(r, op, &read);
	check_first_batch(r, &read);
	chain_give(&read.bytes);
	cr_assert(first->holders == 1, "the read has let go");

	read_segments(r, NULL);
	cr_assert(!first->open[SEGMENT_LOG], "now it was one of those");
	segment_let_go(segments, first);
	cr_assert(segments->free == first, "nobody holds it: its object is for another");
	fake_eager(r->disk, true, 1);
	rig_destroy(r);
}

Test(held, a_segment_that_left_the_ring_is_found_by_no_read)
{
	struct rig *r = open_sealed();
	struct segment_ring *segments = &r->log->segments;
	struct segment *first = segment_ring_take_first(segments);
	unsigned reads = fake_submitted(r->disk, DISK_READ);
	struct read_msg read;
	begin_read(r, &read, segment_ring_at(segments, 0)->base_offset - 1);
	cr_assert(list_take_first(&r->service.reads_done) == &read.node);
	cr_assert(read.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && read.bytes.size == 0);
	cr_assert(fake_submitted(r->disk, DISK_READ) == reads && first->holders == 1);
	chain_give(&read.bytes);

	read_segments(r, NULL);
	segment_let_go(segments, first);
	fake_eager(r->disk, true, 1);
	rig_destroy(r);
}
