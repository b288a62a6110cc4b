/* registry_checkpoint.c - what is written down for a whole log directory, in Kafka's
 * formats: meta.properties, the offset checkpoints, and the mark of a clean shutdown. */
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_listing.h"
#include "control/catalog/registry_lock.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/require.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { META_BYTES_MAX = 64 * 1024, CHECKPOINT_BYTES_MAX = 16 << 20 };

#define CLEAN_NAME ".kafka_cleanshutdown"

/* The value of `key=` in a properties text, up to the end of its line; null when absent.
 */
static const char *property(const char *text, const char *key, char *out, size_t size)
{
	size_t key_size = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_size) == 0 && line[key_size] == '=') {
			const char *value = line + key_size + 1;
			snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
			return out;
		}
		if (!*line)
			break;
	}
	return NULL;
}

/* As brokers without ZooKeeper write it, so that one of them takes the directory for its own. */
static int make_meta(struct registry *r, struct log_dir *d)
{
	uint8_t directory[UUID_BYTES];
	char directory_text[UUID_TEXT_BYTES], text[256];
	uuid_make(directory);
	int size = snprintf(text, sizeof text,
			    "version=1\ncluster.id=%s\nnode.id=%d\ndirectory.id=%s\n",
			    r->cluster_id, r->options.settings->node_id,
			    uuid_format(directory, directory_text));
	return log_dir_replace_file(d, "meta.properties", text, (size_t)size);
}

/* The number of the node; false when the text names none. */
static bool read_node(const char *text, long *ret)
{
	char id[64], *end;
	if (!property(text, "node.id", id, sizeof id) &&
	    !property(text, "broker.id", id, sizeof id))
		return false;
	*ret = strtol(id, &end, 10);
	return id[0] && !*end;
}

