/* test_registry_faults.c - one call of a change of topics, or of a start, fails, whichever it is:
 * of each kind the n-th, for every n, in every way that such a call fails. On the simulator's disk,
 * where afterwards the process ends, or the power goes.
 *
 * Another topic is as it was all the while; the change is made or is not, can be asked for again,
 * and lasts when it was answered. A start has all topics, or says what is wrong, and the next one
 * has them. */
#include "control/catalog/uuid.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

struct rig_faults faults;

/* They are real ones here, and given back. */
void rig_forget_logs(void)
{
}

/* Result 0: a write that is cut short. */
static const struct sim_call_fault call_faults[] = {
	{.kind = DISK_OPEN, .result = -EIO},
	{.kind = DISK_OPEN, .result = -ENOSPC},
	{.kind = DISK_OPEN, .result = -EMFILE},
	{.kind = DISK_CLOSE, .result = -EIO},
	{.kind = DISK_READ, .result = -EIO},
	{.kind = DISK_WRITE, .result = -EIO},
	{.kind = DISK_WRITE, .result = -ENOSPC},
	{.kind = DISK_WRITE, .result = 0},
	{.kind = DISK_SYNC, .result = -EIO},
	{.kind = DISK_SYNC, .result = -ENOSPC},
	{.kind = DISK_SYNC_ALL, .result = -EIO},
	{.kind = DISK_TRUNCATE, .result = -EIO},
	{.kind = DISK_SIZE, .result = -EIO},
	{.kind = DISK_RENAME, .result = -EIO},
	{.kind = DISK_RENAME, .result = -ENOSPC},
	{.kind = DISK_UNLINK, .result = -EIO},
	{.kind = DISK_MKDIR, .result = -EIO},
	{.kind = DISK_MKDIR, .result = -ENOSPC},
	{.kind = DISK_LIST, .result = -EIO},
	{.kind = DISK_LIST, .result = -EMFILE},
	{.kind = DISK_STAT, .result = -ENOMEM}, /* -EIO: the place is lost, see disk_files.h */
};

static struct rig r;
static struct world w;
static char when[128];
static uint8_t kept_id[UUID_BYTES];

TestSuite(registry_faults, .timeout = 200);

static void set_fault(const struct sim_call_fault *fault, uint64_t n)
{
	struct sim_call_fault f = *fault;
	f.at = n;
	snprintf(when, sizeof when, "kind %d, result %d, call %d", f.kind, (int)f.result, (int)n);
	sim_fs_set_call_fault(w.fs, &f);
}

/* Did it come to that call? From here on none fails. */
static bool end_fault(void)
{
	bool has_failed = sim_fs_call_failed(w.fs);
	sim_fs_set_call_fault(w.fs, &(struct sim_call_fault){0});
	return has_failed;
}

static bool start(void)
{
	int error;
	r.disk = disk_create("control", &error);
	r.said[0] = r.message[0] = '\0';
	return rig_open(&r);
}

static uint32_t partitions(const char *topic)
{
	const struct registry_topic *t = rig_topic(&r, topic);
	return t ? t->topic.partitions : 0;
}

static void begin(uint64_t outcome)
{
	rig_init(&r);
	w = (struct world){.rng = {outcome}, .entropy = {~outcome}, .now_ns = NS_PER_S};
	sim_set_world(&w);
	w.fs = sim_fs_create(&(struct sim_disk_faults){0});
	sim_fs_make_directory(w.fs, "/tmp");
	sim_fs_make_directory(w.fs, r.directory);
	cr_assert(start(), "%s", r.message);
	rig_create(&r, "kept", 2);
	memcpy(kept_id, rig_topic(&r, "kept")->topic.id, UUID_BYTES);
}

static void end(void)
{
	rig_crash(&r);
	sim_fs_destroy(w.fs);
	rig_fini(&r);
}

static void crash(bool is_power_lost)
{
	rig_crash(&r);
	sim_fs_crash(w.fs, is_power_lost);
}

