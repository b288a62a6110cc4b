/* quarantine.c - a part of a segment in, a durable copy of it out; see quarantine.h. */
#include "dataplane/store/quarantine.h"

#include <errno.h>
#include <stdio.h>

int quarantine_path(struct disk *d, const char *directory, int64_t base_offset,
		    uint64_t position, char path[FILE_PATH_BYTES_MAX])
{
	for (unsigned n = 1;; n++) {
		snprintf(path, FILE_PATH_BYTES_MAX, "%s/%020lld.log.at-%llu-%u.quarantine",
			 directory, (long long)base_offset, (unsigned long long)position, n);
		int fd = file_open_to_read(d, path);
		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		file_close(d, &fd);
	}
}

static int copy_bytes(struct scan *s, int fd, uint64_t from, uint64_t end)
{
	int status = 0;
	for (uint64_t at = from; at < end && status == 0;) {
		size_t n;
		const uint8_t *data = scan_view(s, at, (size_t)(end - at), &n);
		if (!data)
			return s->error ? s->error : -EIO; /* the file ends before */
		status = file_write(s->disk, fd, data, n, at - from);
		at += n;
	}
	return status;
}

int quarantine_copy(struct scan *s, const char *directory, int64_t base_offset, uint64_t from,
		    uint64_t end, char path[FILE_PATH_BYTES_MAX])
{
	int status = quarantine_path(s->disk, directory, base_offset, from, path);
	int fd = status < 0 ? status : file_open(s->disk, path, false);
	status = fd < 0 ? fd : copy_bytes(s, fd, from, end);
	if (status == 0)
		status = file_sync(s->disk, fd);
	if (status == 0)
		status = directory_sync(s->disk, directory);
	file_close(s->disk, &fd);
	if (status < 0)
		file_unlink(s->disk, path);
	return status;
}
