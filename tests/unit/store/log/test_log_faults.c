/* test_log_faults.c - one call of a log's short life fails, whichever it is: of each kind the n-th,
 * for every n, in every way that such a call fails. On the simulator's disk, where afterwards the
 * process ends, or the power goes.
 *
 *     open ─▶ batches, rolls, reads, records deleted, marks ─▶ stop, kill or power cut ─▶ open
 *
 * Nothing that was acknowledged is lost, nobody waits for ever, and the log goes on, or is fenced
 * with the call's own error. */
#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	SEGMENT_BYTES = 100000,
	VALUE_BYTES = 10000,
	BATCHES = 25, /* three segments */
	DELETED_AT = 20, /* records below the second segment go */
	DELETED_BELOW = 9,
	QUIET_TURNS = 300, /* of 10 ms: marks are written meanwhile, and files go */
};

enum ending { STOPPED, KILLED, POWER_LOST, ENDINGS };
static const char *const endings[] = {"stopped", "killed", "without power"};

/* How a call of a writer's fails; result 0: a write that is cut short. */
static const struct fault {
	enum disk_kind kind;
	int result;
	bool is_harmless; /* fences nothing */
} served_faults[] = {
	{DISK_OPEN, -EIO, false},
	{DISK_OPEN, -ENOSPC, false},
	{DISK_OPEN, -EMFILE, true},
	{DISK_CLOSE, -EIO, true},
	{DISK_READ, -EIO, true},
	{DISK_WRITE, -EIO, false},
	{DISK_WRITE, -ENOSPC, false},
	{DISK_WRITE, 0, false},
	{DISK_SYNC, -EIO, false},
	{DISK_SYNC, -ENOSPC, false},
	{DISK_ALLOCATE, -EIO, true},
	{DISK_ALLOCATE, -ENOSPC, true},
	{DISK_TRUNCATE, -EIO, false},
	{DISK_TRUNCATE, -ENOSPC, false},
	{DISK_RENAME, -EIO, false},
	{DISK_RENAME, -ENOSPC, false},
	{DISK_UNLINK, -EIO, false},
	{DISK_COMMIT, -EIO, false},
	{DISK_COMMIT, -ENOSPC, false},
	{DISK_TRAITS, -EIO, true},
};

/* How one of control's does, before a writer has the log. */
static const struct fault opened_faults[] = {
	{DISK_OPEN, -EIO, false},
	{DISK_OPEN, -ENOSPC, false},
	{DISK_OPEN, -EMFILE, false},
	{DISK_CLOSE, -EIO, false},
	{DISK_READ, -EIO, false},
	{DISK_WRITE, -EIO, false},
	{DISK_WRITE, -ENOSPC, false},
	{DISK_WRITE, 0, false},
	{DISK_TRUNCATE, -EIO, false},
	{DISK_SIZE, -EIO, false},
	{DISK_UNLINK, -EIO, false},
	{DISK_MKDIR, -EIO, false},
	{DISK_MKDIR, -ENOSPC, false},
	{DISK_LIST, -EIO, false},
	{DISK_LIST, -EMFILE, false},
};

/* What a life leaves to the next one. */
struct left {
	int64_t promised; /* no record below it may be missing */
	int64_t recovery_point;
	bool is_clean;
};

static struct world w;
static struct rig *r;
static struct rig_producer producer;
static size_t batch_bytes; /* batch i has offset i, and all are of one size */

/* ---- a world ------------------------------------------------------------------------------ */

static int open_own(const char *name)
{
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/%s", r->root, name);
	int fd = file_open(r->control, path, false);
	cr_assert(fd >= 0);
	return fd;
}

/* `has_group`: one flush, or one commit, makes the log durable. */
static void plug_in(bool has_group)
{
	int error;
	struct disk_place place;
	r->disk = r->service_options.disk = disk_create("writer", &error);
	r->control = r->dir.disk = disk_create("control", &error);
	if (!has_group)
		return;
	cr_assert(disk_look(r->control, r->root, 0, &place) == 0);
	r->dir.rule = (struct flush_rule){.device = place.device, .has_journal = true};
	r->dir.flush[0] = (struct flush_file){.fd = open_own("flush"), .may_flush = true,
					      .commit_fd = open_own("commit"), .may_commit = true};
}

static void begin(uint64_t outcome, bool has_group)
{
	w = (struct world){.rng = {outcome}, .entropy = {1}, .now_ns = NS_PER_S};
	sim_set_world(&w);
	w.fs = sim_fs_create(&(struct sim_disk_faults){0});
	r = rig_create();
	disk_destroy(r->disk);
	disk_destroy(r->control);
	sim_fs_make_directory(w.fs, "/var");
	sim_fs_make_directory(w.fs, "/var/tmp");
	sim_fs_make_directory(w.fs, r->root);
	r->options.segment_bytes = SEGMENT_BYTES;
	r->options.index_interval_bytes = 0;
	producer = (struct rig_producer){.id = 815};
	r->producer = &producer;
	plug_in(has_group);
}

