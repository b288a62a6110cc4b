/* test_writer_pairs.c - two pollers and two writers: each is answered its own. */
#include "dataplane/writer.h"
#include "dataplane/base/map.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/unbounded_log.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const struct writer_settings writer_settings = {
	.buffers = 32, .buffer_bytes = 16384, .small_write_bytes = 16384,
	.producer_ids_max = 64, .producer_expiration_ms = 86400000, .producer_check_ms = 600000};
static const struct log_options log_options = {
	UNBOUNDED_LOG, .segment_bytes = 1 << 20, .message_bytes_max = 100000};

enum { WRITERS = 2, POLLERS = 2 };

/* As control/gateway_data.c joins them; partition `slot` is served by writer slot % WRITERS. */
struct pairs {
	char root[64];
	struct log_dir dir;
	char directories[WRITERS][128];
	struct disk *control;
	struct disk *disks[WRITERS];
	struct writer *writers[WRITERS];
	struct handoff data[POLLERS][WRITERS];
	struct handoff admin[WRITERS];
	struct wake wake;
	struct stats_page stats[WRITERS];
	struct marks_page *marks;
	struct news_page *news;
	struct chunk_pool pool;
	struct log *logs[WRITERS];
};

static void pairs_turn(struct pairs *p, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		for (unsigned w = 0; w < WRITERS; w++)
			writer_turn(p->writers[w], false);
}

static int pairs_admin(struct pairs *p, enum admin_op op, unsigned writer)
{
	struct handoff_msg *m = NULL;
	struct admin_msg a = {.msg.kind = HANDOFF_ADMIN, .op = op, .log = p->logs[writer],
			  .partition = {writer, 1}};
	handoff_send(&p->admin[writer], &a.msg);
	while (handoff_reap(&p->admin[writer], &m, 1) == 0)
		pairs_turn(p, 1);
	cr_assert(m == &a.msg);
	return a.error;
}

static void pairs_start_writer(struct pairs *p, unsigned w)
{
	int error;
	char *directory = p->directories[w];
	struct log_recovery found;
	struct writer_options o = {
		.index = (uint8_t)w, .settings = writer_settings,
		.disks = {disk_create("writer", &error)}, .descriptors = 64, .dirs = &p->dir,
		.dir_count = 1,
		.wake = &p->wake,
		.handoffs = {&p->data[0][w], &p->data[1][w], &p->admin[w]}, .handoff_count = 3,
		.stats_page = &p->stats[w], .marks = p->marks,
		.news = p->news};
	for (unsigned poller = 0; poller < POLLERS; poller++)
		cr_assert(handoff_init(&p->data[poller][w], &p->wake, &p->wake) == 0);
	cr_assert(handoff_init(&p->admin[w], &p->wake, &p->wake) == 0);
	p->disks[w] = o.disks[0];
	p->writers[w] = writer_create(&o);
	snprintf(directory, sizeof p->directories[w], "%s/topic-%u", p->root, w);
	struct log_open_options opening = {.directory = directory, .log = log_options};
	p->logs[w] = log_open(p->control, &opening, &found, &error);
	cr_assert(p->writers[w] && p->logs[w]);
}

static struct pairs *pairs_open(void)
{
	int error;
	struct pairs *p = map_take(sizeof *p);
	cr_assert(p != NULL);
	rig_directory_make(p->root, sizeof p->root);
	p->dir.path = p->root;
	cr_assert(wake_init(&p->wake) == 0);
	p->control = disk_create("control", &error);
	p->marks = calloc(PARTITIONS_MAX, sizeof *p->marks);
	p->news = map_take(PARTITIONS_MAX * sizeof *p->news);
	cr_assert(chunk_pool_init(&p->pool, CHUNK_BYTES, 64) == 0);
	for (unsigned w = 0; w < WRITERS; w++)
		pairs_start_writer(p, w);
	for (unsigned w = 0; w < WRITERS; w++)
		cr_assert(pairs_admin(p, ADMIN_OPEN, w) == 0);
	return p;
}

static void pairs_close(struct pairs *p)
{
	for (unsigned w = 0; w < WRITERS; w++)
		cr_assert(pairs_admin(p, ADMIN_CLOSE, w) == 0);
	for (unsigned w = 0; w < WRITERS; w++) {
		log_close(p->logs[w]);
		writer_destroy(p->writers[w]);
		disk_destroy(p->disks[w]);
		handoff_fini(&p->admin[w]);
		for (unsigned poller = 0; poller < POLLERS; poller++)
			handoff_fini(&p->data[poller][w]);
	}
	cr_assert(p->pool.in_use == 0);
	disk_destroy(p->control);
	chunk_pool_fini(&p->pool);
	wake_fini(&p->wake);
	free(p->marks);
	map_give(p->news, PARTITIONS_MAX * sizeof *p->news);
	rig_directory_remove(p->root);
	map_give(p, sizeof *p);
}

