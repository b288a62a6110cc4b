/* recover_producers.c - snapshots and batches in, what is known of a log's producers out; see
 * recover_private.h.
 *
 *     log        [ ........ | ........ | ........ | ........ ]
 *     snapshots           x            x     │               end of the log
 *                         the newest good one, not beyond the end
 *                                       └ headers ┘└ scanned ┘
 *
 * What the snapshot says is overwritten by the batches behind it, read by their headers where
 * recovery has not scanned them. Snapshots beyond the end are of batches that are lost, and go, as
 * do those that are damaged, and of the others all but the newest few.
 *
 * A log without a snapshot never rolled, or was stopped, while it had a producer: what was scanned
 * is all there is to know. So it is with one that Kafka, or an earlier version, has written.
 */
#include "dataplane/store/recover_producers.h"
#include "dataplane/base/map.h"
#include "dataplane/store/producer_snapshot.h"
#include "dataplane/store/recover_report.h"

#include <stdlib.h>

enum {
	/* A table begins with so many producers, and grows up to as many as a writer may have. */
	TABLE_FIRST = 64,
	TABLE_FACTOR = 4,
};

/* ---- tables that grow ------------------------------------------------------------------ */

static int table_grow(struct producers *t)
{
	struct producers larger;
	uint32_t ids = t->ids_max ? t->ids_max * TABLE_FACTOR : TABLE_FIRST;
	int status = producers_init(&larger, min_u32(ids, PRODUCER_IDS_MAX), 1);
	if (status < 0)
		return status;
	producers_put_all(&larger, 0, t, 0);
	producers_fini(t);
	*t = larger;
	return 0;
}

/* Room for `n` more, if there is memory: else who wrote longest ago is forgotten. False: there is
 * no table at all. */
static bool table_reserve(struct producers *t, uint32_t n)
{
	while (t->ids_max - t->count < n && t->ids_max < PRODUCER_IDS_MAX && table_grow(t) == 0)
		;
	return t->ids_max > 0;
}

static void table_note(struct producers *t, const struct record_batch_header *h)
{
	bool is_control = be16_get(h->attributes) & RECORD_BATCH_CONTROL;
	if (record_batch_has_producer(h) && !is_control && table_reserve(t, 1))
		producers_note(t, 0, h, 0);
}

static void table_put(struct producers *t, const struct producer *p)
{
	if (table_reserve(t, 1))
		producers_put(t, 0, p, 0);
}

/* ---- what was scanned ------------------------------------------------------------------ */

void producers_see(struct recovery *rc, const struct record_batch_header *h)
{
	table_note(&rc->seen, h);
}

void producers_see_from(struct recovery *rc, int64_t offset)
{
	if (rc->seen_from < 0)
		rc->seen_from = offset;
}

void producers_unsee(struct recovery *rc)
{
	producers_fini(&rc->seen);
	rc->seen_from = -1;
}

/* ---- snapshots ------------------------------------------------------------------------- */

static void path_of(const struct recovery *rc, int64_t offset, char path[FILE_PATH_BYTES_MAX])
{
	snapshot_path(path, FILE_PATH_BYTES_MAX, rc->log->directory, offset);
}

