/* test_gateway_data.c - two pollers and two writers joined: every ring, wake, page and disk goes
 * where it belongs. Behind the seams: pollers, writers and cores that only keep their options. */
#include "control/gateway_data.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "control/gateway.h"
#include "control/gateway_dirs.h"
#include "control/gateway_files.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_session.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { PAIRS = 2, DIRS = 2 };

struct writer {
	struct writer_options options;
};

struct poller {
	struct poller_options options;
};

struct disk {
	char name[32];
};

static struct core_options started[2 * PAIRS];
static unsigned flush_files_closed;

struct writer *writer_create(const struct writer_options *options)
{
	struct writer *w = malloc(sizeof *w);
	w->options = *options;
	return w;
}

void writer_destroy(struct writer *w)
{
	free(w);
}

struct poller *poller_create(const struct poller_options *options, int *error)
{
	struct poller *p = malloc(sizeof *p);
	p->options = *options;
	return p;
}

void poller_destroy(struct poller *p)
{
	free(p);
}

struct disk *disk_create(const char *name, int *error)
{
	struct disk *d = malloc(sizeof *d);
	snprintf(d->name, sizeof d->name, "%s", name);
	*error = 0;
	return d;
}

void disk_destroy(struct disk *d)
{
	free(d);
}

static unsigned disks_apart;

void disk_keep_apart(struct disk *d, unsigned disks)
{
	disks_apart += disks == DIRS;
}

int core_start(struct core *c, const struct core_options *options)
{
	started[options->worker] = *options;
	return 0;
}

void core_stop(struct core *c)
{
}

int gateway_files_share(struct gateway *gateway)
{
	return 0;
}

int log_dir_open(struct log_dir *d, struct disk *disk, const char *path)
{
	d->path = path;
	d->disk = disk;
	return 0;
}

void log_dir_close(struct log_dir *d)
{
}

int registry_lock(struct log_dir *d, const char *log_dir, char *message, size_t message_size)
{
	return 0;
}

void registry_unlock(struct log_dir *d)
{
}

bool registry_lock_is_at(const struct log_dir *d, const char *log_dir)
{
	return false;
}

void log_dir_lose(struct log_dir *d, const char *format, ...)
{
}

const char *registry_advice(int error)
{
	return "";
}

void flush_rule_find(const char *directory, struct flush_rule *ret)
{
	ret->has_journal = true;
}

void flush_file_open(struct log_dir *d, unsigned writer, char *ret_line, size_t line_size)
{
	d->flush[writer] = (struct flush_file){.fd = 100 + (int)writer, .may_flush = true};
	ret_line[0] = '\0';
}

void flush_file_close(struct log_dir *d, unsigned writer)
{
	flush_files_closed++;
}

struct address address_of_ip4(uint32_t host_order)
{
	return (struct address){0};
}

static struct gateway *g;

/* A poller, a writer, another of each: cores 0 to 3. */
static void start(void)
{
	g = map_take(sizeof *g);
	settings_init(&g->settings);
	snprintf(g->settings.log_dirs, sizeof g->settings.log_dirs, "/one,/two");
	cr_assert(gateway_dirs_lock(g) == 0);
	g->plan.count = 2 * PAIRS;
	g->plan.poller_count = g->plan.writer_count = PAIRS;
	for (int i = 0; i < 2 * PAIRS; i++) {
		g->plan.core[i].poller = i % 2 == 0 ? i / 2 : -1;
		g->plan.core[i].writer = i % 2 == 1 ? i / 2 : -1;
	}
	cr_assert(rings_init(g) == 0 && writers_init(g) == 0 && pollers_init(g) == 0);
	cr_assert(cores_init(g) == 0);
}

static void stop(void)
{
	cores_fini(g);
	require(g->is_sound);
	pollers_fini(g);
	writers_fini(g);
	require(flush_files_closed == PAIRS * DIRS);
	rings_fini(g);
	map_give(g, sizeof *g);
}

TestSuite(gateway_data, .init = start, .fini = stop);

Test(gateway_data, every_pair_of_poller_and_writer_has_its_ring)
{
	for (unsigned p = 0; p < PAIRS; p++) {
		const struct poller_options *po = &g->pollers[p]->options;
		cr_assert(po->index == p && po->writer_count == PAIRS);
		cr_assert(po->control == &g->calls[p] && po->coordinator == &g->asks[p]);
		cr_assert(po->inbox.count == GATEWAY_SENDERS);
		for (unsigned s = 0; s < GATEWAY_SENDERS; s++) {
			cr_assert(po->inbox.senders[s] == &g->outboxes[s][p].handoff);
			cr_assert(g->outboxes[s][p].sender == s);
		}
		for (unsigned w = 0; w < PAIRS; w++) {
			const struct writer_options *wo = &g->writers[w]->options;
			cr_assert(po->writers[w] == &g->data[p][w]);
			cr_assert(wo->handoffs[p] == &g->data[p][w]);
		}
	}
	for (unsigned w = 0; w < PAIRS; w++) {
		const struct writer_options *wo = &g->writers[w]->options;
		cr_assert(wo->index == w && wo->handoff_count == PAIRS + 2);
		cr_assert(wo->handoffs[PAIRS] == &g->keyed[w]);
		cr_assert(wo->handoffs[PAIRS + 1] == &g->admin[w]);
	}
}

