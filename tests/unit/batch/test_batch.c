/* test_batch.c - records into batches: when they close, what they hold, where they go. */
#include "dataplane/wire/record/record_batch.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct lane *lane_at(struct rig *r, uint32_t slot)
{
	return lanes_get(&r->in.batching.lanes,
			 (struct partition_ref){.slot = slot, .generation = 1});
}

/* A record as ingest makes it, credit reserved. */
static void put(struct rig *r, uint8_t listener, uint32_t partition, struct bytes value)
{
	bool is_udp = r->in.listeners[listener].protocol == PROTOCOL_UDP;
	const struct topic *topic = topics_find(
		r->topics, is_udp ? text("datagrams") : text("vehicles"));
	struct bytes key = is_udp ? (struct bytes){0} : text("LPENSTK0000000001");
	struct record_vec one = {.count = 1};
	one.records[0] = (struct record){
		.topic = topic,
		.lane = lane_at(r, topic->refs[partition].slot),
		.key = key,
		.value = value,
		.level = r->in.listeners[listener].answer_level,
		.route = r->in.batching.routes.listener[listener].of[RECORD_LIVE],
		.timestamp_ms = r->in.now.wall_ms,
		.reserve_bytes = record_reserve_bytes(key.size + value.size),
		.kind = is_udp ? CREDIT_DATAGRAMS : CREDIT_FRAMES,
	};
	const struct record *record = &one.records[0];
	cr_assert(lane_reserve(&r->in.batching.lanes, record->lane, record->kind,
			       record->reserve_bytes));
	stats_add(&r->in.stats, STAT_records_received, 1);
	batch_input(&r->in.batching, &r->in.answers, &one);
}

Test(batch, a_batch_waits_for_its_linger_and_no_longer)
{
	struct rig *r = rig_create(NULL);
	put(r, RIG_TERMINAL, 0, text("value"));
	cr_assert(batch_idle_ns(&r->in.batching, r->in.now.ns, 1000000000) == 5000000);
	rig_turn(r, 4999);
	cr_assert(r->appends == 0);
	cr_assert(batch_idle_ns(&r->in.batching, r->in.now.ns, 1000000000) == 1000);
	rig_turn(r, 1);
	cr_assert(r->appends == 1 && r->stored_count == 1);
	cr_assert(batch_idle_ns(&r->in.batching, r->in.now.ns, 7000) == 7000);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, the_writer_is_told_whose_time_the_records_have)
{
	struct rig *r = rig_create(NULL);
	put(r, RIG_TERMINAL, 0, text("its own"));
	r->topics->topics[0].options.timestamp_type = TIMESTAMP_LOG_APPEND_TIME;
	put(r, RIG_TERMINAL, 1, text("the append's"));
	cr_assert(!lane_at(r, r->topics->topics[0].refs[0].slot)->open->is_append_time);
	cr_assert(lane_at(r, r->topics->topics[0].refs[1].slot)->open->is_append_time);
	rig_turn(r, 5000);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, listeners_with_another_linger_do_not_hold_each_other_up)
{
	struct rig *r = rig_create(NULL);
	put(r, RIG_TERMINAL, 0, text("slow"));
	rig_turn(r, 500);
	put(r, RIG_UDP, 1, text("fast"));
	cr_assert(batch_idle_ns(&r->in.batching, r->in.now.ns, 1000000000) == 1000000);
	rig_turn(r, 1000);
	cr_assert(r->stored_count == 1 && memcmp(r->stored[0].value, "fast", 4) == 0);
	rig_turn(r, 3500);
	cr_assert(r->stored_count == 2);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, a_shorter_linger_given_meanwhile_is_kept)
{
	struct rig *r = rig_create(NULL);
	put(r, RIG_TERMINAL, 0, text("long"));
	r->topics->topics[0].options.linger_ms = 1;
	put(r, RIG_TERMINAL, 1, text("short"));
	put(r, RIG_TERMINAL, 2, text("short"));
	rig_turn(r, 1000);
	cr_assert(r->stored_count == 2 && memcmp(r->stored[0].value, "short", 5) == 0);
	rig_turn(r, 4000);
	cr_assert(r->stored_count == 3);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, no_linger_closes_at_the_end_of_the_turn)
{
	struct rig *r = rig_create(NULL);
	r->topics->topics[0].options.linger_ms = 0;
	put(r, RIG_TERMINAL, 0, text("one"));
	put(r, RIG_TERMINAL, 0, text("two"));
	rig_turn(r, 0);
	cr_assert(r->appends == 1 && r->stored_count == 2);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, a_batch_is_compressed_as_its_topic_says)
{
	static const uint8_t codecs[] = {[COMPRESSION_PRODUCER] = RECORD_CODEC_NONE,
					 [COMPRESSION_UNCOMPRESSED] = RECORD_CODEC_NONE,
					 [COMPRESSION_GZIP] = RECORD_CODEC_GZIP,
					 [COMPRESSION_SNAPPY] = RECORD_CODEC_SNAPPY,
					 [COMPRESSION_LZ4] = RECORD_CODEC_LZ4,
					 [COMPRESSION_ZSTD] = RECORD_CODEC_ZSTD};
	struct rig *r = rig_create(NULL);
	for (uint8_t i = 0; i < array_len(codecs); i++) {
		r->topics->topics[0].options.compression_type = i;
		put(r, RIG_TERMINAL, 0, text("value"));
		rig_settle(r);
		cr_assert(r->appends == i + 1u && r->codec == codecs[i]);
	}
	rig_destroy(r);
}

