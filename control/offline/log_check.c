/* log_check.c - segments in, findings out; see log_check.h. */
#include "control/offline/log_check.h"
#include "control/catalog/partition_metadata.h"
#include "control/offline/snapshot_print.h"
#include "dataplane/store/disk_files.h"
#include "dataplane/store/index.h"
#include "dataplane/store/producer_snapshot.h"
#include "dataplane/store/segment.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A partition while it is being read. */
struct partition {
	struct log_check *check;
	const char *directory;
	int64_t *bases; /* of the segments, ascending */
	uint32_t count;
	/* The batches of the segment at hand: what its index may name. */
	struct seen {
		int64_t base_offset;
		int64_t last_offset;
		int64_t max_timestamp;
		uint64_t position;
	} *seen;
	size_t seen_count;
	size_t seen_room;
	int64_t durable_offset; /* by its durable marks; -1: there is none, as in Kafka's logs */
	int64_t next_offset; /* -1: none seen yet */
	/* Offsets that no segment holds, between two of them: first and number of such places. */
	int64_t lost_offset;
	unsigned lost;
	bool is_compacted; /* a gap inside a segment: a cleaner has been there */
	bool has_swap;     /* and was stopped in the middle: the next start finishes it */
	uint64_t end;        /* behind the last batch of the segment at hand */
	/* Before its first damage: from there on nothing is known of what an entry names. */
	uint64_t known_end;
	int64_t known_offset;
	bool is_damaged;
};

__attribute__((format(printf, 2, 3))) static void finding(struct log_check *c,
							  const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	c->corrupt++;
}

/* What cannot be read cannot be vouched for: it counts as corrupt. */
void log_check_fail(struct log_check *c, const char *path, int error)
{
	finding(c, "%s: %s", path, strerror(-error));
}

static void print_batch(const struct scan_batch *b)
{
	static const char *const codecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
	const struct record_batch_header *h = &b->header;
	printf("  offsets %lld-%lld count %u codec %s crc ok position %llu size %llu "
	       "times %lld-%lld producer %lld epoch %d sequence %d\n",
	       (long long)record_batch_base_offset(h), (long long)record_batch_last_offset(h),
	       record_batch_count(h), codecs[record_batch_codec(h)],
	       (unsigned long long)b->position, (unsigned long long)b->size,
	       (long long)be64_get(h->base_timestamp),
	       (long long)record_batch_max_timestamp(h), (long long)be64_get(h->producer_id),
	       (int16_t)be16_get(h->producer_epoch), (int32_t)be32_get(h->base_sequence));
}

/* All of a segment's batches are kept until its indexes were read: they may name any of them. */
static bool remember(struct partition *p, const struct scan_batch *b)
{
	if (p->seen_count == p->seen_room) {
		size_t room = p->seen_room ? 2 * p->seen_room : 1024;
		struct seen *more = realloc(p->seen, room * sizeof *more);
		if (!more)
			return false;
		p->seen = more;
		p->seen_room = room;
	}
	p->seen[p->seen_count++] = (struct seen){
		.base_offset = record_batch_base_offset(&b->header),
		.last_offset = record_batch_last_offset(&b->header),
		.max_timestamp = record_batch_max_timestamp(&b->header),
		.position = b->position,
	};
	return true;
}

/* The batches of one file, from p->end on, up to where they stop. */
static enum scan_verdict read_batches(struct partition *p, const char *path,
				      struct scan_batch *ret)
{
	struct log_check *c = p->check;
	for (;; p->end += ret->size) {
		enum scan_verdict v = scan_next(&c->scan, p->end, ret);
		if (v != SCAN_BATCH)
			return v;
		int64_t base = record_batch_base_offset(&ret->header);
		if (!scan_follows(ret, p->next_offset))
			finding(c, "%s: position %llu: offset %lld, expected %lld", path,
				(unsigned long long)p->end, (long long)base,
				(long long)p->next_offset);
		p->is_compacted |= base > p->next_offset || !record_batch_is_dense(&ret->header);
		p->next_offset = record_batch_last_offset(&ret->header) + 1;
		c->batches++;
		c->records += record_batch_count(&ret->header);
		if (c->is_dump)
			print_batch(ret);
		if (!remember(p, ret)) {
			c->scan.error = -ENOMEM;
			return SCAN_ERROR;
		}
	}
}

/* Recovery's rule (dataplane/store/recover.c): what had been durable cannot be torn. Without
 * a mark, a sound batch behind the damage is taken as proof. */
static bool is_torn(struct partition *p)
{
	struct scan_batch later;
	if (p->durable_offset > p->next_offset)
		return false;
	uint64_t from = p->durable_offset < 0 ? p->end + 1 : p->end + LOG_UNSYNCED_BYTES_MAX;
	return !scan_find(&p->check->scan, from, p->next_offset, &later) &&
	       !scan_has_given_up(&p->check->scan);
}

