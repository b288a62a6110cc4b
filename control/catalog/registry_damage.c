/* registry_damage.c - marks in, a line for each new place; see registry_damage.h. */
#include "control/catalog/registry_damage.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

/* A disk that goes bad does so in many places: the counter has them all. */
enum { DAMAGE_LINES = 20, DAMAGE_LINES_MS = 60 * 1000 };

static bool may_say(struct registry *r)
{
	uint64_t now_ns = clock_now_ns();
	if (now_ns - r->damage_lines_ns > DAMAGE_LINES_MS * NS_PER_MS) {
		r->damage_lines_ns = now_ns;
		r->damage_lines = 0;
	}
	return r->damage_lines++ < DAMAGE_LINES;
}

static void drop_fault(struct partition *p)
{
	free(p->damage);
	p->damage = NULL;
}

static void set_fault(struct partition *p, const struct log_marks *m)
{
	char text[160];
	snprintf(text, sizeof text,
		 "served, but %llu batches are damaged on disk, at offset %lld the last that was "
		 "found: `penstock-log verify` names them",
		 (unsigned long long)m->damaged_batches, (long long)m->damage.offset);
	drop_fault(p);
	p->damage = strdup(text);
	require(p->damage);
}

void registry_damage_look(struct registry *r, struct partition *p, const struct log_marks *m)
{
	if (!m->is_damaged)
		drop_fault(p);
	if (m->damaged_batches <= p->damaged_batches)
		return;
	p->damaged_batches = m->damaged_batches;
	set_fault(p, m);
	if (!may_say(r))
		return;
	registry_say(r,
		     "%s/%020lld.log: the batch at position %llu, offset %lld, is damaged on "
		     "disk (%llu batches of this partition so far); who asks for it is answered "
		     "CORRUPT_MESSAGE, and goes on behind it when told to: `penstock-log verify "
		     "%s` says which offsets that are; a sound copy of the file, put in its place "
		     "while the gateway is stopped, brings them back",
		     p->directory, (long long)m->damage.base_offset,
		     (unsigned long long)m->damage.position, (long long)m->damage.offset,
		     (unsigned long long)m->damaged_batches, p->directory);
}
