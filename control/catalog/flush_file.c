/* flush_file.c - the file of a flush group, made, opened and closed; see flush_file.h. */
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/store/files.h"

#include <errno.h>
#include <stdio.h>

static const char *rule_words(const struct flush_rule *r)
{
	if (r->may_flush && r->may_commit)
		return "one flush of the disk makes the writes of all logs durable";
	if (r->may_flush)
		return "one flush of the disk makes the small writes of all logs durable, larger "
		       "ones are synced log by log";
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

void flush_file_open(struct disk *d, const char *directory, unsigned writer,
		     struct flush_file *ret, char *ret_line, size_t line_size)
{
	struct flush_rule rule;
	char path[FILE_PATH_BYTES_MAX];
	flush_rule_find(directory, &rule);
	*ret = (struct flush_file){.fd = -1};
	snprintf(ret_line, line_size, "log.dirs: %s: %s (%s)", directory, rule_words(&rule),
		 rule.reason);
	if (!rule.may_flush && !rule.may_commit)
		return;
	snprintf(path, sizeof path, "%s/" FLUSH_FILE_NAME "%u", directory, writer);
	ret->fd = file_open(d, path, true);
	int status = ret->fd < 0 ? ret->fd : make(d, ret->fd);
	if (status == 0) {
		ret->device = rule.device;
		ret->may_flush = rule.may_flush;
		ret->may_commit = rule.may_commit;
		return;
	}
	file_close(d, &ret->fd);
	snprintf(ret_line, line_size, "log.dirs: %s: %s: each log is synced by itself", path,
		 strerror(-status));
}

void flush_file_close(struct disk *d, struct flush_file *f)
{
	if (f->may_flush || f->may_commit)
		file_close(d, &f->fd);
}
