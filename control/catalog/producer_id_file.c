/* producer_id_file.c - a number in a file in, a larger one in its place out; see
 * producer_id_file.h. */
#include "control/catalog/producer_id_file.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log_dir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 64, FILE_BYTES_MAX = 4096 };

static size_t print(char out[TEXT_BYTES], int64_t next)
{
	int head = snprintf(out, TEXT_BYTES, "0\n%" PRId64 "\n", next);
	int tail = snprintf(out + head, (size_t)(TEXT_BYTES - head), "%08" PRIx32 "\n",
			    crc32c(out, (size_t)head));
	return (size_t)(head + tail);
}

/* It is as it would be written, to the byte, or it is damaged. */
static bool parse(const char *text, size_t bytes, int64_t *ret)
{
	char again[TEXT_BYTES];
	if (sscanf(text, "0\n%" SCNd64, ret) != 1 || *ret < 0 || *ret > INT64_MAX / 2)
		return false;
	return print(again, *ret) == bytes && memcmp(text, again, bytes) == 0;
}

/* What no count has reached by now. */
static int64_t beyond_all(void)
{
	int64_t now_ms = clock_wall_ms();
	return now_ms > 0 ? now_ms * PRODUCER_IDS_A_MS : 0;
}

static void begin_beyond_all(struct producer_id_file *f, const char *why)
{
	f->next = beyond_all();
	snprintf(f->note, sizeof f->note,
		 "%.255s/" PRODUCER_ID_FILE_NAME " %s: producer ids go on at %" PRId64
		 ", which none has reached",
		 f->dir->path, why, f->next);
}

/* A lack of memory passes, and says nothing of the file. */
static int read_number(struct producer_id_file *f)
{
	char path[PATH_MAX], *text = NULL;
	size_t bytes = 0;
	log_dir_path(path, f->dir, PRODUCER_ID_FILE_NAME);
	int error = disk_read_file(f->dir->disk, path, FILE_BYTES_MAX, &text, &bytes);
	if (error == -ENOMEM)
		return error;
	if (error == -ENOENT)
		begin_beyond_all(f, "is not there");
	else if (error)
		begin_beyond_all(f, strerror(-error));
	else if (!parse(text, bytes, &f->next))
		begin_beyond_all(f, "is damaged");
	f->is_read = true;
	free(text);
	return 0;
}

/* Into a directory that has come to the path of ours nothing is written. */
int producer_id_file_take(struct producer_id_file *f, int32_t count, int64_t *ret)
{
	char text[TEXT_BYTES];
	int error = f->dir->is_lost ? -ESTALE : f->is_read ? 0 : read_number(f);
	if (error)
		return error;
	size_t bytes = print(text, f->next + count);
	error = log_dir_replace_file(f->dir, PRODUCER_ID_FILE_NAME, text, bytes);
	if (error)
		return error;
	*ret = f->next;
	f->next += count;
	return 0;
}
