/* registry_rig.c - a registry on a temporary directory and its two writers. */
#include "tests/unit/control/catalog/registry_rig.h"
#include "dataplane/base/require.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

void rig_init(struct rig *r)
{
	memset(r, 0, sizeof *r);
	memset(&faults, 0, sizeof faults);
	snprintf(r->directory, sizeof r->directory, "/tmp/penstock-registry-XXXXXX");
	cr_assert(mkdtemp(r->directory));
	snprintf(r->second, sizeof r->second, "%s.second", r->directory);
	r->dir_count = 1;
	settings_init(&r->settings);
	memcpy(r->settings.log_dirs, r->directory, sizeof r->directory);
	r->marks = calloc(PARTITIONS_MAX, sizeof *r->marks);
	for (unsigned i = 0; i < array_len(r->wakes); i++)
		cr_assert(wake_init(&r->wakes[i]) == 0);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		cr_assert(handoff_init(&r->writers[w], &r->wakes[0], &r->wakes[1]) == 0);
}

void rig_fini(struct rig *r)
{
	rig_directory_remove(r->directory);
	rig_directory_remove(r->second);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		handoff_fini(&r->writers[w]);
	for (unsigned i = 0; i < array_len(r->wakes); i++)
		wake_fini(&r->wakes[i]);
	free(r->marks);
}

static void hear(void *owner, const char *line)
{
	struct rig *r = owner;
	size_t size = strlen(r->said);
	snprintf(r->said + size, sizeof r->said - size, "%s\n", line);
}

/* As a gateway has them: the first is needed. */
static bool open_dirs(struct rig *r)
{
	for (unsigned n = 0; n < r->dir_count; n++) {
		struct log_dir *d = &r->dirs[n];
		const char *path = n ? r->second : r->directory;
		*d = (struct log_dir){.path = path, .number = n, .fd = -1, .disk = r->disk};
		int error = log_dir_open(d, r->disk, path);
		if (error && n == 0) {
			snprintf(r->message, sizeof r->message, "%s: %s", path, strerror(-error));
			return false;
		}
		if (error)
			log_dir_lose(d, "%s cannot be used: %s", path, strerror(-error));
	}
	return true;
}

static void close_dirs(struct rig *r)
{
	for (unsigned n = 0; n < r->dir_count; n++)
		log_dir_close(&r->dirs[n]);
}

bool rig_begin(struct rig *r)
{
	struct registry_options options = {
		.settings = &r->settings,
		.dirs = r->dirs,
		.dir_count = r->dir_count,
		.writers = {&r->writers[0], &r->writers[1]},
		.writer_count = RIG_WRITERS,
		.marks = r->marks,
		.topics = &r->topics,
		.cleaner = r->cleaner,
		.say = hear,
		.say_owner = r,
	};
	bool is_open = open_dirs(r);
	r->registry = is_open ? registry_open(&options, r->message, sizeof r->message) : NULL;
	if (!r->registry)
		close_dirs(r);
	return r->registry != NULL;
}

bool rig_open(struct rig *r)
{
	bool is_open = rig_begin(r);
	if (is_open)
		rig_turns(r);
	return is_open;
}

static void tell_producers(struct producers_piece *p)
{
	bool is_anew = faults.is_always_anew || (faults.anew_at && faults.pieces == faults.anew_at);
	uint32_t from = is_anew ? 0 : (uint32_t)(p->after + 1);
	faults.pieces++;
	p->is_anew = from == 0;
	p->is_offline = faults.is_offline;
	p->count = min_u32(faults.producers - from, PRODUCERS_PIECE);
	p->is_last = from + p->count == faults.producers;
	for (uint32_t i = 0; i < p->count; i++)
		p->told[i] = (struct producer_told){.id = from + i};
}

static void tell_segments(uint32_t slot, struct segments_told *t)
{
	static const struct segment_told segments[] = {{.base_offset = 0, .size = 100},
						       {.base_offset = 500, .size = 100}};
	faults.looks++;
	faults.last_dirty = t->first_dirty;
	t->is_busy = faults.is_busy;
	t->count = array_len(segments);
	for (uint32_t i = 0; i < min_u32(t->count, t->room); i++)
		t->told[i] = segments[i];
	t->end_offset = 1000;
	t->young_from = faults.young_from;
	t->clean_bytes = 100;
	t->dirty_bytes = faults.dirty_of[slot];
	t->dirty_since_ms = -1;
}

static int serve(unsigned writer, struct admin_msg *a)
{
	if (a->op == ADMIN_FENCE)
		faults.fenced++;
	if (!a->log) /* offline: it is told so, and has nothing to give back */
		faults.offline += a->op == ADMIN_OPEN ? 1 : a->op == ADMIN_CLOSE ? -1 : 0;
	if (!a->log)
		return 0;
	if (a->op == ADMIN_DELETE_RECORDS) {
		faults.deletions++;
		faults.last_deletion = a->log_start_offset;
		if (faults.delete_seen)
			faults.delete_seen();
	}
	if (a->op == ADMIN_EXPIRE) {
		bool is_old = faults.expired_to && (int)a->partition.slot == faults.expired_slot;
		faults.expires++;
		a->log_start_offset = is_old ? faults.expired_to : 0;
	}
	if (a->op == ADMIN_SEGMENTS)
		tell_segments(a->partition.slot, a->sealed);
	if (a->op == ADMIN_SWAP) {
		faults.swaps++;
		return faults.swap_error;
	}
	if (a->op == ADMIN_PRODUCERS)
		tell_producers(a->piece);
	if (a->op == ADMIN_ALTER)
		faults.last_options = a->options;
	if (a->op == ADMIN_CLOSE) {
		faults.served--;
		faults.served_by[writer]--;
	}
	if (a->op == ADMIN_RETURN || a->op == ADMIN_REOPEN) {
		int more = a->op == ADMIN_REOPEN ? 1 : -1;
		faults.served += more;
		faults.served_by[writer] += more;
		faults.offline -= more;
	}
	if (a->op != ADMIN_OPEN)
		return 0;
	if (faults.open_error && faults.open_good == 0)
		return faults.open_error;
	faults.open_good -= faults.open_error != 0;
	faults.served++;
	faults.served_by[writer]++;
	return 0;
}

