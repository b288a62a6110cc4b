/* registry_store.h - one topic's file, .<topic>.json: written, read, marked, forgotten. All -errno.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_STORE_H
#define PENSTOCK_REGISTRY_STORE_H

#include "control/catalog/registry_private.h"

/* .<topic>.json */
char *store_file_name(char out[NAME_MAX + 1], const char *topic);
/* What an undone growth has left counts as partitions, so that the next start takes it up. */
int store_write(struct registry *r, const struct entry *e, uint32_t partitions);
/* The same in two steps, each good when a sync behind it is over. The file is written under another
 * name; and it takes the place of the old one, or, after an `error` in between, goes. */
int store_stage(struct registry *r, const struct entry *e, uint32_t partitions, struct staged *ret);
int store_name_staged(struct registry *r, const struct entry *e, const struct staged *staged,
		      int error);
/* Is it such another name? A crash leaves some. */
bool store_is_staged_name(const char *name);
/* Null with a sentence in `message`. */
struct entry *store_read(struct registry *r, const char *file, char *message,
			 size_t message_size);
/* The topic's file says "deleting" instead of "not deleting", in its place: no room is
 * needed. */
int store_mark_deleting(struct registry *r, const struct entry *e);
/* Is it read, and does it say "not deleting"? False then. */
bool store_may_be_deleting(struct registry *r, const struct entry *e);
/* Core: any thread; `d` is the first log directory. */
int store_forget(const struct log_dir *d, const char *topic);
/* `topic`-`partition` into `out`; false when `name` is not one. */
bool store_split_name(const char *name, char *topic, uint32_t *partition);
/* Has it the form <topic>-<n>.<32 hex digits>-delete? */
bool store_is_deleted_name(const char *name);

#endif
