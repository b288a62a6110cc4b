/* registry_line.h - jobs in the order they came in, one step of one of them after the other out.
 *
 *     line ─▶ running, in turns: a step of each ─▶ over ─▶ one snapshot for all ─▶ done()
 *       └─ another of its topic runs ─▶ behind it ─▶ running when that is over
 *
 * Jobs of a topic run one after the other, in the order they came, and those of different topics
 * beside each other, in turns: a job of 16,000 partitions makes a few of them in each of its own.
 * Topics whose names differ in '.' and '_' only count as one here, for they may not both be. What
 * moves the starts of logs, of whatever topics, is one after the other likewise. What
 * concerns all topics (start, stop, the gateway's settings) runs alone: it waits until nothing
 * runs, and nobody overtakes it.
 *
 * Core: control. Limits: JOBS_RUNNING_MAX at a time; the line is as long as those who ask let it
 * be.
 */
#ifndef PENSTOCK_REGISTRY_LINE_H
#define PENSTOCK_REGISTRY_LINE_H

#include "control/catalog/registry_private.h"

void line_init(struct registry *r);
bool line_is_busy(const struct registry *r);
/* A bounded number of steps, of whoever has something to do; what they made is published, and who
 * asked hears of it. True when anything was done. */
bool jobs_step(struct registry *r);
/* Ends every job that has not begun. */
void jobs_cancel(struct registry *r);
/* The end of the process: those that have begun will never be done. */
void jobs_abandon(struct registry *r);

#endif
