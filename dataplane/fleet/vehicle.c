/* vehicle.c - what is not whole waited for, what is none counted; see vehicle.h. */
#include "dataplane/fleet/vehicle.h"

/* While sessions wait, each gets what one frame needs: another would be cut in vain. */
unsigned vehicle_frames_end(const struct waits *w, const struct session *s,
			    const struct frame_vec *frames)
{
	bool is_want = w->frames_blocked > 0 || s->admitted != WAIT_NOTHING;
	return is_want ? frames->count + 1 : FRAMES_PER_TURN;
}

size_t vehicle_abandon_before(const struct session *s, size_t at)
{
	if (s->has_ended)
		return SIZE_MAX;
	if (!(s->own & VEHICLE_IS_ABANDONING))
		return 0;
	int32_t ahead = (int32_t)(s->place->arrived_end - (uint32_t)(s->offset + at));
	return ahead > 0 ? (size_t)ahead : 0;
}

bool vehicle_is_early(const struct session *s, size_t readable)
{
	return (s->own & VEHICLE_IS_WAITING) && s->place->frame_at == (uint32_t)s->offset &&
	       readable < s->place->frame_bytes && vehicle_abandon_before(s, 0) == 0;
}

void vehicle_wait(struct sessions *ss, struct session *s, const struct vehicle_wait *w)
{
	struct session_place *place = session_take_place(ss, s);
	bool is_same = (s->own & VEHICLE_IS_WAITING) && w->at == 0 && s->is_timed;
	s->own = (uint8_t)((s->own & ~VEHICLE_IS_ABANDONING) | VEHICLE_IS_WAITING);
	place->frame_at = (uint32_t)(s->offset + w->at);
	place->frame_bytes = (uint32_t)w->bytes;
	stream_need(s->stream, w->bytes);
	if (is_same)
		return;
	place->arrived_end = (uint32_t)(s->offset + w->readable);
	session_arm(ss, s, s->listener->frame_timeout_ms);
}

void vehicle_cut_all(struct sessions *ss, struct session *s, size_t at, size_t readable)
{
	if (unlikely(s->own & (VEHICLE_IS_WAITING | VEHICLE_IS_ABANDONING))) {
		bool is_over = vehicle_abandon_before(s, at) == 0;
		stream_need(s->stream, 0);
		s->own &= (uint8_t)~(VEHICLE_IS_WAITING |
				     (is_over ? VEHICLE_IS_ABANDONING : 0));
	}
	session_disarm(ss, s);
	if (at < readable)
		stream_wake(s->stream, STREAM_READABLE);
}

/* A session that is not read has bytes waiting at its peer: its time begins anew, and nothing
 * is abandoned. */
void vehicle_expire(struct ingest *in, struct session *s)
{
	if (session_is_held(s)) {
		session_arm(&in->sessions, s, s->listener->frame_timeout_ms);
		return;
	}
	s->own |= VEHICLE_IS_ABANDONING;
	stream_wake(s->stream, STREAM_READABLE);
}

static uint32_t keep_bad(struct bad_frames *bad_frames, int64_t wall_ms,
			 const struct session *s, const struct frame *f)
{
	struct bad_frame bad = {
		.peer = s->stream->peer,
		.wall_ms = wall_ms,
		.stream_offset = s->offset,
		.reason = f->verdict,
		.listener = s->stream->listener,
	};
	return bad_frames_add(bad_frames, &bad, f->value);
}

void vehicle_keep(struct ingest *in, const struct session *s, const struct frame *f)
{
	keep_bad(&in->bad_frames, in->now.wall_ms, s, f);
}

static void count_bad(struct ingest *in, struct session *s, const struct frame *f)
{
	stats_add(&in->stats, STAT_frames_received, 1);
	stats_add(&in->stats, (enum stat_id)f->verdict, 1);
	s->bad_ticket = keep_bad(&in->bad_frames, in->now.wall_ms, s, f);
}

void vehicle_reject_alone(struct ingest *in, struct session *s, const struct frame *f)
{
	count_bad(in, s, f);
	s->own &= (uint8_t)~VEHICLE_IN_RUN;
}

/* A run of bytes that is cut in several pieces is one entry in the ledger, and one for the
 * operator, which grows. */
void vehicle_reject(struct ingest *in, struct session *s, const struct frame *f)
{
	if (s->own & VEHICLE_IN_RUN)
		bad_frames_extend(&in->bad_frames, s->bad_ticket, f->value);
	else
		count_bad(in, s, f);
	s->own |= VEHICLE_IN_RUN;
}

/* What the peer had sent, and nobody has read: one frame, as far as we know. */
void vehicle_close(struct ingest *in, struct session *s)
{
	if (stream_readable(s->stream) == 0)
		return;
	stats_add(&in->stats, STAT_frames_received, 1);
	stats_add(&in->stats, STAT_frame_drop_connection, 1);
}
