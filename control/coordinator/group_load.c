/* group_load.c - partitions of __consumer_offsets in, the groups that they hold out; see
 * group_load.h. */
#include "control/coordinator/group_load.h"
#include "control/coordinator/coordinator.h"
#include "control/coordinator/group_store.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"

#include <stdio.h>

int group_load_init(struct group_load *l)
{
	*l = (struct group_load){.chunks = LOAD_PIECE_CHUNKS};
	return chunk_pool_init(&l->pool, CHUNK_BYTES, LOAD_CHUNKS);
}

void group_load_fini(struct group_load *l)
{
	chunk_pool_fini(&l->pool);
}

bool group_load_is_under_way(const struct group_service *s)
{
	return s->load.at < s->log.count;
}

/* ---- asking ----------------------------------------------------------------------------- */

static struct offsets_partition *partition_at(struct group_service *s)
{
	return &s->log.partitions[s->load.at];
}

static void ask(struct group_service *s, struct handoff *writer)
{
	struct group_load *l = &s->load;
	if (l->began_ns == 0)
		l->began_ns = s->now.ns;
	read_list_init(&l->list, s->options->sender);
	l->read = (struct read_msg){
		.partition = partition_at(s)->ref,
		.offset = l->offset,
		.bytes_max = l->chunks * CHUNK_BYTES,
	};
	for (uint32_t i = 0; i < l->chunks; i++)
		chain_push(&l->read.bytes, chunk_take(&l->pool));
	read_list_add(&l->list, &l->read);
	l->is_reading = true;
	handoff_send(writer, &l->list.msg);
}

bool group_load_step(struct group_service *s)
{
	struct group_load *l = &s->load;
	if (l->is_reading || l->at == s->log.count)
		return false;
	unsigned writer = writer_of_slot(partition_at(s)->ref.slot, s->options->writer_count);
	ask(s, s->options->writers[writer]);
	return true;
}

/* ---- a partition's end ------------------------------------------------------------------ */

static void say(struct group_service *s, const char *line)
{
	if (s->options->say)
		s->options->say(s->options->say_owner, line);
}

static void say_loaded(struct group_service *s)
{
	struct group_load *l = &s->load;
	char line[200];
	if (l->records == 0 && l->passed == 0)
		return;
	snprintf(line, sizeof line,
		 "groups: %llu records of %u partitions read in %llu ms; %u batches passed over: "
		 "compressed, or a transaction's",
		 (unsigned long long)l->records, s->log.count,
		 (unsigned long long)((s->now.ns - l->began_ns) / NS_PER_MS), l->passed);
	say(s, line);
}

static void end_partition(struct group_service *s, enum offsets_state state)
{
	struct group_load *l = &s->load;
	partition_at(s)->state = (uint8_t)state;
	l->at++;
	l->offset = 0;
	l->chunks = LOAD_PIECE_CHUNKS;
	if (l->at == s->log.count)
		say_loaded(s);
}

static void break_partition(struct group_service *s, const char *why)
{
	char line[200];
	snprintf(line, sizeof line,
		 "groups: partition %u of __consumer_offsets is not read at offset %lld: %s; its "
		 "groups are not served",
		 s->load.at, (long long)s->load.offset, why);
	say(s, line);
	end_partition(s, OFFSETS_BROKEN);
}

/* ---- a piece ---------------------------------------------------------------------------- */

/* Ours are neither; Kafka writes such batches when it is told to compress the topic, and for
 * offsets that a transaction commits. */
static bool is_readable(const struct record_batch_header *h)
{
	unsigned others = RECORD_BATCH_CODEC_MASK | RECORD_BATCH_TRANSACTIONAL |
			  RECORD_BATCH_CONTROL;
	return (be16_get(h->attributes) & others) == 0;
}

/* Null, or what is wrong. */
static const char *take_batch(struct group_service *s, struct bytes batch,
			      struct kafka_arena arena)
{
	const struct record_batch_header *h = record_batch_header_of(batch.data);
	bool is_ours = is_readable(h);
	if (is_ours && !group_store_apply(s, batch, arena, true))
		return "there is no memory for what it holds";
	s->load.records += is_ours ? record_batch_count(h) : 0;
	s->load.passed += !is_ours;
	s->load.offset = record_batch_last_offset(h) + 1;
	return NULL;
}

/* Whole batches; null, or what is wrong with one. */
static const char *take_batches(struct group_service *s, const struct chain *bytes)
{
	struct kafka_arena arena = group_service_scratch(s);
	size_t size = bytes->size;
	uint8_t *at = kafka_arena_take(&arena, size, 1);
	require(at);
	chain_copy_out(bytes, 0, at, size);
	const char *fault = NULL;
	while (size > 0 && !fault) {
		if (record_batch_check_all(at, size) != RECORD_BATCH_GOOD)
			return "a batch is damaged";
		size_t one = (size_t)record_batch_bytes(record_batch_header_of(at));
		fault = take_batch(s, (struct bytes){at, one}, arena);
		at += one;
		size -= one;
	}
	return fault;
}

static void take_data(struct group_service *s)
{
	struct group_load *l = &s->load;
	const char *fault = take_batches(s, &l->read.bytes);
	if (fault)
		break_partition(s, fault);
	else if (l->read.bytes.size == 0 || l->offset >= l->read.high_watermark)
		end_partition(s, OFFSETS_READ);
}

/* The log begins further on. */
static bool skips(const struct group_load *l)
{
	return l->read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE &&
	       l->offset < l->read.log_start_offset;
}

static void take_piece(struct group_service *s)
{
	struct group_load *l = &s->load;
	if (skips(l)) {
		l->offset = l->read.log_start_offset;
	} else if (l->read.error == KAFKA_ERROR_CORRUPT_MESSAGE) {
		break_partition(s, "a batch is damaged");
	} else if (l->read.error) {
		break_partition(s, "its log does not answer");
	} else if (l->read.bytes_needed > 0) {
		l->chunks = l->read.bytes_needed / CHUNK_BYTES + 2;
		if (l->chunks > LOAD_CHUNKS)
			break_partition(s, "a batch is too large");
	} else {
		take_data(s);
	}
}

void group_load_take(struct group_service *s, struct read_list *list)
{
	struct group_load *l = &s->load;
	require(l->is_reading && list == &l->list);
	l->is_reading = false;
	take_piece(s);
	chain_give(&l->read.bytes);
	group_store_settle(s);
}
