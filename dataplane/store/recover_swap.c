/* recover_swap.c - names of a directory in, swaps finished out; see recover_swap.h. */
#include "dataplane/store/recover_swap.h"
#include "dataplane/store/files.h"
#include "dataplane/store/scan.h"
#include "dataplane/store/segment.h"
#include "dataplane/store/segment_files.h"

#include <errno.h>
#include <stdio.h>

struct finishing {
	struct disk *disk;
	const char *directory;
	struct bytes names;
	struct scan scan;
	struct log_recovery *found;
	bool is_done; /* something was */
	int64_t unfinished; /* the first base offset of a *.log.cleaned; INT64_MAX: there is none */
};

#define for_each_name(n, f)                                                                    \
	for (const char *n = (const char *)(f)->names.data;                                    \
	     n && n < (const char *)(f)->names.data + (f)->names.size; n += strlen(n) + 1)

/* What is gone already is as it was to be. */
static int unlink_path(const struct finishing *f, const char *path)
{
	int status = file_unlink(f->disk, path);
	return status == -ENOENT ? 0 : status;
}

static int unlink_file(const struct finishing *f, int64_t base, enum segment_file file)
{
	char path[FILE_PATH_BYTES_MAX];
	segment_path(path, sizeof path, f->directory, base, file);
	return unlink_path(f, path);
}

static int unlink_swap(const struct finishing *f, int64_t base, enum segment_file file)
{
	char path[FILE_PATH_BYTES_MAX];
	segment_swap_path(path, sizeof path, f->directory, base, file);
	return unlink_path(f, path);
}

/* Both, or a start would believe the one that is there, with the other one empty. */
static int forget_indexes(const struct finishing *f, int64_t base)
{
	int status = unlink_file(f, base, SEGMENT_INDEX);
	return status == 0 ? unlink_file(f, base, SEGMENT_TIMEINDEX) : status;
}

/* A swap index that is missing leaves none: they are made anew. */
static int rename_swap(const struct finishing *f, int64_t base, enum segment_file file)
{
	char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
	segment_swap_path(from, sizeof from, f->directory, base, file);
	segment_path(to, sizeof to, f->directory, base, file);
	int status = file_rename(f->disk, from, to);
	return status == -ENOENT && file != SEGMENT_LOG ? forget_indexes(f, base) : status;
}

/* Batch by batch to its very end. */
static int walk(struct finishing *f, int64_t base, int64_t *ret_end)
{
	struct scan_batch b;
	uint64_t at = 0;
	enum scan_verdict v;
	*ret_end = base;
	while ((v = scan_header(&f->scan, at, &b)) == SCAN_BATCH && scan_follows(&b, *ret_end)) {
		*ret_end = record_batch_last_offset(&b.header) + 1;
		at += b.size;
	}
	if (v == SCAN_ERROR)
		return f->scan.error;
	return v == SCAN_END && at == f->scan.size ? 0 : -EUCLEAN;
}

static int find_end(struct finishing *f, int64_t base, int64_t *ret_end)
{
	char path[FILE_PATH_BYTES_MAX];
	segment_swap_path(path, sizeof path, f->directory, base, SEGMENT_LOG);
	int fd = file_open_to_read(f->disk, path);
	int status = fd < 0 ? fd : scan_file(&f->scan, fd, SCAN_PEEK_BYTES);
	if (status == 0)
		status = walk(f, base, ret_end);
	file_close(f->disk, &fd);
	if (status == -EUCLEAN)
		snprintf(f->found->message, sizeof f->found->message,
			 "%.400s: it is damaged, and what it stands for may still be there: "
			 "restore it, or move it away",
			 path);
	return status;
}

static int remove_original(const struct finishing *f, int64_t base, enum segment_file file)
{
	return file == SEGMENT_LOG ? segment_put_away(f->disk, f->directory, base)
				   : unlink_file(f, base, file);
}

/* The files that it stands for, but for the indexes of its own base. */
static int remove_originals(const struct finishing *f, int64_t base, int64_t end)
{
	int status = segment_put_away(f->disk, f->directory, base);
	for_each_name(n, f)
	{
		int64_t of;
		enum segment_file file;
		if (status == 0 && segment_parse(n, &of, &file) && of > base && of < end)
			status = remove_original(f, of, file);
	}
	return status;
}

/* That they are gone is durable before the one that stands for them has its name: it would be found
 * beside one of them else. */
static int finish(struct finishing *f, int64_t base)
{
	int64_t end;
	int status = find_end(f, base, &end);
	if (status == 0)
		status = remove_originals(f, base, end);
	if (status == 0)
		status = directory_sync(f->disk, f->directory);
	if (status == 0)
		status = forget_indexes(f, base);
	if (status == 0)
		status = rename_swap(f, base, SEGMENT_LOG);
	if (status == 0)
		status = rename_swap(f, base, SEGMENT_TIMEINDEX);
	return status == 0 ? rename_swap(f, base, SEGMENT_INDEX) : status;
}

static bool has_swap(const struct finishing *f, int64_t base)
{
	char name[SEGMENT_NAME_BYTES];
	segment_swap_path(name, sizeof name, "", base, SEGMENT_LOG);
	for_each_name(n, f) if (strcmp(n, name + 1) == 0) return true;
	return false;
}

/* An index whose .log file has its name already: what lies under the index's own may be that of the
 * file before. */
static int forget_index(const struct finishing *f, int64_t base, enum segment_file file)
{
	int status = unlink_swap(f, base, file);
	return status == 0 ? forget_indexes(f, base) : status;
}

static int take(struct finishing *f, int64_t base, enum segment_file file)
{
	f->is_done = true;
	if (base >= f->unfinished)
		return unlink_swap(f, base, file);
	if (file == SEGMENT_LOG)
		return finish(f, base);
	return has_swap(f, base) ? 0 : forget_index(f, base, file);
}

static void find_unfinished(struct finishing *f)
{
	f->unfinished = INT64_MAX;
	for_each_name(n, f)
	{
		int64_t base;
		enum segment_file file;
		if (segment_parse_cleaned(n, &base, &file) && file == SEGMENT_LOG &&
		    base < f->unfinished)
			f->unfinished = base;
	}
}

static int finish_all(struct finishing *f)
{
	int status = 0;
	for_each_name(n, f)
	{
		int64_t base;
		enum segment_file file;
		if (status == 0 && segment_parse_swap(n, &base, &file))
			status = take(f, base, file);
	}
	return status;
}

int swaps_finish(struct disk *d, const char *directory, struct bytes names,
		 struct log_recovery *ret)
{
	struct finishing f = {.disk = d, .directory = directory, .names = names, .found = ret};
	int status = scan_init(&f.scan, d);
	if (status < 0)
		return status;
	find_unfinished(&f);
	status = finish_all(&f);
	scan_fini(&f.scan);
	return status < 0 ? status : f.is_done;
}
