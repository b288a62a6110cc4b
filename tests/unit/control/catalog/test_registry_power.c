/* test_registry_power.c - the power goes at every call of a change, on the simulator's disk:
 * what was not synced is there or not, name by name. The next start has the topic as it was or
 * as it was to be, and as it is once that was answered. */
#include "tests/rounds.h"
#include "tests/sim/sim_disk.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

enum { OUTCOMES = 12, OUTCOMES_AT_HAND = 4 }; /* of each cut that are looked at */

struct rig_faults faults;

/* They are real ones here, and given back. */
void rig_forget_logs(void)
{
}

static struct rig r;
static struct world w;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_power, .init = setup, .fini = teardown, .timeout = 100);

static void plug_in(void)
{
	int error;
	sim_fs_set_faults(w.fs, &(struct sim_disk_faults){0});
	r.disk = disk_create("control", &error);
}

static void begin(uint64_t outcome)
{
	w = (struct world){.rng = {outcome}, .entropy = {~outcome}, .now_ns = NS_PER_S};
	sim_set_world(&w);
	w.fs = sim_fs_create(&(struct sim_disk_faults){0});
	sim_fs_make_directory(w.fs, "/tmp");
	sim_fs_make_directory(w.fs, r.directory);
	plug_in();
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "%s", r.message);
}

static void end(void)
{
	rig_crash(&r);
	sim_fs_destroy(w.fs);
}

/* Of the process, or with the power as well; started again. */
static void restart(bool is_power_lost)
{
	rig_crash(&r);
	sim_fs_crash(w.fs, is_power_lost);
	plug_in();
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "%s", r.message);
}

static uint32_t partitions(void)
{
	const struct registry_topic *t = rig_topic(&r, "t");
	return t ? t->topic.partitions : 0;
}

struct found {
	bool has_directory[16];
	unsigned beside; /* of topic u */
	unsigned others;
};

static void look(void *arg, const char *path)
{
	struct found *f = arg;
	unsigned number;
	char rest;
	const char *name = strrchr(path, '/') + 1;
	if (sscanf(name, "t-%u%c", &number, &rest) == 1)
		f->has_directory[number] = true;
	else if (sscanf(name, "u-%u%c", &number, &rest) == 1)
		f->beside++;
	else if (strncmp(name, "t-", 2) == 0 || strncmp(name, "u-", 2) == 0)
		f->others++;
}

/* Served are the partitions that are there, and nothing else of the topic's is. */
static void check_whole(const char *when)
{
	struct found f = {0};
	sim_fs_each(w.fs, r.directory, look, &f);
	cr_assert(faults.offline == 0, "%s: %s", when, r.said);
	cr_assert(f.others == 0, "%s: %u directories are still there", when, f.others);
	for (uint32_t i = 0; i < array_len(f.has_directory); i++)
		cr_assert(f.has_directory[i] == (i < partitions()), "%s: t-%u of %u: %s", when,
			  i, partitions(), r.said);
	const struct registry_topic *u = rig_topic(&r, "u");
	cr_assert(f.beside == (u ? u->topic.partitions : 0), "%s: %u of u: %s", when, f.beside,
		  r.said);
	cr_assert(f.beside == 0 || f.beside == 2);
}

struct change {
	void (*prepare)(void);
	void (*make)(void);
	uint32_t before, after;
	bool is_full; /* no room for a new file, at first */
};

static void nothing(void)
{
}

static void create(void)
{
	rig_create(&r, "t", 3);
}

static void delete(void)
{
	rig_delete(&r, "t");
}

static void grow(void)
{
	rig_alter(&r, "t", 5, NULL, 0);
}

static void refuse(void)
{
	faults.open_error = -ENOMEM;
	faults.open_good = 1;
}

static void create_and_refuse(void)
{
	create();
	refuse();
}

static void forget(void *owner, const struct registry_result *result)
{
}

static void ask_for_u(void)
{
	struct registry_request request = {.name = "u", .partitions = 2,
					   .replication_factor = -1, .done = forget};
	registry_create_topic(r.registry, &request);
}

/* The one asks for its first sync when the other waits for its second. */
static void create_beside(void)
{
	ask_for_u();
	for (unsigned turn = 0; turn < 3; turn++)
		rig_turn(&r);
	create();
}

static void delete_beside(void)
{
	ask_for_u();
	delete();
}

static const struct change changes[] = {
	{.prepare = nothing, .make = create, .after = 3},
	{.prepare = refuse, .make = create, .after = 3},
	{.prepare = create, .make = grow, .before = 3, .after = 5},
	{.prepare = create_and_refuse, .make = grow, .before = 3, .after = 5},
	{.prepare = create, .make = delete, .before = 3},
	{.prepare = create, .make = delete, .before = 3, .is_full = true},
	{.prepare = nothing, .make = create_beside, .after = 3},
	{.prepare = create, .make = delete_beside, .before = 3},
};

/* From the n-th call on no change comes to the disk; 0: all do. */
static void set_faults(const struct change *c, unsigned dead_at)
{
	struct sim_control_faults f = {.dead_at = dead_at, .is_full = c->is_full};
	f.fail_at = f.failures = c->is_full;
	sim_fs_set_control_faults(w.fs, &f);
}

