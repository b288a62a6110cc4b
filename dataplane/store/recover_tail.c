/* recover_tail.c - the place where the batches of a segment stop in, what is to be done about it
 * out; see recover_private.h.
 *
 *     the file ends, or only zeroes follow      the end; zeroes are preallocated space
 *     anything else, in the last segment        a torn tail, cut off, unless it can be shown
 *                                               that those bytes had been durable:
 *       - the offset is below the recovery point, the durable mark or the log's start, which
 *         nobody moves beyond what is durable, or
 *       - a sound batch lies more than LOG_UNSYNCED_BYTES_MAX behind it (no more than
 *         that is ever written ahead of a sync)
 *     that, or anything else in a segment       damage: nothing is cut, the log ends there and
 *     before the last one                       is fenced; an operator decides
 *
 * A crash may lose any of the sectors not yet synced, so sound batches may lie behind a torn
 * one: that alone does not prove damage. Nor does a sound batch whose offset goes back: the
 * base offset lies outside the CRC, and may lie in a sector of its own. But somebody may want
 * them: a tail with a sound batch in it is copied beside the segment, durably, before it is
 * cut; where there is no room for that, nothing is cut and the log does not open.
 */
#include "dataplane/store/recover_tail.h"
#include "dataplane/store/quarantine.h"
#include "dataplane/store/recover_report.h"

static bool is_known(const struct recovery *rc, int64_t offset)
{
	return offset < rc->durable_offset;
}

/* Who says so. */
static const char *who_knows(const struct recovery *rc)
{
	if (rc->recovery_point == rc->durable_offset)
		return "recovery-point-offset-checkpoint";
	if (rc->mark < rc->durable_offset)
		return "log-start-offset-checkpoint";
	return rc->is_mark_old ? MARK_OLD_NAME : MARK_FILE_NAME;
}

/* Is the damage where bytes had been durable? Where too much claims to be a batch behind it, there
 * are at any rate bytes that were written when these were durable. */
static bool damage_is_old(struct recovery *rc, const struct scan_batch *damage)
{
	struct scan_batch later;
	int64_t end = rc->log->end.offset;
	return is_known(rc, end) ||
	       scan_find(&rc->scan, damage->position + LOG_UNSYNCED_BYTES_MAX, end, &later) ||
	       scan_has_given_up(&rc->scan);
}

/* Copies the tail, up to before `end`, beside the segment. */
static int keep(struct recovery *rc, uint64_t end, char *path)
{
	const struct log *log = rc->log;
	int status = quarantine_copy(&rc->scan, log->directory, log->end.base_offset,
				     log->end.position, end, path);
	if (status == 0)
		return 0;
	recovery_report(rc, "torn tail");
	recovery_add(rc, ": it holds sound batches and cannot be copied to %s: %s; nothing was "
			 "cut: make room, then start again",
		     path, strerror(-status));
	return status;
}

/* Behind the last sound batch of the tail, which may end in zeroes; 0: there is none. Where too
 * much claims to be one, all of the tail may be. */
static uint64_t sound_end(struct recovery *rc, uint64_t data_end)
{
	struct scan_batch b;
	uint64_t end = 0;
	for (uint64_t at = rc->log->end.position; scan_find(&rc->scan, at, -1, &b); at = end)
		end = b.position + b.size;
	return scan_has_given_up(&rc->scan) ? max_u64(end, data_end) : end;
}

/* Cuts the torn tail off; -errno. */
static int cut(struct recovery *rc, enum record_batch_verdict why)
{
	const struct log *log = rc->log;
	char path[FILE_PATH_BYTES_MAX] = "";
	uint64_t end = scan_data_end(&rc->scan, log->end.position);
	uint64_t sound = sound_end(rc, end);
	int status = 0;
	if (sound > 0)
		status = keep(rc, max_u64(end, sound), path);
	if (rc->scan.error || status < 0)
		return status < 0 ? status : rc->scan.error;
	rc->found->bytes_dropped = end - log->end.position;
	rc->found->first_dropped_offset = log->end.offset;
	recovery_report(rc, "torn tail");
	recovery_add(rc, " (%s): dropped %llu bytes from there on", record_batch_verdict_name(why),
		     (unsigned long long)rc->found->bytes_dropped);
	if (path[0])
		recovery_add(rc, "; sound batches may be among them: kept in %s", path);
	rc->scan.size = log->end.position;
	return file_truncate(rc->disk, rc->fd[SEGMENT_LOG], log->end.position);
}

static int judge_damage(struct recovery *rc, const struct scan_batch *stop, bool is_last)
{
	bool is_old_format = stop->verdict != RECORD_BATCH_GOOD &&
			     scan_is_old_format(&rc->scan, stop->position);
	if (is_last && !is_old_format && !damage_is_old(rc, stop))
		return rc->scan.error ? rc->scan.error : cut(rc, stop->verdict);
	recovery_condemn(rc, -EBADMSG,
			 is_old_format ? "a message of Kafka's format before 0.11"
			 : stop->verdict == RECORD_BATCH_GOOD
				 ? "offset that does not follow"
				 : record_batch_verdict_name(stop->verdict));
	return 0;
}

int tail_judge(struct recovery *rc, enum scan_verdict v, const struct scan_batch *stop,
	       bool is_last)
{
	if (v == SCAN_DAMAGE)
		return judge_damage(rc, stop, is_last);
	if (is_last && is_known(rc, rc->log->end.offset)) {
		recovery_condemn(rc, -ENODATA, "the log ends before what was durable,");
		recovery_add(rc, "; offsets %lld to %lld are gone: restore them (%s says that "
				 "they were there)",
			     (long long)rc->log->end.offset, (long long)rc->durable_offset - 1,
			     who_knows(rc));
	}
	return 0;
}
