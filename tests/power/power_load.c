/* power_load.c - in the guest of a power-cut run: load on logs, and what it was promised; or
 * logs after a cut, and what is left of a promise. tests/power/power.py calls it.
 *
 *     power_load load DIRECTORY FD SEED APPENDS kill|stop
 *         so many appends, then it is killed, or stops as it should. Lines on FD: "rule ..."
 *         once; what is durable now, "p SLOT END SUM"; "half" when half of the appends are
 *         answered; "done SYNCS FLUSHES COMMITS" when all are
 *     power_load check DIRECTORY FD [SLOT:END ...]
 *         recovers and reads; lines on FD: "l SLOT END END-PROMISED SUM-THERE"
 *
 * A promise is a digest (power_digest.h) of all that was acknowledged as durable, or found at
 * the start. The line is written by the thread that has just seen the acknowledgement: whoever
 * reads FD and serves the disk in one loop knows which writes of the disk came after it.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"
#include "tests/power/power_digest.h"
#include "tests/power/power_logs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	APPENDS_PER_LOG_MAX = 8,
	RECORDS_MAX = 20,
	POOL_CHUNKS = 16 << 10, /* more than all appends can hold */
	IDLE_TURNS = 64,        /* before it sleeps */
	SLEEP_MAX_NS = 2 * 1000 * 1000,
	PAUSE_MAX_NS = 3 * 1000 * 1000,
	REAPED_PER_TURN = 256,
	EXIT_USAGE = 64,
};

/* What a log is given to write. */
struct habit {
	uint32_t bytes_least;
	uint32_t bytes_most;
	uint32_t in_flight;
	uint32_t share; /* of all appends */
};

static const struct habit habits[] = {
	{100, 700, 1, 20},      /* singles: one block again and again */
	{200, 4000, 8, 20},     /* small ones, several to a write */
	{4000, 30000, 2, 6},    /* zeroed ahead, many blocks to a write */
	{70000, 160000, 2, 1},  /* large: never zeroed ahead */
	{100, 700, 4, 40},      /* most of all appends */
	{300, 20000, 4, 6},     /* now small, now large */
};

struct load_log {
	struct append_msg appends[APPENDS_PER_LOG_MAX];
	struct list free;
	struct digest acked;
	int64_t promised;
	uint64_t sent;
	uint64_t due_ns;
};

struct load {
	struct power_logs logs;
	struct load_log log[POWER_LOGS];
	struct chunk_pool pool;
	uint8_t *batch;
	uint64_t random;
	int fd;
	bool is_killed; /* when its appends are answered */
	uint64_t appends;
	uint64_t sent;
	uint64_t answered;
};

/* ---- batches ---------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t draw(struct load *l)
{
	uint64_t z = l->random += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t draw_between(struct load *l, uint32_t least, uint32_t most)
{
	return least + (uint32_t)(draw(l) % (most - least + 1));
}

static const struct habit *habit_of(unsigned slot)
{
	return &habits[slot % array_len(habits)];
}

/* A batch like no other; its records are noise. */
static void make_batch(struct load *l, unsigned slot, struct append_msg *a)
{
	const struct habit *h = habit_of(slot);
	uint32_t bytes = draw_between(l, h->bytes_least, h->bytes_most);
	for (uint32_t at = 0; at < bytes; at += sizeof(uint64_t)) {
		uint64_t noise = draw(l);
		memcpy(l->batch + at, &noise, sizeof noise);
	}
	struct record_batch_header *header = (struct record_batch_header *)l->batch;
	a->records = draw_between(l, 1, RECORDS_MAX);
	record_batch_build(header, a->records, clock_wall_ms(), clock_wall_ms());
	record_batch_set_size(header, bytes);
	struct bytes rest = {l->batch + RECORD_BATCH_HEADER_BYTES,
			     bytes - RECORD_BATCH_HEADER_BYTES};
	record_batch_set_crc(header, record_batch_crc(header, rest));
	require(chain_append(&a->bytes, &l->pool, l->batch, bytes));
}

