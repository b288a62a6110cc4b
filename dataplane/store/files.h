/* files.h - file system calls of those who may wait, one after the other: disk_run() in
 * sentences.
 *
 * Recovery, the topics' files and the look-ups of control read and write through these alone.
 * Everything returns -errno on failure. Core: control (blocks).
 */
#ifndef PENSTOCK_FILES_H
#define PENSTOCK_FILES_H

#include "dataplane/store/disk/disk.h"

#include <stdatomic.h>

enum {
	FILE_PATH_BYTES_MAX = 1536,
	/* A file that goes loses no more at a time: a disk that is told of as many freed blocks
	 * holds other writes up for 1.5 ms. */
	FILE_PIECE_BYTES = 8 << 20,
};

/* For reading and writing, made when absent. */
int file_open(struct disk *d, const char *path, bool is_direct);
int file_open_to_read(struct disk *d, const char *path);
int file_open_to_write(struct disk *d, const char *path);
/* To write, empty. */
int file_create(struct disk *d, const char *path);
/* Closes and forgets; -1 is fine. */
void file_close(struct disk *d, int *fd);

int file_size(struct disk *d, int fd, uint64_t *ret);
int file_truncate(struct disk *d, int fd, uint64_t size);
/* All of it, or -errno. */
int file_read(struct disk *d, int fd, void *out, size_t size, uint64_t offset);
/* Bytes read: fewer than `size` only where the file ends. */
int64_t file_read_some(struct disk *d, int fd, void *out, size_t size, uint64_t offset);
int file_write(struct disk *d, int fd, const void *data, size_t size, uint64_t offset);
int file_rename(struct disk *d, const char *from, const char *to);
int file_unlink(struct disk *d, const char *path);
int file_sync(struct disk *d, int fd);
/* One that may be large: cut from its end, FILE_PIECE_BYTES at a time, each piece committed by
 * itself, then unlinked. A stop may leave it cut, so a start must know by its name that it goes.
 * One that has other names, or is no file to be written, is only unlinked. -ECANCELED: `is_over`,
 * which may be null, became true before it was gone. */
int file_remove(struct disk *d, const char *path, const atomic_bool *is_over);

/* It may be there already. */
int directory_make(struct disk *d, const char *path);
/* -EEXIST: it is. */
int directory_make_new(struct disk *d, const char *path);
int directory_open(struct disk *d, const char *path);
/* Names, a NUL after each, malloc'ed for the caller. */
int directory_list(struct disk *d, const char *path, char **ret, size_t *ret_bytes);
int directory_unlink(struct disk *d, const char *path);
/* What was made, renamed or removed in it is durable. */
int directory_sync(struct disk *d, const char *path);

#endif