static int compare_offsets(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int remove_snapshot(struct recovery *rc, int64_t offset)
{
	char path[FILE_PATH_BYTES_MAX];
	path_of(rc, offset, path);
	int status = file_unlink(rc->disk, path);
	return status < 0 ? recovery_fail(rc, path, status) : 0;
}

/* False: damaged. */
static bool take_entries(struct producers *t, struct bytes file)
{
	int64_t count = snapshot_check(file);
	for (int64_t i = 0; i < count; i++) {
		struct producer p;
		if (snapshot_entry(file, (uint32_t)i, &p))
			table_put(t, &p);
	}
	return count >= 0;
}

/* 1: it is good; 0: damaged, or the disk has lost it; -errno. */
static int load_snapshot(struct recovery *rc, int64_t offset)
{
	char path[FILE_PATH_BYTES_MAX];
	uint64_t size = 0;
	path_of(rc, offset, path);
	int fd = file_open_to_read(rc->disk, path);
	int status = fd < 0 ? fd : file_size(rc->disk, fd, &size);
	bool is_sane = size >= SNAPSHOT_HEADER_BYTES && size <= SNAPSHOT_BYTES_MAX;
	uint8_t *bytes = is_sane ? map_take(size) : NULL;
	if (status == 0 && is_sane && !bytes)
		status = -ENOMEM;
	if (status == 0 && is_sane && file_read(rc->disk, fd, bytes, size, 0) == 0)
		status = take_entries(&rc->log->recovered, (struct bytes){bytes, size});
	map_give(bytes, size);
	file_close(rc->disk, &fd);
	return status < 0 ? recovery_fail(rc, path, status) : status;
}

/* The newest good one, and those before it, stay in rc->snapshots; *ret: its offset, or -1. */
static int choose_snapshot(struct recovery *rc, int64_t *ret)
{
	struct found_snapshots *s = &rc->snapshots;
	*ret = -1;
	qsort(s->offsets, s->count, sizeof *s->offsets, compare_offsets);
	for (; s->count > 0; s->count--) {
		int64_t offset = s->offsets[s->count - 1];
		int status = offset <= rc->log->end.offset ? load_snapshot(rc, offset) : 0;
		if (status < 0)
			return status;
		if (status > 0) {
			*ret = offset;
			return 0;
		}
		status = remove_snapshot(rc, offset);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Those that stay are the log's; the oldest of too many go. */
static int keep_snapshots(struct recovery *rc)
{
	struct log_snapshots *kept = &rc->log->snapshots;
	const struct found_snapshots *s = &rc->snapshots;
	int status = 0;
	for (uint32_t i = 0; i < s->count && status == 0; i++) {
		if (i + LOG_SNAPSHOTS_KEPT < s->count)
			status = remove_snapshot(rc, s->offsets[i]);
		else
			kept->offsets[kept->count++] = s->offsets[i];
	}
	return status;
}

/* ---- headers --------------------------------------------------------------------------- */

/* Batches of a segment from `from` to before `end`. */
static int read_segment(struct recovery *rc, const struct segment *s, int64_t from, int64_t end)
{
	char path[FILE_PATH_BYTES_MAX];
	struct scan_batch b;
	recovery_path(rc, s, SEGMENT_LOG, path);
	int fd = file_open_to_read(rc->disk, path);
	int status = fd < 0 ? fd : scan_file(&rc->scan, fd, SCAN_WINDOW_BYTES);
	for (uint64_t at = 0; status == 0 && scan_header(&rc->scan, at, &b) == SCAN_BATCH;
	     at += b.size) {
		int64_t base = record_batch_base_offset(&b.header);
		if (base >= end)
			break;
		if (base >= from)
			table_note(&rc->log->recovered, &b.header);
	}
	if (status == 0)
		status = rc->scan.error;
	file_close(rc->disk, &fd);
	return status < 0 ? recovery_fail(rc, path, status) : 0;
}

/* What lies between the snapshot and what was scanned. */
static int read_between(struct recovery *rc, int64_t from)
{
	const struct segment_ring *segments = &rc->log->segments;
	int64_t end = rc->seen_from < 0 ? rc->log->end.offset : rc->seen_from;
	uint32_t i = segment_ring_rank(segments, from);
	int status = 0;
	for (i = i > 0 ? i - 1 : 0; i < segments->count && status == 0 && from < end; i++) {
		const struct segment *s = segment_ring_at(segments, i);
		if (s->base_offset >= end)
			break;
		status = read_segment(rc, s, from, end);
	}
	return status;
}

/* ---- the end --------------------------------------------------------------------------- */

static int write_file(struct recovery *rc, const char *path, const uint8_t *bytes, size_t size)
{
	int fd = file_create(rc->disk, path);
	int status = fd < 0 ? fd : file_write(rc->disk, fd, bytes, size, 0);
	file_close(rc->disk, &fd);
	return status;
}

/* So that the next start need not read what this one has read. */
static void write_snapshot(struct recovery *rc)
{
	struct log *log = rc->log;
	char path[FILE_PATH_BYTES_MAX];
	size_t room = snapshot_bytes((size_t)log->recovered.count * PRODUCER_BATCHES);
	uint8_t *bytes = table_reserve(&log->recovered, 1) ? map_take(room) : NULL;
	if (!bytes)
		return;
	size_t size = snapshot_encode(&log->recovered, 0, bytes);
	path_of(rc, log->end.offset, path);
	if (write_file(rc, path, bytes, size) == 0)
		rc->snapshots.offsets[rc->snapshots.count++] = log->end.offset;
	else
		file_unlink(rc->disk, path);
	map_give(bytes, room);
}

/* What says whose batches are is in no file but theirs: until the log's writer has written it down,
 * the next start is to scan what this one did. */
static void leave_to_writer(const struct recovery *rc)
{
	rc->log->wants_snapshot = true;
	rc->log->unsnapped_from = rc->recovery_point;
}

int producers_recover(struct recovery *rc)
{
	struct log *log = rc->log;
	int64_t snapshot;
	int status = choose_snapshot(rc, &snapshot);
	/* The one that the scan relied on may be damaged: what it did not scan is read then. */
	int64_t from = snapshot < 0 && rc->is_resumed ? rc->segment->base_offset : snapshot;
	if (status == 0 && from >= 0)
		status = read_between(rc, from);
	if (status < 0)
		return status;
	if (rc->seen.count > 0 && table_reserve(&log->recovered, rc->seen.count))
		producers_put_all(&log->recovered, 0, &rc->seen, 0);
	if (snapshot != log->end.offset && (snapshot >= 0 || log->recovered.count > 0))
		write_snapshot(rc);
	status = keep_snapshots(rc);
	if (log->snapshots.count == 0 && log->recovered.count > 0)
		leave_to_writer(rc);
	if (log->snapshots.count > 0)
		log->snapshot_offset = log->snapshots.offsets[log->snapshots.count - 1];
	if (log->snapshot_offset == log->end.offset)
		log->snapshot_position = log->end.position;
	return status;
}
