/* writer.c - messages of pollers and control in, completions out; see writer.h. */
#include "dataplane/writer.h"
#include "dataplane/base/lap.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_service.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"
#include "dataplane/writer_build.h"
#include "dataplane/writer_inspect.h"
#include "dataplane/writer_marks.h"
#include "dataplane/writer_services.h"

#include <errno.h>

enum {
	MESSAGES_PER_TURN = 64, /* of each ring */
	REAPED_PER_TURN = 128,
	PUBLISH_INTERVAL_NS = 1000000,
};

/* What a writer serves in a partition slot. */
struct served {
	struct log *log;
	uint32_t generation;
	uint8_t dir; /* the log directory it lies in, by number */
	struct admin_msg *closing; /* control wants the log back */
	bool is_offline; /* nobody is let at the log, if there is one */
};

struct writer {
	struct writer_options options;
	struct log_service services[LOG_DIRS_MAX]; /* by log directory */
	struct builder *builder;
	struct inspector *inspector;
	struct served *served; /* [PARTITIONS_MAX] */
	struct list closing;   /* struct admin_msg.node */
	struct list swaps;     /* the same: ADMIN_SWAP, begun */
	struct stats stats;
	struct laps laps;
	uint64_t published_ns;
	bool is_published; /* nothing has changed since */
};

/* Null for a log that is on its way back to control, and for a message to whoever had the slot
 * before. */
static struct log *served_log(struct writer *w, struct partition_ref p)
{
	require(p.slot < PARTITIONS_MAX);
	const struct served *s = &w->served[p.slot];
	bool is_current = !s->is_offline && !s->closing && s->generation == p.generation;
	return is_current ? s->log : NULL;
}

/* For good: one whose log is only returned stays, offline. */
static bool is_leaving(const struct served *s)
{
	return s->closing && s->closing->op == ADMIN_CLOSE;
}

static bool partition_is_offline(const struct writer *w, struct partition_ref p)
{
	const struct served *s = &w->served[p.slot];
	return s->is_offline && !is_leaving(s) && s->generation == p.generation;
}

/* What is answered for a partition without a log to ask. */
static int16_t partition_refusal(const struct writer *w, struct partition_ref p)
{
	return partition_is_offline(w, p) ? KAFKA_ERROR_KAFKA_STORAGE_ERROR
				: KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
}

/* What is answered for a log that is there, or 0. */
static int16_t log_refusal(const struct served *s, const struct log_marks *marks)
{
	if (is_leaving(s))
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	return s->is_offline || marks->is_fenced ? KAFKA_ERROR_KAFKA_STORAGE_ERROR
						 : KAFKA_ERROR_NONE;
}

/* One that is refused goes the way of all others: there is one place where appends are given
 * back. It is of no directory: the first one's list is as good as any. */
static void refuse_append(struct writer *w, struct append_msg *a, int16_t error)
{
	a->error = error;
	a->base_offset = -1;
	list_append(&w->services[0].appends, &a->node);
}

/* Nobody is let at its log, or there is none; it may be there again before the batch is. */
static void refuse_partition(struct writer *w, struct append_msg *a)
{
	int16_t error = partition_refusal(w, a->partition);
	if (error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && a->origin == APPEND_CLIENT) {
		struct log_service *s = &w->services[w->served[a->partition.slot].dir];
		struct record_batch_header h;
		chain_copy_out(&a->bytes, 0, &h, sizeof h);
		if (record_batch_has_producer(&h))
			producers_await(&s->producers, a->partition.slot, &h, s->now_ns);
	}
	refuse_append(w, a, error);
}

/* The time of an append is set here, where offsets are given: of one partition it does not go back
 * while the clock does not, whatever its pollers are doing, and a batch that was opened first has
 * not that of its arrival. A built batch has no CRC yet. A producer's has its own made anew, over
 * bytes that are about to be copied. */
static void append(struct writer *w, struct log *log, struct append_msg *a)
{
	if (a->is_append_time)
		a->log_append_time = clock_wall_ms();
	if (a->origin == APPEND_BUILT)
		builder_finish(w->builder, a);
	else if (a->is_append_time)
		record_batch_set_append_time(&a->bytes, a->log_append_time);
	log_append(log, a);
}

static void take_append(struct writer *w, struct append_msg *a)
{
	struct log *log = served_log(w, a->partition);
	if (!log) {
		refuse_partition(w, a);
		return;
	}
	require(a->origin != APPEND_MARKER); /* nobody ends a transaction yet */
	if (a->origin == APPEND_CLIENT && inspector_take(w->inspector, a))
		return;
	append(w, log, a);
}

