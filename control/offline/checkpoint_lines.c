/* checkpoint_lines.c - lines of a checkpoint file in and out; see checkpoint_lines.h. */
#include "control/offline/checkpoint_lines.h"
#include "dataplane/store/disk_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 16 << 20 };

/* The text, from malloc, and the partition's line in it; null: there is none. */
static int load(struct disk *d, const struct checkpoint_line *l, char **text, char **line)
{
	char path[PATH_MAX], begin[512];
	*text = *line = NULL;
	int error = disk_read_file(d, disk_path(path, l->log_dir, l->file), BYTES_MAX, text, NULL);
	if (error)
		return error == -ENOENT ? 0 : error;
	int size = snprintf(begin, sizeof begin, "\n%s %u ", l->topic, l->partition);
	char *found = (size_t)size < sizeof begin ? strstr(*text, begin) : NULL;
	*line = found ? found + 1 : NULL;
	return 0;
}

int checkpoint_line_read(struct disk *d, const struct checkpoint_line *l, int64_t *ret)
{
	char *text, *line;
	int error = load(d, l, &text, &line);
	*ret = -1;
	if (line && sscanf(line, "%*s %*u %" SCNd64, ret) != 1)
		*ret = -1;
	free(text);
	return error;
}

int checkpoint_line_write(struct disk *d, const struct checkpoint_line *l, int64_t offset)
{
	char *text, *line, *changed = NULL;
	int error = load(d, l, &text, &line);
	if (error || !line) {
		free(text);
		return error;
	}
	const char *rest = line + strcspn(line, "\n");
	int size = asprintf(&changed, "%.*s%s %u %" PRId64 "%s", (int)(line - text), text,
			    l->topic, l->partition, offset, rest);
	error = size < 0 ? -ENOMEM
			 : disk_replace_file(d, l->log_dir, l->file, changed, (size_t)size);
	free(changed);
	free(text);
	return error;
}
