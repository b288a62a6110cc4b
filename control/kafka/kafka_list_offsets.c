/* kafka_list_offsets.c - ListOffsets: times in, offsets out; the ends of a partition from its
 * watermarks, anything else from its files. */
#include "control/kafka/kafka_handlers.h"

#include "control/kafka/offset_lookup.h"
#include "control/kafka/offsets_waits.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"

#include <limits.h>
#include <stdlib.h>

/* A partition that is asked for; */
struct asked {
	struct bytes topic;
	const struct list_offsets_request_partition *partition;
};

struct lookup {
	struct kafka_request *request;
	const struct registry_topic *topic; /* of the last partition */
	uint64_t open_ns_left;
	int16_t error;        /* of them all */
	struct asked *asked;  /* by topic and partition */
	uint32_t asked_count;
};

/* How a partition's files are asked; false when its path is too long for any file. */
static bool begin_query(struct lookup *l, const struct log_marks *marks, int32_t partition,
			char directory[PATH_MAX], struct offset_query *ret)
{
	const struct log_dir *dir = registry_directory_of(l->request->options->registry, l->topic,
							  (uint32_t)partition);
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

/* Times below zero are questions of their own, each since a version; 0: there is no such. */
static int16_t version_of(int64_t timestamp)
{
	switch (timestamp) {
	case LIST_OFFSETS_LATEST:
	case LIST_OFFSETS_EARLIEST: return 1;
	case LIST_OFFSETS_MAX_TIMESTAMP: return 7;
	case LIST_OFFSETS_EARLIEST_LOCAL: return 8;
	case LIST_OFFSETS_LATEST_TIERED: return 9;
	case LIST_OFFSETS_EARLIEST_PENDING_UPLOAD: return 11;
	default: return 0;
	}
}

/* One that this version does not have is refused and not taken for a time. */
static bool is_question(const struct lookup *l, int64_t timestamp)
{
	int16_t since = version_of(timestamp);
	return timestamp >= 0 || (since > 0 && l->request->header.api_version >= since);
}

/* Nothing lies in a remote tier, and nothing is to go there: there is no such offset. */
static int16_t find(struct lookup *l, int64_t timestamp, struct list_offsets_partition *out)
{
	const struct registry *registry = l->request->options->registry;
	uint32_t partition = (uint32_t)out->partition_index;
	struct log_marks marks;
	if (registry_is_offline(registry, l->topic, partition))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	registry_marks(registry, l->topic, partition, &marks);
	bool is_of_files = timestamp >= 0 || timestamp == LIST_OFFSETS_MAX_TIMESTAMP;
	/* For some milliseconds, and who asks again is answered. */
	if (is_of_files && registry_is_swapping(registry, l->topic, partition))
		return KAFKA_ERROR_OFFSET_NOT_AVAILABLE;
	if (timestamp >= 0)
		return find_by_time(l, &marks, timestamp, out);
	if (timestamp == LIST_OFFSETS_MAX_TIMESTAMP)
		return find_max_timestamp(l, &marks, out);
	if (timestamp == LIST_OFFSETS_LATEST)
		out->offset = marks.high_watermark;
	else if (timestamp == LIST_OFFSETS_EARLIEST || timestamp == LIST_OFFSETS_EARLIEST_LOCAL)
		out->offset = marks.log_start_offset;
	return KAFKA_ERROR_NONE;
}

static bool has_partition(const struct registry_topic *topic, int32_t partition)
{
	return topic && partition >= 0 && (uint32_t)partition < topic->topic.partitions;
}

/* In Kafka's order: a question that makes no sense is refused wherever it is asked. */
static int16_t check_and_find(struct lookup *l, const struct asked *a, bool is_repeated,
			      struct list_offsets_partition *out)
{
	const struct list_offsets_request_partition *q = a->partition;
	if (l->error)
		return l->error;
	if (is_repeated)
		return KAFKA_ERROR_INVALID_REQUEST;
	if (!is_question(l, q->timestamp))
		return KAFKA_ERROR_UNSUPPORTED_VERSION;
	if (!has_partition(l->topic, q->partition_index))
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	int16_t error = leader_epoch_check(q->current_leader_epoch);
	return error ? error : find(l, q->timestamp, out);
}

static void look_up_partition(struct lookup *l, const struct asked *a, bool is_repeated,
			      struct list_offsets_partition *out)
{
	*out = (struct list_offsets_partition){.partition_index = a->partition->partition_index,
					       .timestamp = -1, .offset = -1,
					       .leader_epoch = LEADER_EPOCH_UNKNOWN};
	out->error_code = check_and_find(l, a, is_repeated, out);
	if (out->offset >= 0)
		out->leader_epoch = LEADER_EPOCH;
}

/* ---- each topic and partition once ----------------------------------------------------- */

static int by_topic_and_partition(const void *left, const void *right)
{
	const struct asked *a = left, *b = right;
	int order = kafka_name_order(a->topic, b->topic);
	int32_t p = a->partition->partition_index, q = b->partition->partition_index;
	return order ? order : (p > q) - (p < q);
}

static bool is_same_topic(const struct asked *a, const struct asked *b)
{
	return kafka_name_order(a->topic, b->topic) == 0;
}

/* False when the arena is full. */
static bool list_asked(struct lookup *l, const struct list_offsets_request *q)
{
	size_t total = 0;
	for (int32_t i = 0; i < q->topics.count; i++)
		total += (size_t)q->topics.items[i].partitions.count;
	l->asked = kafka_request_take(l->request, total, sizeof *l->asked);
	if (!l->asked)
		return false;
	for (int32_t i = 0; i < q->topics.count; i++) {
		const struct list_offsets_request_topic *t = &q->topics.items[i];
		for (int32_t p = 0; p < t->partitions.count; p++)
			l->asked[l->asked_count++] =
				(struct asked){t->name, &t->partitions.items[p]};
	}
	qsort(l->asked, l->asked_count, sizeof *l->asked, by_topic_and_partition);
	return true;
}

/* The topic that begins at `from`; returns where the next one does. As to Kafka, what is named
 * again is answered once, and looked up not at all: which of the two was meant? */
static uint32_t look_up_topic(struct lookup *l, uint32_t from, struct list_offsets_topic *out)
{
	const struct asked *a = l->asked;
	uint32_t at = from, next;
	out->name = a[from].topic;
	l->topic = registry_find(l->request->options->registry, out->name);
	for (; at < l->asked_count && is_same_topic(&a[from], &a[at]); at = next) {
		for (next = at + 1; next < l->asked_count &&
				    by_topic_and_partition(&a[at], &a[next]) == 0;)
			next++;
		look_up_partition(l, &a[at], next > at + 1,
				  &out->partitions.items[out->partitions.count++]);
	}
	return at;
}

/* False when the arena is full. */
static bool look_up(struct lookup *l, struct list_offsets_response *answer)
{
	struct list_offsets_topic *topics =
		kafka_request_take(l->request, l->asked_count, sizeof *topics);
	struct list_offsets_partition *parts =
		kafka_request_take(l->request, l->asked_count, sizeof *parts);
	if (!topics || !parts)
		return false;
	answer->topics.items = topics;
	for (uint32_t at = 0; at < l->asked_count;) {
		struct list_offsets_topic *out = &topics[answer->topics.count++];
		out->partitions.items = parts;
		at = look_up_topic(l, at, out);
		parts += out->partitions.count;
	}
	return true;
}

/* ---- ends that records are about to pass ----------------------------------------------- */

/* True when there is one, and the request waits for it. */
static bool wait_for_ends(struct lookup *l)
{
	struct kafka_request *r = l->request;
	uint32_t count = 0;
	struct offsets_end *ends = kafka_request_take(r, l->asked_count, sizeof *ends);
	if (!r->offsets_waits || l->error || !ends)
		return false;
	for (uint32_t i = 0; i < l->asked_count; i++) {
		const struct list_offsets_request_partition *q = l->asked[i].partition;
		struct log_marks marks;
		if (i == 0 || !is_same_topic(&l->asked[i - 1], &l->asked[i]))
			l->topic = registry_find(r->options->registry, l->asked[i].topic);
		if (q->timestamp != LIST_OFFSETS_LATEST ||
		    !has_partition(l->topic, q->partition_index))
			continue;
		registry_marks(r->options->registry, l->topic, (uint32_t)q->partition_index,
			       &marks);
		if (marks.written_offset > marks.high_watermark && !marks.is_fenced)
			ends[count++] = (struct offsets_end){
				l->asked[i].topic, q->partition_index, marks.written_offset};
	}
	return count > 0 && offsets_wait(r->offsets_waits, r, ends, count);
}

/* As Kafka answers what it does not know, before it looks at anything. */
static int16_t isolation_check(int8_t isolation)
{
	bool is_known = isolation >= 0 && isolation <= LIST_OFFSETS_READ_COMMITTED;
	return is_known ? KAFKA_ERROR_NONE : KAFKA_ERROR_UNKNOWN_SERVER_ERROR;
}

enum kafka_outcome kafka_handle_list_offsets(struct kafka_request *r)
{
	struct list_offsets_request request;
	if (!kafka_request_decode(r, &list_offsets_request, &request))
		return KAFKA_CLOSE;
	struct lookup l = {.request = r, .open_ns_left = LOOKUP_OPEN_NS_MAX,
			   .error = isolation_check(request.isolation_level)};
	struct list_offsets_response answer = {0};
	if (!list_asked(&l, &request))
		return KAFKA_CLOSE;
	if (wait_for_ends(&l))
		return KAFKA_PARKED;
	if (!look_up(&l, &answer))
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &list_offsets_response, r->header.api_version, &answer);
}
