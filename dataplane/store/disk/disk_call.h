/* disk_call.h - a disk operation as one blocking system call, and a thread that makes them.
 *
 *     disk_helper_give ─▶ [ waiting ] ─▶ thread: disk_call() ─▶ [ done ] ─▶ disk_helper_take
 *                                                               fd becomes readable
 *
 * For the calls io_uring of the running kernel lacks, and for all of them where there is no
 * io_uring. The lock is held for a few instructions, and taken by a data core only when it
 * has such a call to hand over or to take back: at a roll or a close, not per batch.
 *
 * Core: give and take belong to the disk's core; disk_call() runs anywhere.
 */
#ifndef PENSTOCK_DISK_CALL_H
#define PENSTOCK_DISK_CALL_H

#include "dataplane/store/disk/disk.h"

/* Makes the call and sets op->result. */
void disk_call(struct disk_op *op);

struct disk_helper;

/* Starts the thread; null with *error = -errno. */
struct disk_helper *disk_helper_create(int *error);
/* Finishes what is waiting, then ends the thread. */
void disk_helper_destroy(struct disk_helper *h);

void disk_helper_give(struct disk_helper *h, struct disk_op *op);
/* Takes up to `max` finished ones. */
unsigned disk_helper_take(struct disk_helper *h, struct disk_op **ret, unsigned max);
/* An eventfd, readable after something finished; the reader resets it. */
int disk_helper_fd(const struct disk_helper *h);

#endif
