/* test_ingest.c - datagrams to records: key, partition, what is shed; streams that wait. */
#include "dataplane/base/murmur2.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

static void datagram(struct rig *r, uint8_t listener, const void *data, size_t size,
		     struct address from)
{
	struct datagram_vec *v = &r->datagrams;
	v->datagrams[v->count++] = (struct datagram){
		.bytes = {data, size},
		.from = {.address = from, .port = 9},
		.listener = listener,
	};
}

static struct address ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct address){{[10] = 0xff, [11] = 0xff, a, b, c, d}};
}

static void check_packets(const struct rig *r, uint64_t consumed, uint64_t shed)
{
	cr_assert(rig_stat(r, STAT_packets_consumed) == consumed);
	cr_assert(rig_stat(r, STAT_packet_drop_udp_shed) == shed);
	cr_assert(rig_stat(r, STAT_frames_accepted) == consumed);
	cr_assert(rig_stat(r, STAT_frame_drop_shed) == shed);
}

Test(ingest, a_datagram_becomes_a_record_without_key)
{
	struct rig *r = rig_create(NULL);
	datagram(r, RIG_UDP, "payload", 7, ip4(10, 0, 0, 1));
	datagram(r, RIG_UDP, "", 0, ip4(10, 0, 0, 1));
	rig_settle(r);
	cr_assert(r->stored_count == 2 && !r->stored[0].has_key);
	cr_assert(r->stored[0].value_size == 7 && memcmp(r->stored[0].value, "payload", 7) == 0);
	cr_assert(r->stored[1].value_size == 0 && r->stored[0].level == ACK_WRITTEN);
	check_packets(r, 2, 0);
	rig_destroy(r);
}

Test(ingest, the_key_may_be_the_address_of_the_sender_without_its_port)
{
	struct rig *r = rig_create(NULL);
	struct address ip6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	datagram(r, RIG_UDP_BY_ADDRESS, "x", 1, ip4(192, 168, 7, 20));
	datagram(r, RIG_UDP_BY_ADDRESS, "y", 1, ip6);
	rig_settle(r);
	static const char *const keys[] = {"192.168.7.20", "2001:db8::1"};
	for (unsigned i = 0; i < 2; i++) {
		const struct rig_record *record = &r->stored[i];
		const char *key = keys[record->value[0] == 'y'];
		cr_assert(record->key_size == strlen(key));
		cr_assert(memcmp(record->key, key, record->key_size) == 0);
		cr_assert(record->slot == RIG_VEHICLE_PARTITIONS +
						  partition_of_key(key, strlen(key),
								   RIG_DATAGRAM_PARTITIONS));
	}
	rig_destroy(r);
}

Test(ingest, records_without_key_stay_with_a_partition_until_its_batch_closes)
{
	struct rig *r = rig_create(NULL);
	for (unsigned turn = 0; turn < 40; turn++) {
		for (unsigned i = 0; i < PACKETS_PER_TURN; i++)
			datagram(r, RIG_UDP, "0123456789", 10, ip4(10, 0, 0, 1));
		rig_turn(r, 100);
	}
	rig_settle(r);
	cr_assert(r->stored_count == 40 * PACKETS_PER_TURN);
	unsigned counts[RIG_SLOTS] = {0};
	for (size_t i = 0; i < r->stored_count; i++)
		counts[r->stored[i].slot]++;
	/* Linger 1 ms, 100 us a turn: about 10 turns a batch, 4 batches in all. */
	cr_assert(r->appends <= 8);
	for (unsigned slot = RIG_VEHICLE_PARTITIONS; slot < RIG_SLOTS; slot++)
		cr_assert(counts[slot] >= 5 * PACKETS_PER_TURN);
	rig_destroy(r);
}

Test(ingest, datagrams_without_credit_are_shed_and_counted)
{
	struct rig_options o = {.lane_credit_bytes = 1000};
	struct rig *r = rig_create(&o);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < PACKETS_PER_TURN; i++)
			datagram(r, RIG_UDP, "0123456789", 10, ip4(10, 0, 0, 1));
		rig_turn_without_writer(r, 10);
	}
	uint64_t consumed = rig_stat(r, STAT_packets_consumed);
	cr_assert(consumed > 0 && consumed < 3 * PACKETS_PER_TURN);
	check_packets(r, consumed, 3 * PACKETS_PER_TURN - consumed);
	rig_settle(r);
	cr_assert(r->stored_count == consumed);
	rig_destroy(r);
}

