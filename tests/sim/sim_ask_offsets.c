/* sim_ask_offsets.c - ListOffsets: the ends of partitions and the offsets of times, held
 * against what was acknowledged before and what the files hold; see sim_asker.h. */
#include "tests/sim/sim_asker.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_start.h"
#include "tests/sim/sim_times.h"

enum {
	LATEST = -1,
	EARLIEST = -2,
	MAX_TIMESTAMP = -3,
	MAX_TIMESTAMP_SINCE = 7,
	EPOCH_SINCE = 4,
	ISOLATION_SINCE = 2,
	TIMEOUT_SINCE = 10,
	SPAN_MS = 4000,
};

/* One partition's answer. */
struct told {
	int16_t error;
	int64_t timestamp, offset;
	int32_t epoch;
};

/* ---- asking --------------------------------------------------------------------------- */

static int64_t choose_time(const struct asker *a, int16_t version)
{
	struct rng *rng = &sim_world()->rng;
	switch (rng_below(rng, 7)) {
	case 0:
		return LATEST;
	case 1:
		return EARLIEST;
	case 2:
		return version >= MAX_TIMESTAMP_SINCE ? MAX_TIMESTAMP : LATEST;
	case 3:
	case 4:
		return a->time;
	default:
		return clock_wall_ms() - (int64_t)rng_below(rng, SPAN_MS) + SPAN_MS / 50;
	}
}

static void choose_partitions(const struct asker *a, struct question *q)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t first = (uint32_t)rng_below(rng, SIM_PARTITIONS_MAX);
	q->partition_count = 1 + (unsigned)rng_below(rng, ASKER_PARTITIONS_MAX);
	for (unsigned i = 0; i < q->partition_count; i++) {
		struct asked_partition *p = &q->partitions[i];
		p->partition = (int32_t)((first + i) % SIM_PARTITIONS_MAX);
		p->timestamp = choose_time(a, q->version);
		p->epoch = rng_one_in(rng, 2) ? -1 : rng_one_in(rng, 8) ? 1 : 0;
		p->acked_end = history_acked_end(sim_world()->history, q->name, p->partition);
	}
}

static void ask(struct asker *a, struct question *q, struct emitter *e)
{
	struct rng *rng = &sim_world()->rng;
	if (!rng_one_in(rng, 5))
		q->topic = &a->topics[rng_one_in(rng, 3) ? rng_below(rng, ASKER_TOPICS) : 0];
	q->name = q->topic ? q->topic->name : SIM_TOPIC_FLEETING;
	q->deletions = history_deletions(sim_world()->history);
	choose_partitions(a, q);
	emit_u32(e, UINT32_MAX);
	if (q->version >= ISOLATION_SINCE)
		emit_u8(e, 0);
	sim_put_count(e, 1, q->is_flexible);
	sim_put_string(e, q->name, q->is_flexible);
	sim_put_count(e, q->partition_count, q->is_flexible);
	for (unsigned i = 0; i < q->partition_count; i++) {
		emit_u32(e, (uint32_t)q->partitions[i].partition);
		if (q->version >= EPOCH_SINCE)
			emit_u32(e, (uint32_t)q->partitions[i].epoch);
		emit_u64(e, (uint64_t)q->partitions[i].timestamp);
		sim_put_tags(e, q->is_flexible);
	}
	sim_put_tags(e, q->is_flexible);
	if (q->version >= TIMEOUT_SINCE)
		emit_u32(e, 1000);
	sim_put_tags(e, q->is_flexible);
}

/* ---- checking ------------------------------------------------------------------------- */

__attribute__((noreturn)) static void fail(const struct question *q,
					   const struct asked_partition *p,
					   const struct told *t, const char *why)
{
	sim_fail("ListOffsets of %s-%d, time %lld: error %d, offset %lld, time %lld: %s (what was "
		 "acknowledged ends @%lld)",
		 q->name, p->partition, (long long)p->timestamp, t->error, (long long)t->offset,
		 (long long)t->timestamp, why, (long long)p->acked_end);
}

static void read_times(const struct question *q, const struct asked_partition *p,
		       int64_t timestamp, struct sim_times *ret)
{
	sim_times_read(SIM_LOG_DIR, q->name, p->partition, timestamp, p->acked_end, ret);
}

/* Since the answer was made. */
static bool has_gone(const struct question *q, const struct asked_partition *p,
		     const struct told *t)
{
	return t->offset >= 0 && t->offset < sim_log_start(q->name, p->partition);
}

/* Only what is durable is looked at: -1 when the first such record may not be, yet. */
static void check_time(const struct question *q, const struct asked_partition *p,
		       const struct told *t)
{
	struct sim_times times;
	if (has_gone(q, p, t))
		return;
	read_times(q, p, p->timestamp, &times);
	if (t->offset < 0 && times.first >= 0 && times.first < p->acked_end)
		fail(q, p, t, "there is such a record");
	if (t->offset >= 0 && (t->offset != times.first || t->timestamp != times.time))
		fail(q, p, t, "another record is the first");
	if (t->offset >= 0)
		history_high_watermark(sim_world()->history, q->name, p->partition,
				       t->offset + 1, q->deletions);
}

