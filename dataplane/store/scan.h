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

#include "dataplane/store/disk/disk.h"
#include "dataplane/wire/record/record_batch.h"

#include <stdatomic.h>

enum {
	SCAN_WINDOW_BYTES = 1 << 20,
	SCAN_PEEK_BYTES = 64 << 10, /* read at a time where only a little is looked at */
	/* What a producer wrote may look like a header at every fifth byte, each of a batch that
	 * goes on for megabytes: claims that come to nothing are looked at until they were so much
	 * of a file. */
	SCAN_VAIN_BYTES_MAX = 1 << 28,
};

/* How far those are who scan, whoever they are; any thread may look. */
struct scan_progress {
	_Atomic uint64_t bytes_read;
	atomic_bool is_over; /* whoever waits for them does so no longer: reads give -ECANCELED */
};

struct scan {
	struct disk *disk;
	struct scan_progress *progress; /* or null */
	int fd;
	uint64_t size; /* of the file */
	uint8_t *window;
	size_t window_limit; /* read at a time */
	uint64_t window_start;
	size_t window_bytes;
	int error; /* -errno of the first read that failed */
	uint64_t vain_bytes; /* whose CRC was that of no batch, in scan_find() */
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
/* Begins with another file, to be read in pieces of SCAN_WINDOW_BYTES or SCAN_PEEK_BYTES. */
int scan_file(struct scan *s, int fd, size_t window_limit);

/* The batch at `position`, CRC checked. */
enum scan_verdict scan_next(struct scan *s, uint64_t position, struct scan_batch *ret);
/* The same by its header alone: a batch whose bytes are not looked at, or SCAN_DAMAGE. */
enum scan_verdict scan_header(struct scan *s, uint64_t position, struct scan_batch *ret);
/* May a batch of a log begin with these offsets where `expected` comes next? Kafka's cleaner
 * takes records away, and leaves gaps; it never goes back. */
bool scan_follows(const struct scan_batch *b, int64_t expected);
/* Does a message of Kafka's formats 0 or 1 lie there, whole? */
bool scan_is_old_format(struct scan *s, uint64_t position);
/* The bytes from `position` on that lie in one piece, at least one of them, at most `max`;
 * null when the disk fails. */
const uint8_t *scan_view(struct scan *s, uint64_t position, size_t max, size_t *ret);
/* `size` bytes from `position` on, which may lie in several pieces; false when the disk fails. */
bool scan_copy(struct scan *s, uint64_t position, void *out, size_t size);
/* Behind the last byte from `position` on that is not zero: preallocated space ends no data. */
uint64_t scan_data_end(struct scan *s, uint64_t position);
/* The first sound batch at or behind `from` whose base offset is above `above`; -1: any. False when
 * there is none, or when too many that claimed to be one were not. */
bool scan_find(struct scan *s, uint64_t from, int64_t above, struct scan_batch *ret);
bool scan_has_given_up(const struct scan *s);

#endif