Test(ingest, a_datagram_without_its_topic_is_a_refused_record)
{
	struct rig *r = rig_create(NULL);
	rig_set_topic(r, RIG_UDP, "gone");
	datagram(r, RIG_UDP, "payload", 7, ip4(10, 0, 0, 1));
	rig_settle(r);
	cr_assert(rig_stat(r, STAT_record_reject_topic) == 1);
	check_packets(r, 1, 0);
	rig_destroy(r);
}

Test(ingest, a_session_without_credit_stops_reading_and_goes_on_when_some_comes_back)
{
	const struct sample_frame *f = sample_login();
	struct rig_options o = {.lane_credit_bytes = 3 * f->size + 400};
	struct rig *r = rig_create(&o);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (unsigned i = 0; i < 20; i++)
		wire_send(w, f->data, f->size);
	for (unsigned turn = 0; turn < 50; turn++)
		rig_turn_without_writer(r, 1000);
	cr_assert(w->consumed < 20 * f->size && rig_stat(r, STAT_sessions_blocked) > 0);
	rig_settle(r);
	cr_assert(w->consumed == 20 * f->size && r->stored_count == 20);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(ingest, a_slow_partition_does_not_stall_the_connections_of_others)
{
	const struct sample_frame *f = sample_login();
	struct rig_options o = {.lane_credit_bytes = 3 * f->size + 400};
	struct rig *r = rig_create(&o);
	struct wire *stalled = wire_open(r, RIG_TERMINAL), *free_one = wire_open(r, RIG_TERMINAL);
	for (unsigned i = 0; i < 20; i++)
		wire_send(stalled, f->data, f->size);
	const struct sample_frames *all = sample_frames();
	const struct sample_frame *other = all->frames;
	while (!other->is_2016 || partition_of_key(other->data + 4, 17, RIG_VEHICLE_PARTITIONS) ==
					  partition_of_key(f->data + 4, 17, RIG_VEHICLE_PARTITIONS))
		other++;
	wire_send(free_one, other->data, other->size);
	rig_turn_without_writer(r, 1000);
	cr_assert(stalled->consumed < stalled->arrived.size);
	cr_assert(free_one->consumed == other->size);
	rig_settle(r);
	wire_end(stalled);
	wire_end(free_one);
	rig_settle(r);
	wire_free(stalled);
	wire_free(free_one);
	rig_destroy(r);
}

Test(ingest, credit_used_up_by_other_lanes_leaves_no_session_behind)
{
	const struct sample_frame *f = sample_login();
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	/* All of each writer's credit is with another lane; nothing is under way on this one. */
	struct lane *other[RIG_WRITERS];
	r->in.batching.lanes.writer_credit_bytes = 1000;
	for (unsigned i = 0; i < RIG_WRITERS; i++) {
		other[i] = lanes_get(&r->in.batching.lanes, r->topics->topics[1].refs[i]);
		cr_assert(lane_reserve(&r->in.batching.lanes, other[i], CREDIT_FRAMES, 1000));
	}
	wire_send(w, f->data, f->size);
	rig_turn(r, 1000);
	cr_assert(r->in.waits.blocked == 1 && list_is_empty(&r->in.sessions.ready));
	for (unsigned i = 0; i < RIG_WRITERS; i++)
		lane_release(&r->in.batching.lanes, other[i], CREDIT_FRAMES, 1000);
	rig_settle(r);
	cr_assert(w->consumed == f->size && r->stored_count == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(ingest, a_slot_with_a_new_partition_gets_a_batch_of_its_own)
{
	struct rig *r = rig_create(NULL);
	datagram(r, RIG_UDP, "old", 3, ip4(10, 0, 0, 1));
	rig_turn(r, 10);
	for (unsigned p = 0; p < RIG_DATAGRAM_PARTITIONS; p++)
		r->topics->topics[1].refs[p].generation = 2;
	datagram(r, RIG_UDP, "new", 3, ip4(10, 0, 0, 1));
	rig_turn(r, 10);
	cr_assert(r->appends == 1);
	rig_settle(r);
	cr_assert(r->appends == 2 && r->stored_count == 2);
	rig_destroy(r);
}
