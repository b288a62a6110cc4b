/* log_trim.h - the task that rids a log of segments that no record is left in.
 *
 *     ring ─ wholly below the log's start ─▶ RENAME to *.deleted ─▶ deleted ─ file.delete.delay.ms,
 *                                                                   │         nobody reads in it
 *                            large: SYNC_NAMES ─▶ CUT ─▶ CUT ... ◀──┤
 *                                                          └────────┴──▶ REMOVE ─▶ gone
 *
 * A file system may tell its device of each block that it frees, and others' writes wait until the
 * device has heard of all that a commit frees: after a file of 1 GiB for 170 ms. So a large file
 * is cut from its end first, a piece a step, each committed by itself. A start is never to find one
 * that was cut by the name of a segment; and one that has other names, as hard links of a backup,
 * is not cut at all.
 *
 * Out of the ring a segment is found no more; who reads in it goes on. A start removes what is
 * called *.deleted, and trims again what is below the start of a log, which is on disk by then
 * (log_delete_records()).
 *
 * Of a writer's logs one renames or removes at a time. Those with something to do stand in line
 * (log_service.trims), and TRIMS_PER_TURN of them are looked at in a turn.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_TRIM_H
#define PENSTOCK_LOG_TRIM_H

#include "dataplane/store/log/log_private.h"

/* The log starts elsewhere, or a segment was sealed: is there anything to do? */
void log_trim_look(struct log *log);
/* The next in line whose time has come are touched. */
void log_trim_turn(struct log_service *s);
/* A segment that has left the ring, and whose files are called *.deleted: they go when it is their
 * time, and the caller's hold with them. */
void log_trim_await(struct log *log, struct segment *s);
/* The batch with the largest time may have gone with its segment. */
void log_find_max_timestamp(struct log *log);
void log_trim_advance(struct log *log);
void log_trim_done(struct log *log, const struct disk_op *op);

#endif