/* Its records were looked at, or those of one before it; its partition may be gone meanwhile. */
static void take_inspected(struct writer *w, struct append_msg *a)
{
	struct log *log = served_log(w, a->partition);
	if (!log && !a->error) {
		refuse_partition(w, a);
	} else if (!log) {
		refuse_append(w, a, a->error);
	} else if (a->error) {
		struct log_marks marks;
		log_get_marks(log, &marks);
		a->log_start_offset = marks.log_start_offset;
		refuse_append(w, a, a->error);
	} else {
		append(w, log, a);
	}
}

static void take_read(struct writer *w, struct read_msg *r)
{
	struct log *log = served_log(w, r->partition);
	if (log) {
		log_read(log, r);
		return;
	}
	r->error = partition_refusal(w, r->partition);
	r->bytes_needed = 0;
	list_append(&w->services[0].reads_done, &r->node);
}

/* The list goes back as one message, with its last read. */
static void take_reads(struct writer *w, struct read_list *reads)
{
	reads->left = 0;
	list_for_each(node, &reads->reads)
		reads->left++;
	require(reads->left > 0);
	list_for_each(node, &reads->reads)
		take_read(w, list_entry(node, struct read_msg, of_list));
}

static void take_watch(struct writer *w, struct watch_msg *watch)
{
	struct log *log = served_log(w, watch->partition);
	if (log) {
		log_watch(log, watch);
		return;
	}
	watch->error = partition_refusal(w, watch->partition);
	list_append(&w->services[0].watches, &watch->node);
}

/* Nobody is let at what is closing, or offline. */
static void publish_log(struct writer *w, struct log *log)
{
	uint32_t slot = log_slot(log);
	const struct served *s = &w->served[slot];
	struct log_marks marks;
	log_get_marks(log, &marks);
	marks_write(&w->options.marks[slot], &marks);
	int16_t refusal = log_refusal(s, &marks);
	const struct partition_news news = {
		.high_watermark = marks.high_watermark,
		.log_start_offset = marks.log_start_offset,
		.log_end_offset = marks.log_end_offset,
		.bytes = marks.durable_bytes,
		.generation = s->generation,
		.is_open = refusal == KAFKA_ERROR_NONE,
		.refusal = refusal,
	};
	news_write(&w->options.news[slot], &news);
}

static struct handoff *control_handoff(struct writer *w)
{
	return w->options.handoffs[w->options.handoff_count - 1];
}

/* Of a partition without a log that could be read. */
static void publish_offline(struct writer *w, struct partition_ref p)
{
	const struct partition_news news = {.generation = p.generation,
					    .refusal = KAFKA_ERROR_KAFKA_STORAGE_ERROR};
	news_write(&w->options.news[p.slot], &news);
}

static void complete_admin(struct writer *w, struct admin_msg *a, int error)
{
	a->error = error;
	handoff_complete(control_handoff(w), &a->msg);
}

/* Whoever hears of the partition may look at its marks. */
static void serve_log(struct writer *w, struct admin_msg *a)
{
	w->served[a->partition.slot] = (struct served){
		.log = a->log, .generation = a->partition.generation, .dir = a->dir};
	log_serve(a->log, &w->services[a->dir], a->partition.slot);
	publish_log(w, a->log);
}

/* There is a partition, and no log. */
static void keep_offline(struct writer *w, const struct admin_msg *a)
{
	struct partition_ref p = a->partition;
	w->served[p.slot] = (struct served){
		.generation = p.generation, .is_offline = true, .dir = a->dir};
	publish_offline(w, p);
	w->stats.value[STAT_log_fenced]++;
}

static void open_partition(struct writer *w, struct admin_msg *a)
{
	const struct served *s = &w->served[a->partition.slot];
	require(!s->log && !s->is_offline && a->dir < w->options.dir_count);
	if (a->log)
		serve_log(w, a);
	else
		keep_offline(w, a);
	complete_admin(w, a, 0);
}

static void reopen_partition(struct writer *w, struct admin_msg *a)
{
	const struct served *s = &w->served[a->partition.slot];
	require(!s->log && partition_is_offline(w, a->partition));
	require(a->log && a->dir < w->options.dir_count);
	w->stats.value[STAT_log_fenced]--;
	serve_log(w, a);
	complete_admin(w, a, 0);
}

/* The message stays with the partition until nothing of its log is under way (complete_closed).
 * */
static void give_back(struct writer *w, struct served *s, struct admin_msg *a)
{
	s->closing = a;
	list_append(&w->closing, &a->node);
	log_finish(s->log);
	publish_log(w, s->log);
}