static void check_newest(const struct question *q, const struct asked_partition *p,
			 const struct told *t)
{
	struct sim_times times;
	if (t->error || has_gone(q, p, t)) /* or the newest record is not durable yet */
		return;
	read_times(q, p, t->timestamp, &times);
	if (t->offset < 0 && p->acked_end > 0)
		fail(q, p, t, "there are records");
	if (t->offset >= 0 && (t->offset != times.first || t->timestamp != times.time))
		fail(q, p, t, "not the first record of its time");
	if (t->offset >= 0 && times.newest > t->timestamp)
		fail(q, p, t, "a newer record was acknowledged before");
}

static void check_end(const struct question *q, const struct asked_partition *p,
		      const struct told *t)
{
	if (p->timestamp == EARLIEST && t->offset > sim_log_start(q->name, p->partition))
		fail(q, p, t, "so much was never deleted");
	if (p->timestamp != LATEST)
		return;
	if (t->offset < p->acked_end)
		fail(q, p, t, "too low");
	history_high_watermark(sim_world()->history, q->name, p->partition, t->offset,
			       q->deletions);
}

/* Must it be 0; if not, which other may it be? */
static bool may_fail(const struct question *q, const struct asked_partition *p, int16_t error)
{
	switch (error) {
	case KAFKA_STORAGE_ERROR:
		return sim_fs_failures(sim_world()->fs) > 0;
	case KAFKA_UNKNOWN_TOPIC:
		return !q->topic || !q->topic->is_there ||
		       (uint32_t)p->partition >= q->topic->partitions;
	case KAFKA_UNKNOWN_LEADER_EPOCH:
		return q->version >= EPOCH_SINCE && p->epoch > 0;
	case KAFKA_OFFSET_NOT_AVAILABLE:
		return p->timestamp == MAX_TIMESTAMP || sim_world()->compacts;
	default:
		return false;
	}
}

static void check_partition(const struct question *q, const struct asked_partition *p,
			    const struct told *t)
{
	if (t->error && !may_fail(q, p, t->error))
		fail(q, p, t, "an error that cannot be");
	if (q->version >= EPOCH_SINCE && t->epoch != (t->offset >= 0 ? 0 : -1))
		fail(q, p, t, "another leader epoch");
	if (t->error && t->offset >= 0)
		fail(q, p, t, "both an error and an offset");
	if (!t->error && q->version >= EPOCH_SINCE && p->epoch > 0)
		fail(q, p, t, "an epoch that never was");
	/* Which record of a time is the first changes while a log is compacted. */
	bool is_compacted = sim_world()->compacts && strcmp(q->name, SIM_TOPIC_EVENTS) == 0;
	bool is_kept = q->topic && !sim_fs_failures(sim_world()->fs);
	is_kept &= !is_compacted || p->timestamp == LATEST || p->timestamp == EARLIEST;
	if (!is_kept || (t->error && t->error != KAFKA_OFFSET_NOT_AVAILABLE))
		return;
	if (p->timestamp >= 0)
		check_time(q, p, t);
	else if (p->timestamp == MAX_TIMESTAMP)
		check_newest(q, p, t);
	else
		check_end(q, p, t);
}

/* They are answered in order, and asked for in any; null: it was not. */
static const struct asked_partition *find_asked(const struct question *q, int32_t partition)
{
	for (unsigned i = 0; i < q->partition_count; i++)
		if (q->partitions[i].partition == partition)
			return &q->partitions[i];
	return NULL;
}

static void check(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version >= 2)
		cursor_u32(c);
	int64_t topics = sim_get_count(c, q->is_flexible);
	struct bytes name = sim_get_string(c, q->is_flexible);
	int64_t partitions = sim_get_count(c, q->is_flexible);
	if (c->bad || topics != 1 || partitions != q->partition_count ||
	    name.size != strlen(q->name) || memcmp(name.data, q->name, name.size) != 0)
		sim_fail("asker %u: ListOffsets of %lld topics, %lld partitions", a->client.id,
			 (long long)topics, (long long)partitions);
	for (int32_t i = 0, last = -1; i < partitions; i++) {
		int32_t index = (int32_t)cursor_u32(c);
		const struct asked_partition *p = find_asked(q, index);
		struct told t = {.error = (int16_t)cursor_u16(c)};
		t.timestamp = (int64_t)cursor_u64(c);
		t.offset = (int64_t)cursor_u64(c);
		if (q->version >= EPOCH_SINCE)
			t.epoch = (int32_t)cursor_u32(c);
		sim_skip_tags(c, q->is_flexible);
		if (c->bad || !p || index <= last)
			sim_fail("asker %u: ListOffsets of partition %d behind %d", a->client.id,
				 index, last);
		last = index;
		check_partition(q, p, &t);
		if (t.timestamp >= 0)
			a->time = t.timestamp;
	}
	sim_skip_tags(c, q->is_flexible);
	sim_skip_tags(c, q->is_flexible);
}

const struct question_kind ask_list_offsets = {
	.api_key = 2,
	.version_min = 1,
	.version_max = 11,
	.version_flexible = 6,
	.ask = ask,
	.check = check,
};
