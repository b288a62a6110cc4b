/* kafka_describe_log_dirs.c - DescribeLogDirs: what the partitions in each log directory take up,
 * and what its file system has left. One that is lost says so, and names none. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/store/disk_files.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"

struct sizes {
	struct kafka_request *request;
	const struct log_dir *dir; /* of those that lie there */
	struct describe_log_dirs_topic *topics;
	int32_t count;
	/* Slots that are told already: each partition once, however often it is named. */
	uint64_t seen[PARTITIONS_MAX / 64];
};

static bool is_seen(struct sizes *s, uint32_t slot)
{
	uint64_t bit = 1ull << (slot % 64);
	bool seen = s->seen[slot / 64] & bit;
	s->seen[slot / 64] |= bit;
	return seen;
}

static void add_partition(struct sizes *s, const struct registry_topic *topic, uint32_t partition,
			  struct describe_log_dirs_topic *out)
{
	const struct registry *registry = s->request->options->registry;
	struct log_marks marks;
	if (registry_directory_of(registry, topic, partition) != s->dir ||
	    is_seen(s, topic->topic.refs[partition].slot))
		return;
	registry_marks(registry, topic, partition, &marks);
	out->partitions.items[out->partitions.count++] = (struct describe_log_dirs_partition){
		.partition_index = (int32_t)partition, .partition_size = (int64_t)marks.size_bytes};
}

/* Room for some partitions of a topic; null: the arena is full. */
static struct describe_log_dirs_topic *begin_topic(struct sizes *s,
						   const struct registry_topic *topic, size_t room)
{
	struct describe_log_dirs_topic *out = &s->topics[s->count];
	out->name = (struct bytes){(const uint8_t *)topic->topic.name, topic->topic.name_bytes};
	out->partitions.items =
		kafka_request_take(s->request, room, sizeof *out->partitions.items);
	return out->partitions.items ? out : NULL;
}

static void end_topic(struct sizes *s, const struct describe_log_dirs_topic *out)
{
	s->count += out->partitions.count > 0;
}

static bool add_whole(struct sizes *s, const struct registry_topic *topic)
{
	struct describe_log_dirs_topic *out = begin_topic(s, topic, topic->topic.partitions);
	if (!out)
		return false;
	for (uint32_t i = 0; i < topic->topic.partitions; i++)
		add_partition(s, topic, i, out);
	end_topic(s, out);
	return true;
}

static bool add_all(struct sizes *s)
{
	const struct registry *registry = s->request->options->registry;
	unsigned count = registry_count(registry);
	s->topics = kafka_request_take(s->request, count, sizeof *s->topics);
	bool fits = s->topics != NULL;
	for (unsigned i = 0; i < count && fits; i++)
		fits = add_whole(s, registry_at(registry, i));
	return fits;
}

/* What is not there is left out. */
static bool add_named(struct sizes *s, const struct describe_log_dirs_request_topic *q)
{
	const struct registry_topic *topic =
		registry_find(s->request->options->registry, q->topic);
	if (!topic)
		return true;
	struct describe_log_dirs_topic *out =
		begin_topic(s, topic, (size_t)q->partitions.count);
	if (!out)
		return false;
	for (int32_t i = 0; i < q->partitions.count; i++) {
		int32_t p = q->partitions.items[i];
		if (p >= 0 && (uint32_t)p < topic->topic.partitions)
			add_partition(s, topic, (uint32_t)p, out);
	}
	end_topic(s, out);
	return true;
}

static bool add_each(struct sizes *s, const struct describe_log_dirs_request *q)
{
	int32_t count = q->topics.count;
	s->topics = kafka_request_take(s->request, (size_t)count, sizeof *s->topics);
	bool fits = s->topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = add_named(s, &q->topics.items[i]);
	return fits;
}

/* False: the arena is full. */
static bool describe(struct kafka_request *r, const struct describe_log_dirs_request *q,
		     const struct log_dir *dir, struct describe_log_dirs_result *ret)
{
	struct sizes s = {.request = r, .dir = dir};
	struct disk_space space;
	*ret = (struct describe_log_dirs_result){.log_dir = kafka_text(dir->path),
						 .total_bytes = -1,
						 .usable_bytes = -1};
	if (dir->is_lost) {
		ret->error_code = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
		return true;
	}
	if (!(q->topics.count < 0 ? add_all(&s) : add_each(&s, q)))
		return false;
	ret->topics.items = s.topics;
	ret->topics.count = s.count;
	if (!dir->is_stuck && disk_find_space(dir->disk, dir->path, &space) == 0) {
		ret->total_bytes = (int64_t)space.total_bytes;
		ret->usable_bytes = (int64_t)space.usable_bytes;
	}
	return true;
}

enum kafka_outcome kafka_handle_describe_log_dirs(struct kafka_request *r)
{
	const struct registry *registry = r->options->registry;
	struct describe_log_dirs_result results[LOG_DIRS_MAX];
	struct describe_log_dirs_request q;
	unsigned count = registry_directory_count(registry);
	if (!kafka_request_decode(r, &describe_log_dirs_request, &q))
		return KAFKA_CLOSE;
	for (unsigned i = 0; i < count; i++)
		if (!describe(r, &q, registry_directory(registry, i), &results[i]))
			return KAFKA_CLOSE;
	struct describe_log_dirs_response answer = {.results = {results, (int32_t)count}};
	return kafka_request_answer(r, &describe_log_dirs_response, r->header.api_version, &answer);
}