Test(gateway_data, who_is_sent_something_is_woken_where_it_sleeps)
{
	for (unsigned p = 0; p < PAIRS; p++) {
		struct wake *poller = &g->core_wakes[2 * p];
		cr_assert(g->pollers[p]->options.wake == poller);
		cr_assert(g->calls[p].requester_wake == poller);
		cr_assert(g->calls[p].server_wake == &g->control_wake);
		cr_assert(g->asks[p].requester_wake == poller);
		cr_assert(g->asks[p].server_wake == &g->coordinator_wake);
		const struct handoff *from = &g->outboxes[SENDER_CONTROL][p].handoff;
		cr_assert(from->requester_wake == &g->control_wake && from->server_wake == poller);
		from = &g->outboxes[SENDER_COORDINATOR][p].handoff;
		cr_assert(from->requester_wake == &g->coordinator_wake);
		cr_assert(from->server_wake == poller);
		for (unsigned w = 0; w < PAIRS; w++) {
			cr_assert(g->data[p][w].requester_wake == poller);
			cr_assert(g->data[p][w].server_wake == &g->core_wakes[2 * w + 1]);
		}
	}
	for (unsigned w = 0; w < PAIRS; w++) {
		cr_assert(g->writers[w]->options.wake == &g->core_wakes[2 * w + 1]);
		cr_assert(g->admin[w].requester_wake == &g->control_wake);
		cr_assert(g->admin[w].server_wake == &g->core_wakes[2 * w + 1]);
		cr_assert(g->keyed[w].requester_wake == &g->coordinator_wake);
		cr_assert(g->keyed[w].server_wake == &g->core_wakes[2 * w + 1]);
	}
}

Test(gateway_data, pages_and_disks_are_each_ones_own_and_marks_are_shared)
{
	cr_assert(disks_apart == PAIRS * DIRS);
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct writer_options *wo = &g->writers[i]->options;
		cr_assert(wo->stats_page == &g->writer_pages[i] && wo->marks == g->marks);
		cr_assert(wo->index == i && wo->dirs == g->log_dirs && wo->dir_count == DIRS);
		for (unsigned d = 0; d < DIRS; d++) {
			char name[32];
			snprintf(name, sizeof name, "writer%u of log.dirs %u", i, d + 1);
			cr_assert(wo->disks[d] == g->disks[i][d]);
			cr_assert(strcmp(wo->disks[d]->name, name) == 0);
			cr_assert(wo->dirs[d].flush[i].fd == 100 + (int)i);
			cr_assert(wo->dirs[d].rule.has_journal && wo->dirs[d].number == d);
			cr_assert(strcmp(wo->dirs[d].path, d ? "/two" : "/one") == 0);
		}
		cr_assert(g->pollers[i]->options.stats_page == &g->poller_pages[i]);
	}
}

Test(gateway_data, the_memory_for_fragments_and_parts_is_shared_among_the_pollers)
{
	for (unsigned i = 0; i < PAIRS; i++)
		cr_assert(g->pollers[i]->options.fragment_memory_bytes ==
				  g->settings.fragment_memory_bytes / PAIRS &&
			  g->pollers[i]->options.jt808_parts_memory_bytes ==
				  g->settings.parts_memory_bytes / PAIRS);
}

/* Rows of settings.def are all it takes: nothing is copied by name. */
/* Of chunks for requests a quarter is for small ones. */
Test(gateway_data, the_longest_request_finds_room_on_its_way_to_either_server)
{
	uint32_t longest = KAFKA_CALL_BYTES_MAX / CHUNK_BYTES;
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct poller_options *po = &g->pollers[i]->options;
		cr_assert(po->request_chunks - po->request_chunks / 4 >= longest);
		cr_assert(po->coordinator_chunks - po->coordinator_chunks / 4 >= longest);
	}
}

Test(gateway_data, each_part_has_its_settings_whole)
{
	const struct settings *s = &g->settings;
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct poller_options *po = &g->pollers[i]->options;
		const struct writer_options *wo = &g->writers[i]->options;
		cr_assert(memcmp(&po->tcp, &s->tcp, sizeof s->tcp) == 0);
		cr_assert(memcmp(&po->settings, &s->poller, sizeof s->poller) == 0);
		cr_assert(memcmp(&wo->settings, &s->writer, sizeof s->writer) == 0);
		cr_assert(po->listeners == s->listener && po->listener_count == s->listener_count);
		cr_assert(started[2 * i].settings == s && started[2 * i + 1].settings == s);
	}
}

Test(gateway_data, each_core_turns_what_the_plan_says)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct core_options *poller = &started[2 * i], *writer = &started[2 * i + 1];
		cr_assert(poller->poller == g->pollers[i] && !poller->writer);
		cr_assert(poller->disk_count == 0);
		cr_assert(poller->reader == i && poller->wake == &g->core_wakes[2 * i]);
		cr_assert(writer->writer == g->writers[i] && !writer->poller);
		cr_assert(writer->disk_count == DIRS);
		for (unsigned d = 0; d < DIRS; d++)
			cr_assert(writer->disks[d] == g->disks[i][d]);
		cr_assert(writer->wake == &g->core_wakes[2 * i + 1]);
	}
}

/* All that was not made yet is 0, and so is a descriptor that is somebody else's. */
Test(gateway_data, rings_that_cannot_be_made_close_only_what_they_have_opened)
{
	struct gateway *other = map_take(sizeof *other);
	struct rlimit limit;
	cr_assert(fcntl(0, F_GETFD) >= 0 || open("/dev/null", O_RDONLY) == 0);
	cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
	other->plan = g->plan;
	cr_assert(setrlimit(RLIMIT_NOFILE, &none) == 0);
	int error = rings_init(other);
	cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	cr_assert(error == -EMFILE && fcntl(0, F_GETFD) >= 0);
	map_give(other, sizeof *other);
}