/* The first sound batch behind damage: by the length of what is damaged, if a batch lies there that
 * follows; else whichever comes. What a producer wrote may look like one, so that is second. */
static bool find_behind(struct partition *p, const struct scan_batch *stop,
			struct scan_batch *ret)
{
	struct scan *s = &p->check->scan;
	int64_t size = record_batch_bytes(&stop->header);
	bool has_size = size >= RECORD_BATCH_HEADER_BYTES &&
			(uint64_t)size < s->size - stop->position;
	if (has_size && scan_next(s, stop->position + (uint64_t)size, ret) == SCAN_BATCH &&
	    scan_follows(ret, p->next_offset + 1))
		return true;
	return !s->error && scan_find(s, stop->position + 1, p->next_offset, ret);
}

/* Says which offsets are damaged; `end`: the first behind the segment, or -1. True: batches
 * follow. */
static bool pass_damage(struct partition *p, const char *path, const struct scan_batch *stop,
			int64_t end)
{
	struct scan_batch behind;
	struct log_check *c = p->check;
	if (!p->is_damaged) {
		p->known_end = p->end;
		p->known_offset = p->next_offset;
	}
	p->is_damaged = true;
	bool goes_on = find_behind(p, stop, &behind);
	int64_t to = goes_on ? record_batch_base_offset(&behind.header) : end;
	char last[24] = "the end";
	if (to > p->next_offset)
		snprintf(last, sizeof last, "%lld", (long long)to - 1);
	finding(c, "%s: position %llu: %s: offsets %lld to %s are damaged", path,
		(unsigned long long)p->end, record_batch_verdict_name(stop->verdict),
		(long long)p->next_offset, last);
	if (goes_on)
		p->end = behind.position;
	if (to >= 0)
		p->next_offset = to;
	return goes_on;
}

/* Reads the batches of a segment to its end, past what is damaged. */
static enum scan_verdict read_segment(struct partition *p, const char *path, uint32_t i,
				      struct scan_batch *stop)
{
	bool is_last = i + 1 == p->count;
	enum scan_verdict v;
	p->end = 0;
	p->seen_count = 0;
	p->is_damaged = false;
	do
		v = read_batches(p, path, stop);
	while (v == SCAN_DAMAGE && !(is_last && is_torn(p)) &&
	       pass_damage(p, path, stop, is_last ? -1 : p->bases[i + 1]));
	if (!p->is_damaged) {
		p->known_end = p->end;
		p->known_offset = p->next_offset;
	}
	return p->check->scan.error ? SCAN_ERROR : v;
}

/* Where the batches of a segment stop: its end, or a finding; damage was one. */
static void judge_end(struct partition *p, const char *path, enum scan_verdict v,
		      const struct scan_batch *stop, bool is_last)
{
	struct log_check *c = p->check;
	unsigned long long at = p->end;
	if (v == SCAN_ERROR) {
		log_check_fail(c, path, c->scan.error);
	} else if (v == SCAN_DAMAGE && is_last && is_torn(p)) {
		printf("%s: position %llu: torn tail (%s), %llu bytes from offset %lld on\n",
		       path, at, record_batch_verdict_name(stop->verdict),
		       (unsigned long long)(scan_data_end(&c->scan, p->end) - p->end),
		       (long long)p->next_offset);
		c->torn++;
	} else if (v != SCAN_DAMAGE && is_last && p->durable_offset > p->next_offset) {
		finding(c, "%s: position %llu: ends before offset %lld, which was durable",
			path, at, (long long)p->durable_offset);
	}
}

static int compare_seen(const void *key, const void *element)
{
	uint64_t position = *(const uint64_t *)key;
	const struct seen *s = element;
	return position < s->position ? -1 : position > s->position;
}

static const struct seen *seen_at(const struct partition *p, uint64_t position)
{
	if (p->seen_count == 0)
		return NULL;
	return bsearch(&position, p->seen, p->seen_count, sizeof *p->seen, compare_seen);
}

static const struct seen *seen_offset(const struct partition *p, int64_t offset);

/* Every entry must name the last offset of the batch at its position, in rising order; or, as
 * Kafka does it, of a later batch that came with it. */
static bool names_batch(const struct partition *p, const struct seen *s, int64_t offset)
{
	const struct seen *named = seen_offset(p, offset);
	return named && named->last_offset == offset && named >= s;
}

