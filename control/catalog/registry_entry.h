/* registry_entry.h - topics in memory: partitions, their slots, and their
 * settings.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_ENTRY_H
#define PENSTOCK_REGISTRY_ENTRY_H

#include "control/catalog/registry_private.h"

struct entry *entry_new(const struct registry *r, const char *name);
void entry_free(struct registry *r, struct entry *e);
/* The same at the end of the process, with logs that were never given back: they stay as
 * they are, for the next start to recover. */
void entry_abandon(struct registry *r, struct entry *e);
/* Closes the logs of partitions from `first` on, but for those that a writer has. */
void entry_close_logs(struct registry *r, struct entry *e, uint32_t first);
/* Grows or shrinks to `count` partitions; false when there are not enough slots. */
bool entry_resize(struct registry *r, struct entry *e, uint32_t count);
/* How many there may be on disk. */
uint32_t entry_directories(const struct entry *e);
/* Settings into what pollers and logs are told. */
void entry_apply_settings(struct entry *e);
/* Of a topic of the gateway's own: told that nothing in it goes for its age, or for its bytes.
 * What is old there may be all that is known of a key. */
void entry_keep_records(struct topic_settings *t);
/* Those of all entries, in an array from malloc. */
struct partition **entry_all_partitions(const struct registry *r, uint32_t *count);
/* The watermarks of a partition, as its writer last published them. */
void partition_marks(const struct registry *r, const struct partition *p,
		     struct log_marks *ret);

#endif
