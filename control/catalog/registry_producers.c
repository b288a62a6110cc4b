/* registry_producers.c - job: what the writer of a partition knows of its producers, piece by
 * piece.
 *
 *     ADMIN_PRODUCERS, after nobody ─▶ 512 of them ─▶ after the last of those ─▶ ... ─▶ the last
 *
 * A piece that begins anew takes the place of all before it. */
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_round.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

enum {
	/* As many producers as twice the settings' default of one writer: in a partition of which
	 * more are told, or which begins anew ever again, the rest is left out. */
	PIECES_MAX = 1024,
};

static void ask(struct job *j)
{
	round_begin(&j->round, ADMIN_PRODUCERS, j->asked, 1);
	j->round.piece = j->piece;
}

static bool start(struct registry *r, struct job *j)
{
	require(j->part_count == 1);
	struct partition *p = part_partition(r, &j->parts[0]);
	if (!p)
		return true;
	part_ask(j, p);
	j->piece = calloc(1, sizeof *j->piece);
	require(j->piece);
	j->piece->after = -1;
	ask(j);
	return false;
}

/* False: as many were taken as are wanted. */
static bool take(struct registry_part *part, const struct producers_piece *piece)
{
	if (piece->is_anew)
		part->producer_count = 0;
	uint32_t left = part->producers_max - part->producer_count;
	uint32_t n = min_u32(piece->count, left);
	size_t bytes = (part->producer_count + n + 1ul) * sizeof *part->producers;
	part->producers = realloc(part->producers, bytes);
	require(part->producers);
	memcpy(part->producers + part->producer_count, piece->told, n * sizeof *piece->told);
	part->producer_count += n;
	return n < left;
}

static bool next(struct registry *r, struct job *j)
{
	const struct producers_piece *piece = j->piece;
	struct registry_part *part = &j->parts[0];
	if (piece->is_offline) {
		part->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
		part->producer_count = 0;
		return true;
	}
	if (!take(part, piece) || piece->is_last || ++j->at == PIECES_MAX)
		return true;
	j->piece->after = piece->told[piece->count - 1].id;
	ask(j);
	return false;
}

const struct job_kind job_producers = {.start = start, .next = next};
