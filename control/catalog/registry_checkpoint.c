/* registry_checkpoint.c - what is written down for a whole log directory, in Kafka's
 * formats: meta.properties, the offset checkpoints, and the mark of a clean shutdown. */
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_lock.h"
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
static int make_meta(struct registry *r)
{
	uint8_t cluster[UUID_BYTES], directory[UUID_BYTES];
	char directory_text[UUID_TEXT_BYTES], text[256];
	uuid_make(cluster);
	uuid_make(directory);
	uuid_format(cluster, r->cluster_id);
	int size = snprintf(text, sizeof text,
			    "version=1\ncluster.id=%s\nnode.id=%d\ndirectory.id=%s\n",
			    r->cluster_id, r->options.settings->node_id,
			    uuid_format(directory, directory_text));
	return log_dir_replace_file(r->dir, "meta.properties", text, (size_t)size);
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
static bool read_cluster(struct registry *r, const char *text)
{
	char id[2 * UUID_TEXT_BYTES];
	if (!property(text, "cluster.id", id, sizeof id) || !id[0] ||
	    strlen(id) >= sizeof r->cluster_id)
		return false;
	for (const char *c = id; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	memcpy(r->cluster_id, id, strlen(id) + 1);
	return true;
}

/* Nothing in the directory depends on the file: its topics are served, under a cluster id of
 * this run if the old one is not known. The file is evidence, and left as it is. */
static void say_damaged(struct registry *r, bool has_cluster, const char *why)
{
	uint8_t cluster[UUID_BYTES];
	uuid_make(cluster);
	if (!has_cluster)
		uuid_format(cluster, r->cluster_id);
	snprintf(r->dir->fault, sizeof r->dir->fault,
		 "meta.properties %s; restore it, or remove it to have a new one made", why);
	registry_say(r, "%s: %s; its topics are served as those of node %d, cluster %s",
		     r->dir->path, r->dir->fault, r->options.settings->node_id,
		     r->cluster_id);
}

/* The directory belongs to the node that made it. */
static int compare_meta(struct registry *r, const char *text, char *message,
			size_t message_size)
{
	long node;
	bool has_node = read_node(text, &node), has_cluster = read_cluster(r, text);
	if (has_node && node != r->options.settings->node_id) {
		snprintf(message, message_size,
			 "%s belongs to node %ld (meta.properties), node.id is %d: set "
			 "node.id=%ld, or "
			 "another log.dirs",
			 r->dir->path, node, r->options.settings->node_id, node);
		return -EINVAL;
	}
	if (!has_node || !has_cluster)
		say_damaged(r, has_cluster,
			    has_node ? "names no cluster.id"
				     : has_cluster ? "names no node.id" : "cannot be read");
	return 0;
}

/* Whether the last stop was a clean one; the mark is gone before anything is opened, and for good
 * with the scan's sync. */
static int take_clean_mark(struct registry *r)
{
	char path[PATH_MAX], *text = NULL;
	snprintf(path, sizeof path, "%s/" CLEAN_NAME, r->dir->path);
	int error = disk_read_file(r->dir->disk, path, META_BYTES_MAX, &text, NULL);
	free(text);
	r->dir->was_clean = error == 0;
	if (error == -ENOENT)
		return 0;
	if (error == -EISDIR) { /* nobody's mark; any other must go before a log is opened */
		registry_say(r, "%s is a directory, no mark of ours: left alone", path);
		return 0;
	}
	return disk_remove_file(r->dir->disk, path);
}

int checkpoint_open(struct registry *r, char *message, size_t message_size)
{
	char path[PATH_MAX], *text = NULL;
	log_dir_path(path, r->dir, "meta.properties");
	int error = disk_read_file(r->dir->disk, path, META_BYTES_MAX, &text, NULL);
	if (error == -ENOENT)
		error = make_meta(r);
	else if (error != -ENOMEM)
		error = compare_meta(r, error ? "" : text, message, message_size);
	free(text);
	if (!error)
		error = take_clean_mark(r);
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
}

/* "topic partition offset" */
static void read_line(struct registry *r, const char *line, line_taker take)
{
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	unsigned partition;
	int64_t offset;
	if (sscanf(line, "%249s %u %" SCNd64, topic, &partition, &offset) != 3 ||
	    offset < 0)
		return;
	struct entry *e = registry_entry(r, topic);
	if (e && partition < e->partition_count)
		take(e->partitions[partition], offset);
}

static void read_one(struct registry *r, const char *name, const char *otherwise,
		     line_taker take)
{
	char path[PATH_MAX], *text = NULL, *save = NULL;
	log_dir_path(path, r->dir, name);
	int error = disk_read_file(r->dir->disk, path, CHECKPOINT_BYTES_MAX, &text, NULL);
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
		read_line(r, line, take);
	free(text);
}

struct checkpoint {
	const char *name;
	size_t mark; /* offset of an int64_t in struct log_marks */
};

enum { RECOVERY_POINTS, LOG_STARTS, HIGH_WATERMARKS };

static const struct checkpoint checkpoints[] = {
	[RECOVERY_POINTS] = {"recovery-point-offset-checkpoint",
			     offsetof(struct log_marks, recovery_point)},
	[LOG_STARTS] = {"log-start-offset-checkpoint",
			offsetof(struct log_marks, log_start_offset)},
	[HIGH_WATERMARKS] = {"replication-offset-checkpoint",
			     offsetof(struct log_marks, high_watermark)},
};

/* A recovery point that cannot be read is 0: the whole log is scanned. */
void checkpoint_read(struct registry *r)
{
	read_one(r, checkpoints[RECOVERY_POINTS].name, "logs are scanned from their start",
		 take_recovery_point);
	read_one(r, checkpoints[LOG_STARTS].name, "a log begins with its first segment",
		 take_log_start);
	/* Kafka's, of logs that its cleaner compacted. */
	read_one(r, "cleaner-offset-checkpoint", "a log without gaps must go on having none",
		 take_cleaned);
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
	bool is_opening = p->state == PARTITION_ASKED && p->admin.op == ADMIN_OPEN;
	if (p->log && !is_opening) /* its writer has told nothing yet */
		partition_marks(r, p, &marks);
	/* Of a log that was found not to reach its start, the line stays. */
	marks.log_start_offset = max_i64(marks.log_start_offset, p->log_start_offset);
	marks.log_start_offset = max_i64(marks.log_start_offset, p->log_start_next);
	memcpy(&offset, (const uint8_t *)&marks + c->mark, sizeof offset);
	return offset;
}

static uint32_t print_topic(const struct registry *r, const struct entry *e,
			    const struct checkpoint *c, FILE *out)
{
	uint32_t count = 0;
	for (uint32_t p = 0; p < e->partition_count; p++) {
		int64_t offset = offset_of(r, e, p, c);
		if (offset < 0)
			continue;
		count++;
		fprintf(out, "%s %u %" PRId64 "\n", e->shown.topic.name, p, offset);
	}
	return count;
}

/* A topic whose deletion could not be written down may be there again at the next start. */
static uint32_t print_lines(const struct registry *r, const struct checkpoint *c, FILE *out)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < r->entry_count; i++)
		count += print_topic(r, r->entries[i], c, out);
	for_each_leftover(e, r) if (!e->is_deleting) count += print_topic(r, e, c, out);
	return count;
}

