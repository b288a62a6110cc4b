/* registry_offline.c - what cannot be served: one partition found bad at start or gone since,
 * or a whole log directory.
 *
 *     at start:  reason ─▶ ADMIN_OPEN without a log ─▶ everyone is answered 56
 *     later:     reason ─▶ ADMIN_FENCE ─▶ what is outstanding and what comes is answered 56
 *
 * All else goes on. Nothing in the directory of such a partition is changed, and its recovery
 * point stays what it was, for whoever mends it. */
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

enum { OFFLINE_LINES = 20 };

void partition_note_failure(struct partition *p)
{
	p->failed_ms = p->failed_ms ? p->failed_ms : clock_wall_ms();
}

static void go_offline(struct registry *r, struct partition *p, const char *fault)
{
	partition_note_failure(p);
	free(p->fault);
	p->fault = strdup(fault);
	require(p->fault);
	p->is_offline = true;
	p->is_suspect = true;
	p->wants_fence = p->log != NULL;
	r->has_fences |= p->wants_fence;
}

/* In words that stand behind the reason. */
void partition_way_out(const struct partition *p, char ret[REGISTRY_WAY_OUT_BYTES])
{
	if (p->is_reopening)
		snprintf(ret, REGISTRY_WAY_OUT_BYTES, "it is being reopened");
	else if (p->dir->is_lost && !p->dir->needs_start)
		snprintf(ret, REGISTRY_WAY_OUT_BYTES,
			 "bring the log directory back, then `penstockctl logdir reopen %.600s`",
			 p->dir->path);
	else if (p->needs_start)
		snprintf(ret, REGISTRY_WAY_OUT_BYTES,
			 "put it right, then start the gateway again");
	else if (p->is_corrupt)
		snprintf(ret, REGISTRY_WAY_OUT_BYTES,
			 "stop the gateway, then `penstock-log repair %.600s`", p->directory);
	else
		snprintf(ret, REGISTRY_WAY_OUT_BYTES,
			 "see to the disk, then `penstockctl partition reopen %s %u`",
			 p->entry->shown.topic.name, p->number);
}

void partition_offline(struct registry *r, struct partition *p, const char *fault)
{
	go_offline(r, p, fault);
	/* A disk may fail under thousands at once: each is in `penstockctl state`. */
	if (r->offline_said++ < OFFLINE_LINES)
		registry_say(r, "%s is OFFLINE, all else is served: %s", p->directory, fault);
	else if (r->offline_said == OFFLINE_LINES + 1)
		registry_say(r, "more partitions are OFFLINE: `penstockctl state` names them");
}

void partitions_offline(struct registry *r, struct entry *e, const bool *which,
			const char *fault)
{
	char numbers[128] = "";
	size_t used = 0;
	for (uint32_t i = 0, end; i < e->partition_count; i = end) {
		for (end = i; end < e->partition_count && which[end]; end++)
			go_offline(r, e->partitions[end], fault);
		if (end == i) {
			end++;
			continue;
		}
		if (used < sizeof numbers)
			used += (size_t)snprintf(numbers + used, sizeof numbers - used,
						 end - i > 1 ? "%s%u-%u" : "%s%u",
						 used ? ", " : "", i, end - 1);
	}
	if (used > 0)
		registry_say(r, "topic %s: partitions %s%s are OFFLINE, all else is served: %s",
			     e->shown.topic.name, numbers,
			     used < sizeof numbers ? "" : "...", fault);
}

static void directory_offline(struct registry *r, struct log_dir *d)
{
	for (uint32_t slot = 0; slot < PARTITIONS_MAX; slot++)
		if (r->slots[slot] && r->slots[slot]->dir == d && !r->slots[slot]->is_offline)
			go_offline(r, r->slots[slot], d->fault);
	registry_say(r,
		     dirs_are_all_lost(r)
			     ? "%s: it was the last log directory, all partitions are OFFLINE and "
			       "the gateway ends; bring it back, then start the gateway again"
			     : "%s: the partitions in it are OFFLINE, all else is served; bring it "
			       "back, then `penstockctl logdir reopen`",
		     d->fault);
}

/* What it was not told meanwhile it is told at once. */
void directory_take_back(struct registry *r, struct log_dir *d)
{
	d->is_lost = d->is_doubted = d->has_said_marks = false;
	d->fault[0] = '\0';
	d->names_deleted = true;
	log_dir_checkpoint_hasten(d);
	registry_say(r, "%s is used again", d->path);
}

void directory_give_up(struct registry *r, struct log_dir *d, int error)
{
	if (d->is_lost)
		return;
	log_dir_lose(d, "%.255s cannot be used: %s", d->path, registry_advice(error));
	directory_offline(r, d);
}

/* The device is gone or broken, or the file system has stopped over what it found. */
static bool is_of_whole_directory(int error)
{
	return error == -EIO || error == -EROFS || error == -ENODEV || error == -ENXIO ||
	       error == -EUCLEAN;
}

static bool is_last(const struct registry *r, const struct log_dir *one)
{
	for_each_dir(d, r) if (d != one && !d->is_lost) return false;
	return true;
}

void directory_note_error(struct registry *r, struct log_dir *d, int error)
{
	if (d->is_lost || !is_of_whole_directory(error))
		return;
	if (is_last(r, d))
		d->is_doubted = true;
	else
		directory_give_up(r, d, error);
}

void directory_note_answer(struct registry *r, struct log_dir *d, int error)
{
	if (d->is_doubted && is_of_whole_directory(error))
		directory_give_up(r, d, error);
	d->is_doubted = false;
	directory_note_error(r, d, error);
}

bool directory_is_here(struct registry *r, struct log_dir *d)
{
	if (!d->is_stuck && log_dir_notice_loss(d))
		directory_offline(r, d);
	return !d->is_lost;
}

bool directories_are_here(struct registry *r)
{
	bool are_here = false;
	for_each_dir(d, r) are_here |= directory_is_here(r, d);
	return are_here;
}

/* On nobody's behalf: the reply is counted by a round that no job waits for. */
static void send_fence(struct registry *r, struct partition *p, struct handoff *h)
{
	p->wants_fence = false;
	p->admin = (struct admin_msg){
		.msg = {.kind = HANDOFF_ADMIN},
		.op = ADMIN_FENCE,
		.partition = p->ref,
		.log = p->log,
		.options = p->admin.options,
		.error = -ESTALE,
		.owner = p,
	};
	p->state = PARTITION_ASKED;
	p->round = &r->fences;
	handoff_send(h, &p->admin.msg);
}

/* One that is on its way to or from its writer is told when it has arrived. */
bool fences_step(struct registry *r)
{
	bool has_sent = false, are_left = false;
	for (uint32_t slot = 0; r->has_fences && slot < PARTITIONS_MAX; slot++) {
		struct partition *p = r->slots[slot];
		if (!p || !p->wants_fence)
			continue;
		unsigned writer = writer_of_slot(slot, r->options.writer_count);
		struct handoff *h = r->options.writers[writer];
		if (p->state == PARTITION_SERVED && handoff_has_room(h, HANDOFF_ADMIN)) {
			send_fence(r, p, h);
			has_sent = true;
		} else {
			are_left = true;
		}
	}
	r->has_fences = are_left;
	return has_sent;
}
