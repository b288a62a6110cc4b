/* snapshot_print.h - a .snapshot file, printed for penstock-log; nothing is written.
 *
 * Core: a program of its own; blocks.
 */
#ifndef PENSTOCK_SNAPSHOT_PRINT_H
#define PENSTOCK_SNAPSHOT_PRINT_H

#include "dataplane/store/disk/disk.h"

/* One line for the file, one for each entry; -errno when it cannot be read. A damaged one is said
 * to be one, and no fault of the log: a start passes it over. */
int snapshot_print(struct disk *d, const char *path);

#endif