/* Every client is told it: nothing but printable text is taken. */
static bool read_cluster(const char *text, char ret[UUID_TEXT_BYTES])
{
	char id[2 * UUID_TEXT_BYTES];
	if (!property(text, "cluster.id", id, sizeof id) || !id[0] || strlen(id) >= UUID_TEXT_BYTES)
		return false;
	for (const char *c = id; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	memcpy(ret, id, strlen(id) + 1);
	return true;
}

/* What the meta.properties of a log directory say; texts are "" when they say nothing. */
struct meta {
	bool is_missing;
	bool has_node;
	long node;
	char cluster[UUID_TEXT_BYTES];
	char directory[UUID_TEXT_BYTES]; /* Kafka's own, of brokers without ZooKeeper */
};

/* A lack of memory passes, and says nothing of the file. */
static int read_meta(const struct log_dir *d, struct meta *ret)
{
	char path[PATH_MAX], *text = NULL;
	*ret = (struct meta){0};
	int error = disk_read_file(d->disk, log_dir_path(path, d, "meta.properties"),
				   META_BYTES_MAX, &text, NULL);
	ret->is_missing = error == -ENOENT;
	if (!error) {
		ret->has_node = read_node(text, &ret->node);
		read_cluster(text, ret->cluster);
		property(text, "directory.id", ret->directory, sizeof ret->directory);
	}
	free(text);
	return error == -ENOMEM ? error : 0;
}

/* Nothing in the directory depends on the file: its topics are served. The file is evidence, and
 * left as it is. */
static void say_damaged(struct registry *r, struct log_dir *d, const struct meta *m)
{
	const char *why = !m->has_node && !m->cluster[0] ? "cannot be read"
			  : m->has_node			  ? "names no cluster.id"
							  : "names no node.id";
	snprintf(d->fault, sizeof d->fault,
		 "meta.properties %s; restore it, or remove it to have a new one made", why);
	registry_say(r, "%s: %s; its topics are served as those of node %d, cluster %s",
		     d->path, d->fault, r->options.settings->node_id, r->cluster_id);
}

/* A directory belongs to the node that made it. */
static bool is_ours(const struct registry *r, const struct log_dir *d, const struct meta *m,
		    char *message, size_t message_size)
{
	if (!m->has_node || m->node == r->options.settings->node_id)
		return true;
	snprintf(message, message_size,
		 "%s belongs to node %ld (meta.properties), node.id is %d: set node.id=%ld, or "
		 "another log.dirs",
		 d->path, m->node, r->options.settings->node_id, m->node);
	return false;
}

/* And to the cluster of the others: a copy of one of them is none of its own. */
static bool fits_others(const struct registry *r, const struct meta *all, const struct log_dir *d,
			char *message, size_t message_size)
{
	const struct meta *m = &all[d->number];
	if (m->cluster[0] && strcmp(m->cluster, r->cluster_id) != 0) {
		snprintf(message, message_size,
			 "%s belongs to cluster %s (meta.properties), and others of log.dirs to "
			 "%s: take it out of log.dirs",
			 d->path, m->cluster, r->cluster_id);
		return false;
	}
	for (const struct log_dir *other = r->dirs; other < d; other++) {
		if (!m->directory[0] || strcmp(all[other->number].directory, m->directory) != 0)
			continue;
		snprintf(message, message_size,
			 "%s and %s have one directory.id (meta.properties), so one is a copy of "
			 "the other: take it out of log.dirs",
			 other->path, d->path);
		return false;
	}
	return true;
}

/* An empty first one beside others that are in use is the place of a file system that is not
 * mounted. Taken for a new one it would have topics taken up anew, without their settings, and
 * those that lay in it made again. */
static bool is_first_here(const struct registry *r, const struct meta *all, char *message,
			  size_t message_size)
{
	if (!all[r->dir->number].is_missing || !listing_is_empty(r->dir))
		return true;
	for_each_dir(d, r) {
		if (d->is_lost || all[d->number].is_missing)
			continue;
		snprintf(message, message_size,
			 "log.dirs: %s is empty, and %s is in use (it has a meta.properties): "
			 "mount what belongs there; if it is new, name it behind those in use",
			 r->dir->path, d->path);
		return false;
	}
	return true;
}

/* That of the first who names one; a new one's, or one of this run, when nobody does. */
static void find_cluster(struct registry *r, const struct meta *all)
{
	uint8_t cluster[UUID_BYTES];
	uuid_make(cluster);
	uuid_format(cluster, r->cluster_id);
	for (unsigned i = r->dir_count; i-- > 0;)
		if (all[i].cluster[0])
			memcpy(r->cluster_id, all[i].cluster, sizeof r->cluster_id);
}

/* Whether the last stop was a clean one; the mark is gone before anything is opened, and for good
 * with the scan's sync. */
static int take_clean_mark(struct registry *r, struct log_dir *d)
{
	char path[PATH_MAX], *text = NULL;
	snprintf(path, sizeof path, "%s/" CLEAN_NAME, d->path);
	int error = disk_read_file(d->disk, path, META_BYTES_MAX, &text, NULL);
	free(text);
	d->was_clean = error == 0;
	if (error == -ENOENT)
		return 0;
	if (error == -EISDIR) { /* nobody's mark; any other must go before a log is opened */
		registry_say(r, "%s is a directory, no mark of ours: left alone", path);
		return 0;
	}
	return disk_remove_file(d->disk, path);
}

/* Of one whose owner is known to be this gateway. */
static int open_one(struct registry *r, struct log_dir *d, const struct meta *m)
{
	int error = 0;
	d->is_new = m->is_missing;
	if (d->is_new)
		error = make_meta(r, d);
	else if (!m->has_node || !m->cluster[0])
		say_damaged(r, d, m);
	return error ? error : take_clean_mark(r, d);
}

static int read_all(struct registry *r, struct meta *all, char *message, size_t message_size)
{
	for_each_dir(d, r) {
		int error = d->is_lost ? 0 : read_meta(d, &all[d->number]);
		if (error)
			return error;
		if (!is_ours(r, d, &all[d->number], message, message_size))
			return -EINVAL;
	}
	find_cluster(r, all);
	for_each_dir(d, r)
		if (!fits_others(r, all, d, message, message_size))
			return -EINVAL;
	return is_first_here(r, all, message, message_size) ? 0 : -EINVAL;
}

int checkpoint_open(struct registry *r, char *message, size_t message_size)
{
	struct meta all[LOG_DIRS_MAX] = {0};
	int error = read_all(r, all, message, message_size);
	for (struct log_dir *d = r->dirs; !error && d < r->dirs + r->dir_count; d++) {
		int failed = d->is_lost ? 0 : open_one(r, d, &all[d->number]);
		if (failed && d != r->dir)
			directory_give_up(r, d, failed);
		else
			error = failed;
	}
	if (error && !message[0])
		snprintf(message, message_size, "log.dirs: %s cannot be used: %s",
			 r->dir->path, registry_advice(error));
	return error;
}

/* Lines of a checkpoint into the partition that each names. */
typedef void (*line_taker)(struct partition *p, int64_t offset);

static void take_recovery_point(struct partition *p, int64_t offset)
{
	p->recovery_point = offset;
}

static void take_log_start(struct partition *p, int64_t offset)
{
	p->log_start_offset = offset;
}

static void take_cleaned(struct partition *p, int64_t offset)
{
	p->is_compacted = offset > 0;
	p->cleaned_offset = offset;
}

/* "topic partition offset". Of a partition that lies elsewhere it is old; one that is nowhere was
 * where there is a line of it. */
static void read_line(struct registry *r, struct log_dir *d, const char *line, line_taker take)
{
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	unsigned partition;
	int64_t offset;
	if (sscanf(line, "%249s %u %" SCNd64, topic, &partition, &offset) != 3 ||
	    offset < 0)
		return;
	struct entry *e = registry_entry(r, topic);
	struct partition *p = e && partition < e->partition_count ? e->partitions[partition] : NULL;
	if (p && p->is_nowhere)
		partition_place(p, topic, d);
	if (p && p->dir == d)
		take(p, offset);
}

static void read_one(struct registry *r, struct log_dir *d, const char *name,
		     const char *otherwise, line_taker take)
{
	char path[PATH_MAX], *text = NULL, *save = NULL;
	log_dir_path(path, d, name);
	int error = disk_read_file(d->disk, path, CHECKPOINT_BYTES_MAX, &text, NULL);
	if (error && error != -ENOENT)
		registry_say(r, "%s cannot be read: %s; %s", path, strerror(-error),
			     otherwise);
	if (error)
		return;
	char *line = strtok_r(text, "\n", &save);
	bool is_known = line && strcmp(line, "0") == 0;
	if (!is_known)
		registry_say(r, "%s is damaged; %s", path, otherwise);
	line = strtok_r(NULL, "\n", &save); /* the count says nothing the lines do not */
	while (is_known && (line = strtok_r(NULL, "\n", &save)))
		read_line(r, d, line, take);
	free(text);
}

struct checkpoint {
	const char *name;
	size_t mark; /* offset of an int64_t in struct log_marks */
};

/* The last is of no mark, and written when it changes. */
enum { RECOVERY_POINTS, LOG_STARTS, HIGH_WATERMARKS, ALWAYS_WRITTEN, CLEANED = ALWAYS_WRITTEN };

static const struct checkpoint checkpoints[] = {
	[RECOVERY_POINTS] = {"recovery-point-offset-checkpoint",
			     offsetof(struct log_marks, recovery_point)},
	[LOG_STARTS] = {"log-start-offset-checkpoint",
			offsetof(struct log_marks, log_start_offset)},
	[HIGH_WATERMARKS] = {"replication-offset-checkpoint",
			     offsetof(struct log_marks, high_watermark)},
	[CLEANED] = {"cleaner-offset-checkpoint", 0},
};

/* A recovery point that cannot be read is 0: the whole log is scanned. */
static void read_from(struct registry *r, struct log_dir *d)
{
	read_one(r, d, checkpoints[RECOVERY_POINTS].name, "logs are scanned from their start",
		 take_recovery_point);
	read_one(r, d, checkpoints[LOG_STARTS].name, "a log begins with its first segment",
		 take_log_start);
	read_one(r, d, checkpoints[CLEANED].name, "a log without gaps must go on having none",
		 take_cleaned);
}

void checkpoint_read(struct registry *r)
{
	for_each_dir(d, r) if (!d->is_lost) read_from(r, d);
}

/* A partition whose log was not opened keeps what it came with; -1: nothing is known. */
static int64_t offset_of(const struct registry *r, const struct entry *e, uint32_t number,
			 const struct checkpoint *c)
{
	const struct partition *p = e->partitions[number];
	struct log_marks marks = {.recovery_point = p->recovery_point,
				  .log_start_offset = p->log_start_offset,
				  .high_watermark = -1};
	int64_t offset;
	bool is_opening = p->state == PARTITION_ASKED &&
			  (p->admin.op == ADMIN_OPEN || p->admin.op == ADMIN_REOPEN);
	if (c == &checkpoints[CLEANED])
		return p->cleaned_offset;
	if (p->log && !is_opening) /* its writer has told nothing yet */
		partition_marks(r, p, &marks);
	/* Of a log that was found not to reach its start, the line stays. */
	marks.log_start_offset = max_i64(marks.log_start_offset, p->log_start_offset);
	marks.log_start_offset = max_i64(marks.log_start_offset, p->log_start_next);
	memcpy(&offset, (const uint8_t *)&marks + c->mark, sizeof offset);
	return offset;
}

static uint32_t print_topic(const struct registry *r, const struct log_dir *d,
			    const struct entry *e, const struct checkpoint *c, FILE *out)
{
	uint32_t count = 0;
	for (uint32_t p = 0; p < e->partition_count; p++) {
		int64_t offset = e->partitions[p]->dir == d ? offset_of(r, e, p, c) : -1;
		if (offset < 0)
			continue;
		count++;
		fprintf(out, "%s %u %" PRId64 "\n", e->shown.topic.name, p, offset);
	}
	return count;
}

/* A topic whose deletion could not be written down may be there again at the next start. */
static uint32_t print_lines(const struct registry *r, const struct log_dir *d,
			    const struct checkpoint *c, FILE *out)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < r->entry_count; i++)
		count += print_topic(r, d, r->entries[i], c, out);
	for_each_leftover(e, r) if (!e->is_deleting) count += print_topic(r, d, e, c, out);
	return count;
}

