/* recover_swap.h - swaps of a compacted log that a stop left in the middle, brought to their end.
 *
 *     X.log.swap          whole and durable: it stands for all from X to its last offset. Those
 *                         that are there go, then it gets its name
 *     X.index.swap alone  X.log has its name already: both indexes are made anew
 *     X.log.cleaned       not whole: it is removed with what else is left over (log_open.c), and so
 *                         is every *.swap at or behind X: Kafka gives names to several that belong
 *                         together from the last to the first
 *
 * Which of the three it is the .log file alone says. Kafka's cleaner leaves the same names, and its
 * brokers do the same.
 *
 * Core: control, or one of its crew (control/catalog/crew.h), while the log is opened: nothing here
 * is shared by two logs.
 */
#ifndef PENSTOCK_RECOVER_SWAP_H
#define PENSTOCK_RECOVER_SWAP_H

#include "dataplane/store/log/log.h"

/* `names`: of the log's directory, a NUL after each. 0: nothing is to be done; 1: it was done, and
 * they are others now; -errno, -EUCLEAN with ret->message when a file is not what it has to be. */
int swaps_finish(struct disk *d, const char *directory, struct bytes names,
		 struct log_recovery *ret);

#endif
