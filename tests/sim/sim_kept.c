/* sim_kept.c - the kept side of the simulated disk in, records that a power cut would leave
 * out; see sim_kept.h. */
#include "tests/sim/sim_kept.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_start.h"

enum { PATH_BYTES = 256, RECORDS_FIRST = 256 };

/* A segment, as far as it has been walked. */
struct walked {
	char path[PATH_BYTES];
	uint64_t identity;
	size_t position;
	int64_t next; /* offset */
};

struct place {
	uint32_t segment; /* index of `walked` + 1; 0: not seen */
	size_t position;  /* of its batch */
};

struct places {
	struct place *at;
	uint32_t count;
};

struct kept {
	char log_dir[PATH_BYTES];
	struct walked *segments;
	uint32_t segment_count, segment_capacity;
	struct places clients[SIM_CLIENTS_MAX];
	/* Of the walk under way. */
	const char *topic;
	int32_t partition;
	struct place found;
	int64_t end;
};

struct kept *kept_create(const char *log_dir)
{
	struct kept *k = calloc(1, sizeof *k);
	require(k);
	snprintf(k->log_dir, sizeof k->log_dir, "%s", log_dir);
	return k;
}

void kept_destroy(struct kept *k)
{
	for (unsigned c = 0; c < SIM_CLIENTS_MAX; c++)
		free(k->clients[c].at);
	free(k->segments);
	free(k);
}

void kept_forget(struct kept *k)
{
	k->segment_count = 0;
	for (unsigned c = 0; c < SIM_CLIENTS_MAX; c++)
		if (k->clients[c].at)
			memset(k->clients[c].at, 0, k->clients[c].count * sizeof(struct place));
}

static struct place *place_of(struct kept *k, uint32_t client, uint32_t seq)
{
	require(client < SIM_CLIENTS_MAX);
	struct places *p = &k->clients[client];
	if (seq >= p->count) {
		uint32_t count = p->count ? p->count : RECORDS_FIRST;
		while (count <= seq)
			count *= 2;
		p->at = realloc(p->at, count * sizeof *p->at);
		require(p->at);
		memset(p->at + p->count, 0, (count - p->count) * sizeof *p->at);
		p->count = count;
	}
	return &p->at[seq];
}

static void note_record(void *arg, const struct found_record *r)
{
	struct kept *k = arg;
	*place_of(k, r->client, r->seq) = k->found;
}

static uint32_t segment_index(struct kept *k, const struct sim_kept_file *f)
{
	for (uint32_t i = 0; i < k->segment_count; i++)
		if (k->segments[i].identity == f->identity &&
		    strcmp(k->segments[i].path, f->path) == 0)
			return i;
	if (k->segment_count == k->segment_capacity) {
		k->segment_capacity = k->segment_capacity ? 2 * k->segment_capacity : 64;
		k->segments =
			realloc(k->segments, k->segment_capacity * sizeof *k->segments);
		require(k->segments);
	}
	struct walked *w = &k->segments[k->segment_count];
	*w = (struct walked){.identity = f->identity,
			     .next = strtoll(strrchr(f->path, '/') + 1, NULL, 10)};
	require(strlen(f->path) < sizeof w->path);
	snprintf(w->path, sizeof w->path, "%s", f->path);
	return k->segment_count++;
}

/* A sector that is not synced is as it was or as it is, by chance: both must be the same. */
static bool batch_at(const struct sim_kept_file *f, size_t position, struct checker_batch *ret)
{
	if (position >= f->size)
		return false;
	struct bytes from = {f->kept + position, f->size - position};
	return checker_batch(from, ret) &&
	       memcmp(f->kept + position, f->now + position, ret->size) == 0;
}

static void walk_segment(void *arg, const struct sim_kept_file *f)
{
	struct kept *k = arg;
	if (!checker_is_log(f->path))
		return;
	uint32_t index = segment_index(k, f);
	struct walked *w = &k->segments[index];
	struct checker_batch b;
	bool is_compacted = sim_world()->compacts;
	while (batch_at(f, w->position, &b) &&
	       (b.base_offset == w->next || (is_compacted && b.base_offset > w->next))) {
		k->found = (struct place){.segment = index + 1, .position = w->position};
		checker_records(k->topic, k->partition, (struct bytes){b.bytes, b.size},
				note_record, k);
		w->position += b.size;
		w->next = b.last_offset + 1;
	}
	if (strtoll(strrchr(f->path, '/') + 1, NULL, 10) <= k->end && w->next > k->end)
		k->end = w->next;
}

static void walk(struct kept *k, const char *topic, int32_t partition)
{
	char directory[PATH_BYTES + 64];
	k->topic = topic;
	k->partition = partition;
	k->end = sim_log_start(topic, partition);
	snprintf(directory, sizeof directory, "%s/%s-%d", k->log_dir, topic, partition);
	sim_fs_each_kept(sim_world()->fs, directory, walk_segment, k);
	snprintf(directory, sizeof directory, SIM_LOG_DIR_SECOND "/%s-%d", topic, partition);
	sim_fs_each_kept(sim_world()->fs, directory, walk_segment, k);
}

static bool is_at(struct kept *k, const struct place *p)
{
	if (!p->segment)
		return false;
	const struct walked *w = &k->segments[p->segment - 1];
	struct sim_kept_file f;
	struct checker_batch b;
	return sim_fs_kept(sim_world()->fs, w->path, &f) && f.identity == w->identity &&
	       batch_at(&f, p->position, &b);
}

bool kept_has_record(struct kept *k, const char *topic, uint32_t client, uint32_t seq)
{
	if (is_at(k, place_of(k, client, seq)))
		return true;
	for (int32_t p = 0; p < SIM_PARTITIONS_MAX; p++)
		walk(k, topic, p);
	return is_at(k, place_of(k, client, seq));
}

int64_t kept_end(struct kept *k, const char *topic, int32_t partition)
{
	walk(k, topic, partition);
	return k->end;
}
