/* kafka_list_offsets.c - ListOffsets: times in, offsets out; the ends of a partition from its
 * watermarks, anything else from its files. */
#include "control/kafka/kafka_handlers.h"

#include "control/kafka/offset_lookup.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"

#include <limits.h>

/* KIP-734: a client may ask for the record with the newest time. */
enum { MAX_TIMESTAMP_SINCE = 7 };

struct lookup {
	struct kafka_request *request;
	const struct registry_topic *topic;
	uint64_t open_ns_left;
	/* Slots seen in this request: each partition may be asked for once, which bounds the
	 * files one request has us read. */
	uint64_t seen[PARTITIONS_MAX / 64];
};

static bool is_seen(struct lookup *l, uint32_t slot)
{
	uint64_t bit = 1ull << (slot % 64);
	bool seen = l->seen[slot / 64] & bit;
	l->seen[slot / 64] |= bit;
	return seen;
}

/* How a partition's files are asked; false when its path is too long for any file. */
static bool begin_query(struct lookup *l, const struct log_marks *marks, int32_t partition,
			char directory[PATH_MAX], struct offset_query *ret)
{
	const struct log_dir *dir = l->request->options->dir;
	int n = snprintf(directory, PATH_MAX, "%s/%s-%d", dir->path, l->topic->topic.name,
			 partition);
	*ret = (struct offset_query){.disk = dir->disk,
				     .directory = directory,
				     .from = marks->log_start_offset,
				     .until = marks->high_watermark,
				     .open_ns_left = &l->open_ns_left};
	return n < PATH_MAX;
}

static int16_t find_by_time(struct lookup *l, const struct log_marks *marks,
			    int64_t timestamp, struct list_offsets_partition *out)
{
	char directory[PATH_MAX];
	struct offset_query query;
	struct offset_found found;
	if (!begin_query(l, marks, out->partition_index, directory, &query))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	query.timestamp = timestamp;
	if (offset_lookup(&query, &found))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	out->offset = found.offset;
	out->timestamp = found.timestamp;
	return KAFKA_ERROR_NONE;
}

/* Watermarks and indexes know the newest time, the batch in the log which record has it.
 * While that may still vanish nobody is pointed at it. */
static int16_t find_max_timestamp(struct lookup *l, const struct log_marks *marks,
				  struct list_offsets_partition *out)
{
	char directory[PATH_MAX];
	struct offset_query query;
	int64_t sealed;
	if (marks->log_end_offset == marks->log_start_offset)
		return KAFKA_ERROR_NONE;
	if (!begin_query(l, marks, out->partition_index, directory, &query) ||
	    offset_lookup_newest(&query, &sealed))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	if (sealed > marks->max_timestamp)
		return find_by_time(l, marks, sealed, out);
	if (marks->max_timestamp_offset >= marks->high_watermark)
		return KAFKA_ERROR_OFFSET_NOT_AVAILABLE;
	return find_by_time(l, marks, marks->max_timestamp, out);
}

/* Times below zero are questions of their own. One that this version does not have is refused
 * and not taken for a time. */
static int16_t find(struct lookup *l, int64_t timestamp, struct list_offsets_partition *out)
{
	const struct registry *registry = l->request->options->registry;
	uint32_t partition = (uint32_t)out->partition_index;
	struct log_marks marks;
	if (registry_is_offline(registry, l->topic, partition))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	registry_marks(registry, l->topic, partition, &marks);
	if (timestamp >= 0)
		return find_by_time(l, &marks, timestamp, out);
	if (timestamp == LIST_OFFSETS_MAX_TIMESTAMP &&
	    l->request->header.api_version >= MAX_TIMESTAMP_SINCE)
		return find_max_timestamp(l, &marks, out);
	if (timestamp != LIST_OFFSETS_LATEST && timestamp != LIST_OFFSETS_EARLIEST)
		return KAFKA_ERROR_UNSUPPORTED_VERSION;
	out->offset = timestamp == LIST_OFFSETS_LATEST ? marks.high_watermark
						       : marks.log_start_offset;
	return KAFKA_ERROR_NONE;
}

static int16_t check_and_find(struct lookup *l,
			      const struct list_offsets_request_partition *q,
			      struct list_offsets_partition *out)
{
	if (!l->topic || q->partition_index < 0 ||
	    (uint32_t)q->partition_index >= l->topic->topic.partitions)
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	if (is_seen(l, l->topic->topic.refs[q->partition_index].slot))
		return KAFKA_ERROR_INVALID_REQUEST;
	int16_t error = leader_epoch_check(q->current_leader_epoch);
	return error ? error : find(l, q->timestamp, out);
}

static void look_up_partition(struct lookup *l,
			      const struct list_offsets_request_partition *q,
			      struct list_offsets_partition *out)
{
	*out = (struct list_offsets_partition){.partition_index = q->partition_index,
					       .timestamp = -1, .offset = -1,
					       .leader_epoch = LEADER_EPOCH_UNKNOWN};
	out->error_code = check_and_find(l, q, out);
	if (out->offset >= 0)
		out->leader_epoch = LEADER_EPOCH;
}

static bool look_up_topic(struct lookup *l, const struct list_offsets_request_topic *q,
			  struct list_offsets_topic *out)
{
	int32_t count = q->partitions.count;
	out->name = q->name;
	out->partitions.items =
		kafka_request_take(l->request, (size_t)count, sizeof *out->partitions.items);
	if (!out->partitions.items)
		return false;
	out->partitions.count = count;
	l->topic = registry_find(l->request->options->registry, q->name);
	for (int32_t i = 0; i < count; i++)
		look_up_partition(l, &q->partitions.items[i], &out->partitions.items[i]);
	return true;
}

enum kafka_outcome kafka_handle_list_offsets(struct kafka_request *r)
{
	struct list_offsets_request request;
	if (!kafka_request_decode(r, &list_offsets_request, &request))
		return KAFKA_CLOSE;
	struct lookup l = {.request = r, .open_ns_left = LOOKUP_OPEN_NS_MAX};
	int32_t count = request.topics.count;
	struct list_offsets_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = look_up_topic(&l, &request.topics.items[i], &topics[i]);
	if (!fits)
		return KAFKA_CLOSE;
	struct list_offsets_response answer = {.topics = {topics, count}};
	return kafka_request_answer(r, &list_offsets_response, r->header.api_version, &answer);
}
