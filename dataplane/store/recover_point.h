/* recover_point.h - where the scan of the active segment begins after a crash.
 *
 *     .snapshot              x                  the newest below the recovery point
 *     .index    [ e e e e e e|e e e 0 0 ]       entries that rise, of batches below that: believed
 *     .log      [ ...       |b b b b b ]        every batch from that of the last one on is checked
 *
 * A snapshot is written when the entries of all batches below it are on disk (log_snapshot.h).
 * Where they do not rise all the same, as zeroes do not, nobody wrote them so: they are believed
 * up to there. What lies below the recovery point is believed like sealed segments there, and whose
 * its batches are is known by the snapshot: a log that has none in its active segment is scanned
 * from its beginning.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_POINT_H
#define PENSTOCK_RECOVER_POINT_H

#include "dataplane/store/recover_private.h"

/* Sets log->index and log->end, which stand at the beginning of rc->segment, to where its scan
 * goes on; they stay where that is the beginning. The scan has the file. -errno. */
int point_resume(struct recovery *rc);

#endif
