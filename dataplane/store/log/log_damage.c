/* log_damage.c - a place where a batch is damaged in, a count out; see log_damage.h. */
#include "dataplane/store/log/log_damage.h"
#include "dataplane/store/log/log_due.h"

static unsigned kept(const struct log *log)
{
	return (unsigned)min_u64(log->damaged_batches, LOG_DAMAGES_KEPT);
}

static bool is_known(const struct log *log, int64_t base_offset, uint64_t position)
{
	for (unsigned i = 0; i < kept(log); i++) {
		const struct log_damage *d = &log->damages[i];
		if (d->base_offset == base_offset && d->position == position)
			return true;
	}
	return false;
}

void log_damage_note(struct log *log, int64_t base_offset, uint64_t position, int64_t offset)
{
	if (is_known(log, base_offset, position))
		return;
	log->damages[log->damaged_batches++ % LOG_DAMAGES_KEPT] = (struct log_damage){
		.base_offset = base_offset, .position = position, .offset = offset};
	log->damaged_segment = max_i64(log->damaged_segment, base_offset);
	stats_add(log->service->stats, STAT_batches_damaged, 1);
	log_touch(log); /* its marks say it */
}

/* Of places that are not kept any more nothing is known: as of a log that was opened anew. */
void log_damage_forget(struct log *log, int64_t base_offset, int64_t end_offset)
{
	bool is_last = log->damaged_segment >= base_offset && log->damaged_segment < end_offset;
	int64_t last = -1;
	for (unsigned i = 0; i < kept(log); i++) {
		struct log_damage *d = &log->damages[i];
		if (d->base_offset >= base_offset && d->base_offset < end_offset)
			d->base_offset = -1;
		last = max_i64(last, d->base_offset);
	}
	if (is_last)
		log->damaged_segment = last;
}
