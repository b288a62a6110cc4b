/* producer_id_file.h - .penstock-producer-ids: every producer id below the number in it may be
 * somebody's.
 *
 *     take: number ─▶ number + count, written, synced, renamed, synced ─▶ the ids between are taken
 *
 *     0                  the version
 *     229760000001000    the first id that nobody has
 *     98024604           CRC-32C of the lines before
 *
 * A crash leaves the number before or the one after, and whoever is told of ids is told behind the
 * one after: an id may be lost, none is taken twice.
 *
 * A file that is missing (the directory is new, or Kafka's, or the file was lost), damaged or
 * unreadable says nothing of the ids that are out there. The count then goes on at
 * PRODUCER_IDS_A_MS times the milliseconds since 1970, which no count has reached, wherever it
 * began: ids are taken more slowly (PRODUCER_ID_BLOCK_PAUSE_MS). That leans on the wall clock, and
 * only then. What logs hold proves nothing: the ids there are what clients claim, and one that
 * claims the largest would leave none for the others.
 *
 * Core: control (blocks).
 */
#ifndef PENSTOCK_PRODUCER_ID_FILE_H
#define PENSTOCK_PRODUCER_ID_FILE_H

#include "dataplane/base/base.h"

#define PRODUCER_ID_FILE_NAME ".penstock-producer-ids"

struct log_dir;

struct producer_id_file {
	const struct log_dir *dir;
	int64_t next;
	bool is_read; /* `next` is known */
	char note[400]; /* why the file was not believed, for the operator; "": it was */
};

/* The next `count` ids begin with *ret, and are nobody else's, whatever crashes from now on. 0, or
 * -errno: nobody has them, and the next try is for the same. */
int producer_id_file_take(struct producer_id_file *f, int32_t count, int64_t *ret);

#endif
