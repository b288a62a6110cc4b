/* offset_lookup.c - a partition's directory and a time in, one offset out. */
#include "control/kafka/offset_lookup.h"

#include "control/kafka/batch_search.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>

enum {
	WINDOW_BYTES = 64 << 10,
	OFFSET_DIGITS = 20, /* of a segment's name */
	TIME_ENTRY_BYTES = 12,
	OFFSET_ENTRY_BYTES = 8,
	ENTRY_BYTES_MAX = TIME_ENTRY_BYTES,
};

struct search {
	const struct offset_query *q;
	struct offset_found *found;
	uint8_t *window;
};

/* ---- files ---------------------------------------------------------------------------- */

struct file {
	struct disk *disk;
	int fd;
	uint64_t size;
};

static void close_file(struct file *f)
{
	struct disk_op op = {.kind = DISK_CLOSE, .fd = f->fd};
	disk_run(f->disk, &op);
}

static int open_file(const struct offset_query *q, int64_t segment, const char *suffix,
		     struct file *ret)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%0*" PRId64 "%s", q->directory, OFFSET_DIGITS,
			 segment, suffix);
	if (n >= (int)sizeof path)
		return -ENAMETOOLONG;
	struct disk_op op = {.kind = DISK_OPEN, .path = path, .flags = O_RDONLY | O_CLOEXEC};
	int64_t fd = disk_run(q->disk, &op);
	if (fd < 0)
		return (int)fd;
	*ret = (struct file){.disk = q->disk, .fd = (int)fd};
	op = (struct disk_op){.kind = DISK_SIZE, .fd = ret->fd};
	int64_t error = disk_run(q->disk, &op);
	if (error < 0) {
		close_file(ret);
		return (int)error;
	}
	ret->size = op.size;
	return 0;
}

/* Bytes read, fewer only at the end of the file, or -errno. */
static int64_t read_file(const struct file *f, void *out, size_t size, uint64_t offset)
{
	size_t done = 0;
	while (done < size) {
		struct iovec iov = {(uint8_t *)out + done, size - done};
		struct disk_op op = {.kind = DISK_READ, .fd = f->fd, .iov = &iov,
				     .iov_count = 1, .offset = offset + done};
		int64_t n = disk_run(f->disk, &op);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

/* ---- indexes -------------------------------------------------------------------------- */

/* Is the entry before what we look for? Zeroes of a preallocated file never are. */
typedef bool (*entry_test)(const uint8_t *entry, int64_t key);

static bool is_older(const uint8_t *entry, int64_t key)
{
	int64_t time = (int64_t)be64_load(entry);
	return time > 0 && time < key;
}

static bool is_not_behind(const uint8_t *entry, int64_t key)
{
	return be32_load(entry + 4) > 0 && (int64_t)be32_load(entry) <= key;
}

/* The last entry that passes: 1 and in `entry`; none: 0; or -errno. */
static int last_entry(const struct file *f, size_t entry_bytes, entry_test test, int64_t key,
		      uint8_t *entry)
{
	uint64_t low = 0, high = f->size / entry_bytes;
	int64_t n = 0;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		n = read_file(f, entry, entry_bytes, middle * entry_bytes);
		if (n < 0)
			return (int)n;
		if (n == (int64_t)entry_bytes && test(entry, key))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return 0;
	n = read_file(f, entry, entry_bytes, (low - 1) * entry_bytes);
	return n < 0 ? (int)n : 1;
}

/* The same of a file that may be missing: an index only saves time. */
static int indexed(const struct offset_query *q, int64_t segment, const char *suffix,
		   entry_test test, int64_t key, uint8_t *entry)
{
	struct file f;
	int error = open_file(q, segment, suffix, &f);
	if (error)
		return error == -ENOENT ? 0 : error;
	size_t bytes = test == is_older ? TIME_ENTRY_BYTES : OFFSET_ENTRY_BYTES;
	int found = last_entry(&f, bytes, test, key, entry);
	close_file(&f);
	return found;
}

/* The newest time of a sealed segment is in its last entry: 1 and in *ret; none: 0; or
 * -errno. */
static int sealed_newest(const struct offset_query *q, int64_t segment, int64_t *ret)
{
	uint8_t entry[ENTRY_BYTES_MAX];
	int found = indexed(q, segment, ".timeindex", is_older, INT64_MAX, entry);
	if (found > 0)
		*ret = (int64_t)be64_load(entry);
	return found;
}

/* Where in the segment to begin: everything before it is older than the time. */
static int64_t start_position(const struct offset_query *q, int64_t segment)
{
	uint8_t entry[ENTRY_BYTES_MAX];
	int64_t offset = q->from > segment ? q->from - segment : 0;
	int found = indexed(q, segment, ".timeindex", is_older, q->timestamp, entry);
	if (found < 0)
		return found;
	if (found && (int64_t)be32_load(entry + 8) > offset)
		offset = be32_load(entry + 8);
	/* One before it: an entry names the last offset of the batch at its position. */
	found = indexed(q, segment, ".index", is_not_behind, offset - 1, entry);
	return found <= 0 ? found : (int64_t)be32_load(entry + 4);
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
	int verdict = open_file(s->q, segment, ".log", &f);
	if (verdict < 0)
		return verdict;
	/* An index that leads astray is not believed: from the segment's start, then. */
	if (position > 0 && !leads_to_batch(s, &f, segment, (uint64_t)position))
		position = 0;
	verdict = scan_file(s, &f, (uint64_t)position);
	close_file(&f);
	return verdict;
}

/* ---- segments ------------------------------------------------------------------------- */

/* The base offset in a name like 00000000000000000042.log, or -1. */
static int64_t segment_of_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	if (digits != OFFSET_DIGITS || strcmp(name + digits, ".log") != 0)
		return -1;
	return strtoll(name, NULL, 10);
}

static int by_offset(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Sorted base offsets, malloc'ed; their number, or -errno. */
static int64_t list_segments(const struct offset_query *q, int64_t **ret)
{
	struct disk_op op = {.kind = DISK_LIST, .path = q->directory};
	int64_t error = disk_run(q->disk, &op);
	if (error < 0)
		return error;
	/* The shortest name that counts has 24 bytes and its NUL. */
	int64_t *segments = calloc(op.names_bytes / (OFFSET_DIGITS + 5) + 1, sizeof *segments);
	int64_t count = 0;
	for (size_t at = 0; segments && at < op.names_bytes; at += strlen(op.names + at) + 1) {
		int64_t base = segment_of_name(op.names + at);
		if (base >= 0)
			segments[count++] = base;
	}
	free(op.names);
	if (!segments)
		return -ENOMEM;
	qsort(segments, (size_t)count, sizeof *segments, by_offset);
	*ret = segments;
	return count;
}

/* Segments that end before `from` or hold only older records are passed over. */
static int search_segments(struct search *s, const int64_t *segments, int64_t count)
{
	int verdict = GO_ON;
	for (int64_t i = 0; i < count && verdict == GO_ON; i++) {
		bool is_last = i + 1 == count;
		if (segments[i] >= s->q->until)
			break;
		if (!is_last && segments[i + 1] <= s->q->from)
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
		found = sealed_newest(q, segments[i], &newest);
		if (newest > *ret)
			*ret = newest;
	}
	if (count >= 0)
		free(segments);
	return found < 0 ? found : 0;
}
