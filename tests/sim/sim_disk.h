/* sim_disk.h - a file system that is slow, fails, tears and forgets; implements disk.h.
 *
 * Every file has two contents: what a reader sees now, and what would be there after a power
 * loss. A completed sync copies the sectors written before it was submitted from the first to
 * the second; a synced directory does so for its entries. At a crash
 *
 *     process:  writes under way are there or not, sector by sector (512 bytes)
 *     power:    the same, and every sector and entry not synced keeps or loses its change
 * A sync of a file that nothing is pending of is the device's flush: it does the same for
 * sectors, of any file, that had been written and synced before. A commit does what a sync of
 * every file would.
 *
 * Buffers of writes are checked to be the same at completion as at submission: who reuses a
 * buffer that the disk still owns is found out. O_DIRECT's alignment rules are enforced.
 */
#ifndef PENSTOCK_SIM_DISK_H
#define PENSTOCK_SIM_DISK_H

#include "dataplane/store/disk/disk.h"
#include "tests/sim/sim.h"

/* The first. Each directory that was always there is a device of its own. */
enum { SIM_DISK_DEVICE = 1 };

struct sim_disk_faults {
	uint64_t write_ns; /* mean times */
	uint64_t sync_ns;
	uint32_t stall;       /* one operation in n takes 100 times as long */
	uint32_t short_write; /* one write in n is short */
	bool is_short_buffered; /* only those of indexes and marks */
	uint64_t fail_at;     /* a writer's n-th operation but closing fails; 0: none */
	uint64_t fail_again;  /* and each so many behind it; 0: no other does */
	uint64_t dead_at;     /* the n-th operation of writers on the second device, and all that
			       * are there behind it, fail; 0: none */
	uint32_t run_out;     /* one open in n of a writer's finds no descriptor (EMFILE) */
};

/* Of control's calls that change something, or have it changed for good. */
struct sim_control_faults {
	uint64_t fail_at;  /* the n-th fails; 0: none */
	uint64_t failures; /* and so do those that follow, so many in all */
	bool is_full;      /* only what takes room, with ENOSPC, writes after a part */
	uint64_t dead_at;  /* the n-th and all behind it fail; 0: none */
	uint64_t cut_at;   /* the process, or the power, goes before the n-th; 0: none */
};

/* Of one kind of call, a writer's or control's, counted from when it is set. */
struct sim_call_fault {
	enum disk_kind kind;
	uint64_t at;    /* this one fails; 0: none */
	int64_t result; /* -errno; 0: it writes a part */
};

struct sim_fs *sim_fs_create(const struct sim_disk_faults *faults);
void sim_fs_destroy(struct sim_fs *fs);
/* A directory that was always there, on a device of its own. */
void sim_fs_make_directory(struct sim_fs *fs, const char *path);
void sim_fs_set_faults(struct sim_fs *fs, const struct sim_disk_faults *faults);
/* Counted from now on; a cut goes to sim_world()->cut. sim_fs_set_faults() ends them. */
void sim_fs_set_control_faults(struct sim_fs *fs, const struct sim_control_faults *faults);

void sim_fs_set_call_fault(struct sim_fs *fs, const struct sim_call_fault *fault);
/* Did it come to that call? */
bool sim_fs_call_failed(const struct sim_fs *fs);

/* More files open than that on this disk, and the simulation fails. */
void sim_disk_limit(struct disk *d, uint32_t files_max);

/* Ends all that is under way, as a crash would; every struct disk is gone afterwards. */
void sim_fs_crash(struct sim_fs *fs, bool power_loss);

/* When the next operation completes; UINT64_MAX when none is under way. */
uint64_t sim_fs_next_ns(const struct sim_fs *fs);
/* Operations of writers that were made to fail since the faults were set, and the loss of a
 * directory: what lies there may be refused. */
uint64_t sim_fs_failures(const struct sim_fs *fs);
void sim_fs_note_loss(struct sim_fs *fs);
/* The operations alone. */
uint64_t sim_fs_writer_failures(const struct sim_fs *fs);
/* The same of control's calls. */
uint64_t sim_fs_control_failures(const struct sim_fs *fs);

/* For the checker: the file as a reader sees it now. Null when there is none. */
const uint8_t *sim_fs_read(const struct sim_fs *fs, const char *path, size_t *ret_size);
/* What a power cut now would leave of a file for sure: its name is synced, and so are those
 * of the directories above it. */
struct sim_kept_file {
	const char *path;
	uint64_t identity; /* another file has another, whatever it is called */
	/* A sector that is not synced would be left as it is in one or in the other. */
	const uint8_t *now;
	const uint8_t *kept;
	size_t size; /* of both */
};
bool sim_fs_kept(const struct sim_fs *fs, const char *path, struct sim_kept_file *ret);
/* Those directly below `directory`, in order. */
void sim_fs_each_kept(const struct sim_fs *fs, const char *directory,
		      void (*visit)(void *arg, const struct sim_kept_file *file), void *arg);
/* Names of files below `directory` (full paths), called in order. */
void sim_fs_each(const struct sim_fs *fs, const char *directory,
		 void (*visit)(void *arg, const char *path), void *arg);

#endif