static void check_index(struct partition *p, const char *path, int64_t base,
			const struct bytes *file, bool may_run_ahead)
{
	int64_t before = -1;
	for (size_t i = 0; i + INDEX_ENTRY_BYTES <= file->size; i += INDEX_ENTRY_BYTES) {
		struct index_entry e = index_entry_load(file->data + i);
		const struct seen *s = seen_at(p, e.position);
		/* In the last segment entries may reach the disk before their batches. */
		if (may_run_ahead && e.position >= p->known_end && e.offset > before)
			return;
		if (!s || !names_batch(p, s, base + e.offset) || e.offset <= before)
			finding(p->check, "%s: entry %zu: offset %lld at position %u: %s", path,
				i / INDEX_ENTRY_BYTES, (long long)(base + e.offset), e.position,
				!s ? "no batch begins there"
				   : e.offset <= before ? "out of order"
							: "another batch lies there");
		before = e.offset;
	}
}

/* The batch that holds the offset. */
static const struct seen *seen_offset(const struct partition *p, int64_t offset)
{
	size_t low = 0;
	size_t high = p->seen_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p->seen[middle].last_offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_there = low < p->seen_count && p->seen[low].base_offset <= offset;
	return is_there ? &p->seen[low] : NULL;
}

/* Every time entry must name a batch and its timestamp; timestamps rise. */
static void check_times(struct partition *p, const char *path, int64_t base,
			const struct bytes *file, bool may_run_ahead)
{
	int64_t before = -1;
	for (size_t i = 0; i + INDEX_TIME_ENTRY_BYTES <= file->size;
	     i += INDEX_TIME_ENTRY_BYTES) {
		struct index_time_entry e = index_time_entry_load(file->data + i);
		const struct seen *s = seen_offset(p, base + e.offset);
		if (may_run_ahead && base + e.offset >= p->known_offset && e.timestamp > before)
			return;
		if (!s || s->max_timestamp != e.timestamp || e.timestamp <= before)
			finding(p->check, "%s: entry %zu: time %lld of offset %lld: %s", path,
				i / INDEX_TIME_ENTRY_BYTES, (long long)e.timestamp,
				(long long)(base + e.offset),
				!s ? "no batch is there"
				   : e.timestamp <= before ? "out of order"
							   : "the batch has another time");
		before = e.timestamp;
	}
}

static void check_indexes(struct partition *p, int64_t base, bool may_run_ahead)
{
	static const size_t entry_bytes[SEGMENT_FILES] = {
		[SEGMENT_INDEX] = INDEX_ENTRY_BYTES,
		[SEGMENT_TIMEINDEX] = INDEX_TIME_ENTRY_BYTES,
	};
	for (unsigned f = SEGMENT_INDEX; f < SEGMENT_FILES; f++) {
		char path[FILE_PATH_BYTES_MAX];
		struct bytes file;
		segment_path(path, sizeof path, p->directory, base, f);
		char *data = NULL;
		int error = disk_read_file(p->check->disk, path, SIZE_MAX, &data, &file.size);
		if (error == -ENOENT && p->has_swap)
			continue;
		if (error) {
			log_check_fail(p->check, path, error);
			continue;
		}
		file.data = (const uint8_t *)data;
		if (file.size % entry_bytes[f])
			finding(p->check, "%s: position %zu: half an entry", path,
				file.size - file.size % entry_bytes[f]);
		if (f == SEGMENT_INDEX)
			check_index(p, path, base, &file, may_run_ahead);
		else
			check_times(p, path, base, &file, may_run_ahead);
		free(data);
	}
}

/* Dumping stops at what the batches say; indexes are looked at to verify. */
static void check_segment(struct partition *p, uint32_t i)
{
	struct log_check *c = p->check;
	bool is_last = i + 1 == p->count;
	int64_t base = p->bases[i];
	char path[FILE_PATH_BYTES_MAX];
	struct scan_batch stop;
	segment_path(path, sizeof path, p->directory, base, SEGMENT_LOG);
	if (c->is_dump)
		printf("%s\n", path);
	if (p->next_offset >= 0 && base < p->next_offset)
		finding(c, "%s: begins with offset %lld, expected %lld", path, (long long)base,
			(long long)p->next_offset);
	if (p->next_offset >= 0 && base > p->next_offset && p->lost++ == 0)
		p->lost_offset = p->next_offset;
	p->next_offset = base;
	c->segments++;
	int fd = file_open_to_read(c->disk, path);
	int status = fd < 0 ? fd : scan_file(&c->scan, fd, SCAN_WINDOW_BYTES);
	if (status < 0) {
		log_check_fail(c, path, status);
		file_close(c->disk, &fd);
		return;
	}
	enum scan_verdict v = read_segment(p, path, i, &stop);
	judge_end(p, path, v, &stop, is_last);
	file_close(c->disk, &fd);
	/* Behind damage, already reported, nothing is known of what an entry names. */
	if (!c->is_dump)
		check_indexes(p, base, is_last || p->is_damaged);
}

/* Twice over the names: first only to count. */
static bool take_segments(struct partition *p, const char *names, size_t bytes)
{
	size_t count = segment_bases(names, bytes, NULL, 0);
	p->bases = calloc(count + 1, sizeof *p->bases);
	if (!p->bases)
		return false;
	segment_bases(names, bytes, p->bases, count);
	p->count = (uint32_t)count;
	return true;
}

