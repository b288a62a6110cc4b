/* log_answer.c - messages back to those who wait for a log; see log_answer.h. */
#include "dataplane/store/log/log_answer.h"
#include "dataplane/wire/kafka/kafka_error.h"

static void answer(struct log *log, struct append_msg *a)
{
	list_append(&log->service->appends, &a->node);
	log->service->unanswered--;
}

/* Of what is answered and not durable there are fewer records than flush.messages: with Kafka, too,
 * whose append does the sync. */
int64_t log_mark(const struct log *log, enum ack_level level)
{
	int64_t written = log->written.offset, durable = log->durable.offset;
	int64_t unsynced = log->options.flush_messages;
	if (level == ACK_DURABLE)
		return durable;
	return written - durable < unsynced ? written : durable + unsynced - 1;
}

/* What a duplicate is one of may have its level already. */
void log_await(struct log *log, struct append_msg *a)
{
	if (a->last_offset < log_mark(log, a->level))
		answer(log, a);
	else
		list_append(&log->unanswered[a->level], &a->node);
}

/* Appends of a level wait in the order of their offsets, but for duplicates, which are answered
 * with those that they wait behind: the first that is not covered ends the walk. */
void log_answer(struct log *log, enum ack_level level, int64_t offset)
{
	struct list *waiting = &log->unanswered[level];
	while (!list_is_empty(waiting)) {
		struct append_msg *a = list_entry(waiting->next, struct append_msg, node);
		if (a->last_offset >= offset)
			return;
		list_remove(&a->node);
		answer(log, a);
	}
}

/* Watches come in any order of offsets, so each is looked at. */
void log_wake_watches(struct log *log)
{
	for (struct list *node = log->watches.next, *next; node != &log->watches; node = next) {
		next = node->next;
		struct watch_msg *w = list_entry(node, struct watch_msg, node);
		if (w->offset >= log->durable.offset)
			continue;
		list_remove(node);
		w->error = KAFKA_ERROR_NONE;
		list_append(&log->service->watches, node);
	}
}

void log_give_watches(struct log *log, int16_t error)
{
	struct list *node;
	while ((node = list_take_first(&log->watches))) {
		list_entry(node, struct watch_msg, node)->error = error;
		list_append(&log->service->watches, node);
	}
}

static void fail_appends(struct log *log, struct list *appends)
{
	struct list *node;
	while ((node = list_take_first(appends))) {
		list_entry(node, struct append_msg, node)->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
		list_append(&log->service->appends, node);
		log->service->unanswered--;
	}
}

/* Also those that nothing was copied of: a fenced log tries nothing again, and who waits is to
 * be told now. */
void log_fail_appends(struct log *log)
{
	for (unsigned level = 0; level < ACK_LEVELS; level++)
		fail_appends(log, &log->unanswered[level]);
	fail_appends(log, &log->queue);
	log->is_copying = false;
}
