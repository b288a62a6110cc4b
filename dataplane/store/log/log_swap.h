/* log_swap.h - the task that puts a segment which the cleaner wrote in the place of those that it
 * stands for.
 *
 *     ring ─ several out, one in ─▶ RENAME_OLD to *.deleted, one of them after the other
 *         ─▶ SYNC_NAMES ─▶ RENAME_NEW from *.swap to its own names ─▶ over
 *            the old ones' files go as those of trimmed ones do
 *
 * From the first step on readers find the new one, and who reads in an old one, or looks for damage
 * there, begins anew in the new one when the disk has answered. The old
 * names are gone for good before one of them is another file's, so that a start never finds the
 * new one beside one that it stands for, under its own name. Up to then it is called *.swap, by
 * which a start knows what to do (log_open.c).
 *
 * A log has one swap at a time, and so has a writer.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_SWAP_H
#define PENSTOCK_LOG_SWAP_H

#include "dataplane/store/log/log_private.h"

void log_swap_advance(struct log *log);
void log_swap_done(struct log *log, const struct disk_op *op);

#endif
