/* registry_probe.h - log directories that do not answer, found before control waits for one.
 *
 *     every PROBE_INTERVAL_MS, each directory: a thread writes and syncs .penstock-probe
 *         it ends          ─▶ control may write there
 *         it does not yet  ─▶ after PROBE_PATIENCE_MS the directory is stuck: control leaves it
 *                             alone, says so, and goes on when it answers
 *
 * Control's calls wait for the disk. One that hangs would keep it, and with it all topics, waiting
 * for the others' sake as well. With a single directory there are no others, and it is not probed;
 * but when a call has failed in the last one there is, it is asked a second later whether it has
 * failed for good: then the gateway ends.
 *
 * Core: control; one thread for each directory while it is asked.
 */
#ifndef PENSTOCK_REGISTRY_PROBE_H
#define PENSTOCK_REGISTRY_PROBE_H

#include "control/catalog/registry_private.h"

#define PROBE_FILE_NAME ".penstock-probe"

/* Blocks: can a small file be written there, and synced? 0 or -errno. Core: any thread. */
int probe_ask(const struct log_dir *d);
void probes_turn(struct registry *r, uint64_t now_ns);
/* A thread that does not come back is left: the process ends with it. */
void probes_end(struct registry *r);

#endif
