/* descriptors.h - a bounded number of descriptors for any number of files.
 *
 *              an operation            a descriptor is free          the last one is done
 *     closed ───────────────▶ waiting ─────────────────▶ open, in use ───────────▶ open, idle
 *       ▲                        │                            ▲                      │   │
 *       │                        │ none is free               └─── an operation ─────┘   │
 *       │                        ▼                                                       │
 *       └─ closed in its place: of those idle, the one that was used longest ago ◀───────┘
 *
 * An operation on a file that is closed waits for its descriptor before it goes to the disk;
 * its owner sees an operation that takes longer, and nothing else. No operation holds one
 * descriptor while it waits for another: one is enough for all to be done in the end. Files
 * that are preferred (active segments: hot) are closed only when no other idle one is left.
 *
 * A process that has run out (EMFILE) is no error: the bound moves down to what is open, and
 * the file waits as for any other descriptor. It may have been for a moment: the bound moves up
 * again, step by step, as files are opened.
 *
 * Core: writer. Memory: mapped at creation. Limits: opens and closes under way, so that they
 * always find their place at the disk: ask descriptors_have_room() before an operation.
 */
#ifndef PENSTOCK_DESCRIPTORS_H
#define PENSTOCK_DESCRIPTORS_H

#include "dataplane/base/list.h"
#include "dataplane/base/slab.h"
#include "dataplane/store/disk/disk.h"

enum {
	/* Opens and closes under way. */
	DESCRIPTOR_MOVES_MAX = 64,
	/* Operations of the descriptors' user, at the disk or waiting. */
	DESCRIPTOR_OPERATIONS_MAX = DISK_QUEUE_ENTRIES - DESCRIPTOR_MOVES_MAX,
	/* So many files opened one after the other, and one more may be open than before. */
	DESCRIPTOR_OPENS_PER_STEP = 16,
};

struct open_file;

struct descriptors {
	struct disk *disk;
	struct slab files; /* struct open_file: open or waiting */
	struct slab paths; /* of those waiting or being opened */
	uint32_t limit;
	uint32_t limit_most; /* it was created with */
	uint32_t opens;    /* since the limit moved */
	uint32_t taken;    /* descriptors that are open, or being opened or closed */
	uint32_t moves;    /* opens and closes under way */
	uint32_t closing;  /* of them closes */
	uint32_t waiting_count;
	uint32_t held;     /* operations that wait for a descriptor */
	struct list waiting;  /* struct open_file.node, as below; first come, first served */
	struct list unwanted; /* dropped: to be closed */
	struct list idle;     /* the one used longest ago first */
	struct list idle_preferred;
};

/* At most `limit` descriptors (at least one). -ENOMEM. */
int descriptors_init(struct descriptors *ds, struct disk *disk, uint32_t limit);
void descriptors_fini(struct descriptors *ds);

/* Room for `n` more operations? */
bool descriptors_have_room(const struct descriptors *ds, unsigned n);

/* The file that `at` shall point to as long as it is open or waited for. It is put on
 * `siblings` until it is closed. The caller prints the path into *ret_path (of
 * FILE_PATH_BYTES_MAX) and submits an operation at once. */
struct open_file *open_file_begin(struct descriptors *ds, struct open_file **at,
				  struct list *siblings, int flags, char **ret_path);
void open_file_prefer(struct open_file *f, bool is_preferred);

/* Submits `op`, setting its fd, once the file is open. DISK_OPEN: complete when it is. */
void open_file_submit(struct open_file *f, struct disk_op *op);

/* Takes an operation that was reaped; returns those that are over, chained by `next`: perhaps
 * none, perhaps all that waited for a file that cannot be opened. */
struct disk_op *descriptors_reaped(struct disk_op *op);

/* Closes one that is not in use; it leaves its list when it is closed. */
void open_file_drop(struct open_file *f);
/* Closes all of a list made by open_file_begin(), none of them in use; they leave it one by
 * one when they are closed. */
void descriptors_drop(struct list *siblings);

#endif