static void end(void)
{
	rig_destroy(r);
	sim_fs_destroy(w.fs);
}

/* As control does before a log is served, and before a stop counts as a clean one. */
static bool sync_all(void)
{
	int fd = directory_open(r->control, r->root);
	struct disk_op op = {.kind = DISK_SYNC_ALL, .fd = fd};
	bool is_synced = fd >= 0 && disk_run(r->control, &op) == 0;
	file_close(r->control, &fd);
	return is_synced;
}

static bool open_synced(struct left left)
{
	return rig_open(r, left.recovery_point, left.is_clean) && sync_all();
}

/* The power takes what was not synced, as chance will have it. No call fails any more. */
static void restart(enum ending ending, bool has_group)
{
	sim_fs_set_call_fault(w.fs, &(struct sim_call_fault){0});
	sim_fs_crash(w.fs, ending == POWER_LOST);
	plug_in(has_group);
}

static void set_fault(const struct fault *f, uint64_t n)
{
	sim_fs_set_call_fault(w.fs, &(struct sim_call_fault){f->kind, n, f->result});
}

static bool has_failed(void)
{
	return sim_fs_call_failed(w.fs);
}

/* ---- a short life ------------------------------------------------------------------------- */

static bool is_there(const struct read_msg *read, int64_t offset)
{
	static uint8_t found[2 * VALUE_BYTES];
	const uint8_t *expected = r->expected + (size_t)offset * batch_bytes;
	if (read->error)
		return false;
	cr_assert(read->bytes.size == batch_bytes && batch_bytes <= sizeof found);
	chain_copy_out(&read->bytes, 0, found, batch_bytes);
	cr_assert(memcmp(found, expected, batch_bytes) == 0);
	return true;
}

/* A read that fails says so, and the next one does not. */
static void read_one(int64_t offset)
{
	bool was_there = false;
	for (unsigned times = 0; times < 2 && !was_there; times++) {
		struct read_msg read = rig_read(r, offset, 4, (uint32_t)batch_bytes);
		was_there = is_there(&read, offset);
		cr_assert(was_there || (times == 0 && has_failed()), "%d", read.error);
		chain_give(&read.bytes);
	}
}

static void read_all(void)
{
	struct log_marks m = rig_marks(r);
	for (int64_t at = m.log_start_offset; at < m.high_watermark; at++)
		read_one(at);
}

/* As control does: the start is on disk first. */
static void delete_some(void)
{
	struct log_marks m = rig_marks(r);
	if (m.is_fenced || m.high_watermark < DELETED_BELOW)
		return;
	r->log_start_offset = DELETED_BELOW;
	log_delete_records(r->log, DELETED_BELOW);
}

static void append_some(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		size_t before = r->expected_bytes;
		rig_append(r, 1, VALUE_BYTES, r->append_count % ACK_LEVELS);
		batch_bytes = before ? batch_bytes : r->expected_bytes;
		if (r->append_count % 3 == 0)
			rig_drain(r);
		if (r->append_count == DELETED_AT)
			delete_some();
	}
	rig_drain(r);
}

static void live(void)
{
	append_some(BATCHES);
	read_all();
	r->turn_ns = NS_PER_S / 100;
	for (unsigned i = 0; i < QUIET_TURNS; i++)
		rig_turn(r);
	cr_assert(r->answered == r->append_count, "everybody is told");
}

/* ---- what is left of it ------------------------------------------------------------------- */

/* Behind the last record that may not be missing. */
static int64_t promised_end(enum ending ending)
{
	int64_t end = rig_marks(r).high_watermark;
	for (unsigned i = 0; i < r->append_count; i++) {
		const struct append_msg *a = &r->appends[i];
		bool is_promised = a->level == ACK_DURABLE || ending != POWER_LOST;
		if (r->is_answered[i] && a->error == 0 && is_promised)
			end = max_i64(end, a->last_offset + 1);
	}
	return end;
}

/* It goes on, or nobody is told that it did. */
static void check_fence(const struct fault *f, const char *when)
{
	struct log_marks m = rig_marks(r);
	if (!m.is_fenced) {
		cr_assert(r->failed == 0, "%s", when);
		return;
	}
	cr_assert(has_failed() && !f->is_harmless, "%s", when);
	cr_assert(m.fence_error == (f->result ? f->result : -ENOSPC), "%s: %d", when,
		  m.fence_error);
}

