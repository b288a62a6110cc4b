/* offset_lookup.c - a partition's directory and a time in, one offset out. */
#include "control/kafka/offset_lookup.h"

#include "control/kafka/batch_search.h"
#include "dataplane/store/files.h"
#include "dataplane/store/index_search.h"
#include "dataplane/store/segment.h"
#include "dataplane/wire/record/record_batch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { WINDOW_BYTES = 64 << 10 };

struct search {
	const struct offset_query *q;
	struct offset_found *found;
	uint8_t *window;
};

/* ---- files ---------------------------------------------------------------------------- */

struct file {
	struct disk *disk;
	int fd;
};

static int open_file(const struct offset_query *q, int64_t segment, enum segment_file which,
		     struct file *ret)
{
	char path[PATH_MAX + SEGMENT_NAME_BYTES];
	segment_path(path, sizeof path, q->directory, segment, which);
	*ret = (struct file){.disk = q->disk, .fd = file_open_to_read(q->disk, path)};
	return ret->fd < 0 ? ret->fd : 0;
}

static int64_t read_file(const struct file *f, void *out, size_t size, uint64_t offset)
{
	return file_read_some(f->disk, f->fd, out, size, offset);
}

/* ---- indexes -------------------------------------------------------------------------- */

/* The last entry that is not behind the key: 1 and in ret->entry; none: 0; or -errno. The file
 * may be missing: an index only saves time. */
static int indexed(const struct offset_query *q, int64_t segment, enum segment_file which,
		   int64_t key, struct index_search *ret)
{
	struct file f;
	uint64_t size;
	int found = open_file(q, segment, which, &f);
	if (found < 0)
		return found == -ENOENT ? 0 : found;
	found = file_size(f.disk, f.fd, &size);
	if (found == 0) {
		*ret = index_search_begin(which == SEGMENT_TIMEINDEX, key, size);
		found = index_search_run(ret, f.disk, f.fd);
	}
	file_close(f.disk, &f.fd);
	return found;
}

/* The newest time of a sealed segment is in its last entry: 1 and in *ret; none: 0; or
 * -errno. */
static int sealed_newest(const struct offset_query *q, int64_t segment, int64_t *ret)
{
	struct index_search s;
	int found = indexed(q, segment, SEGMENT_TIMEINDEX, INT64_MAX, &s);
	if (found > 0)
		*ret = index_time_entry_load(s.entry).timestamp;
	return found;
}

/* Where in the segment to begin: everything before it is older than the time. */
static int64_t start_position(const struct offset_query *q, int64_t segment)
{
	struct index_search s;
	int64_t offset = q->from > segment ? q->from - segment : 0;
	int found = indexed(q, segment, SEGMENT_TIMEINDEX, q->timestamp, &s);
	if (found < 0)
		return found;
	if (found && index_time_entry_load(s.entry).offset > offset)
		offset = index_time_entry_load(s.entry).offset;
	/* One before it: an entry names the last offset of the batch at its position. */
	found = indexed(q, segment, SEGMENT_INDEX, offset - 1, &s);
	return found <= 0 ? found : (int64_t)index_entry_load(s.entry).position;
}

/* ---- the scan ------------------------------------------------------------------------- */

enum { GO_ON = 0, STOP = 1 };

static int open_batch(struct search *s, const struct file *f, uint64_t position, size_t size)
{
	uint8_t *batch = malloc(size);
	if (!batch)
		return -ENOMEM;
	int64_t n = read_file(f, batch, size, position);
	int verdict = n < 0 ? (int)n : GO_ON;
	if (n == (int64_t)size && batch_search(s->q, batch, size, s->found))
		verdict = STOP;
	free(batch);
	return verdict;
}

static int look_at(struct search *s, const struct file *f, uint64_t position,
		   const struct record_batch_header *h)
{
	if (record_batch_base_offset(h) >= s->q->until)
		return STOP;
	if (record_batch_max_timestamp(h) < s->q->timestamp ||
	    record_batch_last_offset(h) < s->q->from)
		return GO_ON;
	if (!batch_can_be_opened(s->q, h)) {
		*s->found = batch_unopened(s->q, h);
		return STOP;
	}
	return open_batch(s, f, position, (size_t)record_batch_bytes(h));
}

