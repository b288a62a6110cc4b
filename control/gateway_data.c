/* gateway_data.c - settings in, rings, writers, pollers and running cores out; see gateway.h. */
#include "control/gateway_data.h"
#include "control/capacity.h"
#include "control/gateway_dirs.h"
#include "control/gateway_files.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/kafka/kafka_session.h"
#include "dataplane/quiescent.h"
#include "dataplane/store/disk/disk.h"

#include <errno.h>
#include <stdio.h>

/* Of a poller: the longest echo and a fetch each find room; and the longest request to control in
 * the three quarters that are for large ones, three of them on their way to the coordinator. */
enum {
	LARGE_CHUNKS_MIN = KAFKA_CALL_BYTES_MAX / CHUNK_BYTES,
	REQUEST_CHUNKS_MIN = LARGE_CHUNKS_MIN * 4 / 3 + 1,
	COORDINATOR_CHUNKS = 4 * LARGE_CHUNKS_MIN,
};
/* Of a poller: an eighth of it holds the longest frame. */
enum { RECEIVE_CHUNKS_MIN = (1 << 20) / CHUNK_RECEIVE_BYTES };

/* ---- rings, wakes, snapshots ------------------------------------------------------- */

/* A core sleeps on one eventfd: the poller and the writer of a fused core share it. */
static struct wake *poller_wake(struct gateway *g, unsigned poller)
{
	for (unsigned i = 0; i < g->plan.count; i++)
		if (g->plan.core[i].poller == (int)poller)
			return &g->core_wakes[i];
	return NULL;
}

static struct wake *writer_wake(struct gateway *g, unsigned writer)
{
	for (unsigned i = 0; i < g->plan.count; i++)
		if (g->plan.core[i].writer == (int)writer)
			return &g->core_wakes[i];
	return NULL;
}

/* None is open yet. Left at 0, one that never is would have rings_fini() close descriptor 0. */
static void wakes_clear(struct gateway *g)
{
	g->control_wake.fd = g->coordinator_wake.fd = -1;
	g->wish.control = &g->control_wake;
	id_blocks_init(&g->ids, PRODUCER_ID_BLOCK, &g->control_wake, &g->coordinator_wake);
	for (unsigned i = 0; i < g->plan.count; i++)
		g->core_wakes[i].fd = -1;
}

static int wakes_init(struct gateway *g)
{
	int error = wake_init(&g->control_wake);
	error = error ? error : wake_init(&g->coordinator_wake);
	for (unsigned i = 0; i < g->plan.count && !error; i++)
		error = wake_init(&g->core_wakes[i]);
	return error;
}

/* What a poller says to others, and what they say to it. */
static int poller_rings_init(struct gateway *g, unsigned p)
{
	struct wake *const senders[GATEWAY_SENDERS] = {
		[SENDER_CONTROL] = &g->control_wake,
		[SENDER_COORDINATOR] = &g->coordinator_wake,
	};
	struct wake *wake = poller_wake(g, p);
	int error = handoff_init(&g->calls[p], wake, &g->control_wake);
	error = error ? error : handoff_init(&g->asks[p], wake, &g->coordinator_wake);
	for (unsigned w = 0; w < g->plan.writer_count && !error; w++)
		error = handoff_init(&g->data[p][w], wake, writer_wake(g, w));
	for (unsigned s = 0; s < GATEWAY_SENDERS && !error; s++)
		error = outbox_init(&g->outboxes[s][p], (uint8_t)s, senders[s], wake);
	return error;
}

/* A ring has one sender, so control and the coordinator have a handoff each with every writer. */
static int handoffs_init(struct gateway *g)
{
	int error = 0;
	for (unsigned p = 0; p < g->plan.poller_count && !error; p++)
		error = poller_rings_init(g, p);
	for (unsigned w = 0; w < g->plan.writer_count && !error; w++) {
		error = handoff_init(&g->admin[w], &g->control_wake, writer_wake(g, w));
		if (!error)
			error = handoff_init(&g->keyed[w], &g->coordinator_wake,
					     writer_wake(g, w));
	}
	return error;
}

/* A page for every slot there can ever be: what no partition touches costs addresses, not
 * memory. */
static size_t marks_bytes(void)
{
	return sizeof(struct marks_page) * PARTITIONS_MAX;
}

static size_t news_bytes(void)
{
	return sizeof(struct news_page) * PARTITIONS_MAX;
}

int rings_init(void *gateway)
{
	struct gateway *g = gateway;
	wakes_clear(g);
	g->marks = map_take(marks_bytes());
	g->news = map_take(news_bytes());
	g->rcu = quiescent_create(READERS_MAX);
	int error = g->marks && g->news && g->rcu ? wakes_init(g) : -ENOMEM;
	if (!error)
		error = handoffs_init(g);
	if (error)
		rings_fini(g);
	return error;
}

