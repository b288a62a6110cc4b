/* gen_ledger.c - a batch and what was read before in, counts out; see gen_ledger.h. */
#include "perf/gen_ledger.h"

enum { READS_COUNTS = sizeof(struct gen_reads) / sizeof(uint64_t) };

/* What its header says is not believed when its CRC is wrong, but for where the next batch
 * begins: one that cannot be read is passed over, as long as that leads on. */
static void pass_over(struct gen_place *p, const struct record_batch_header *h)
{
	int64_t last = record_batch_last_offset(h);
	if (record_batch_base_offset(h) == p->next && last >= p->next)
		p->next = last + 1;
}

void gen_ledger_batch(struct gen_reads *l, struct gen_place *p,
		      const struct record_batch_header *h, bool is_sound)
{
	int64_t first = record_batch_base_offset(h), last = record_batch_last_offset(h);
	int64_t records = record_batch_count(h), offsets = last - first + 1;
	int64_t before = p->next - first; /* offsets of it that are not wanted any more */
	l->batches++;
	l->bytes += (uint64_t)record_batch_bytes(h);
	if (!is_sound) {
		l->corrupt++;
		pass_over(p, h);
		return;
	}
	bool is_entered = !p->is_begun && before > 0 && before < offsets;
	p->is_begun = true;
	/* Offsets without records are what compaction leaves: no load of ours asks for it. */
	l->gaps += (uint64_t)(offsets - records);
	if (before < 0)
		l->gaps += (uint64_t)-before;
	before = before < 0 ? 0 : before > records ? records : before;
	if (!is_entered)
		l->duplicates += (uint64_t)before;
	l->records += (uint64_t)(records - before);
	if (last >= p->next)
		p->next = last + 1;
}

void gen_reads_add(struct gen_reads *sum, const struct gen_reads *one, int64_t sign)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;
	for (unsigned i = 0; i < READS_COUNTS; i++)
		to[i] += (uint64_t)sign * from[i];
}

const char *gen_reads_wrong(const struct gen_reads *l)
{
	if (l->corrupt)
		return "consumers: batches were damaged";
	if (l->gaps)
		return "consumers: offsets were left out";
	if (l->duplicates)
		return "consumers: records came twice";
	if (l->errors)
		return "consumers: partitions were refused";
	return NULL;
}
