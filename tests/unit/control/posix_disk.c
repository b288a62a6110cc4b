/* posix_disk.c - disk_run() by plain system calls: the files of a test are real ones. */
#include "dataplane/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t run_list(struct disk_op *op)
{
	DIR *d = opendir(op->path);
	if (!d)
		return -errno;
	FILE *out = open_memstream(&op->names, &op->names_bytes);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			fwrite(e->d_name, 1, strlen(e->d_name) + 1, out);
	fclose(out);
	closedir(d);
	return 0;
}

static int64_t run_size(struct disk_op *op)
{
	struct stat st;
	if (fstat(op->fd, &st))
		return -errno;
	op->size = (uint64_t)st.st_size;
	return 0;
}

int64_t disk_run(struct disk *d, struct disk_op *op)
{
	int64_t result = -ENOSYS;
	if (op->kind == DISK_LIST)
		return op->result = run_list(op);
	if (op->kind == DISK_SIZE)
		return op->result = run_size(op);
	if (op->kind == DISK_OPEN)
		result = open(op->path, op->flags, op->mode);
	if (op->kind == DISK_CLOSE)
		result = close(op->fd);
	if (op->kind == DISK_READ)
		result = preadv(op->fd, op->iov, (int)op->iov_count, (off_t)op->offset);
	return op->result = result < 0 ? -errno : result;
}
