/* log_damage.h - batches of a log that the disk has damaged, each noted once.
 *
 *     a read, or a scrub ─▶ place ─▶ new? ─▶ counted, and published with the log's marks
 *     segments that gave way to others (log_swap.h) ─▶ their places are forgotten
 *
 * Core: the log's writer. Memory: the log's own, the last LOG_DAMAGES_KEPT places: of a log with
 * more of them one may be counted again when it is read again.
 */
#ifndef PENSTOCK_LOG_DAMAGE_H
#define PENSTOCK_LOG_DAMAGE_H

#include "dataplane/store/log/log_private.h"

/* In the segment that begins with `base_offset`; `offset`: the first that cannot be given. */
void log_damage_note(struct log *log, int64_t base_offset, uint64_t position, int64_t offset);
/* Segments that begin from `base_offset` on, before `end_offset`, have left the log: so have the
 * places in them. */
void log_damage_forget(struct log *log, int64_t base_offset, int64_t end_offset);

#endif