static int write_one(struct registry *r, const struct log_dir *d, const struct checkpoint *c)
{
	char *lines = NULL, *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&lines, &size);
	require(out);
	uint32_t count = print_lines(r, d, c, out);
	require(fclose(out) == 0);
	int bytes = asprintf(&text, "0\n%u\n%s", count, lines);
	require(bytes > 0);
	int error = log_dir_replace_file(d, c->name, text, (size_t)bytes);
	free(text);
	free(lines);
	return error;
}

int checkpoint_write_cleaned(struct registry *r, const struct log_dir *d)
{
	return write_one(r, d, &checkpoints[CLEANED]);
}

int checkpoint_write(struct registry *r, struct log_dir *d)
{
	int error = 0;
	for (unsigned i = 0; !error && i < ALWAYS_WRITTEN; i++)
		error = write_one(r, d, &checkpoints[i]);
	if (d->names_deleted && !error)
		error = checkpoint_write_cleaned(r, d);
	d->names_deleted &= error != 0;
	return error;
}

int checkpoint_write_starts(struct registry *r, const struct log_dir *d)
{
	return write_one(r, d, &checkpoints[LOG_STARTS]);
}

static int forget_deleted(struct registry *r, struct log_dir *d)
{
	int error = write_one(r, d, &checkpoints[RECOVERY_POINTS]);
	if (!error)
		error = write_one(r, d, &checkpoints[LOG_STARTS]);
	if (!error)
		error = checkpoint_write_cleaned(r, d);
	d->names_deleted &= error != 0;
	return error;
}

int checkpoint_forget_deleted(struct registry *r)
{
	int result = 0;
	for_each_dir(d, r) {
		bool may_skip = d->is_lost || d->is_stuck || !d->names_deleted;
		int error = may_skip ? 0 : forget_deleted(r, d);
		directory_note_error(r, d, error);
		result = result || d->is_lost ? result : error;
	}
	return result;
}

int checkpoint_make_room(const struct log_dir *d)
{
	char path[PATH_MAX];
	return disk_remove_file(d->disk,
				log_dir_path(path, d, checkpoints[HIGH_WATERMARKS].name));
}

/* As Kafka writes it since KIP-966, with the epoch of a broker that has none; others only look
 * whether it is there. */
int checkpoint_mark_clean(const struct log_dir *d)
{
	static const char text[] = "{\"version\":0,\"brokerEpoch\":-1}";
	return log_dir_replace_file(d, CLEAN_NAME, text, sizeof text - 1);
}
