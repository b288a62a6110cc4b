/* power_digest.c - batches in, their digest out; see power_digest.h. */
#include "tests/power/power_digest.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/store/files.h"
#include "dataplane/store/scan.h"
#include "dataplane/store/segment.h"

#include <errno.h>

void digest_add(struct digest *d, const struct record_batch_header *h)
{
	struct {
		int64_t base_offset;
		int64_t bytes;
		uint32_t sum;
		uint32_t crc;
	} link = {record_batch_base_offset(h), record_batch_bytes(h), d->sum,
		  be32_get(h->crc)};
	d->sum = crc32c(&link, sizeof link);
	d->end = record_batch_last_offset(h) + 1;
}

/* A log that is being read. */
struct reading {
	struct scan scan;
	struct digest all;
	struct digest front; /* what lies before `until` */
	int64_t until;
};

static int add_segment(struct reading *r, int fd)
{
	struct scan_batch b;
	int status = scan_file(&r->scan, fd, SCAN_WINDOW_BYTES);
	if (status < 0)
		return status;
	for (uint64_t at = 0;; at += b.size) {
		enum scan_verdict v = scan_next(&r->scan, at, &b);
		if (v == SCAN_ERROR)
			return r->scan.error;
		if (v != SCAN_BATCH || record_batch_base_offset(&b.header) != r->all.end)
			return 0;
		digest_add(&r->all, &b.header);
		if (r->all.end <= r->until)
			r->front = r->all;
	}
}

/* A segment is called by the offset that the one before it ends with. */
static int add_segments(struct reading *r, const char *directory)
{
	for (int64_t base = -1; base != r->all.end;) {
		char path[FILE_PATH_BYTES_MAX];
		base = r->all.end;
		segment_path(path, sizeof path, directory, base, SEGMENT_LOG);
		int fd = file_open_to_read(r->scan.disk, path);
		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		int status = add_segment(r, fd);
		file_close(r->scan.disk, &fd);
		if (status < 0)
			return status;
	}
	return 0;
}

int digest_read(struct disk *disk, const char *directory, int64_t until,
		struct digest *ret_until, struct digest *ret)
{
	struct reading r = {.until = until};
	int status = scan_init(&r.scan, disk);
	if (status < 0)
		return status;
	status = add_segments(&r, directory);
	scan_fini(&r.scan);
	*ret_until = r.front;
	*ret = r.all;
	return status;
}
