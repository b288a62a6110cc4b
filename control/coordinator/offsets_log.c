/* offsets_log.c - records of groups in, batches to the writers out; see offsets_log.h. */
#include "control/coordinator/offsets_log.h"
#include "config/topic_name.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/group_records.h"
#include "dataplane/wire/record/record_batch.h"

#include <stdlib.h>

int offsets_log_init(struct offsets_log *l, struct handoff *const *writers, unsigned count,
		     uint8_t sender)
{
	*l = (struct offsets_log){.writers = writers, .writer_count = count, .sender = sender};
	list_init(&l->due);
	return chunk_pool_init(&l->pool, CHUNK_BYTES, OFFSETS_CHUNKS);
}

void offsets_log_fini(struct offsets_log *l)
{
	free(l->partitions);
	chunk_pool_fini(&l->pool);
}

/* ---- the topic -------------------------------------------------------------------------- */

static void partition_init(struct offsets_partition *p, struct partition_ref ref)
{
	*p = (struct offsets_partition){.ref = ref, .state = OFFSETS_UNREAD};
	list_init(&p->due);
	list_init(&p->batches[0].waiting);
	list_init(&p->batches[1].waiting);
}

static void take_topic(struct offsets_log *l, const struct topic *topic)
{
	l->partitions = calloc(topic->partitions, sizeof *l->partitions);
	if (!l->partitions)
		return; /* the next snapshot is looked at again */
	l->count = topic->partitions;
	for (uint32_t i = 0; i < l->count; i++)
		partition_init(&l->partitions[i], topic->refs[i]);
}

void offsets_log_look(struct offsets_log *l, const struct topics *topics)
{
	static const struct bytes name = {(const uint8_t *)TOPIC_NAME_OFFSETS,
					  sizeof TOPIC_NAME_OFFSETS - 1};
	if (!topics || l->topics_version == topics->version)
		return;
	const struct topic *topic = topics_find(topics, name);
	l->topics_version = topics->version;
	if (topic && !l->partitions)
		take_topic(l, topic);
	/* Its settings may be changed while it runs: the log refuses what is larger. */
	if (topic)
		l->batch_bytes_max =
			min_u32(OFFSETS_BATCH_BYTES_MAX, topic->log.message_bytes_max);
}

struct offsets_partition *offsets_log_partition(const struct offsets_log *l,
						struct bytes group_id)
{
	return l->count ? &l->partitions[group_record_partition(group_id, l->count)] : NULL;
}

/* ---- records ---------------------------------------------------------------------------- */

size_t offsets_record_bytes_max(size_t key_bytes, size_t value_bytes)
{
	return RECORD_OVERHEAD_BYTES_MAX + key_bytes + value_bytes;
}

bool offsets_log_may_hold(const struct offsets_log *l, size_t bytes)
{
	return RECORD_BATCH_HEADER_BYTES + bytes <= l->batch_bytes_max;
}

/* Chunks, too: one more, since what a batch has begun is full but for its end. */
bool offsets_log_has_room(const struct offsets_log *l, const struct offsets_partition *p,
			  size_t bytes)
{
	size_t held = p->batches[p->gathering].append.bytes.size;
	size_t chunks = (RECORD_BATCH_HEADER_BYTES + bytes) / CHUNK_BYTES + 1;
	return (held ? held : RECORD_BATCH_HEADER_BYTES) + bytes <= l->batch_bytes_max &&
	       chunks <= chunk_pool_left(&l->pool);
}

/* Its header is written when it goes; until then its place is kept. */
static void batch_begin(struct offsets_log *l, struct offsets_partition *p, int64_t wall_ms)
{
	struct offsets_batch *b = &p->batches[p->gathering];
	b->append = (struct append_msg){
		.msg = {.kind = HANDOFF_APPEND, .sender = l->sender},
		.level = ACK_DURABLE,
		.origin = APPEND_BUILT,
		.codec = RECORD_CODEC_NONE,
		.partition = p->ref,
		.log_append_time = -1,
		.owner = p,
	};
	list_init(&b->append.node);
	b->base_ms = b->max_ms = wall_ms;
	require(chain_reserve(&b->append.bytes, &l->pool, RECORD_BATCH_HEADER_BYTES));
	list_append(&l->due, &p->due);
}

static void put(struct offsets_log *l, struct chain *to, const void *data, size_t size)
{
	require(chain_append(to, &l->pool, data, size));
}

/* In pieces: a record may be longer than a chunk. */
static void put_record(struct offsets_log *l, struct chain *to, const struct record_view *r)
{
	static const uint8_t no_headers = 0;
	uint8_t room[RECORD_OVERHEAD_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	record_emit_front(&e, r);
	put(l, to, room, emitter_size(&e));
	put(l, to, r->key.data, r->key.size);
	e = emitter_of(room, sizeof room);
	record_emit_value_size(&e, r);
	put(l, to, room, emitter_size(&e));
	put(l, to, r->value.data, r->value.size);
	put(l, to, &no_headers, sizeof no_headers);
}

void offsets_log_add(struct offsets_log *l, struct offsets_partition *p, int64_t wall_ms,
		     struct bytes key, struct bytes value)
{
	struct offsets_batch *b = &p->batches[p->gathering];
	if (b->append.records == 0)
		batch_begin(l, p, wall_ms);
	struct record_view view = {
		.timestamp_delta = wall_ms - b->base_ms,
		.offset_delta = (int32_t)b->append.records,
		.key = key,
		.value = value,
	};
	put_record(l, &b->append.bytes, &view);
	b->append.records++;
	if (wall_ms > b->max_ms)
		b->max_ms = wall_ms;
}

void offsets_log_wait(struct offsets_partition *p, struct offsets_wait *wait)
{
	struct offsets_batch *b = &p->batches[p->gathering];
	require(b->append.records > 0);
	list_append(&b->waiting, &wait->node);
}

/* ---- to the writers and back ------------------------------------------------------------ */

static void batch_close(struct offsets_batch *b)
{
	struct record_batch_header h;
	record_batch_build(&h, b->append.records, b->base_ms, b->max_ms);
	record_batch_set_size(&h, (uint32_t)b->append.bytes.size);
	chain_patch(&b->append.bytes, 0, &h, sizeof h);
}

/* Not while its writer has as much of ours as its handoff holds. */
static void send_one(struct offsets_log *l, struct offsets_partition *p)
{
	struct handoff *writer = l->writers[writer_of_slot(p->ref.slot, l->writer_count)];
	if (!handoff_has_room(writer, HANDOFF_APPEND))
		return;
	struct offsets_batch *b = &p->batches[p->gathering];
	batch_close(b);
	p->is_sent = true;
	p->gathering = !p->gathering;
	list_remove(&p->due);
	handoff_send(writer, &b->append.msg);
}

/* Who has one under way stays in the list: it is asked again when something comes back. */
void offsets_log_send(struct offsets_log *l)
{
	for (struct list *node = l->due.next, *next; node != &l->due; node = next) {
		struct offsets_partition *p = list_entry(node, struct offsets_partition, due);
		next = node->next;
		if (!p->is_sent)
			send_one(l, p);
	}
}

struct offsets_batch *offsets_log_back(struct append_msg *append)
{
	struct offsets_partition *p = append->owner;
	require(p->is_sent && append == &p->batches[!p->gathering].append);
	return container_of(append, struct offsets_batch, append);
}

void offsets_log_give(struct offsets_log *l, struct offsets_batch *give)
{
	struct offsets_partition *p = give->append.owner;
	require(list_is_empty(&give->waiting));
	chain_give(&give->append.bytes);
	give->append.records = 0;
	p->is_sent = false;
}
