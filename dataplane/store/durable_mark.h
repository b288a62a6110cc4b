/* durable_mark.h - how far each log of a directory is known to be durable, as bytes in files.
 *
 *     LOGDIR/.penstock-durable-marks      all logs as they were at the last start or stop:
 *                                         replaced as a whole and synced, by control
 *     LOGDIR/.penstock-durable-marks.0    what writer 0 has noted since: written in place,
 *                                         not synced (mark_file.h)
 *
 *     offset size field          the header, which takes the place of an entry
 *          0    8  magic         "PENSMARK"
 *          8    4  version       1
 *         12   16  zeroes
 *         28    4  crc
 *                                an entry
 *          0   16  topic_id
 *         16    4  partition
 *         20    8  offset        every record below it was durable
 *         28    4  crc           CRC-32C of the 28 bytes before it
 *
 * 32 bytes never cross a sector: an entry is there or it is not. One that is torn, or of
 * zeroes, claims nothing. Every entry is a lower bound, so of several for one log the largest
 * holds. The topic's id is a part of it: a topic made again under an old name begins without.
 *
 * Recovery needs the marks to tell a torn tail (cut off) from damage to what had been durable
 * (an operator decides). Kafka ignores the files; without them everything works but that
 * distinction. Core: any; no state.
 */
#ifndef PENSTOCK_DURABLE_MARK_H
#define PENSTOCK_DURABLE_MARK_H

#include "config/bounds.h"
#include "dataplane/base/be.h"

enum {
	MARK_ENTRY_BYTES = 32,
	MARK_VERSION = 1,
	/* Bytes of one log written but not yet covered by a sync, at most. Damage farther than
	 * this before a sound batch cannot be a torn tail; see recover.c. */
	LOG_UNSYNCED_BYTES_MAX = 8 << 20,
};

#define MARK_FILE_NAME ".penstock-durable-marks"
/* A partition's own file of before there was one for all: "0\n1\n", 20 digits, "\n". */
#define MARK_OLD_NAME "durable-offset-checkpoint"
enum { MARK_OLD_BYTES = 25 };

/* Which log: a partition of a topic, whatever that is called. */
struct mark_key {
	uint8_t topic_id[TOPIC_ID_BYTES];
	uint32_t partition;
};

struct durable_mark {
	struct mark_key key;
	int64_t offset;
};

struct mark_entry {
	uint8_t topic_id[TOPIC_ID_BYTES];
	struct be32 partition;
	struct be64 offset;
	struct be32 crc;
};

static_assert(sizeof(struct mark_entry) == MARK_ENTRY_BYTES && 512 % MARK_ENTRY_BYTES == 0,
	      "no entry crosses a sector");

struct mark_entry mark_entry_of(const struct durable_mark *mark);
/* False: it claims nothing. */
bool mark_entry_read(const struct mark_entry *e, struct durable_mark *ret);
struct mark_entry mark_header(void);
bool mark_header_is_good(const struct mark_entry *e);

/* Is a file of this name one of the two kinds above? */
bool mark_file_is_named(const char *name);

/* The offset in an old file's text; -1: not such a text. */
int64_t mark_old_parse(const char *text);

#endif
