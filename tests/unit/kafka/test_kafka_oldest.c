/* test_kafka_oldest.c - the reserve belongs to the oldest incomplete batch: who comes next is
 * told when it may have it. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

/* One writer's credit, for the two batches that it holds and for little more. */
enum { CREDIT_BYTES = 32768, HELD_BYTES = 11000, BATCH_BYTES = 15000, BEGUN_BYTES = 6000 };

static struct peer *other, *oldest, *next;
static struct buffer begun; /* the oldest one's request, of which some has arrived */

static struct buffer request_make(int32_t partition, size_t value_bytes)
{
	struct buffer batch = batch_make(1, value_bytes, wall());
	return request_of(7, -1, partition, &batch);
}

static void send_request(struct peer *p, int32_t partition, size_t value_bytes)
{
	struct buffer request = request_make(partition, value_bytes);
	send_all(p, &request);
	rig_turns(rig, 2);
}

/* The writer holds two batches and gives nothing back: only the oldest can end. */
static void setup(void)
{
	struct rig_options options = {.writer_credit_bytes = CREDIT_BYTES};
	rig = rig_create(&options);
	rig->hold_appends = true;
	other = open_peer();
	oldest = open_peer();
	next = open_peer();
	send_request(other, 0, HELD_BYTES);
	send_request(other, 0, HELD_BYTES);
	begun = request_make(2, BATCH_BYTES);
	peer_send(oldest, begun.data, BEGUN_BYTES);
	rig_turns(rig, 2);
	send_request(next, 0, BATCH_BYTES);
	cr_assert(rig->appends == 2 && stream_readable(&next->stream) > 0);
}

static void teardown(void)
{
	rig->hold_appends = false;
	rig_release(rig);
	end_peer(other);
	end_peer(oldest);
	end_peer(next);
	buffer_free(&begun);
	rig_end();
}

TestSuite(kafka_oldest, .init = setup, .fini = teardown);

Test(kafka_oldest, the_next_goes_on_when_the_oldest_is_whole)
{
	peer_send(oldest, begun.data + BEGUN_BYTES, begun.size - BEGUN_BYTES);
	rig_turns(rig, 4);
	cr_assert(rig->appends == 4 && stream_readable(&next->stream) == 0);
}

Test(kafka_oldest, the_next_goes_on_when_the_oldest_is_lost)
{
	peer_lose(oldest);
	rig_turns(rig, 4);
	cr_assert(rig->appends == 3 && stream_readable(&next->stream) == 0);
}

/* Its bytes are as they should be, its CRC is not: it ends without ever being handed on. */
Test(kafka_oldest, the_next_goes_on_when_the_oldest_is_refused)
{
	begun.data[begun.size - 1] ^= 1;
	peer_send(oldest, begun.data + BEGUN_BYTES, begun.size - BEGUN_BYTES);
	rig_turns(rig, 4);
	cr_assert(rig->appends == 3 && stream_readable(&next->stream) == 0);
}
