/* wake.h - how a core that went to sleep is woken: a sleeping flag and an eventfd.
 *
 *     sleeper                           waker
 *     flag = 1 (seq_cst)  ── A ──▶      enqueue
 *     look at the rings once more  ◀── B ── fence (seq_cst), flag set? clear it, write the eventfd
 *     poll(fd, timeout)
 *
 * A and B are both sequentially consistent, so one of the two sees the other: a message is
 * never left lying while its reader sleeps for longer than the timeout. One sleep is ended by one
 * write, however many post before its thread runs again: who finds the flag cleared comes before
 * that thread's next look at the rings, for it sets the flag before it looks.
 * Seam: wake_linux.c in the programs; the simulator links one that never sleeps.
 */
#ifndef PENSTOCK_WAKE_H
#define PENSTOCK_WAKE_H

#include "dataplane/base/base.h"

#include <stdatomic.h>

struct wake {
	cache_aligned atomic_uint sleeping;
	int fd;
};

int wake_init(struct wake *w);
void wake_fini(struct wake *w);

/* Announce the sleep; the caller looks at its rings once more before wake_wait(). */
void wake_prepare(struct wake *w);
/* Sleep until posted or for `timeout_ns`; also ends the announcement. `fds` (count `n`) are
 * further descriptors whose readability ends the sleep. */
void wake_wait(struct wake *w, uint64_t timeout_ns, const int *fds, unsigned n);
/* End the announcement without sleeping. */
void wake_cancel(struct wake *w);

/* Wake the owner if it sleeps. Core: any; call after the message is in its ring. */
void wake_post(struct wake *w);

#endif