static int write_one(struct registry *r, const struct checkpoint *c)
{
	char *lines = NULL, *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&lines, &size);
	require(out);
	uint32_t count = print_lines(r, c, out);
	require(fclose(out) == 0);
	int bytes = asprintf(&text, "0\n%u\n%s", count, lines);
	require(bytes > 0);
	int error = log_dir_replace_file(r->dir, c->name, text, (size_t)bytes);
	free(text);
	free(lines);
	return error;
}

int checkpoint_write(struct registry *r)
{
	int error = 0;
	for (unsigned i = 0; !error && i < array_len(checkpoints); i++)
		error = write_one(r, &checkpoints[i]);
	r->names_deleted &= error != 0;
	return error;
}

int checkpoint_write_starts(struct registry *r)
{
	return write_one(r, &checkpoints[LOG_STARTS]);
}

int checkpoint_forget_deleted(struct registry *r)
{
	int error = 0;
	if (r->names_deleted)
		error = write_one(r, &checkpoints[RECOVERY_POINTS]);
	if (r->names_deleted && !error)
		error = write_one(r, &checkpoints[LOG_STARTS]);
	r->names_deleted &= error != 0;
	return error;
}

int checkpoint_make_room(struct registry *r)
{
	char path[PATH_MAX];
	return disk_remove_file(r->dir->disk,
				log_dir_path(path, r->dir,
					     checkpoints[HIGH_WATERMARKS].name));
}

/* As Kafka writes it since KIP-966, with the epoch of a broker that has none; others only look
 * whether it is there. */
int checkpoint_mark_clean(struct registry *r)
{
	static const char text[] = "{\"version\":0,\"brokerEpoch\":-1}";
	return log_dir_replace_file(r->dir, CLEAN_NAME, text, sizeof text - 1);
}
