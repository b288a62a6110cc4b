/* cut_watch.h - files that are cut before they are removed: by what names a start would find them.
 *
 * Watches a fake disk (disk/fake_disk.h). A file may be cut by a name by which a start only removes
 * it, when that name is durable.
 */
#ifndef PENSTOCK_TESTS_CUT_WATCH_H
#define PENSTOCK_TESTS_CUT_WATCH_H

#include "dataplane/store/disk/disk.h"

void cut_watch_begin(struct disk *d);
/* Pieces that were cut off since then. */
unsigned cut_watch_end(struct disk *d);
/* A file there is as large as a few pieces, behind what it has: of zeroes that take no room. */
void cut_watch_enlarge(const char *directory, const char *name);

#endif
