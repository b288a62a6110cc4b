/* clean_rule.c - a record in, does it stay out; the same of a batch; see clean_rule.h. */
#include "dataplane/clean/clean_rule.h"

static bool stays(const struct clean_rule *rule, int64_t horizon, int64_t offset,
		  const struct record_view *r)
{
	if (offset >= rule->map_end)
		return true;
	if (!r->key.data || offset < key_map_find(rule->map, r->key))
		return false;
	return r->value.data || horizon == CLEAN_NO_HORIZON || rule->now_ms < horizon;
}

bool clean_record_stays(const struct clean_rule *rule, int64_t horizon, int64_t offset,
			const struct record_view *r, struct clean_count *count)
{
	if (!stays(rule, horizon, offset, r))
		return false;
	count->kept++;
	bool is_met = offset < rule->map_end;
	count->tombstones += is_met && !r->value.data && horizon == CLEAN_NO_HORIZON;
	return true;
}

enum clean_fate clean_fate(const struct record_batch_header *h, const struct clean_count *count,
			   bool is_needed)
{
	uint32_t records = record_batch_count(h);
	if (count->kept == 0 && !is_needed)
		return CLEAN_GONE;
	if (count->kept == 0 && records > 0)
		return CLEAN_EMPTIED;
	return count->kept == records && count->tombstones == 0 ? CLEAN_KEPT : CLEAN_REWRITTEN;
}
