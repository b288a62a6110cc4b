/* scan.h - a segment file, read from front to back batch by batch and checked.
 *
 *     [ batch | batch | torn ba ]          SCAN_DAMAGE at the third
 *     [ batch | batch | 0000000 ]          SCAN_ZEROES: the preallocated end
 *
 * For recovery and penstock-log: the caller may block (disk_run). Core: control.
 * Memory: one window of SCAN_WINDOW_BYTES; batches may be larger.
 */
#ifndef PENSTOCK_SCAN_H
#define PENSTOCK_SCAN_H

#include "dataplane/store/disk.h"
#include "dataplane/wire/record_batch.h"

enum { SCAN_WINDOW_BYTES = 1 << 20 };

struct scan {
	struct disk *disk;
	int fd;
	uint64_t size; /* of the file */
	uint8_t *window;
	uint64_t window_start;
	size_t window_bytes;
	int error; /* -errno of the first read that failed */
};

struct scan_batch {
	struct record_batch_header header;
	uint64_t position;
	uint64_t size;
	enum record_batch_verdict verdict; /* of SCAN_DAMAGE: why */
};

enum scan_verdict {
	SCAN_BATCH,
	SCAN_END,    /* the file ends here */
	SCAN_ZEROES, /* nothing but zeroes from here on */
	SCAN_DAMAGE,
	SCAN_ERROR,  /* the disk failed: see scan.error */
};

/* -errno. The file stays the caller's. */
int scan_init(struct scan *s, struct disk *d);
void scan_fini(struct scan *s);
/* Begins with another file. */
int scan_file(struct scan *s, int fd);

/* The batch at `position`, CRC checked. */
enum scan_verdict scan_next(struct scan *s, uint64_t position, struct scan_batch *ret);
/* Behind the last byte from `position` on that is not zero: preallocated space ends no data. */
uint64_t scan_data_end(struct scan *s, uint64_t position);
/* The first sound batch at or behind `from` whose base offset is above `above`. */
bool scan_find(struct scan *s, uint64_t from, int64_t above, struct scan_batch *ret);

#endif