static void send_batch(struct load *l, unsigned slot)
{
	struct append_msg *a =
		list_entry(list_take_first(&l->log[slot].free), struct append_msg, node);
	*a = (struct append_msg){.msg = {.kind = HANDOFF_APPEND},
				 .level = ACK_DURABLE,
				 .partition = {slot, POWER_GENERATION}};
	list_init(&a->node);
	make_batch(l, slot, a);
	l->sent++;
	l->log[slot].sent++;
	handoff_send(&l->logs.appends, &a->msg);
}

static bool has_its_share(const struct load *l, unsigned slot)
{
	uint64_t shares = 0;
	for (unsigned i = 0; i < array_len(habits); i++)
		shares += habits[i].share * POWER_LOGS / array_len(habits);
	return l->log[slot].sent * shares > l->sent * habit_of(slot)->share;
}

static bool send_due(struct load *l, uint64_t now_ns)
{
	bool worked = false;
	for (unsigned slot = 0; slot < POWER_LOGS; slot++) {
		struct load_log *log = &l->log[slot];
		if (log->due_ns > now_ns || list_is_empty(&log->free) || has_its_share(l, slot))
			continue;
		/* Some at once; then a pause, short enough for the next to meet their flush. */
		do
			send_batch(l, slot);
		while (!list_is_empty(&log->free) && draw(l) % 2 > 0);
		log->due_ns = now_ns + draw_between(l, 0, PAUSE_MAX_NS);
		worked = true;
	}
	return worked;
}

/* ---- promises --------------------------------------------------------------------------- */

static void say(const struct load *l, const char *text, int bytes)
{
	ssize_t written = write(l->fd, text, (size_t)bytes);
	require(written == bytes);
}

/* One line for each log that has more to promise. */
static void promise(struct load *l)
{
	char text[POWER_LOGS * 48];
	int bytes = 0;
	for (unsigned slot = 0; slot < POWER_LOGS; slot++) {
		struct load_log *log = &l->log[slot];
		if (log->promised == log->acked.end)
			continue;
		log->promised = log->acked.end;
		bytes += snprintf(text + bytes, sizeof text - (size_t)bytes,
				  "p %u %lld %08x\n", slot, (long long)log->acked.end,
				  log->acked.sum);
	}
	if (bytes > 0)
		say(l, text, bytes);
}

static void take_answer(struct load *l, struct append_msg *a)
{
	struct load_log *log = &l->log[a->partition.slot];
	struct record_batch_header h;
	require(a->error == 0);
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	require(a->base_offset == log->acked.end);
	digest_add(&log->acked, &h);
	chain_give(&a->bytes);
	list_append(&log->free, &a->node);
	l->answered++;
	if (l->answered == l->appends / 2)
		say(l, "half\n", 5);
}

static bool reap(struct load *l)
{
	struct handoff_msg *done[REAPED_PER_TURN];
	unsigned n = handoff_reap(&l->logs.appends, done, REAPED_PER_TURN);
	for (unsigned i = 0; i < n; i++)
		take_answer(l, container_of(done[i], struct append_msg, msg));
	if (n > 0)
		promise(l);
	return n > 0;
}

/* ---- load ------------------------------------------------------------------------------- */

static void sleep_a_while(struct load *l)
{
	struct writer *writer = l->logs.writer;
	struct wake *wake = &l->logs.wakes[1];
	int fd = disk_wait_fd(l->logs.disk);
	wake_prepare(wake);
	if (writer_may_sleep(writer))
		wake_wait(wake, writer_idle_ns(writer, SLEEP_MAX_NS), &fd, 1);
	else
		wake_cancel(wake);
}

static void say_rule(const struct load *l)
{
	char line[sizeof l->logs.rule + 8];
	say(l, line, snprintf(line, sizeof line, "rule %s\n", l->logs.rule));
}

/* By what the writes became durable. */
static void say_done(struct load *l)
{
	struct stats s;
	char line[96];
	stats_read(&l->logs.page, &s);
	say(l, line, snprintf(line, sizeof line, "done %llu %llu %llu\n",
			      (unsigned long long)s.value[STAT_log_syncs],
			      (unsigned long long)s.value[STAT_log_flushes],
			      (unsigned long long)s.value[STAT_log_commits]));
}

