/* log_damage.h - batches of a log that the disk has damaged, each noted once.
 *
 *     a read, or a scrub ─▶ place ─▶ new? ─▶ counted, and published with the log's marks
 *
 * Core: the log's writer. Memory: the log's own, the last LOG_DAMAGES_KEPT places: of a log with
 * more of them one may be counted again when it is read again.
 */
#ifndef PENSTOCK_LOG_DAMAGE_H
#define PENSTOCK_LOG_DAMAGE_H

#include "dataplane/store/log/log_private.h"

/* In the segment that begins with `base_offset`; `offset`: the first that cannot be given. */
void log_damage_note(struct log *log, int64_t base_offset, uint64_t position, int64_t offset);

#endif
