/* kafka_fetch_park.c - parts without news in, parked on their lanes; watches that fired in, the
 * parts that are due out; see kafka_fetch_park.h. */
#include "dataplane/kafka/kafka_fetch_park.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"

bool fetch_part_news(struct reading *rd, const struct fetch_part *part,
		     struct partition_news *ret)
{
	news_read(&rd->news[part->ref.slot], ret);
	return ret->is_open && ret->generation == part->ref.generation;
}

int16_t fetch_part_refusal(const struct fetch_part *part, const struct partition_news *news)
{
	bool is_known = news->generation == part->ref.generation && news->refusal;
	return is_known ? news->refusal : KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
}

/* What has come to the part since the last pass, and to those before it. A pass may have read more
 * than it had looked at: then the fetch looks too early, never too late. */
static bool has_lacking(struct fetch *f, const struct fetch_part *part,
			const struct partition_news *news)
{
	uint32_t came = (uint32_t)news->bytes - part->bytes;
	f->lacking_found += min_u32(came, f->lacking - f->lacking_found);
	return f->lacking_found == f->lacking;
}

/* What is not there has none, and stays where it is: nothing is known that could be told later.
 * Records behind what was seen, as many bytes as the fetch lacks, or something that is to be
 * told. */
static bool part_has_news(struct reading *rd, struct fetch *f, struct fetch_part *part)
{
	struct partition_news news;
	if (part->is_absent)
		return false;
	if (part->error || !fetch_part_news(rd, part, &news))
		return true;
	if (part->offset < news.log_start_offset || part->offset > news.log_end_offset)
		return true;
	bool has_records = news.high_watermark > part->offset &&
			   news.high_watermark > part->high_watermark;
	if (f->lacking > 0 ? has_lacking(f, part, &news) : has_records)
		return true;
	part->high_watermark = news.high_watermark;
	return false;
}

/* There is always room for it (bounds.h). */
void fetch_lane_watch(struct reading *rd, struct lane *lane)
{
	if (lane->is_watching || list_is_empty(&lane->parked))
		return;
	struct fetch_part *first = list_entry(lane->parked.next, struct fetch_part, node);
	struct handoff *h = rd->writers[writer_of_slot(first->ref.slot, rd->writer_count)];
	lane->watch = (struct watch_msg){
		.msg = {.kind = HANDOFF_WATCH, .sender = rd->poller},
		.kind = WATCH_HIGH_WATERMARK,
		.partition = first->ref,
		.offset = first->high_watermark,
		.owner = lane,
	};
	lane->is_watching = true;
	handoff_send(h, &lane->watch.msg);
}

void fetch_look_begin(struct fetch *f)
{
	f->state = FETCH_LOOKING;
	f->lacking_found = 0;
	fetch_rewind(f);
}

/* What was seen of a partition never goes back: whoever parks later waits for as much, or more, and
 * a watch that is under way is for no more than this part waits for. */
bool fetch_look_step(struct reading *rd, struct lanes *lanes, struct fetch *f)
{
	struct fetch_part *part = fetch_part_at(&f->place);
	if (part_has_news(rd, f, part)) {
		fetch_unpark(f);
		return false;
	}
	if (!part->is_absent) {
		part->fetch = f;
		struct lane *lane = lanes_get(lanes, part->ref);
		list_append(&lane->parked, &part->node);
		fetch_lane_watch(rd, lane);
	}
	fetch_next_part(&f->place);
	return true;
}

void fetch_park(struct sessions *ss, struct fetch *f)
{
	uint64_t left_ms = 0;
	if (f->deadline_ns > ss->now->ns)
		left_ms = (f->deadline_ns - ss->now->ns + NS_PER_MS - 1) / NS_PER_MS;
	f->state = FETCH_PARKED;
	session_arm(ss, &f->session->base, left_ms);
}

void fetch_unpark(struct fetch *f)
{
	uint32_t parked = f->place.number;
	f->state = FETCH_RUNNING;
	list_remove(&f->large);
	fetch_rewind(f);
	for (; f->place.number < parked; fetch_next_part(&f->place))
		list_remove(&fetch_part_at(&f->place)->node);
}

/* Was the watch for this part, too? Its watermark has passed, or its partition is not what it
 * was. */
static bool part_is_due(const struct fetch_part *part, const struct watch_msg *w)
{
	return w->error || part->high_watermark <= w->offset ||
	       part->ref.generation != w->partition.generation;
}

/* Apart from those who park from now on: who parks again is not asked again. */
void fetch_lane_fired(struct reading *rd, struct lane *lane)
{
	require(list_is_empty(&lane->due));
	list_splice(&lane->due, &lane->parked);
	list_append(&rd->waking, &lane->waking);
}

/* Who was not due stands before those who have parked since. */
static void lane_rest(struct reading *rd, struct lane *lane)
{
	list_splice(&lane->due, &lane->parked);
	list_splice(&lane->parked, &lane->due);
	list_remove(&lane->waking);
	lane->is_watching = false;
	fetch_lane_watch(rd, lane);
}

struct fetch_part *fetch_lane_due(struct reading *rd, struct lane *lane)
{
	if (!list_is_empty(&lane->due)) {
		struct fetch_part *first = list_entry(lane->due.next, struct fetch_part, node);
		if (part_is_due(first, &lane->watch)) {
			list_remove(&first->node);
			return first;
		}
	}
	lane_rest(rd, lane);
	return NULL;
}
