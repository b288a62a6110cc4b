/* registry_entry.c - topics in memory: partitions, their slots, and what settings mean to
 * pollers and logs. */
#include "control/catalog/registry_entry.h"
#include "config/topic_name.h"
#include "control/catalog/registry_dirs.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"

#include <stdlib.h>

/* One item at least: realloc() to nothing may give null, which would be taken for a lack of
 * memory. */
static void *grown(void *array, size_t count, size_t item)
{
	void *p = realloc(array, (count ? count : 1) * item);
	require(p);
	return p;
}

struct entry *entry_new(const struct registry *r, const char *name)
{
	struct entry *e = calloc(1, sizeof *e);
	require(e);
	snprintf(e->shown.topic.name, sizeof e->shown.topic.name, "%s", name);
	e->shown.topic.name_bytes = (uint16_t)strlen(e->shown.topic.name);
	e->shown.topic.is_internal = topic_name_is_internal(
		(struct bytes){(const uint8_t *)name, e->shown.topic.name_bytes});
	topic_settings_init(&e->shown.settings, r->options.settings);
	entry_apply_settings(e);
	return e;
}

/* Slots are handed out in turn, so that neighbours of one topic lie with different
 * writers. */
static void slot_take(struct registry *r, struct partition *p)
{
	require(r->slots_used < PARTITIONS_MAX);
	while (r->slots[r->slot_next])
		r->slot_next = (r->slot_next + 1) % PARTITIONS_MAX;
	p->ref.slot = r->slot_next;
	p->ref.generation = ++r->generation[r->slot_next];
	r->slots[r->slot_next] = p;
	r->slots_used++;
}

static void slot_give(struct registry *r, struct partition *p)
{
	require(r->slots[p->ref.slot] == p);
	r->slots[p->ref.slot] = NULL;
	r->slots_used--;
}

static struct partition *partition_new(struct registry *r, struct entry *e,
				       uint32_t number)
{
	struct partition *p = calloc(1, sizeof *p);
	require(p);
	p->log_start_offset = p->log_start_next = p->durable_mark = p->cleaned_offset = -1;
	p->entry = e;
	p->number = number;
	partition_place(p, e->shown.topic.name, dirs_emptiest(r));
	slot_take(r, p);
	return p;
}

static void partition_free(struct registry *r, struct partition *p)
{
	require(p->state == PARTITION_CLOSED && !p->log);
	slot_give(r, p);
	free(p->fault);
	free(p->damage);
	free(p->segments.at);
	partition_displace(p);
	free(p);
}

/* Shrinks from the end, where a growth that is undone had added. A partition keeps its address:
 * messages under way point to it. */
bool entry_resize(struct registry *r, struct entry *e, uint32_t count)
{
	if (count > e->partition_count &&
	    count - e->partition_count > PARTITIONS_MAX - r->slots_used)
		return false;
	while (e->partition_count > count)
		partition_free(r, e->partitions[--e->partition_count]);
	e->partitions = grown(e->partitions, count, sizeof *e->partitions);
	e->shown.topic.refs =
		grown(e->shown.topic.refs, count, sizeof *e->shown.topic.refs);
	while (e->partition_count < count) {
		uint32_t number = e->partition_count++;
		e->partitions[number] = partition_new(r, e, number);
		e->shown.topic.refs[number] = e->partitions[number]->ref;
	}
	return true;
}

uint32_t entry_directories(const struct entry *e)
{
	return max_u32(e->partition_count, e->left);
}

void entry_free(struct registry *r, struct entry *e)
{
	entry_resize(r, e, 0);
	dirs_note_deleted(r);
	free(e->partitions);
	free(e->shown.topic.refs);
	free(e);
}

void entry_close_logs(struct registry *r, struct entry *e, uint32_t first)
{
	for (uint32_t i = first; i < e->partition_count; i++) {
		struct partition *p = e->partitions[i];
		if (!p->log || p->state != PARTITION_CLOSED)
			continue; /* a writer has it */
		log_close(p->log);
		p->log = NULL;
	}
}

/* A log that its writer has not given back cannot be closed from here: it ends with the
 * process. */
void entry_abandon(struct registry *r, struct entry *e)
{
	entry_close_logs(r, e, 0);
	for (uint32_t i = 0; i < e->partition_count; i++) {
		e->partitions[i]->log = NULL;
		e->partitions[i]->state = PARTITION_CLOSED;
	}
	entry_free(r, e);
}

void entry_keep_records(struct topic_settings *t)
{
	t->log.retention_ms = t->log.retention_bytes = -1;
	t->is_set[TOPIC_SETTING_retention_ms] = true;
	t->is_set[TOPIC_SETTING_retention_bytes] = true;
	t->log.cleanup_policy = CLEANUP_COMPACT;
	t->is_set[TOPIC_SETTING_cleanup_policy] = true;
}

/* A file that an earlier version has written may tell a topic of the gateway's own otherwise. */
void entry_apply_settings(struct entry *e)
{
	if (e->shown.topic.is_internal)
		entry_keep_records(&e->shown.settings);
	e->shown.topic.options = e->shown.settings.topic;
	e->shown.topic.log = e->shown.settings.log;
}

struct partition **entry_all_partitions(const struct registry *r, uint32_t *count)
{
	struct partition **all = calloc(r->slots_used + 1u, sizeof *all);
	require(all);
	*count = 0;
	for (unsigned i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->partition_count; p++)
			all[(*count)++] = e->partitions[p];
	}
	return all;
}

void partition_marks(const struct registry *r, const struct partition *p,
		     struct log_marks *ret)
{
	/* Closed at the stop: what its writer published last is what there is. */
	if (p->state == PARTITION_CLOSED && p->log)
		log_get_marks(p->log, ret);
	else if (!p->log && p->is_offline)
		*ret = (struct log_marks){.recovery_point = p->recovery_point};
	else
		marks_read(&r->options.marks[p->ref.slot], ret);
}
