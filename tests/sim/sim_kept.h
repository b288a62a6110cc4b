/* sim_kept.h - what a power cut at this very moment would leave of the logs, however it
 * falls: records below names that are synced, in sectors that are synced.
 *
 * The walk over each segment goes on where it ended; a record is found by where the walk saw
 * it, and looked at again there.
 */
#ifndef PENSTOCK_SIM_KEPT_H
#define PENSTOCK_SIM_KEPT_H

#include "tests/sim/sim.h"

struct kept;

struct kept *kept_create(const char *log_dir);
void kept_destroy(struct kept *k);
/* After a crash recovery may have changed everything: walks begin anew. */
void kept_forget(struct kept *k);

bool kept_has_record(struct kept *k, const char *topic, uint32_t client, uint32_t seq);
/* Behind the last record of the partition that would be left, with all before it. */
int64_t kept_end(struct kept *k, const char *topic, int32_t partition);

#endif
