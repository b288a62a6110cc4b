/* power_logs.c - a directory in, its logs recovered and served; see power_logs.h. */
#include "tests/power/power_logs.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"
#include "tests/unbounded_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum {
	/* Fewer than the logs have files: some are closed, and opened again. */
	DESCRIPTORS = 3 * POWER_LOGS,
};

/* As in config/settings.def. */
static const struct writer_settings writer_settings = {
	.buffers = 1024, .buffer_bytes = 64 << 10, .small_write_bytes = 64 << 10,
	.producer_ids_max = 1024, .producer_expiration_ms = 86400000, .producer_check_ms = 600000};

static struct log_options options_of(unsigned slot)
{
	static const uint32_t segment_bytes[] = {512 << 10, 1 << 20, 2 << 20, 4 << 20};
	return (struct log_options){
		UNBOUNDED_LOG,
		.segment_bytes = segment_bytes[slot % array_len(segment_bytes)],
		.message_bytes_max = 1 << 20,
	};
}

void power_log_path(const struct power_logs *p, unsigned slot, char *out)
{
	snprintf(out, FILE_PATH_BYTES_MAX, "%s/power-%u", p->directory, slot);
}

static int sync_all(struct power_logs *p)
{
	struct disk_op open = {
		.kind = DISK_OPEN, .path = p->directory, .flags = O_RDONLY | O_DIRECTORY};
	int fd = (int)disk_run(p->control, &open);
	if (fd < 0)
		return fd;
	struct disk_op sync = {.kind = DISK_SYNC_ALL, .fd = fd};
	int status = (int)disk_run(p->control, &sync);
	file_close(p->control, &fd);
	return status;
}

static int open_log(struct power_logs *p, unsigned slot)
{
	struct log_recovery found;
	char path[FILE_PATH_BYTES_MAX];
	int error = 0;
	power_log_path(p, slot, path);
	struct log_open_options o = {
		.directory = path, .log = options_of(slot), .log_start_offset = -1};
	p->logs[slot] = log_open(p->control, &o, &found, &error);
	if (found.message[0])
		fprintf(stderr, "power-%u: %s\n", slot, found.message);
	if (!p->logs[slot])
		return error;
	return found.is_corrupt ? -EBADMSG : 0;
}

int power_logs_open(struct power_logs *p, const char *directory)
{
	int error;
	*p = (struct power_logs){.directory = directory};
	p->disk = disk_create("power", &error);
	p->control = p->disk ? disk_create("control", &error) : NULL;
	if (!p->control)
		return error;
	int first_error = directory_make(p->control, directory);
	for (unsigned slot = 0; slot < POWER_LOGS; slot++) {
		error = open_log(p, slot);
		first_error = first_error < 0 ? first_error : error;
	}
	error = sync_all(p);
	return first_error < 0 ? first_error : error;
}

/* ---- the writer ------------------------------------------------------------------------- */

static void admin_run(struct power_logs *p, struct admin_msg *a)
{
	struct handoff_msg *done;
	handoff_send(&p->admin, &a->msg);
	while (handoff_reap(&p->admin, &done, 1) == 0)
		writer_turn(p->writer, false);
}

static void serve(struct power_logs *p, uint32_t slot)
{
	struct admin_msg open = {.msg = {.kind = HANDOFF_ADMIN},
				 .op = ADMIN_OPEN,
				 .partition = {slot, POWER_GENERATION},
				 .log = p->logs[slot],
				 .options = options_of(slot)};
	admin_run(p, &open);
	require(open.error == 0);
}

void power_logs_serve(struct power_logs *p)
{
	p->marks = map_take(PARTITIONS_MAX * sizeof *p->marks);
	p->news = map_take(PARTITIONS_MAX * sizeof *p->news);
	require(p->marks && p->news);
	require(wake_init(&p->wakes[0]) == 0 && wake_init(&p->wakes[1]) == 0);
	require(handoff_init(&p->appends, &p->wakes[0], &p->wakes[1]) == 0);
	require(handoff_init(&p->admin, &p->wakes[0], &p->wakes[1]) == 0);
	require(log_dir_open(&p->dir, p->control, p->directory) == 0);
	flush_rule_find(p->directory, &p->dir.rule);
	flush_file_open(&p->dir, 0, p->rule, sizeof p->rule);
	struct writer_options o = {
		.settings = writer_settings,
		.dirs = &p->dir,
		.dir_count = 1,
		.descriptors = DESCRIPTORS,
		.disks = {p->disk},
		.wake = &p->wakes[1],
		.handoffs = {&p->appends, &p->admin},
		.handoff_count = 2,
		.stats_page = &p->page,
		.marks = p->marks,
		.news = p->news,
	};
	p->writer = writer_create(&o);
	require(p->writer);
	for (uint32_t slot = 0; slot < POWER_LOGS; slot++)
		serve(p, slot);
}

int power_logs_stop(struct power_logs *p)
{
	for (uint32_t slot = 0; slot < POWER_LOGS; slot++) {
		struct admin_msg close = {.msg = {.kind = HANDOFF_ADMIN},
					  .op = ADMIN_CLOSE,
					  .partition = {slot, POWER_GENERATION}};
		admin_run(p, &close);
		log_close(close.log);
	}
	return sync_all(p);
}