static void check_kept(void)
{
	const struct registry_topic *kept = rig_topic(&r, "kept");
	cr_assert(kept && memcmp(kept->topic.id, kept_id, UUID_BYTES) == 0, "%s: %s", when, r.said);
	cr_assert(partitions("kept") == 2 && faults.offline == 0, "%s: %s", when, r.said);
}

/* ---- changes ------------------------------------------------------------------------------ */

static void create(void)
{
	rig_create(&r, "t", 3);
}

static void grow(void)
{
	rig_alter(&r, "t", 5, NULL, 0);
}

static void delete(void)
{
	rig_delete(&r, "t");
}

static void nothing(void)
{
}

static const struct change {
	void (*prepare)(void);
	void (*make)(void);
	uint32_t before, after;
} changes[] = {
	{nothing, create, 0, 3},
	{create, grow, 3, 5},
	{create, delete, 3, 0},
};

/* What was answered is so; what was refused is as it was, or as it was to be. */
static uint32_t check_change(const struct change *c, bool is_done)
{
	uint32_t found = partitions("t");
	cr_assert(found == c->after || (!is_done && found == c->before), "%s: %u of %u: %s", when,
		  found, c->after, r.said);
	return found;
}

static void make_again(const struct change *c)
{
	c->make();
	bool is_gone = c->after == 0 && r.result.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	cr_assert(r.result.error == 0 || is_gone, "%s: %s", when, r.result.message);
}

/* False: the change does not come to so many calls of the kind. */
static bool fails_in_change(const struct change *c, const struct sim_call_fault *f, uint64_t n,
			    bool is_asked_again)
{
	begin(n);
	c->prepare();
	set_fault(f, n);
	c->make();
	bool has_failed = end_fault(), is_done = r.result.error == 0;
	cr_assert(is_done || (has_failed && r.result.message[0]), "%s", when);
	check_kept();
	check_change(c, is_done);
	if (!is_done && is_asked_again) {
		make_again(c);
		is_done = true;
	}
	crash(n % 2);
	cr_assert(start(), "%s: %s", when, r.message);
	check_kept();
	check_change(c, is_done);
	end();
	return has_failed;
}

Test(registry_faults, a_change_that_meets_a_failing_call_is_made_or_can_be_asked_for_again)
{
	unsigned failed = 0;
	for (unsigned i = 0; i < array_len(changes); i++)
		for (unsigned f = 0; f < array_len(call_faults); f++)
			for (int again = 0; again < 2; again++)
				for (uint64_t n = 1; fails_in_change(&changes[i], &call_faults[f],
								     n, again); n++)
					failed++;
	cr_assert(failed > 300, "%u", failed);
}

/* ---- starts ------------------------------------------------------------------------------- */

/* One that goes on may have partitions offline, or will never be ready, and says so. */
static void check_start(bool is_open)
{
	if (!is_open) {
		cr_assert(r.message[0], "%s", when);
		return;
	}
	bool is_whole = partitions("kept") == 2 && partitions("t") == 3 && faults.offline == 0;
	cr_assert(is_whole || r.said[0] || registry_fault(r.registry)[0], "%s", when);
}

static bool fails_in_start(const struct sim_call_fault *f, uint64_t n, bool is_stopped)
{
	begin(n);
	create();
	if (is_stopped) {
		rig_stop(&r);
		r.registry = NULL;
	}
	crash(false);
	set_fault(f, n);
	bool is_open = start();
	bool has_failed = end_fault();
	cr_assert(is_open || has_failed, "%s: %s", when, r.message);
	check_start(is_open);
	crash(n % 2);
	cr_assert(start(), "%s: %s", when, r.message);
	check_kept();
	cr_assert(partitions("t") == 3, "%s: %u: %s", when, partitions("t"), r.said);
	end();
	return has_failed;
}

Test(registry_faults, a_start_that_meets_a_failing_call_leaves_all_topics_to_the_next)
{
	unsigned failed = 0;
	for (unsigned f = 0; f < array_len(call_faults); f++)
		for (int is_stopped = 0; is_stopped < 2; is_stopped++)
			for (uint64_t n = 1; fails_in_start(&call_faults[f], n, is_stopped); n++)
				failed++;
	cr_assert(failed > 300, "%u", failed);
}
