/* ack.c - completions of writers, control and the coordinator in; credit back, answers out; see
 * ack.h. */
#include "dataplane/session/ack.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_call.h"
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum {
	COMPLETIONS_PER_BURST = 8,
	ANSWERS_PER_TURN = 512, /* of each writer; a burst may exceed it by what it holds */
	/* How many answers before its own a session and a stream are fetched. */
	SESSION_AHEAD = 5,
	STREAM_AHEAD = 3,
};

/* The end of the record ledger that an outcome stands for. */
static enum stat_id record_end(const struct append_msg *done)
{
	switch (done->error) {
	case KAFKA_ERROR_NONE:
		return done->is_duplicate ? STAT_records_duplicate : STAT_records_stored;
	case KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION:
		return STAT_record_drop_partition_gone;
	case KAFKA_ERROR_INVALID_RECORD:
		return STAT_record_reject_invalid;
	case KAFKA_ERROR_INVALID_TIMESTAMP:
		return STAT_record_reject_timestamp;
	case KAFKA_ERROR_MESSAGE_TOO_LARGE:
	case KAFKA_ERROR_RECORD_LIST_TOO_LARGE:
		return STAT_record_reject_too_large;
	case KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER:
	case KAFKA_ERROR_INVALID_PRODUCER_EPOCH:
		return STAT_record_reject_sequence;
	default:
		require(done->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
		return STAT_record_drop_storage;
	}
}

/* The waiter that is taken when `n` others have been, or null; of those to come the lists show the
 * first APPEND_WAITER_LISTS. */
static const struct waiter *waiter_coming(const struct append_msg *a, unsigned n)
{
	return n < a->waiter_count
		       ? a->waiters[(a->waiter_count - 1 - n) % APPEND_WAITER_LISTS]
		       : NULL;
}

static void answer_fetch(const struct waiter *w)
{
	if (w)
		prefetch(container_of(w, struct answer, first), sizeof(struct answer));
}

static void session_fetch(const struct waiter *w)
{
	if (w && w->answer->session)
		prefetch(w->answer->session, 1);
}

static void stream_fetch(const struct waiter *w)
{
	if (w && w->answer->session)
		prefetch(w->answer->session->stream, STREAM_FETCH_BYTES);
}

static void waiters_fetch_first(const struct append_msg *a)
{
	for (unsigned n = 0; n < APPEND_WAITER_LISTS; n++)
		answer_fetch(waiter_coming(a, n));
	for (unsigned n = 0; n < SESSION_AHEAD; n++)
		session_fetch(waiter_coming(a, n));
	for (unsigned n = 0; n < STREAM_AHEAD; n++)
		stream_fetch(waiter_coming(a, n));
}

/* A batch's waiters sit in as many answers, sessions and streams, none of which was touched
 * since the frame came. Each is asked for while those before it are worked on. */
static unsigned waiters_resolve(struct answers *as, struct append_msg *done)
{
	unsigned count = done->waiter_count;
	waiters_fetch_first(done);
	while (done->waiter_count > 0) {
		struct waiter *w = append_take_waiter(done);
		struct answer *answer = w->answer;
		answer_fetch(waiter_coming(done, APPEND_WAITER_LISTS - 1));
		session_fetch(waiter_coming(done, SESSION_AHEAD - 1));
		stream_fetch(waiter_coming(done, STREAM_AHEAD - 1));
		if (done->error)
			answer->is_error = true;
		answer->protocol->resolve(w, done);
		waiter_give(as, w);
		answer_done(as, answer);
	}
	return count;
}

/* How many records a batch holds that was opened has come out only now; it was received as one. */
static void count_found(struct batching *b, struct append_msg *done)
{
	if (done->found == 0)
		return;
	stats_add(b->stats, STAT_records_received, done->found - done->records);
	done->records = done->found;
}

/* How many answers it was waited for by. */
static unsigned append_done(struct answers *as, struct batching *b, struct append_msg *done)
{
	count_found(b, done);
	stats_add(b->stats, record_end(done), done->records);
	unsigned resolved = waiters_resolve(as, done);
	append_give(b, done);
	return resolved;
}

/* What it has cost, in answers. */
static unsigned message_done(struct ingest *in, struct handoff_msg *msg)
{
	switch ((enum handoff_kind)msg->kind) {
	case HANDOFF_APPEND:
		return append_done(&in->answers, &in->batching,
				   container_of(msg, struct append_msg, msg));
	case HANDOFF_READ:
		kafka_read_done(in, container_of(msg, struct read_list, msg));
		return 1;
	case HANDOFF_WATCH:
		kafka_watch_done(in, container_of(msg, struct watch_msg, msg));
		return 1;
	case HANDOFF_CALL:
		kafka_call_done(in, container_of(msg, struct call_msg, msg));
		return 1;
	default:
		require(!"a poller sends no such message");
		return 0;
	}
}

/* The rest stays in the ring: a turn that answered whatever there is would keep the port
 * waiting for as long. */
static bool handoff_input(struct ingest *in, struct handoff *h)
{
	struct handoff_msg *done[COMPLETIONS_PER_BURST];
	unsigned answers = 0, count;
	bool any = false;
	do {
		count = handoff_reap(h, done, COMPLETIONS_PER_BURST);
		for (unsigned i = 0; i < count; i++)
			answers += max_u32(message_done(in, done[i]), 1);
		any |= count > 0;
	} while (count == COMPLETIONS_PER_BURST && answers < ANSWERS_PER_TURN);
	return any;
}

bool ack_input(struct ingest *in)
{
	bool any = false;
	for (unsigned s = 0; s < CALL_SERVERS; s++)
		any |= handoff_input(in, in->servers[s].handoff);
	for (unsigned w = 0; w < in->writer_count; w++)
		any |= handoff_input(in, in->writers[w]);
	any |= kafka_fetches_wake(in);
	return any;
}