Test(batch, a_batch_never_exceeds_its_size_and_wastes_none_that_would_fit)
{
	struct rig_options o = {.batch_bytes = 1000};
	struct rig *r = rig_create(&o);
	uint8_t value[300] = {0};
	size_t bytes = 0;
	unsigned records = 0;
	while (records < 500) {
		size_t size = (records * 37) % sizeof value;
		value[0] = (uint8_t)records++;
		bytes += size;
		put(r, RIG_TERMINAL, 0, (struct bytes){value, size});
	}
	rig_settle(r);
	cr_assert(r->stored_count == records && r->batch_bytes_max <= 1000);
	/* What is left in a batch is less than the next record: at most 330 of 1000. */
	cr_assert(r->appends <= (bytes + 24 * records) / (1000 - 330 - 61) + 1);
	for (unsigned i = 0; i < records; i++) {
		cr_assert(r->stored[i].value_size == (i * 37) % sizeof value);
		cr_assert(r->stored[i].value_size == 0 || r->stored[i].value[0] == (uint8_t)i);
	}
	rig_destroy(r);
}

Test(batch, a_record_larger_than_a_batch_gets_one_of_its_own)
{
	struct rig_options o = {.batch_bytes = 1000};
	struct rig *r = rig_create(&o);
	static uint8_t large[70000];
	put(r, RIG_TERMINAL, 0, text("before"));
	put(r, RIG_TERMINAL, 0, (struct bytes){large, sizeof large});
	put(r, RIG_TERMINAL, 0, text("after"));
	rig_settle(r);
	cr_assert(r->appends == 3 && r->stored_count == 3);
	cr_assert(r->stored[1].value_size == sizeof large);
	rig_destroy(r);
}

Test(batch, time_of_receipt_is_the_timestamp_even_when_the_clock_steps_back)
{
	struct rig *r = rig_create(NULL);
	static const int64_t times[] = {1700000000000, 1700000000003, 1699999999000};
	for (unsigned i = 0; i < 3; i++) {
		r->in.now.wall_ms = times[i];
		put(r, RIG_TERMINAL, 0, text("value"));
	}
	rig_settle(r);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(r->stored[i].timestamp == times[i]);
	rig_destroy(r);
}

Test(batch, a_batch_of_mixed_levels_takes_the_strictest)
{
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_TERMINAL].answer_level = ACK_WRITTEN;
	put(r, RIG_TERMINAL, 0, text("written"));
	put(r, RIG_PLATFORM, 0, text("durable"));
	put(r, RIG_TERMINAL, 0, text("written"));
	put(r, RIG_TERMINAL, 1, text("written"));
	rig_settle(r);
	for (unsigned i = 0; i < 4; i++)
		cr_assert(r->stored[i].level ==
			  (r->stored[i].slot == 0 ? ACK_DURABLE : ACK_WRITTEN));
	rig_destroy(r);
}

Test(batch, credit_that_was_not_needed_comes_back_with_the_close)
{
	struct rig *r = rig_create(NULL);
	for (unsigned i = 0; i < 10; i++)
		put(r, RIG_TERMINAL, 0, text("value"));
	struct lane *lane = lane_at(r, 0);
	const uint32_t *of_lane = &lane->credit[CREDIT_FRAMES].reserved_bytes;
	uint32_t reserved = *of_lane;
	batch_flush(&r->in.batching, true);
	cr_assert(*of_lane > 10 * 22 && *of_lane < reserved);
	rig_settle(r);
	cr_assert(*of_lane == 0);
	rig_destroy(r);
}