/* Nothing more is written, whatever the log was like: control looks at its files next. */
static void return_log(struct writer *w, struct admin_msg *a)
{
	struct served *s = &w->served[a->partition.slot];
	bool is_there = s->generation == a->partition.generation && !s->closing;
	if (is_there && s->log) {
		s->is_offline = true;
		log_fence(s->log, -ESTALE);
		give_back(w, s, a);
		return;
	}
	complete_admin(w, a, is_there && s->is_offline ? 0 : -ENOENT);
}

static void close_partition(struct writer *w, struct admin_msg *a)
{
	struct served *s = &w->served[a->partition.slot];
	bool is_there = served_log(w, a->partition) || partition_is_offline(w, a->partition);
	if (is_there && s->log) {
		give_back(w, s, a);
		return;
	}
	if (is_there) {
		producers_forget(&w->services[s->dir].producers, a->partition.slot);
		*s = (struct served){0};
		w->stats.value[STAT_log_fenced]--;
	}
	complete_admin(w, a, is_there ? 0 : -ENOENT);
}

static void alter_partition(struct writer *w, struct admin_msg *a)
{
	struct log *log = served_log(w, a->partition);
	if (log)
		log_alter(log, &a->options);
	complete_admin(w, a, log || partition_is_offline(w, a->partition) ? 0 : -ENOENT);
}

/* What its log still reads may be given: it was read from the files that were opened. */
static void fence_partition(struct writer *w, struct admin_msg *a)
{
	struct log *log = served_log(w, a->partition);
	if (log) {
		w->served[a->partition.slot].is_offline = true;
		log_fence(log, a->error);
		publish_log(w, log);
	}
	complete_admin(w, a, log ? 0 : -ENOENT);
}

static void tell_producers(struct writer *w, struct admin_msg *a)
{
	const struct log *log = served_log(w, a->partition);
	a->piece->is_offline = !log;
	if (log)
		log_tell_producers(log, a->piece);
	complete_admin(w, a, 0);
}

/* One that nobody is let at has them deleted when it is opened again. */
static void delete_records(struct writer *w, struct admin_msg *a)
{
	struct log *log = served_log(w, a->partition);
	if (log) {
		log_delete_records(log, a->log_start_offset);
		publish_log(w, log);
	}
	complete_admin(w, a, 0);
}

/* Nothing changes by it. */
static void expire(struct writer *w, struct admin_msg *a)
{
	const struct log *log = served_log(w, a->partition);
	if (log)
		a->log_start_offset = log_expire(log, clock_wall_ms());
	complete_admin(w, a, 0);
}

/* Of one that nobody is let at there is nothing to compact. */
static void tell_segments(struct writer *w, struct admin_msg *a)
{
	const struct log *log = served_log(w, a->partition);
	if (log)
		log_tell_segments(log, a->sealed);
	complete_admin(w, a, log ? 0 : -ENOENT);
}

/* The message stays until the files have their names (complete_swaps). */
static void swap_segments(struct writer *w, struct admin_msg *a)
{
	struct log *log = served_log(w, a->partition);
	int error = log ? log_swap(log, a->swap) : -ENOENT;
	if (error)
		complete_admin(w, a, error);
	else
		list_append(&w->swaps, &a->node);
}

static void take_admin(struct writer *w, struct admin_msg *a)
{
	require(a->partition.slot < PARTITIONS_MAX);
	switch ((enum admin_op)a->op) {
	case ADMIN_OPEN:
		open_partition(w, a);
		break;
	case ADMIN_CLOSE:
		close_partition(w, a);
		break;
	case ADMIN_ALTER:
		alter_partition(w, a);
		break;
	case ADMIN_FENCE:
		fence_partition(w, a);
		break;
	case ADMIN_RETURN:
		return_log(w, a);
		break;
	case ADMIN_REOPEN:
		reopen_partition(w, a);
		break;
	case ADMIN_PRODUCERS:
		tell_producers(w, a);
		break;
	case ADMIN_DELETE_RECORDS:
		delete_records(w, a);
		break;
	case ADMIN_EXPIRE:
		expire(w, a);
		break;
	case ADMIN_SEGMENTS:
		tell_segments(w, a);
		break;
	case ADMIN_SWAP:
		swap_segments(w, a);
		break;
	}
}

static void take_message(struct writer *w, struct handoff_msg *m)
{
	switch ((enum handoff_kind)m->kind) {
	case HANDOFF_APPEND:
		take_append(w, container_of(m, struct append_msg, msg));
		return;
	case HANDOFF_READ:
		take_reads(w, container_of(m, struct read_list, msg));
		return;
	case HANDOFF_WATCH:
		take_watch(w, container_of(m, struct watch_msg, msg));
		return;
	case HANDOFF_ADMIN:
		take_admin(w, container_of(m, struct admin_msg, msg));
		return;
	default:
		require(!"a message for a writer");
	}
}

