/* sim_checker.c - log files to records, with nothing of the product's reader; see
 * sim_checker.h. */
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_clients.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_index.h"
#include "tests/sim/sim_start.h"

#include <snappy-c.h>

enum {
	HEADER_BYTES = 61,
	BASE_TIMESTAMP_AT = 27,
	GBT_HEADER_BYTES = 24,
	GBT_PAYLOAD_AT = GBT_HEADER_BYTES + 6 + 3, /* time, unit 0x80, its u16 length */
	UNPACKED_BYTES_MAX = 1 << 20,
	SNAPPY_JAVA_HEAD_BYTES = 16, /* magic, version, oldest version that can read it */
	SEGMENTS_MAX = 256,
};

struct bytes checker_payload(struct bytes v)
{
	if (v.size < 2 || v.data[0] != '#' || v.data[1] != '#')
		return v;
	require(v.size > GBT_PAYLOAD_AT);
	return (struct bytes){v.data + GBT_PAYLOAD_AT, v.size - GBT_PAYLOAD_AT - 1};
}

bool checker_batch(struct bytes from, struct checker_batch *ret)
{
	const uint8_t *p = from.data;
	if (from.size < HEADER_BYTES)
		return false;
	size_t size = 12 + (size_t)be32_load(p + 8);
	if (size < HEADER_BYTES || size > from.size || p[16] != 2 ||
	    crc32c(p + 21, size - 21) != be32_load(p + 17))
		return false;
	*ret = (struct checker_batch){.base_offset = (int64_t)be64_load(p),
				      .max_timestamp = (int64_t)be64_load(p + 35),
				      .size = size,
				      .count = be32_load(p + 57),
				      .attributes = be16_load(p + 21),
				      .bytes = p};
	ret->last_offset = ret->base_offset + (int32_t)be32_load(p + 23);
	return true;
}

/* What lies behind the first `at` bytes. */
static struct bytes behind(struct bytes b, size_t at)
{
	return (struct bytes){b.data + at, b.size - at};
}

/* `r` knows its place and its time. */
static void visit_record(struct found_record *r, struct bytes value, checker_visit visit,
			 void *arg)
{
	r->value = checker_payload(value);
	if (r->value.size < 8)
		sim_fail("%s-%d @%lld: a value of %zu bytes was never sent", r->topic,
			 r->partition, (long long)r->offset, r->value.size);
	r->client = be32_load(r->value.data);
	r->seq = be32_load(r->value.data + 4);
	visit(arg, r);
}

/* One block, as the gateway packs its own batches; or snappy-java's stream of blocks, as Kafka and
 * the gateway pack a producer's anew. SIZE_MAX: neither. */
