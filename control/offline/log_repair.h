/* log_repair.h - a partition that a start finds damaged, made one that can be written again.
 *
 *     log_open(), as a start does ─▶ where the log ends ─▶ what lies behind is put aside
 *          ▲                        ─▶ cut there ─▶ durable marks, checkpoints lowered ─┐
 *          └───────────── until it opens as a sound one ◀───────────────────────────────┘
 *
 * What is lost is said first, and nothing is changed unless the operator accepts it; of a log that
 * is sound a start's own changes are made (a torn tail goes, indexes are made anew). What is put
 * aside are *.quarantine files beside the segments (dataplane/store/quarantine.h). Offsets that
 * were lost are given anew to what is written next.
 *
 * Each step can be done again: a repair that was cut short is begun anew.
 * Core: a program of its own; blocks. The gateway that has the directory must be stopped: who calls
 * has its lock.
 */
#ifndef PENSTOCK_LOG_REPAIR_H
#define PENSTOCK_LOG_REPAIR_H

#include "dataplane/store/disk/disk.h"

enum log_repair_outcome {
	LOG_REPAIR_SOUND,    /* it was, or is again */
	LOG_REPAIR_REFUSED,  /* there would be a loss, and it was not accepted */
	LOG_REPAIR_FAILED,   /* said why */
};

/* `directory`: LOGDIR/topic-3, whole. Says on stdout what it finds and does. */
enum log_repair_outcome log_repair(struct disk *disk, const char *directory, bool is_accepted);

#endif
