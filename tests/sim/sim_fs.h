/* sim_fs.h - files, directories and names of the simulated disk, each with what is seen now
 * and what a power loss would leave. Private to sim_disk.c, sim_fs.c and sim_file.c. */
#ifndef PENSTOCK_SIM_FS_H
#define PENSTOCK_SIM_FS_H

#include "tests/sim/sim_disk.h"

enum { SIM_FDS_MAX = 4096, SIM_PATH_BYTES_MAX = 512 };

/* 512 bytes of a file. */
struct sim_sector {
	uint64_t dirty;   /* sequence of its last unsynced change, 0: clean */
	uint64_t kept_at; /* sequence of the sync or flush that brought what is kept of it */
	bool is_written;  /* since the file had it */
	bool is_mapped;   /* and a sync of the file came after that: what is written to it from
			   * now on needs the device's flush alone */
};

/* Or a directory: that has no bytes. */
struct sim_file {
	uint64_t identity; /* sequence of its making */
	uint64_t device;   /* that it lies on */
	bool is_directory;
	uint64_t changed;  /* sequence of the last change of its entries */
	unsigned children; /* entries in it, gone ones that are kept included */
	uint8_t *now;
	uint8_t *kept;
	struct sim_sector *sectors;
	size_t size;
	size_t kept_size;
	uint64_t size_sequence; /* of the last unsynced change of size */
	uint64_t kept_sequence; /* of the newest sync that has completed */
	size_t capacity;
	unsigned links; /* entries and fds */
};

enum sim_view { SIM_NOW, SIM_KEPT };

/* A name. `is_now` and `is_kept` differ until the directory is synced. */
struct sim_entry {
	struct sim_entry *next;
	struct sim_file *parent;
	char name[SIM_PATH_BYTES_MAX];
	struct sim_file *file;
	bool is_now;
	bool is_kept;
	uint64_t sequence; /* of its last unsynced change */
};

struct sim_fd {
	struct sim_file *file;
	int flags;
	bool in_use;
};

struct sim_fs {
	struct sim_disk_faults faults;
	struct sim_control_faults control_faults;
	struct sim_call_fault call_fault;
	uint64_t calls; /* of its kind */
	struct sim_file *root;
	struct sim_entry *entries; /* by name, whatever directory they lie in */
	struct sim_fd fds[SIM_FDS_MAX];
	struct pending *pending;
	struct disk *disks;
	uint64_t sequence;
	uint64_t devices; /* made so far */
	uint64_t second_operations; /* on the second of them */
	uint64_t operations;
	uint64_t failures;
	bool has_loss; /* a directory was given up */
	uint64_t control_operations;
	uint64_t control_failures;
};

void sim_file_write(struct sim_file *f, uint64_t at, const void *bytes, size_t n,
		    uint64_t sequence);
void sim_file_resize(struct sim_file *f, uint64_t size, uint64_t sequence);

/* What a sync will keep: the unsynced sectors and the size as they are when it is submitted.
 * They may change again before it completes. A flush of the device: mapped sectors only. */
enum sim_coverage { SIM_SYNC, SIM_FLUSH };
struct sim_snapshot;
struct sim_snapshot *sim_file_snapshot(const struct sim_file *f, enum sim_coverage coverage);
/* The sync or flush of `snapshot`, taken at `sequence`, has completed; frees it. */
void sim_file_keep(struct sim_file *f, struct sim_snapshot *snapshot, uint64_t sequence);
bool sim_file_is_clean(const struct sim_file *f);
void sim_file_lose_power(struct sim_file *f);
void sim_file_free(struct sim_file *f);

/* The same of all files there are on a device; free(NULL) is fine. */
struct sim_flush;
struct sim_flush *sim_fs_flush_begin(struct sim_fs *fs, enum sim_coverage coverage,
				     uint64_t device);
void sim_fs_flush_end(struct sim_flush *flush, uint64_t sequence);
/* It did not happen. */
void sim_fs_flush_drop(struct sim_flush *flush);

struct sim_fd *sim_fs_fd(struct sim_fs *fs, int fd);
int64_t sim_fs_open(struct sim_fs *fs, const char *path, int flags);
int64_t sim_fs_close(struct sim_fs *fs, int fd);
void sim_fs_close_all(struct sim_fs *fs);
int64_t sim_fs_rename(struct sim_fs *fs, const char *from, const char *to);
int64_t sim_fs_unlink(struct sim_fs *fs, const char *path, bool is_directory);
int64_t sim_fs_mkdir(struct sim_fs *fs, const char *path);
int64_t sim_fs_list(struct sim_fs *fs, struct disk_op *op);
int64_t sim_fs_stat(struct sim_fs *fs, struct disk_op *op);
void sim_fs_keep_entries(struct sim_fs *fs, const struct sim_file *directory,
			 uint64_t sequence);
/* The same of all directories on a device. */
void sim_fs_keep_names(struct sim_fs *fs, uint64_t sequence, uint64_t device);
/* Where an operation is, or would be; 0: nowhere. */
uint64_t sim_fs_device(struct sim_fs *fs, const struct disk_op *op);
void sim_fs_lose_power(struct sim_fs *fs);

#endif