void log_check_marks(struct log_check *c, const char *log_dir)
{
	char failed[NAME_MAX + 1], path[FILE_PATH_BYTES_MAX];
	int error = mark_table_read(&c->marks, c->disk, log_dir, failed);
	snprintf(path, sizeof path, "%s/%s", log_dir, failed);
	if (error)
		log_check_fail(c, path, error);
}

/* Earlier versions kept a mark in each partition's directory. */
static int64_t read_old_mark(const struct partition *p)
{
	char path[FILE_PATH_BYTES_MAX];
	int64_t offset;
	snprintf(path, sizeof path, "%s/" MARK_OLD_NAME, p->directory);
	return mark_old_read(p->check->disk, path, &offset) == 0 ? offset : -1;
}

/* <topic>-<n>: which partition, when there is no gateway to ask. */
static bool key_of(const struct partition *p, struct mark_key *ret)
{
	const char *dash = strrchr(p->directory, '-');
	char *end = NULL;
	unsigned long number = dash ? strtoul(dash + 1, &end, 10) : 0;
	ret->partition = (uint32_t)number;
	return dash && end > dash + 1 && !*end &&
	       metadata_read(p->check->disk, p->directory, ret->topic_id) == 0;
}

/* Of both kinds the larger: a mark says what was durable, and that does not become less. */
static int64_t read_marks(const struct partition *p)
{
	struct mark_key key;
	int64_t old = read_old_mark(p);
	int64_t mark = key_of(p, &key) ? mark_table_find(&p->check->marks, &key) : -1;
	return mark > old ? mark : old;
}

/* What a start cut off and kept (recover_tail.c). */
static void list_quarantine(struct partition *p, const char *name)
{
	static const char ending[] = ".quarantine";
	struct log_check *c = p->check;
	char path[FILE_PATH_BYTES_MAX];
	uint64_t size;
	size_t n = strlen(name), tail = sizeof ending - 1;
	if (n <= tail || strcmp(name + n - tail, ending) != 0)
		return;
	snprintf(path, sizeof path, "%s/%s", p->directory, name);
	int fd = file_open_to_read(c->disk, path);
	int status = fd < 0 ? fd : file_size(c->disk, fd, &size);
	file_close(c->disk, &fd);
	if (status < 0) {
		log_check_fail(c, path, status);
		return;
	}
	c->kept++;
	printf("%s: %llu bytes, kept when a start cut a torn tail off: none of it was "
	       "acknowledged as durable, but sound batches are in it; nothing reads it, remove "
	       "it when nobody wants them\n",
	       path, (unsigned long long)size);
}

/* Segments have given way to it already, and indexes have not their names yet. */
static void find_swap(struct partition *p, const char *name)
{
	int64_t base;
	enum segment_file file;
	if (!segment_parse_swap(name, &base, &file))
		return;
	p->has_swap = p->is_compacted = true;
	printf("%s/%s: a compaction was stopped in the middle: the next start finishes it\n",
	       p->directory, name);
}

static void dump_snapshot(struct partition *p, const char *name)
{
	char path[FILE_PATH_BYTES_MAX];
	int64_t offset;
	if (!snapshot_parse(name, &offset))
		return;
	snprintf(path, sizeof path, "%s/%s", p->directory, name);
	int error = snapshot_print(p->check->disk, path);
	if (error)
		log_check_fail(p->check, path, error);
}

bool log_check_partition(struct log_check *c, const char *directory)
{
	struct partition p = {.check = c, .directory = directory, .next_offset = -1};
	char *names;
	size_t bytes;
	if (directory_list(c->disk, directory, &names, &bytes) < 0)
		return false; /* a file beside the partitions */
	if (!take_segments(&p, names, bytes))
		log_check_fail(c, directory, -ENOMEM);
	c->partitions += p.count > 0;
	for (size_t i = 0; i < bytes; i += strlen(names + i) + 1)
		find_swap(&p, names + i);
	p.durable_offset = read_marks(&p);
	for (uint32_t i = 0; i < p.count; i++)
		check_segment(&p, i);
	/* Recovery's rule again: recover_gaps.c. */
	if (p.lost > 0 && !p.is_compacted)
		finding(c, "%s: a segment was cut or is missing: offset %lld is in none, and "
			   "the log has no gap but those (%u) between segments",
			directory, (long long)p.lost_offset, p.lost);
	void (*look)(struct partition *p, const char *name) =
		c->is_dump ? dump_snapshot : list_quarantine;
	for (size_t i = 0; i < bytes; i += strlen(names + i) + 1)
		look(&p, names + i);
	free(names);
	free(p.bases);
	free(p.seen);
	return p.count > 0;
}
