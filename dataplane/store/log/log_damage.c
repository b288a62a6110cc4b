/* log_damage.c - a place where a batch is damaged in, a count out; see log_damage.h. */
#include "dataplane/store/log/log_damage.h"
#include "dataplane/store/log/log_due.h"

static bool is_known(const struct log *log, int64_t base_offset, uint64_t position)
{
	for (unsigned i = 0; i < min_u64(log->damaged_batches, LOG_DAMAGES_KEPT); i++) {
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
