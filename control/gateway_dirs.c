/* gateway_dirs.c - log.dirs in, locked and open log directories out; see gateway_dirs.h. */
#include "control/gateway_dirs.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "control/catalog/registry_lock.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 512 };

static void name_all(struct gateway *g)
{
	unsigned n = 0;
	for (; n < LOG_DIRS_MAX && settings_log_dir(&g->settings, n, g->log_dir_paths[n]); n++)
		g->log_dirs[n] = (struct log_dir){
			.path = g->log_dir_paths[n], .number = n, .lock_fd = -1, .fd = -1};
	g->log_dir_count = n;
}

/* Two names of one directory: it is our own lock that is in the way. */
static bool is_locked_already(const struct gateway *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!registry_lock_is_at(&g->log_dirs[i], g->log_dirs[n].path))
			continue;
		fprintf(stderr, "penstockd: log.dirs: %s and %s are one directory\n",
			g->log_dirs[i].path, g->log_dirs[n].path);
		return true;
	}
	return false;
}

/* Takes it, or gives it up; false: there is no start. */
static bool lock_one(struct gateway *g, unsigned n)
{
	struct log_dir *d = &g->log_dirs[n];
	char message[MESSAGE_BYTES] = "";
	if (is_locked_already(g, n))
		return false;
	int error = registry_lock(d, d->path, message, sizeof message);
	if (!error)
		return true;
	fprintf(stderr, "penstockd: %s\n", message);
	if (n == 0 || error == -EWOULDBLOCK)
		return false;
	log_dir_lose(d, "%.255s cannot be used: %s", d->path, registry_advice(error));
	return true;
}

/* Before cores, huge pages and the port, which a gateway that runs already has: the second one on
 * its directory is told of the directory, not of those. */
int gateway_dirs_lock(void *gateway)
{
	struct gateway *g = gateway;
	name_all(g);
	for (unsigned n = 0; n < g->log_dir_count; n++) {
		if (lock_one(g, n))
			continue;
		gateway_dirs_unlock(g);
		return BOOT_SAID;
	}
	return 0;
}

void gateway_dirs_unlock(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned n = 0; n < g->log_dir_count; n++)
		registry_unlock(&g->log_dirs[n]);
}

static int open_one(struct gateway *g, struct log_dir *d)
{
	int error = log_dir_open(d, g->control_disk, d->path);
	if (!error) {
		flush_rule_find(d->path, &d->rule);
		return 0;
	}
	fprintf(stderr, "penstockd: log.dirs: %s cannot be used: %s\n", d->path,
		registry_advice(error));
	if (d->number == 0)
		return BOOT_SAID;
	log_dir_lose(d, "%.255s cannot be used: %s", d->path, registry_advice(error));
	return 0;
}

/* The rule is the directory's; a writer's file may be missing all the same. */
static void open_flush_files(struct gateway *g, struct log_dir *d)
{
	for (unsigned w = 0; w < g->plan.writer_count; w++) {
		char line[MESSAGE_BYTES];
		const struct flush_file *first = &d->flush[0], *own = &d->flush[w];
		flush_file_open(d, w, line, sizeof line);
		if (w == 0 || own->may_flush != first->may_flush ||
		    own->may_commit != first->may_commit)
			fprintf(stderr, "penstockd: %s\n", line);
	}
}

int gateway_dirs_open(struct gateway *g)
{
	int error = 0;
	for (unsigned n = 0; n < g->log_dir_count && !error; n++) {
		struct log_dir *d = &g->log_dirs[n];
		d->disk = g->control_disk;
		error = d->is_lost ? 0 : open_one(g, d);
		if (!error && !d->is_lost)
			open_flush_files(g, d);
	}
	return error;
}

void gateway_dirs_close(struct gateway *g)
{
	for (unsigned n = 0; n < g->log_dir_count; n++) {
		for (unsigned w = 0; w < g->plan.writer_count; w++)
			flush_file_close(&g->log_dirs[n], w);
		log_dir_close(&g->log_dirs[n]);
	}
}