static bool writer_turn_once(struct rig *r, unsigned writer)
{
	struct handoff_msg *asked[16];
	struct handoff *h = &r->writers[writer];
	unsigned n = faults.writer_is_slow ? 0 : handoff_pull(h, asked, 16);
	for (unsigned i = 0; i < n; i++) {
		struct admin_msg *a = container_of(asked[i], struct admin_msg, msg);
		cr_assert(a->msg.kind == HANDOFF_ADMIN);
		cr_assert(a->partition.slot % RIG_WRITERS == writer);
		a->error = serve(writer, a);
		if (a->op == ADMIN_REOPEN)
			r->marks[a->partition.slot].marks =
				(struct log_marks){.is_fenced = faults.log_is_corrupt};
		handoff_complete(h, asked[i]);
	}
	return n > 0;
}

bool rig_turn(struct rig *r)
{
	r->now_ns += 1000;
	bool worked = registry_turn(r->registry, r->now_ns);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		worked |= writer_turn_once(r, w);
	return worked;
}

void rig_turns(struct rig *r)
{
	while (rig_turn(r))
		;
}

void rig_wait(struct rig *r, unsigned seconds)
{
	for (unsigned i = 0; i < 10 * seconds; i++) {
		r->now_ns += 100000000;
		rig_turns(r);
	}
}

void rig_stop(struct rig *r)
{
	registry_stop(r->registry);
	rig_turns(r);
	require(registry_is_stopped(r->registry));
	registry_close(r->registry);
	close_dirs(r);
	require(faults.logs_open == 0 && faults.served == 0);
}

void rig_crash(struct rig *r)
{
	if (r->registry) {
		registry_close(r->registry);
		close_dirs(r);
	}
	for (unsigned w = 0; w < RIG_WRITERS; w++) {
		struct handoff *h = &r->writers[w];
		struct handoff_msg *lost[16];
		while (handoff_pull(h, lost, 16) || handoff_reap(h, lost, 16))
			;
		handoff_fini(h);
		cr_assert(handoff_init(h, &r->wakes[0], &r->wakes[1]) == 0);
	}
	memset(&faults, 0, sizeof faults);
	rig_forget_logs();
}

void rig_take_result(void *owner, const struct registry_result *result)
{
	struct rig *r = owner;
	r->result = *result;
	r->done++;
}

static struct registry_request request_of(struct rig *r, const char *name,
					  int32_t partitions)
{
	r->result = (struct registry_result){.error = -1000};
	return (struct registry_request){.name = name,
					 .partitions = partitions,
					 .replication_factor = -1,
					 .done = rig_take_result,
					 .owner = r};
}

void rig_create(struct rig *r, const char *name, int32_t partitions)
{
	struct registry_request request = request_of(r, name, partitions);
	registry_create_topic(r->registry, &request);
	rig_turns(r);
}

void rig_check(struct rig *r, const char *name, int32_t partitions, bool is_automatic)
{
	struct registry_request request = request_of(r, name, partitions);
	request.validate_only = true;
	request.is_automatic = is_automatic;
	registry_create_topic(r->registry, &request);
	rig_turns(r);
}

void rig_delete(struct rig *r, const char *name)
{
	struct registry_request request = request_of(r, name, -1);
	registry_delete_topic(r->registry, &request);
	rig_turns(r);
}

void rig_replace(struct rig *r, const char *name, const struct registry_setting *settings,
		 unsigned count)
{
	struct registry_request request = request_of(r, name, -1);
	request.settings = settings;
	request.setting_count = count;
	request.replaces = true;
	registry_alter_topic(r->registry, &request);
	rig_turns(r);
}

void rig_set(struct rig *r, enum live_scope scope, const struct registry_setting *settings,
	     unsigned count)
{
	struct registry_request request = request_of(r, "", -1);
	request.settings = settings;
	request.setting_count = count;
	registry_alter_settings(r->registry, scope, &request);
	rig_turns(r);
}

void rig_alter(struct rig *r, const char *name, int32_t partitions,
	       const struct registry_setting *settings, unsigned count)
{
	struct registry_request request = request_of(r, name, partitions);
	request.settings = settings;
	request.setting_count = count;
	registry_alter_topic(r->registry, &request);
	rig_turns(r);
}

const struct registry_topic *rig_topic(const struct rig *r, const char *name)
{
	return registry_find(r->registry,
			     (struct bytes){(const uint8_t *)name, strlen(name)});
}

static char *path_of(const struct rig *r, const char *path)
{
	static char out[512];
	snprintf(out, sizeof out, "%s/%s", r->directory, path);
	return out;
}

void rig_run(const struct rig *r, const char *command)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "cd %s && %s", r->directory, command);
	cr_assert(n < (int)sizeof line && system(line) == 0, "%s", line);
}

bool rig_exists(const struct rig *r, const char *path)
{
	return access(path_of(r, path), F_OK) == 0;
}

void rig_write(const struct rig *r, const char *path, const char *text)
{
	FILE *f = fopen(path_of(r, path), "w");
	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

const char *rig_read(const struct rig *r, const char *path)
{
	static char text[8192];
	FILE *f = fopen(path_of(r, path), "r");
	cr_assert(f, "%s", path);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}