void rings_fini(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned p = 0; p < g->plan.poller_count; p++) {
		handoff_fini(&g->calls[p]);
		handoff_fini(&g->asks[p]);
		for (unsigned s = 0; s < GATEWAY_SENDERS; s++)
			outbox_fini(&g->outboxes[s][p]);
		for (unsigned w = 0; w < g->plan.writer_count; w++)
			handoff_fini(&g->data[p][w]);
	}
	for (unsigned w = 0; w < g->plan.writer_count; w++) {
		handoff_fini(&g->admin[w]);
		handoff_fini(&g->keyed[w]);
	}
	for (unsigned i = 0; i < g->plan.count; i++)
		wake_fini(&g->core_wakes[i]);
	wake_fini(&g->coordinator_wake);
	wake_fini(&g->control_wake);
	if (g->rcu)
		quiescent_destroy(g->rcu, READERS_MAX);
	map_give(g->marks, marks_bytes());
	map_give(g->news, news_bytes());
}

/* ---- writers ----------------------------------------------------------------------- */

/* One for each log directory: what hangs in one of them keeps nobody of the others waiting. */
static int disks_init(struct gateway *g, unsigned writer)
{
	int error = 0;
	for (unsigned d = 0; d < g->log_dir_count && !error; d++) {
		char name[32];
		snprintf(name, sizeof name, "writer%u of log.dirs %u", writer, d + 1);
		g->disks[writer][d] = disk_create(name, &error);
		error = g->disks[writer][d] ? 0 : error;
		if (!error && g->log_dir_count > 1)
			disk_keep_apart(g->disks[writer][d], g->log_dir_count);
	}
	return error;
}

static void disks_fini(struct gateway *g, unsigned writer)
{
	for (unsigned d = 0; d < g->log_dir_count; d++)
		if (g->disks[writer][d])
			disk_destroy(g->disks[writer][d]);
}

/* A message names its sender by the place of its handoff: pollers by number, then the
 * coordinator, then control (writer.h). */
static int writer_init(struct gateway *g, unsigned index)
{
	struct writer_options o = {
		.index = (uint8_t)index,
		.settings = g->settings.writer,
		.descriptors = g->writer_descriptors,
		.dirs = g->log_dirs,
		.dir_count = g->log_dir_count,
		.wake = writer_wake(g, index),
		.stats_page = &g->writer_pages[index],
		.marks = g->marks,
		.news = g->news,
	};
	int error = disks_init(g, index);
	if (error)
		return error;
	memcpy(o.disks, g->disks[index], sizeof o.disks);
	for (unsigned p = 0; p < g->plan.poller_count; p++)
		o.handoffs[o.handoff_count++] = &g->data[p][index];
	o.handoffs[o.handoff_count++] = &g->keyed[index];
	o.handoffs[o.handoff_count++] = &g->admin[index];
	g->writers[index] = writer_create(&o);
	if (g->writers[index])
		return 0;
	fprintf(stderr,
		"penstockd: writer %u: no memory; lower penstock.writer.buffers, "
		"penstock.writer.buffer.bytes or penstock.producer.ids.max\n",
		index);
	return -ENOMEM;
}

/* The log directories come before the first writer, which is given them with their rules and its
 * flush files. */
int writers_init(void *gateway)
{
	struct gateway *g = gateway;
	int error = gateway_files_share(g);
	if (error)
		return error;
	g->control_disk = disk_create("control", &error);
	if (!g->control_disk)
		return error;
	error = gateway_dirs_open(g);
	for (unsigned w = 0; w < g->plan.writer_count && !error; w++)
		error = writer_init(g, w);
	if (error)
		writers_fini(g);
	return error;
}

/* Backward: writers end on their own disks, then flush files and directories are closed through
 * control's. */
void writers_fini(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned w = 0; w < g->plan.writer_count; w++) {
		if (g->writers[w])
			writer_destroy(g->writers[w]);
		disks_fini(g, w);
	}
	gateway_dirs_close(g);
	disk_destroy(g->control_disk);
}

/* ---- pollers ----------------------------------------------------------------------- */

/* What settings say about every poller; the memory settings are shared among them. */
static struct poller_options poller_options(const struct settings *s, const struct capacity *l,
					    unsigned pollers)
{
	uint32_t large_chunks = max_u32((uint32_t)(s->answer_memory_bytes / CHUNK_BYTES / pollers),
					LARGE_CHUNKS_MIN);
	uint64_t receive_chunks = l->receive_memory_bytes / CHUNK_RECEIVE_BYTES / pollers;
	return (struct poller_options){
		.address = address_of_ip4(s->port_ip4),
		.prefix_bits = s->port_prefix_bits,
		.vlan = (uint16_t)s->port_vlan,
		.router_ip4 = s->gateway_ip4,
		.tcp = s->tcp,
		.receive_chunks = (uint32_t)max_u64(receive_chunks, RECEIVE_CHUNKS_MIN),
		.fragment_memory_bytes =
			max_u64(s->fragment_memory_bytes / pollers, FRAGMENT_MEMORY_MIN),
		.jt808_parts_memory_bytes =
			max_u64(s->parts_memory_bytes / pollers, JT808_PARTS_MEMORY_MIN),
		.answers_max = l->answers_max,
		.answer_large_chunks = large_chunks,
		.request_chunks = max_u32(large_chunks, REQUEST_CHUNKS_MIN),
		.coordinator_chunks = COORDINATOR_CHUNKS,
		.parts_chunks = large_chunks * (CHUNK_BYTES / CHUNK_PARTS_BYTES),
		.fetch_session_places = (s->poller.fetch_session_slots + pollers - 1) / pollers,
		.sessions_max = s->tcp.connections_max,
		.settings = s->poller,
		.listeners = s->listener,
		.listener_count = s->listener_count,
	};
}