/* False: it ended before. */
static bool dies_at(const struct change *c, unsigned call, uint64_t outcome)
{
	begin(outcome);
	c->prepare();
	set_faults(c, call);
	c->make();
	bool met_full_disk = c->is_full && call > 1;
	return sim_fs_control_failures(w.fs) > met_full_disk;
}

/* `check` for every call of every change and every outcome. */
static void die_everywhere(void (*check)(const struct change *c))
{
	unsigned outcomes = rounds(OUTCOMES, OUTCOMES_AT_HAND);
	for (unsigned i = 0; i < array_len(changes); i++) {
		bool has_died = true;
		for (unsigned call = 1; has_died; call++) {
			for (uint64_t outcome = 1; outcome <= outcomes; outcome++) {
				has_died = dies_at(&changes[i], call, outcome);
				check(&changes[i]);
				end();
			}
		}
	}
}

static void check_power_cut(const struct change *c)
{
	restart(true);
	cr_assert(partitions() == c->before || partitions() == c->after);
	check_whole("power lost in the middle");
}

Test(registry_power, a_change_that_is_cut_leaves_old_or_new)
{
	die_everywhere(check_power_cut);
}

/* What the start completes or finishes off has to last, too. */
static void check_power_cut_after_start(const struct change *c)
{
	restart(false);
	uint32_t found = partitions();
	cr_assert(found == c->before || found == c->after);
	restart(true);
	cr_assert(partitions() == found, "%u, then %u", found, partitions());
	check_whole("power lost after a start");
}

Test(registry_power, what_a_start_made_of_it_lasts)
{
	die_everywhere(check_power_cut_after_start);
}

/* The process dies in the change, and the power goes at the n-th call of the start that finds what
 * it has left. False: the change ended before. */
static bool dies_at_both(const struct change *c, unsigned call, unsigned start_call,
			 bool *ret_start_died)
{
	bool has_died = dies_at(c, call, start_call);
	rig_crash(&r);
	sim_fs_crash(w.fs, false);
	plug_in();
	uint64_t failures = sim_fs_control_failures(w.fs);
	sim_fs_set_control_faults(w.fs, &(struct sim_control_faults){.dead_at = start_call});
	rig_open(&r);
	*ret_start_died = sim_fs_control_failures(w.fs) > failures;
	check_power_cut(c);
	end();
	return has_died;
}

Test(registry_power, a_start_that_is_cut_leaves_old_or_new)
{
	for (unsigned i = 0; i < array_len(changes); i++) {
		bool has_died = true;
		for (unsigned call = 1; has_died; call++) {
			bool start_died = true;
			for (unsigned at = 1; start_died; at++)
				has_died = dies_at_both(&changes[i], call, at, &start_died);
		}
	}
}

static void check_kept(uint32_t partition, const char *name)
{
	char path[128];
	struct sim_kept_file kept;
	snprintf(path, sizeof path, "%s/t-%u/%s", r.directory, partition, name);
	cr_assert(sim_fs_kept(w.fs, path, &kept), "%s", path);
}

/* A record may come, and be acknowledged, as soon as its partition is served. */
static void check_names_of_served(const struct change *c)
{
	restart(false);
	for (uint32_t i = 0; i < partitions(); i++) {
		check_kept(i, "partition.metadata");
		check_kept(i, "00000000000000000000.log");
	}
}

Test(registry_power, what_a_start_serves_has_names_that_last)
{
	die_everywhere(check_names_of_served);
}

Test(registry_power, an_answered_change_lasts)
{
	unsigned outcomes = rounds(OUTCOMES, OUTCOMES_AT_HAND);
	for (unsigned i = 0; i < array_len(changes); i++) {
		for (uint64_t outcome = 1; outcome <= outcomes; outcome++) {
			begin(outcome);
			changes[i].prepare();
			set_faults(&changes[i], 0);
			changes[i].make();
			uint32_t due = r.result.error ? changes[i].before : changes[i].after;
			restart(true);
			cr_assert(partitions() == due, "%u: %u", i, partitions());
			check_whole("power lost behind the answer");
			cr_assert(!strstr(r.said, "was under way"), "%u: %s", i, r.said);
			end();
		}
	}
}

Test(registry_power, what_a_clean_stop_says_lasts_until_the_next_start_and_no_longer)
{
	char path[128];
	size_t size;
	unsigned outcomes = rounds(OUTCOMES, OUTCOMES_AT_HAND);
	for (uint64_t outcome = 1; outcome <= outcomes; outcome++) {
		begin(outcome);
		snprintf(path, sizeof path, "%s/.kafka_cleanshutdown", r.directory);
		create();
		rig_stop(&r);
		sim_fs_crash(w.fs, true);
		cr_assert(sim_fs_read(w.fs, path, &size));
		plug_in();
		cr_assert(rig_open(&r), "%s", r.message);
		cr_assert(partitions() == 3);
		check_whole("power lost behind a stop");
		rig_crash(&r);
		sim_fs_crash(w.fs, true);
		cr_assert(!sim_fs_read(w.fs, path, &size));
		plug_in();
		cr_assert(rig_open(&r), "%s", r.message);
		end();
	}
}
