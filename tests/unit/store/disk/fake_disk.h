/* fake_disk.h - a disk whose operations complete when and how the test says; implements
 * disk.h over real files.
 *
 *     disk_submit ─▶ [ pending ] ─ fake_complete(i) ─▶ the call is made ─▶ disk_reap
 *
 * disk_run() makes its call at once, or fails as fake_fail_at() says. Nothing completes by
 * itself unless `is_eager`, but opening and closing, which are done at the next reap. A direct
 * write that is not of whole blocks is refused, also where the file system would take it.
 */
#ifndef PENSTOCK_TESTS_FAKE_DISK_H
#define PENSTOCK_TESTS_FAKE_DISK_H

#include "dataplane/store/disk/disk.h"


/* Complete all that is pending at each reap, in an order drawn from the seed. */
void fake_eager(struct disk *d, bool is_eager, unsigned seed);

unsigned fake_pending(const struct disk *d);
/* The pending op at `i`, oldest first. */
struct disk_op *fake_op(const struct disk *d, unsigned i);
/* The oldest pending op of a kind, or null. */
struct disk_op *fake_find(const struct disk *d, enum disk_kind kind);
unsigned fake_count(const struct disk *d, enum disk_kind kind);
/* Makes the call. */
void fake_complete(struct disk *d, struct disk_op *op);
/* Completes without making the call. */
void fake_fail(struct disk *d, struct disk_op *op, int64_t result);
/* The n-th operation of `kind` from now on fails with `result`; n = 1: the next. */
void fake_fail_at(struct disk *d, enum disk_kind kind, unsigned n, int64_t result);
/* `watch` sees each operation of disk_run(), made by then, with its result. Null: nobody does. */
void fake_watch(struct disk *d, void (*watch)(const struct disk_op *op));
/* Operations of a kind submitted so far. */
unsigned fake_submitted(const struct disk *d, enum disk_kind kind);

#endif