static struct append_msg batch_from(struct pairs *p, unsigned poller, unsigned slot)
{
	struct append_msg a = {.msg = {.kind = HANDOFF_APPEND, .sender = (uint8_t)poller},
			   .level = ACK_DURABLE, .origin = APPEND_BUILT, .partition = {slot, 1},
			   .records = 1};
	struct record_batch_header h;
	record_batch_build(&h, 1, 1000, 1000);
	cr_assert(chain_append(&a.bytes, &p->pool, &h, sizeof h));
	cr_assert(chain_append(&a.bytes, &p->pool, "abc", 3));
	return a;
}

/* The next message that comes back to a poller from a writer. */
static struct handoff_msg *pairs_reap(struct pairs *p, unsigned poller, unsigned writer)
{
	struct handoff_msg *m = NULL;
	for (unsigned turns = 0; turns < 1000000 && !m; turns++) {
		pairs_turn(p, 1);
		handoff_reap(&p->data[poller][writer], &m, 1);
	}
	return m;
}

Test(writer_pairs, what_a_poller_asked_comes_back_to_it_whichever_writer_it_asked, .timeout = 60)
{
	struct pairs *p = pairs_open();
	struct append_msg appends[POLLERS][WRITERS];
	struct read_msg reads[POLLERS][WRITERS];
	struct read_list lists[POLLERS][WRITERS];
	struct watch_msg watches[POLLERS][WRITERS];
	for (unsigned i = 0; i < POLLERS * WRITERS; i++) {
		unsigned poller = i / WRITERS, w = i % WRITERS;
		struct handoff *h = &p->data[poller][w];
		struct handoff_msg head = {.kind = HANDOFF_WATCH, .sender = (uint8_t)poller};
		watches[poller][w] = (struct watch_msg){
			.msg = head, .partition = {w, 1}, .offset = 1};
		handoff_send(h, &watches[poller][w].msg);
		/* What is not there is answered at once. */
		reads[poller][w] = (struct read_msg){.partition = {w, 9}};
		read_list_init(&lists[poller][w], (uint8_t)poller);
		read_list_add(&lists[poller][w], &reads[poller][w]);
		handoff_send(h, &lists[poller][w].msg);
		cr_assert(pairs_reap(p, poller, w) == &lists[poller][w].msg);
		appends[poller][w] = batch_from(p, poller, w);
		handoff_send(h, &appends[poller][w].msg);
		cr_assert(pairs_reap(p, poller, w) == &appends[poller][w].msg);
		cr_assert(appends[poller][w].error == 0);
		cr_assert(appends[poller][w].base_offset == poller);
		chain_give(&appends[poller][w].bytes);
	}
	/* The second record of each partition is what both pollers waited for. */
	for (unsigned i = 0; i < POLLERS * WRITERS; i++)
		cr_assert(pairs_reap(p, i / WRITERS, i % WRITERS) ==
			  &watches[i / WRITERS][i % WRITERS].msg);
	pairs_close(p);
}

Test(writer_pairs, marks_are_of_the_slot_and_counters_of_the_writer, .timeout = 60)
{
	struct pairs *p = pairs_open();
	struct log_marks marks[WRITERS];
	struct stats stats[WRITERS];
	struct append_msg a = batch_from(p, 0, 1);
	handoff_send(&p->data[0][1], &a.msg);
	cr_assert(pairs_reap(p, 0, 1) == &a.msg);
	chain_give(&a.bytes);
	while (!writer_may_sleep(p->writers[1]) || !writer_is_idle(p->writers[1]))
		pairs_turn(p, 1);
	for (unsigned w = 0; w < WRITERS; w++) {
		marks_read(&p->marks[w], &marks[w]);
		stats_read(&p->stats[w], &stats[w]);
	}
	cr_assert(marks[0].log_end_offset == 0 && marks[1].log_end_offset == 1);
	cr_assert(stats[0].value[STAT_log_writes] == 0);
	cr_assert(stats[1].value[STAT_log_writes] > 0);
	pairs_close(p);
}
