/* clean_log_rig.h - a log that is served while it is compacted, on a disk that completes when and
 * how the test says, and what is to be found in it.
 *
 *     trial_begin ─▶ trial_append ─▶ trial_clean ─▶ trial_check ... ─▶ trial_end
 */
#ifndef PENSTOCK_CLEAN_LOG_RIG_H
#define PENSTOCK_CLEAN_LOG_RIG_H

#include "dataplane/clean/clean_log.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

/* Nine batches to a segment, each of one record. */
enum { SEGMENT_BYTES = 100000, VALUE_BYTES = 10000, OF_SEGMENT = 9, DELAY_S = 3, KEYS = 5,
       OFFSETS_MAX = 512 };

#define FIRST_MS INT64_C(1700000000000)

extern struct rig *trial;
extern struct clean_tools *trial_tools;
extern struct clean_round trial_round; /* the last one */
extern unsigned trial_paces_left; /* until the round is to end; 0: any number */
extern uint32_t trial_scrub_rate; /* of the next trial_begin() */

void trial_begin_with(size_t map_bytes);
void trial_begin(void);
void trial_end(void);
void trial_append_key(int key);
/* Of `keys` keys in turn. */
void trial_append(unsigned count, unsigned keys);
void trial_look(int64_t first_dirty, int64_t now_ms);
/* A segment, the first run's, that waits for its place. */
void trial_prepare_run(void);
int trial_swap(void);
/* How many runs there were. */
unsigned trial_clean(int64_t first_dirty, int64_t now_ms);
/* The first batch from `offset` on; false: there is none. */
bool trial_read_one(int64_t offset, struct record_batch_header *ret, struct record_view *record);
/* Who reads from each offset on gets the first record at or behind it that is left: below `map_end`
 * the last of its key, from there on each. Batches without a record are there or not. */
void trial_check(int64_t start, int64_t map_end);
/* Of the three files of a segment, so many. */
unsigned trial_count_files(int64_t base, const char *ending);
/* Of what the cleaner itself has written in place of the first segment. */
unsigned trial_count_unfinished(void);
void trial_pass_s(unsigned seconds);
void trial_restart(bool is_clean);

#endif