/* A part of each ring, so that a poller with much to say keeps nobody waiting. */
static unsigned writer_pull(struct writer *w)
{
	unsigned total = 0;
	for (unsigned i = 0; i < w->options.handoff_count; i++) {
		struct handoff_msg *messages[MESSAGES_PER_TURN];
		unsigned n = handoff_pull(w->options.handoffs[i], messages, MESSAGES_PER_TURN);
		for (unsigned k = 0; k < n; k++)
			take_message(w, messages[k]);
		total += n;
	}
	return total;
}

/* A turn's share of opening what producers compressed. */
static bool writer_inspect(struct writer *w, bool is_core_busy)
{
	bool any = inspector_turn(w->inspector, is_core_busy);
	for (struct append_msg *a; (a = inspector_next(w->inspector));)
		take_inspected(w, a);
	return any;
}

static unsigned writer_reap(struct writer *w)
{
	unsigned total = 0;
	for (unsigned d = 0; d < w->options.dir_count; d++) {
		struct disk_op *ops[REAPED_PER_TURN];
		unsigned n = disk_reap(w->options.disks[d], ops, REAPED_PER_TURN);
		for (unsigned i = 0; i < n; i++)
			log_reaped(ops[i]);
		total += n;
	}
	return total;
}

/* Every log that something happened to: writes, syncs, reads, rolls are submitted. */
static void advance_service(struct writer *w, struct log_service *s, uint64_t now_ns)
{
	log_service_turn(s, now_ns);
	struct list active;
	list_init(&active);
	list_splice(&active, &s->active);
	for (struct log *log; (log = log_next_active(&active));) {
		log_advance(log);
		publish_log(w, log);
	}
	log_service_flush(s);
	disk_kick(s->disk);
}

static void writer_advance(struct writer *w, bool is_core_busy, uint64_t now_ns)
{
	for (unsigned d = 0; d < w->options.dir_count; d++) {
		w->services[d].is_core_busy = is_core_busy;
		advance_service(w, &w->services[d], now_ns);
	}
}

static struct handoff *msg_requester(struct writer *w, const struct handoff_msg *m)
{
	require(m->sender + 1u < w->options.handoff_count);
	return w->options.handoffs[m->sender];
}

static void complete_closed(struct writer *w)
{
	for (struct list *node = w->closing.next, *next; node != &w->closing; node = next) {
		next = node->next;
		struct admin_msg *a = list_entry(node, struct admin_msg, node);
		struct served *s = &w->served[a->partition.slot];
		if (!log_is_finished(s->log))
			continue;
		list_remove(node);
		a->log = s->log;
		if (a->op == ADMIN_RETURN) {
			log_return(s->log);
			keep_offline(w, a);
			complete_admin(w, a, 0);
			continue;
		}
		int error = log_release(s->log);
		*s = (struct served){0};
		complete_admin(w, a, error);
	}
}

/* A partition has one message at a time: its log is there until this one has gone back. Of a swap
 * that was begun and not finished the *.swap files may be all there is. */
static void complete_swaps(struct writer *w)
{
	for (struct list *node = w->swaps.next, *next; node != &w->swaps; node = next) {
		next = node->next;
		struct admin_msg *a = list_entry(node, struct admin_msg, node);
		const struct log *log = w->served[a->partition.slot].log;
		struct log_marks marks;
		if (!log_swap_is_over(log))
			continue;
		log_get_marks(log, &marks);
		list_remove(node);
		complete_admin(w, a, marks.is_fenced ? -EUCLEAN : 0);
	}
}

static void complete_service(struct writer *w, struct log_service *s)
{
	struct list *node;
	while ((node = list_take_first(&s->appends))) {
		struct append_msg *a = list_entry(node, struct append_msg, node);
		inspector_restore(a);
		handoff_complete(msg_requester(w, &a->msg), &a->msg);
	}
	while ((node = list_take_first(&s->reads_done))) {
		struct read_msg *r = list_entry(node, struct read_msg, node);
		struct read_list *reads = r->list;
		if (--reads->left == 0)
			handoff_complete(msg_requester(w, &reads->msg), &reads->msg);
	}
	while ((node = list_take_first(&s->watches))) {
		struct watch_msg *watch = list_entry(node, struct watch_msg, node);
		handoff_complete(msg_requester(w, &watch->msg), &watch->msg);
	}
}