static int poller_init(struct gateway *g, const struct capacity *l, unsigned index)
{
	struct poller_options o = poller_options(&g->settings, l, g->plan.poller_count);
	int error = 0;
	o.index = (uint8_t)index;
	o.nic = g->nic;
	for (unsigned w = 0; w < g->plan.writer_count; w++)
		o.writers[o.writer_count++] = &g->data[index][w];
	o.control = &g->calls[index];
	o.coordinator = &g->asks[index];
	for (unsigned sender = 0; sender < GATEWAY_SENDERS; sender++)
		o.inbox.senders[o.inbox.count++] = &g->outboxes[sender][index].handoff;
	o.wake = poller_wake(g, index);
	o.stats_page = &g->poller_pages[index];
	o.topics = &g->topics;
	o.vehicle_lists = &g->vehicle_files.lists;
	o.news = g->news;
	o.rcu = g->rcu;
	o.drain = &g->drain;
	g->pollers[index] = poller_create(&o, &error);
	if (!g->pollers[index])
		fprintf(stderr,
			"penstockd: poller %u: %s; lower penstock.connections.max or the "
			"memory settings\n",
			index, strerror(-error));
	return error;
}

/* What the settings leave open is found from this machine's memory, once for all pollers. */
int pollers_init(void *gateway)
{
	struct gateway *g = gateway;
	struct capacity l = capacity_of(&g->settings, capacity_memory_bytes());
	int error = 0;
	capacity_print(&g->settings, &l);
	for (unsigned p = 0; p < g->plan.poller_count && !error; p++)
		error = poller_init(g, &l, p);
	if (error)
		pollers_fini(g);
	return error;
}

void pollers_fini(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned p = 0; p < g->plan.poller_count; p++)
		if (g->pollers[p])
			poller_destroy(g->pollers[p]);
}

/* ---- cores ------------------------------------------------------------------------- */

static int core_init(struct gateway *g, unsigned index)
{
	int poller = g->plan.core[index].poller, writer = g->plan.core[index].writer;
	struct core_options o = {
		.worker = index,
		.reader = poller < 0 ? 0 : (unsigned)poller,
		.poller = poller < 0 ? NULL : g->pollers[poller],
		.rcu = g->rcu,
		.writer = writer < 0 ? NULL : g->writers[writer],
		.disk_count = writer < 0 ? 0 : g->log_dir_count,
		.wake = &g->core_wakes[index],
		.drain = &g->drain,
		.settings = &g->settings,
	};
	if (writer >= 0)
		memcpy(o.disks, g->disks[writer], sizeof o.disks);
	return core_start(&g->cores[index], &o);
}

/* Cores turn from here on, since writers are given their logs in turns, and answer nobody until
 * core_serve(). */
int cores_init(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned i = 0; i < g->plan.count; i++) {
		int error = core_init(g, i);
		if (error == 0)
			continue;
		while (i-- > 0)
			core_stop(&g->cores[i]);
		return error;
	}
	return 0;
}

/* After the last turn of each core every page is exact: the ledgers must come out. */
static bool ledgers_balance(struct gateway *g)
{
	struct stats total = {0}, one;
	bool balanced = true;
	for (unsigned p = 0; p < g->plan.poller_count; p++) {
		stats_read(&g->poller_pages[p], &one);
		stats_sum(&total, &one);
	}
	for (unsigned i = 0; i < LEDGERS; i++) {
		int64_t held = ledger_in_flight(&total, (enum ledger)i);
		balanced &= held == 0;
		if (held)
			fprintf(stderr,
				"penstockd: the ledger of %s does not balance: %ld "
				"in flight after the last turn\n",
				ledger_names[i], held);
	}
	return balanced;
}

/* Every run of a gateway proves that its data cores allocate nothing. */
static bool cores_kept_off_the_heap(struct gateway *g)
{
	uint64_t allocated = 0;
	for (unsigned i = 0; i < g->plan.count; i++) {
		struct stats s;
		stats_read(&g->cores[i].page, &s);
		allocated += s.value[STAT_lcore_allocated_bytes];
	}
	if (allocated)
		fprintf(stderr, "penstockd: data cores took %lu bytes from the heap\n",
			allocated);
	return allocated == 0;
}

void cores_fini(void *gateway)
{
	struct gateway *g = gateway;
	for (unsigned i = 0; i < g->plan.count; i++)
		core_stop(&g->cores[i]);
	g->is_sound = ledgers_balance(g);
	g->is_sound &= cores_kept_off_the_heap(g);
}