/* Batch by batch; a header that is none ends the segment (preallocated zeroes). */
static int scan_file(struct search *s, const struct file *f, uint64_t position)
{
	uint64_t at = position, filled = 0; /* the window: file bytes [at, at + filled) */
	for (;;) {
		if (position + RECORD_BATCH_HEADER_BYTES > at + filled) {
			at = position;
			int64_t n = read_file(f, s->window, WINDOW_BYTES, at);
			if (n < RECORD_BATCH_HEADER_BYTES)
				return n < 0 ? (int)n : GO_ON;
			filled = (uint64_t)n;
		}
		const struct record_batch_header *h =
			record_batch_header_of(s->window + (position - at));
		if (record_batch_check(h, LOOKUP_BATCH_BYTES_MAX) != RECORD_BATCH_GOOD)
			return GO_ON;
		int verdict = look_at(s, f, position, h);
		if (verdict != GO_ON)
			return verdict;
		position += (uint64_t)record_batch_bytes(h);
	}
}

/* Does the index lead to a batch, and to one that is not behind what it stands for? */
static bool leads_to_batch(const struct search *s, const struct file *f, int64_t segment,
			   uint64_t position)
{
	struct record_batch_header h;
	if (read_file(f, &h, sizeof h, position) != sizeof h ||
	    record_batch_check(&h, LOOKUP_BATCH_BYTES_MAX) != RECORD_BATCH_GOOD)
		return false;
	int64_t base = record_batch_base_offset(&h);
	return base >= segment && base < s->q->until;
}

static int scan_segment(struct search *s, int64_t segment)
{
	int64_t position = start_position(s->q, segment);
	if (position < 0)
		return (int)position;
	struct file f;
	int verdict = open_file(s->q, segment, SEGMENT_LOG, &f);
	if (verdict == -ENOENT)
		return GO_ON; /* its records went since the directory was listed */
	if (verdict < 0)
		return verdict;
	/* An index that leads astray is not believed: from the segment's start, then. */
	if (position > 0 && !leads_to_batch(s, &f, segment, (uint64_t)position))
		position = 0;
	verdict = scan_file(s, &f, (uint64_t)position);
	file_close(f.disk, &f.fd);
	return verdict;
}

/* ---- segments ------------------------------------------------------------------------- */

/* Sorted base offsets, malloc'ed; their number, or -errno. */
static int64_t list_segments(const struct offset_query *q, int64_t **ret)
{
	char *names;
	size_t names_bytes;
	int error = directory_list(q->disk, q->directory, &names, &names_bytes);
	if (error < 0)
		return error;
	size_t count = segment_bases(names, names_bytes, NULL, 0);
	*ret = calloc(count + 1, sizeof **ret);
	if (*ret)
		segment_bases(names, names_bytes, *ret, count);
	free(names);
	return *ret ? (int64_t)count : -ENOMEM;
}

/* Before `from`? The last one has no end yet. */
static bool ends_before(const struct offset_query *q, const int64_t *segments, int64_t count,
			int64_t i)
{
	return i + 1 < count && segments[i + 1] <= q->from;
}

/* Segments that end before `from` or hold only older records are passed over. */
static int search_segments(struct search *s, const int64_t *segments, int64_t count)
{
	int verdict = GO_ON;
	for (int64_t i = 0; i < count && verdict == GO_ON; i++) {
		bool is_last = i + 1 == count;
		if (segments[i] >= s->q->until)
			break;
		if (ends_before(s->q, segments, count, i))
			continue;
		int64_t newest;
		int found = is_last ? 0 : sealed_newest(s->q, segments[i], &newest);
		if (found < 0)
			return found;
		if (!found || newest >= s->q->timestamp)
			verdict = scan_segment(s, segments[i]);
	}
	return verdict < 0 ? verdict : 0;
}

int offset_lookup(const struct offset_query *q, struct offset_found *ret)
{
	*ret = (struct offset_found){.offset = -1, .timestamp = -1};
	int64_t *segments;
	int64_t count = list_segments(q, &segments);
	if (count < 0)
		return (int)count;
	struct search s = {.q = q, .found = ret, .window = malloc(WINDOW_BYTES)};
	int error = s.window ? search_segments(&s, segments, count) : -ENOMEM;
	free(s.window);
	free(segments);
	return error;
}

int offset_lookup_newest(const struct offset_query *q, int64_t *ret)
{
	int64_t *segments;
	int64_t count = list_segments(q, &segments);
	int found = count < 0 ? (int)count : 0;
	*ret = -1;
	for (int64_t i = 0; i + 1 < count && found >= 0; i++) {
		int64_t newest = -1;
		if (ends_before(q, segments, count, i))
			continue;
		found = sealed_newest(q, segments[i], &newest);
		if (newest > *ret)
			*ret = newest;
	}
	if (count >= 0)
		free(segments);
	return found < 0 ? found : 0;
}