/* Behind writer_advance(), which publishes the marks: whoever is answered finds a high watermark
 * that covers it. */
static void writer_complete(struct writer *w)
{
	for (unsigned d = 0; d < w->options.dir_count; d++)
		complete_service(w, &w->services[d]);
	complete_swaps(w);
	complete_closed(w);
}

static unsigned outstanding(const struct writer *w)
{
	unsigned total = 0;
	for (unsigned d = 0; d < w->options.dir_count; d++)
		total += disk_outstanding(w->options.disks[d]);
	return total;
}

static void writer_account(struct writer *w, bool is_busy, uint64_t now_ns)
{
	laps_end(&w->laps, &w->stats, is_busy, outstanding(w) > 0);
	/* Busy: now and then. Idle: once, before the core may go to sleep. */
	bool is_due = is_busy ? now_ns - w->published_ns >= PUBLISH_INTERVAL_NS
			      : !w->is_published;
	w->is_published = !is_busy || is_due;
	if (!is_due)
		return;
	w->published_ns = now_ns;
	stats_publish(w->options.stats_page, &w->stats);
}

/* What the disk has done comes first: it gives back the memory and the places that new messages
 * ask for. */
bool writer_turn(struct writer *w, bool is_core_busy)
{
	laps_begin(&w->laps, 0);
	uint64_t now_ns = clock_now_ns();
	unsigned work = writer_reap(w);
	lap(&w->laps, STAT_cycles_reap, 0);
	work += writer_pull(w);
	lap(&w->laps, STAT_cycles_pull, 0);
	work += writer_inspect(w, is_core_busy || work > 0);
	lap(&w->laps, STAT_cycles_inspect, 0);
	writer_advance(w, is_core_busy || work > 0, now_ns);
	lap(&w->laps, STAT_cycles_log, 0);
	writer_complete(w);
	lap(&w->laps, STAT_cycles_complete, 0);
	writer_account(w, work > 0, now_ns);
	return work > 0;
}

bool writer_is_idle(const struct writer *w)
{
	bool is_idle = inspector_is_idle(w->inspector) && list_is_empty(&w->closing);
	for (unsigned d = 0; d < w->options.dir_count; d++) {
		const struct log_service *s = &w->services[d];
		is_idle &= s->unanswered == 0 && list_is_empty(&s->active) &&
			   disk_outstanding(s->disk) == 0;
	}
	return is_idle;
}

/* A log on the active list waits for what a completion gives back. */
static bool service_may_sleep(const struct log_service *s)
{
	if (log_service_may_read(s))
		return false;
	if (disk_outstanding(s->disk) > 0)
		return disk_wait_fd(s->disk) >= 0;
	return list_is_empty(&s->active);
}

bool writer_may_sleep(const struct writer *w)
{
	if (!inspector_is_idle(w->inspector))
		return false;
	for (unsigned i = 0; i < w->options.handoff_count; i++)
		if (handoff_has_down(w->options.handoffs[i]))
			return false;
	for (unsigned d = 0; d < w->options.dir_count; d++)
		if (!service_may_sleep(&w->services[d]))
			return false;
	return true;
}

uint64_t writer_idle_ns(const struct writer *w, uint64_t limit_ns)
{
	uint64_t now_ns = clock_now_ns();
	for (unsigned d = 0; d < w->options.dir_count; d++)
		limit_ns = log_service_idle_ns(&w->services[d], now_ns, limit_ns);
	return limit_ns;
}

struct writer *writer_create(const struct writer_options *options)
{
	struct writer *w = map_take(sizeof *w);
	if (!w)
		return NULL;
	w->options = *options;
	list_init(&w->closing);
	list_init(&w->swaps);
	w->served = map_take(PARTITIONS_MAX * sizeof *w->served);
	w->builder = builder_create();
	w->inspector = inspector_create(&w->stats);
	int status = writer_services_init(w->services, options, &w->stats);
	if (status == 0 && w->served && w->builder && w->inspector)
		return w;
	if (status == 0)
		writer_services_fini(w->services, options->dir_count);
	if (w->builder)
		builder_destroy(w->builder);
	if (w->inspector)
		inspector_destroy(w->inspector);
	map_give(w->served, PARTITIONS_MAX * sizeof *w->served);
	map_give(w, sizeof *w);
	return NULL;
}

void writer_destroy(struct writer *w)
{
	inspector_destroy(w->inspector);
	builder_destroy(w->builder);
	writer_services_fini(w->services, w->options.dir_count);
	map_give(w->served, PARTITIONS_MAX * sizeof *w->served);
	map_give(w, sizeof *w);
}