static void run(struct load *l)
{
	unsigned idle_turns = 0;
	while (l->answered < l->appends || l->answered < l->sent) {
		bool worked = l->answered < l->appends && send_due(l, clock_now_ns());
		worked |= writer_turn(l->logs.writer, false);
		worked |= reap(l);
		idle_turns = worked ? 0 : idle_turns + 1;
		if (idle_turns > IDLE_TURNS)
			sleep_a_while(l);
		if (l->is_killed && l->answered >= l->appends)
			break;
	}
	say_done(l);
	if (l->is_killed)
		raise(SIGKILL);
}

/* What recovery found is a promise from now on: control lets nobody see it before. */
static int promise_found(struct load *l)
{
	char path[FILE_PATH_BYTES_MAX];
	for (unsigned slot = 0; slot < POWER_LOGS; slot++) {
		power_log_path(&l->logs, slot, path);
		struct digest none;
		int status = digest_read(l->logs.disk, path, 0, &none, &l->log[slot].acked);
		if (status < 0)
			return status;
	}
	promise(l);
	return 0;
}

static void lists_make(struct load *l)
{
	l->batch = map_take(1 << 20);
	require(l->batch && chunk_pool_init(&l->pool, CHUNK_BYTES, POOL_CHUNKS) == 0);
	for (unsigned slot = 0; slot < POWER_LOGS; slot++) {
		struct load_log *log = &l->log[slot];
		list_init(&log->free);
		for (unsigned i = 0; i < habit_of(slot)->in_flight; i++) {
			list_init(&log->appends[i].node);
			list_append(&log->free, &log->appends[i].node);
		}
	}
}

static int load(struct load *l, const char *directory)
{
	lists_make(l);
	int status = power_logs_open(&l->logs, directory);
	if (status == 0)
		status = promise_found(l);
	if (status < 0)
		return status;
	power_logs_serve(&l->logs);
	say_rule(l);
	run(l);
	return power_logs_stop(&l->logs);
}

/* ---- check ------------------------------------------------------------------------------ */

static int check_log(struct load *l, unsigned slot)
{
	struct digest all, there;
	struct log_marks marks;
	char path[FILE_PATH_BYTES_MAX], line[128];
	power_log_path(&l->logs, slot, path);
	int status = digest_read(l->logs.disk, path, l->log[slot].promised, &there, &all);
	if (status < 0)
		return status;
	log_get_marks(l->logs.logs[slot], &marks);
	if (marks.log_end_offset != all.end) {
		fprintf(stderr, "power-%u: recovery says %lld, its batches end at %lld\n", slot,
			(long long)marks.log_end_offset, (long long)all.end);
		return -EBADMSG;
	}
	say(l, line, snprintf(line, sizeof line, "l %u %lld %lld %08x\n", slot,
			      (long long)all.end, (long long)there.end, there.sum));
	return 0;
}

static int check(struct load *l, const char *directory)
{
	int status = power_logs_open(&l->logs, directory);
	for (unsigned slot = 0; slot < POWER_LOGS && status == 0; slot++)
		status = check_log(l, slot);
	return status;
}

/* "SLOT:END" */
static bool read_promise(struct load *l, const char *text)
{
	char *at;
	unsigned long slot = strtoul(text, &at, 10);
	if (*at != ':' || slot >= POWER_LOGS)
		return false;
	l->log[slot].promised = strtoll(at + 1, &at, 10);
	return !*at;
}

static int run_check(struct load *l, int argc, char **argv)
{
	for (int i = 4; i < argc; i++)
		if (!read_promise(l, argv[i]))
			return EXIT_USAGE;
	return check(l, argv[2]);
}

static int run_load(struct load *l, int argc, char **argv)
{
	if (argc != 7)
		return EXIT_USAGE;
	l->random = strtoull(argv[4], NULL, 10);
	l->appends = strtoull(argv[5], NULL, 10);
	l->is_killed = strcmp(argv[6], "kill") == 0;
	return load(l, argv[2]);
}

int main(int argc, char **argv)
{
	static struct load l;
	bool is_check = argc > 3 && strcmp(argv[1], "check") == 0;
	if (argc < 4 || (!is_check && strcmp(argv[1], "load") != 0))
		return EXIT_USAGE;
	l.fd = (int)strtol(argv[3], NULL, 10);
	int status = is_check ? run_check(&l, argc, argv) : run_load(&l, argc, argv);
	if (status < 0)
		fprintf(stderr, "power_load: %s\n", strerror(-status));
	return status < 0 ? 1 : status;
}