/* It is open: all that was promised is there, byte for byte, and it goes on. */
static void check_whole(const char *when, int64_t promised)
{
	struct log_marks m = rig_marks(r);
	cr_assert(!r->found.is_corrupt && !m.is_fenced, "%s: %s", when, r->found.message);
	cr_assert(m.high_watermark >= promised, "%s: %lld of %lld", when,
		  (long long)m.high_watermark, (long long)promised);
	/* What was taken on and not answered may be gone. */
	r->expected_bytes = (size_t)m.high_watermark * batch_bytes;
	read_all();
	unsigned failed = r->failed;
	producer.id++;
	producer.sequence = 0;
	append_some(3);
	cr_assert(r->answered == r->append_count && r->failed == failed && !rig_marks(r).is_fenced);
	cr_assert(rig_marks(r).high_watermark == m.high_watermark + 3);
	read_all();
}

/* A stop is part of the life: a call of it may be the one that fails. */
static struct left end_life(enum ending ending)
{
	struct left left = {promised_end(ending), rig_marks(r).recovery_point, false};
	if (ending != STOPPED) {
		rig_abandon(r);
		return left;
	}
	r->durable_mark = -1;
	rig_finish(r);
	left.is_clean = r->durable_mark >= 0 && sync_all(); /* else it was fenced */
	return left;
}

/* ---- while it is served ------------------------------------------------------------------- */

static void name_case(char *out, size_t size, const struct fault *f, uint64_t n, enum ending ending)
{
	snprintf(out, size, "kind %d, result %d, call %d, %s", f->kind, f->result, (int)n,
		 endings[ending]);
}

/* False: it does not come to so many calls of the kind. */
static bool fails_served(const struct fault *f, uint64_t n, enum ending ending, bool has_group)
{
	char when[128];
	name_case(when, sizeof when, f, n, ending);
	begin(n, has_group);
	cr_assert(open_synced((struct left){0}));
	set_fault(f, n);
	live();
	check_fence(f, when);
	struct left left = end_life(ending);
	bool has_met = has_failed();
	restart(ending, has_group);
	cr_assert(open_synced(left), "%s: %s", when, r->found.message);
	check_whole(when, left.promised);
	end();
	return has_met;
}

/* How often a call failed. */
static unsigned fail_everywhere(const struct fault *f, enum ending ending, bool has_group)
{
	uint64_t n = 1;
	while (fails_served(f, n, ending, has_group))
		n++;
	return (unsigned)n - 1;
}

TestSuite(log_faults, .timeout = 250);

Test(log_faults, whatever_fails_while_a_log_is_served_loses_nothing)
{
	for (unsigned i = 0; i < array_len(served_faults); i++) {
		unsigned failed = 0;
		for (unsigned ending = 0; ending < ENDINGS; ending++)
			for (int has_group = 0; has_group < 2; has_group++)
				failed += fail_everywhere(&served_faults[i], ending, has_group);
		cr_assert(failed > 0, "there is no call of kind %d", served_faults[i].kind);
	}
}

/* ---- while it is opened ------------------------------------------------------------------- */

/* What the last process has left, killed after so many batches, or stopped. */
static struct left leave(unsigned batches, enum ending ending)
{
	begin(batches, false);
	cr_assert(open_synced((struct left){0}));
	append_some(batches);
	struct left left = end_life(ending);
	restart(ending, false);
	return left;
}

/* It does not open, and says why; the next start finds all that was there. */
static bool fails_opened(const struct fault *f, uint64_t n, unsigned batches, enum ending ending)
{
	char when[128];
	name_case(when, sizeof when, f, n, ending);
	struct left left = leave(batches, ending);
	rig_take_marks(r);
	set_fault(f, n);
	bool is_open = rig_open_log(r, left.recovery_point, left.is_clean);
	bool has_met = has_failed();
	sim_fs_set_call_fault(w.fs, &(struct sim_call_fault){0});
	cr_assert(is_open || has_met, "%s: %s", when, r->found.message);
	if (!is_open) {
		const char *why = strerror(f->result ? -f->result : ENOSPC);
		cr_assert(strstr(r->found.message, why) && strstr(r->found.message, r->root),
			  "%s: %s", when, r->found.message);
		restart(n % 2 ? KILLED : POWER_LOST, false);
		cr_assert(open_synced(left), "%s: %s", when, r->found.message);
	}
	check_whole(when, left.promised);
	end();
	return has_met;
}

Test(log_faults, whatever_fails_while_a_log_is_opened_loses_nothing)
{
	static const unsigned batches[] = {1, 8, 12, BATCHES};
	unsigned failed = 0;
	for (unsigned i = 0; i < array_len(opened_faults); i++)
		for (unsigned b = 0; b < array_len(batches); b++)
			for (unsigned ending = 0; ending < ENDINGS; ending++)
				for (uint64_t n = 1; fails_opened(&opened_faults[i], n, batches[b],
								  ending); n++)
					failed++;
	cr_assert(failed > 500, "%u", failed);
}