Test(batch, a_drain_flushes_what_lingers)
{
	struct rig *r = rig_create(NULL);
	for (uint32_t p = 0; p < RIG_VEHICLE_PARTITIONS; p++)
		put(r, RIG_TERMINAL, p, text("value"));
	r->in.sessions.is_draining = true;
	rig_turn(r, 0);
	cr_assert(r->appends == RIG_VEHICLE_PARTITIONS);
	rig_settle(r);
	rig_destroy(r);
}

Test(batch, a_slow_writer_has_no_more_appends_than_its_handoff_holds)
{
	static struct append_msg *taken[APPENDS_OF_KIND];
	struct rig_options o = {.appends_max = 2 * APPENDS_OF_KIND};
	struct rig *r = rig_create(&o);
	struct lane *slow = lane_at(r, 0), *other = lane_at(r, 1);
	for (unsigned i = 0; i < APPENDS_OF_KIND; i++) {
		cr_assert(append_is_sure(&r->in.batching, slow, CREDIT_FRAMES,
					 APPENDS_OF_KIND - 1 - i));
		taken[i] = append_take(&r->in.batching, slow, CREDIT_FRAMES);
		cr_assert(taken[i]);
	}
	cr_assert(!append_is_sure(&r->in.batching, slow, CREDIT_FRAMES, 0) &&
		  !append_take(&r->in.batching, slow, CREDIT_FRAMES));
	cr_assert(append_is_sure(&r->in.batching, other, CREDIT_FRAMES, APPENDS_OF_KIND - 1));
	cr_assert(!append_is_sure(&r->in.batching, other, CREDIT_FRAMES, APPENDS_OF_KIND));
	for (unsigned i = 0; i < APPENDS_OF_KIND; i++)
		append_give(&r->in.batching, taken[i]);
	cr_assert(append_is_sure(&r->in.batching, slow, CREDIT_FRAMES, APPENDS_OF_KIND - 1));
	rig_destroy(r);
}

Test(batch, as_many_batches_as_the_handoff_holds_keep_their_order)
{
	struct rig_options o = {.batch_bytes = 100};
	struct rig *r = rig_create(&o);
	for (uint32_t i = 0; i < APPENDS_OF_KIND; i++)
		put(r, RIG_TERMINAL, i % 3, (struct bytes){(uint8_t *)&i, sizeof i});
	batch_flush(&r->in.batching, true);
	handoff_submit(&r->in.batching, r->in.writers);
	cr_assert(rig_stat(r, STAT_batches_handed) == APPENDS_OF_KIND);
	rig_settle(r);
	cr_assert(r->stored_count == APPENDS_OF_KIND);
	uint32_t last[3] = {0};
	for (unsigned i = 0; i < APPENDS_OF_KIND; i++) {
		uint32_t value;
		memcpy(&value, r->stored[i].value, sizeof value);
		cr_assert(value % 3 == r->stored[i].slot && (value < 3 || value > last[value % 3]));
		last[value % 3] = value;
	}
	rig_destroy(r);
}

Test(batch, each_writer_gets_the_batches_of_its_partitions)
{
	struct handoff_msg *msgs[RIG_VEHICLE_PARTITIONS];
	struct rig *r = rig_create(NULL);
	for (uint32_t p = 0; p < RIG_VEHICLE_PARTITIONS; p++)
		put(r, RIG_TERMINAL, p, text("value"));
	cr_assert(r->in.batching.lanes.reserved[0][CREDIT_FRAMES] > 0);
	cr_assert(r->in.batching.lanes.reserved[0][CREDIT_FRAMES] ==
		  r->in.batching.lanes.reserved[1][CREDIT_FRAMES]);
	batch_flush(&r->in.batching, true);
	handoff_submit(&r->in.batching, r->in.writers);
	for (unsigned w = 0; w < RIG_WRITERS; w++) {
		cr_assert(r->in.writers[w]->outstanding[HANDOFF_APPEND] ==
			  RIG_VEHICLE_PARTITIONS / RIG_WRITERS);
		/* Those of the first writer come back alone, and with them its credit. */
		unsigned n = handoff_pull(r->in.writers[w], msgs, RIG_VEHICLE_PARTITIONS);
		for (unsigned i = 0; i < n; i++) {
			struct append_msg *a = container_of(msgs[i], struct append_msg, msg);
			cr_assert(a->partition.slot % RIG_WRITERS == w);
			handoff_complete(r->in.writers[w], msgs[i]);
		}
		rig_turn(r, 1);
		cr_assert(r->in.batching.lanes.reserved[w][CREDIT_FRAMES] == 0 &&
			  r->in.batching.taken[w][CREDIT_FRAMES] == 0);
		cr_assert((r->in.batching.appends.in_use > 0) == (w == 0));
	}
	rig_settle(r);
	rig_destroy(r);
}