static size_t unpack(struct bytes in, char *out)
{
	static const uint8_t magic[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
	size_t size = UNPACKED_BYTES_MAX, total = 0;
	if (in.size < SNAPPY_JAVA_HEAD_BYTES || memcmp(in.data, magic, sizeof magic) != 0)
		return snappy_uncompress((const char *)in.data, in.size, out, &size) ? SIZE_MAX
										     : size;
	struct cursor c = cursor_of(in.data, in.size);
	cursor_take(&c, SNAPPY_JAVA_HEAD_BYTES);
	while (cursor_left(&c) > 0 && !c.bad) {
		size_t block = cursor_u32(&c);
		const char *at = (const char *)cursor_take(&c, block);
		size = UNPACKED_BYTES_MAX - total;
		if (c.bad || snappy_uncompress(at, block, out + total, &size))
			return SIZE_MAX;
		total += size;
	}
	return total;
}

static void visit_batch(const char *topic, int32_t partition, const struct checker_batch *b,
			checker_visit visit, void *arg)
{
	struct cursor c = cursor_of(b->bytes + HEADER_BYTES, b->size - HEADER_BYTES);
	char *unpacked = NULL;
	if ((b->attributes & 7) == 2) {
		unpacked = malloc(UNPACKED_BYTES_MAX);
		require(unpacked);
		size_t size = unpack((struct bytes){c.at, cursor_left(&c)}, unpacked);
		if (size == SIZE_MAX)
			sim_fail("%s-%d @%lld: snappy does not read it", topic, partition,
				 (long long)b->base_offset);
		c = cursor_of(unpacked, size);
	}
	int64_t latest = INT64_MIN, least = 0;
	for (uint32_t i = 0; i < b->count; i++) {
		size_t size = (size_t)cursor_varint(&c, VARINT32_BYTES_MAX);
		struct cursor r = cursor_of(cursor_take(&c, size), size);
		if (c.bad)
			break;
		cursor_u8(&r);
		int64_t time_delta = cursor_varint(&r, VARINT64_BYTES_MAX);
		int64_t delta = cursor_varint(&r, VARINT32_BYTES_MAX);
		int64_t key = cursor_varint(&r, VARINT32_BYTES_MAX);
		cursor_take(&r, key > 0 ? (size_t)key : 0);
		struct bytes value;
		value.size = (size_t)cursor_varint(&r, VARINT32_BYTES_MAX);
		value.data = cursor_take(&r, value.size);
		bool is_next = sim_world()->compacts ? delta >= least : delta == i;
		if (r.bad || !is_next) {
			c.bad = true;
			break;
		}
		least = delta + 1;
		struct found_record found = {
			.topic = topic,
			.partition = partition,
			.offset = b->base_offset + delta,
			.timestamp = (int64_t)be64_load(b->bytes + BASE_TIMESTAMP_AT) + time_delta};
		latest = found.timestamp > latest ? found.timestamp : latest;
		visit_record(&found, value, visit, arg);
	}
	if (c.bad || cursor_left(&c))
		sim_fail("%s-%d @%lld: records do not fill their batch", topic, partition,
			 (long long)b->base_offset);
	if (b->count > 0 && latest != b->max_timestamp)
		sim_fail("%s-%d @%lld: the latest time is %lld, and claimed to be %lld", topic,
			 partition, (long long)b->base_offset, (long long)latest,
			 (long long)b->max_timestamp);
	free(unpacked);
}

void checker_records(const char *topic, int32_t partition, struct bytes batches,
		     checker_visit visit, void *arg)
{
	struct checker_batch b;
	for (size_t at = 0; checker_batch(behind(batches, at), &b); at += b.size)
		visit_batch(topic, partition, &b, visit, arg);
}

struct walk {
	const char *log_dir; /* the first: topics' files lie there */
	char topic[64];
	int32_t partition;
	enum checker_state state;
	struct sim_index *index;
	checker_visit visit;
	void *arg;
	char logs[SEGMENTS_MAX][512];
	unsigned log_count;
	bool is_compacted; /* offsets may be missing */
};

static bool ends_in(const char *path, const char *ending)
{
	size_t n = strlen(path), behind = strlen(ending);
	return n > behind && strcmp(path + n - behind, ending) == 0;
}

bool checker_is_log(const char *path)
{
	return ends_in(path, ".log") || ends_in(path, ".log.swap");
}

static void collect_log(void *arg, const char *path)
{
	struct walk *w = arg;
	if (checker_is_log(path)) {
		require(w->log_count < SEGMENTS_MAX);
		snprintf(w->logs[w->log_count++], sizeof w->logs[0], "%s", path);
	}
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.size; i++)
		if (b.data[i])
			return false;
	return true;
}

/* How a segment may end. One before the last is of exact size, or ends in the zeroes of its
 * preallocation when a crash came before it was cut; the last one has them too until it is
 * closed, and behind a crash what that tore. */
static bool may_end(const struct walk *w, struct bytes rest, bool is_last)
{
	if (rest.size == 0)
		return true;
	switch (w->state) {
	case CHECKER_CRASHED:
		return is_last || is_zero(rest);
	case CHECKER_RECOVERED:
		return is_last && is_zero(rest);
	case CHECKER_STOPPED:
	default:
		return false;
	}
}

static int64_t base_of(const char *path)
{
	return strtoll(strrchr(path, '/') + 1, NULL, 10);
}

static int64_t read_segment(struct walk *w, const char *path, int64_t next, bool is_last)
{
	struct bytes log;
	log.data = sim_fs_read(sim_world()->fs, path, &log.size);
	int64_t base = base_of(path);
	if (next >= 0 && base != next)
		sim_fail("%s follows offset %lld", path, (long long)next - 1);
	next = base;
	sim_index_begin(w->index, base);
	size_t at = 0;
	for (struct checker_batch b; checker_batch(behind(log, at), &b); at += b.size) {
		bool is_next =
			b.base_offset == next && b.last_offset - b.base_offset + 1 == b.count;
		is_next |= w->is_compacted && b.base_offset >= next;
		if (!is_next && is_last && w->state == CHECKER_CRASHED)
			break; /* torn between the offset and what the CRC covers */
		if (!is_next)
			sim_fail("%s @%zu: batch %lld..%lld of %u where %lld was due", path, at,
				 (long long)b.base_offset, (long long)b.last_offset, b.count,
				 (long long)next);
		if (w->visit)
			visit_batch(w->topic, w->partition, &b, w->visit, w->arg);
		sim_index_note(w->index, &b, at);
		next = b.last_offset + 1;
	}
	if (!may_end(w, behind(log, at), is_last))
		sim_fail("%s: no batch at %zu of %zu", path, at, log.size);
	/* An orderly stop, too, may come before a segment has its place. */
	if (w->state != CHECKER_CRASHED && !ends_in(path, ".swap"))
		sim_index_compare(w->index, path, !is_last || w->state == CHECKER_STOPPED);
	return next;
}

