/* flush_rule.h - may one flush of the disk make the writes of many logs durable? What the file
 * system of a log directory allows; dataplane/store/log/flush_group.h says what for.
 *
 *     file system                                          overwrites    other writes
 *     ext4, data=ordered or writeback, journal inside      flush         commit
 *     ext4 without a journal                               flush         sync of everything
 *     xfs without reflink, log inside                      flush         commit
 *     xfs with reflink, log inside                         commit        commit
 *     any other; what cannot be read; nobarrier            each file's own sync
 *
 * On ext4 and xfs an fdatasync of a file that nothing is pending of sends the device's flush and
 * nothing else; without barriers it sends none. An overwrite of blocks that a reflink copy shares
 * goes to new ones: that is in the journal. Elsewhere nothing of the kind is promised.
 *
 * Seam: chosen by what is linked, flush_rule_linux.c or tests/sim/sim_disk.c. Core: control.
 */
#ifndef PENSTOCK_FLUSH_RULE_H
#define PENSTOCK_FLUSH_RULE_H

#include "dataplane/store/log_dir.h"

/* Always finds one: where nothing is known, each file's own sync. */
void flush_rule_find(const char *directory, struct flush_rule *ret);

#endif
