/* registry_probe.c - a write and a sync in each log directory, now and then, by a thread; see
 * registry_probe.h. */
#include "control/catalog/registry_probe.h"
#include "control/catalog/crew.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	PROBE_INTERVAL_MS = 5000,
	/* What has just failed may do so once more; after that it is no accident. */
	PROBE_FIRST_MS = 1000,
	/* A slow disk takes seconds and is no reason to leave it alone. */
	PROBE_PATIENCE_MS = 10000,
};

/* Memory of its own: it outlives the registry when its thread does not come back. */
struct probe {
	const struct log_dir *dir;
	struct crew *crew; /* null: none is under way */
	int error;
	uint64_t begun_ns;
};

int probe_ask(const struct log_dir *d)
{
	static const char text[] = "asked\n";
	char path[PATH_MAX];
	log_dir_path(path, d, PROBE_FILE_NAME);
	int error = disk_write_file(d->disk, path, text, sizeof text - 1);
	return error ? error : disk_overwrite(d->disk, path, 0, text, sizeof text - 1);
}

static void ask_disk(void *probe, uint32_t index)
{
	struct probe *p = probe;
	p->error = probe_ask(p->dir);
}

static void begin(struct registry *r, struct probe *p, struct log_dir *d, uint64_t now_ns)
{
	struct crew_work work = {1, ask_disk, p};
	int error;
	p->dir = d;
	p->begun_ns = now_ns;
	p->crew = crew_start(&work, 1, &error);
	r->probe_at_ns[d->number] = now_ns + PROBE_INTERVAL_MS * NS_PER_MS;
}

static void end(struct registry *r, struct probe *p, struct log_dir *d)
{
	crew_end(p->crew);
	p->crew = NULL;
	if (d->is_stuck)
		registry_say(r, "%s answers again", d->path);
	d->is_stuck = false;
	if (!d->is_lost)
		directory_note_answer(r, d, p->error);
}

/* What is wrong with it is told as long as it lasts. */
static void look_at(struct registry *r, struct probe *p, struct log_dir *d, uint64_t now_ns)
{
	crew_turn(p->crew);
	if (crew_is_idle(p->crew)) {
		end(r, p, d);
		return;
	}
	if (d->is_stuck || now_ns - p->begun_ns < PROBE_PATIENCE_MS * NS_PER_MS)
		return;
	d->is_stuck = true;
	registry_say(r, "%s does not answer: nothing of a topic that lies there is changed, and "
			"nothing is written down for it, until it does", d->path);
}

/* Of several each, always; a single one when it is in doubt. */
static void probe(struct registry *r, struct log_dir *d, uint64_t now_ns)
{
	struct probe **p = &r->probes[d->number];
	uint64_t *at_ns = &r->probe_at_ns[d->number];
	bool is_wanted = !d->is_lost && (r->dir_count > 1 || d->is_doubted);
	if (!*p)
		*p = calloc(1, sizeof **p);
	require(*p);
	if ((*p)->crew)
		look_at(r, *p, d, now_ns);
	else if (!is_wanted)
		*at_ns = 0;
	else if (*at_ns == 0)
		*at_ns = now_ns + PROBE_FIRST_MS * NS_PER_MS;
	else if (now_ns >= *at_ns)
		begin(r, *p, d, now_ns);
}

void probes_turn(struct registry *r, uint64_t now_ns)
{
	if (!r->is_ready || r->is_stopping)
		return;
	for_each_dir(d, r) probe(r, d, now_ns);
}

/* What its thread writes to is closed next. */
static void await(struct probe *p, const struct log_dir *d)
{
	for (unsigned ms = 0; ms < PROBE_PATIENCE_MS && !d->is_stuck; ms++) {
		crew_turn(p->crew);
		if (crew_is_idle(p->crew))
			return;
		usleep(1000);
	}
}

void probes_end(struct registry *r)
{
	for_each_dir(d, r) {
		struct probe *p = r->probes[d->number];
		if (p && p->crew && r->is_stopped)
			await(p, d);
		if (!p || (p->crew && !crew_is_idle(p->crew)))
			continue;
		if (p->crew)
			crew_end(p->crew);
		free(p);
	}
}