/* Behind the last batch. */
static int64_t end_of(const char *path)
{
	struct bytes log;
	struct checker_batch b;
	int64_t end = base_of(path);
	log.data = sim_fs_read(sim_world()->fs, path, &log.size);
	for (; checker_batch(log, &b); log = behind(log, b.size))
		end = b.last_offset + 1;
	return end;
}

/* One that stands for others, and is not in its place yet: those go, as the next start will have
 * it. The names are in order, and its own comes behind that of the first of them. */
static void put_in_place(struct walk *w)
{
	for (unsigned i = 0; i < w->log_count; i++) {
		if (!ends_in(w->logs[i], ".swap"))
			continue;
		int64_t base = base_of(w->logs[i]), end = end_of(w->logs[i]);
		unsigned kept = 0;
		for (unsigned k = 0; k < w->log_count; k++) {
			int64_t of = base_of(w->logs[k]);
			bool is_replaced = of >= base && of < end && strcmp(w->logs[k], w->logs[i]);
			if (!is_replaced && kept++ != k)
				memmove(w->logs[kept - 1], w->logs[k], sizeof w->logs[0]);
			if (k == i)
				i = kept - 1;
		}
		w->log_count = kept;
	}
}

/* Its deletion is promised, and what the disk has not let go yet is the next start's to remove. */
static bool is_marked_deleted(const char *log_dir, const char *topic)
{
	char path[512];
	snprintf(path, sizeof path, "%s/.%s.json", log_dir, topic);
	struct bytes file;
	file.data = sim_fs_read(sim_world()->fs, path, &file.size);
	static const char mark[] = "\"deleting\": true";
	return file.data && memmem(file.data, file.size, mark, sizeof mark - 1);
}

static void read_partition(void *arg, const char *path)
{
	struct walk w = *(struct walk *)arg;
	const char *name = strrchr(path, '/') + 1, *dash = strrchr(name, '-');
	if (!dash || dash[1] < '0' || dash[1] > '9' || strchr(name, '.'))
		return;
	/* The groups': the coordinator writes it, and whoever commits checks it. */
	if (name[0] == '_')
		return;
	snprintf(w.topic, sizeof w.topic, "%.*s", (int)(dash - name), name);
	w.partition = (int32_t)strtol(dash + 1, NULL, 10);
	if (is_marked_deleted(w.log_dir, w.topic))
		return;
	w.log_count = 0;
	sim_fs_each(sim_world()->fs, path, collect_log, &w);
	w.is_compacted = sim_world()->compacts && strcmp(w.topic, SIM_TOPIC_EVENTS) == 0;
	put_in_place(&w);
	int64_t next = -1, log_start = sim_log_start(w.topic, w.partition);
	for (unsigned i = 0; i < w.log_count; i++) {
		/* A segment made ahead of its time is empty. */
		size_t size;
		sim_fs_read(sim_world()->fs, w.logs[i], &size);
		/* No record is left in it, and a power cut may have brought it back. */
		if (i + 1 < w.log_count && base_of(w.logs[i + 1]) <= log_start)
			continue;
		next = read_segment(&w, w.logs[i], next, i + 1 >= w.log_count);
		sim_say("%s: %zu bytes, next offset %lld", w.logs[i], size, (long long)next);
	}
}

void checker_read(const char *log_dir, enum checker_state state, checker_visit visit, void *arg)
{
	struct walk w = {.log_dir = log_dir, .state = state, .visit = visit, .arg = arg};
	w.index = malloc(sizeof *w.index);
	require(w.index);
	sim_fs_each(sim_world()->fs, log_dir, read_partition, &w);
	sim_fs_each(sim_world()->fs, SIM_LOG_DIR_SECOND, read_partition, &w);
	free(w.index);
}
