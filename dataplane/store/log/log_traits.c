/* log_traits.c - is the flush of its group enough for a segment's file? See log_traits.h. */
#include "dataplane/store/log/log_traits.h"
#include "dataplane/store/log/log_files.h"

void log_ask_traits(struct log *log, struct segment *s)
{
	if (s->joins != SEGMENT_JOINS_UNKNOWN || log->traits_segment ||
	    !flush_group_covers(&log->service->flush, true) ||
	    !log_service_has_room(log->service, 1))
		return;
	log->traits_segment = segment_hold(s);
	log->traits_op = (struct disk_op){.kind = DISK_TRAITS};
	log_submit(log, log_segment_file(log, s, SEGMENT_LOG), &log->traits_op, LOG_TAG_TRAITS,
		   log);
}

/* A file that cannot be asked is not taken: its own sync is always right. */
void log_traits_done(struct log *log)
{
	bool is_taken = flush_group_takes(&log->service->flush, &log->traits_op);
	log->traits_segment->joins = is_taken ? SEGMENT_JOINS : SEGMENT_JOINS_NOT;
	segment_let_go(&log->segments, log->traits_segment);
	log->traits_segment = NULL;
}
