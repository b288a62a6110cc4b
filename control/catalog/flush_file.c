/* flush_file.c - the files of a flush group, made, opened and closed; see flush_file.h. */
#include "control/catalog/flush_file.h"
#include "dataplane/store/files.h"

#include <errno.h>
#include <stdio.h>

static const char *rule_words(const struct flush_rule *r)
{
	if (r->may_flush && !r->has_journal)
		return "one flush of the disk, or one sync of all that is on it, makes the writes "
		       "of all logs durable";
	if (r->may_flush)
		return "one flush of the disk, or one commit of the journal, makes the writes of "
		       "all logs durable";
	if (r->may_commit)
		return "one commit of the journal makes the writes of all logs durable";
	return "each log is synced by itself";
}

/* Nothing of it may be pending afterwards. */
static int make(struct disk *d, int fd)
{
	static alignas(DISK_BLOCK_BYTES) const uint8_t block[DISK_BLOCK_BYTES];
	uint64_t size;
	int status = file_size(d, fd, &size);
	/* As a gateway leaves it: flush_group.c. */
	if (status == 0 && size > 2 * DISK_BLOCK_BYTES)
		return -EEXIST;
	if (status == 0)
		status = file_truncate(d, fd, DISK_BLOCK_BYTES);
	if (status == 0)
		status = file_write(d, fd, block, sizeof block, 0);
	return status == 0 ? file_sync(d, fd) : status;
}

/* What was made and could not be synced is not used: it may still have something pending. */
static int open_one(struct disk *d, const char *path, int *fd)
{
	*fd = file_open(d, path, true);
	int status = *fd < 0 ? *fd : make(d, *fd);
	if (status < 0)
		file_close(d, fd);
	return status;
}

void flush_file_open(struct log_dir *d, unsigned writer, char *ret_line, size_t line_size)
{
	const struct flush_rule *rule = &d->rule;
	struct flush_file *f = &d->flush[writer];
	char path[FILE_PATH_BYTES_MAX];
	int status = 0;
	*f = (struct flush_file){.fd = -1, .commit_fd = -1};
	snprintf(ret_line, line_size, "log.dirs: %s: %s (%s)", d->path, rule_words(rule),
		 rule->reason);
	if (rule->may_flush) {
		snprintf(path, sizeof path, "%s/" FLUSH_FILE_NAME "%u", d->path, writer);
		status = open_one(d->disk, path, &f->fd);
		f->may_flush = status == 0;
	}
	if (rule->may_commit && status == 0) {
		snprintf(path, sizeof path, "%s/" COMMIT_FILE_NAME "%u", d->path, writer);
		status = open_one(d->disk, path, &f->commit_fd);
		f->may_commit = status == 0;
	}
	if (status == 0)
		return;
	flush_file_close(d, writer);
	snprintf(ret_line, line_size, "log.dirs: %s: %s: each log is synced by itself", path,
		 strerror(-status));
}

void flush_file_close(struct log_dir *d, unsigned writer)
{
	struct flush_file *f = &d->flush[writer];
	if (f->may_flush)
		file_close(d->disk, &f->fd);
	if (f->may_commit)
		file_close(d->disk, &f->commit_fd);
	*f = (struct flush_file){.fd = -1, .commit_fd = -1};
}
