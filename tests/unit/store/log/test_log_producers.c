/* test_log_producers.c - what a log tells of its producers, in pieces, while they come and go. */
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>

enum { MANY = 2 * PRODUCERS_PIECE + 10, FIRST_ID = 1000 };

static struct rig *rig;
static struct rig_producer producer;

static void begin(void)
{
	rig = rig_create();
	rig->service_options.settings.producer_ids_max = MANY;
	cr_assert(rig_open(rig, 0, false));
	rig->producer = &producer;
}

static void end(void)
{
	rig_destroy(rig);
}

TestSuite(log_producers, .init = begin, .fini = end);

static void write_as(int64_t id, int16_t epoch, uint32_t count)
{
	producer = (struct rig_producer){.id = id, .epoch = epoch};
	rig_append(rig, count, 10, ACK_DURABLE);
	if (rig->append_count % 64 == 0)
		rig_drain(rig);
}

static void write_as_many(int64_t first, int n)
{
	for (int i = 0; i < n; i++)
		write_as(first + i, 0, 1);
	rig_drain(rig);
}

/* What comes behind the last piece is put behind what is there, or takes its place. */
struct told {
	struct producer_told all[4 * PRODUCERS_PIECE];
	uint32_t count;
	unsigned pieces;
	unsigned anew;
};

static bool tell_piece(struct told *t)
{
	static struct producers_piece piece;
	piece = (struct producers_piece){.after = t->count ? t->all[t->count - 1].id : -1};
	log_tell_producers(rig->log, &piece);
	t->pieces++;
	t->anew += piece.is_anew;
	if (piece.is_anew)
		t->count = 0;
	memcpy(t->all + t->count, piece.told, piece.count * sizeof *piece.told);
	t->count += piece.count;
	return piece.is_last;
}

static unsigned how_often(const struct told *t, int64_t id)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < t->count; i++)
		n += t->all[i].id == id;
	return n;
}

Test(log_producers, a_log_that_has_none_tells_of_none)
{
	static struct told t;
	rig->producer = NULL;
	rig_append(rig, 1, 10, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(tell_piece(&t) && t.count == 0);
}

Test(log_producers, one_is_told_with_its_last_batch)
{
	static struct told t;
	write_as(7, 2, 3);
	rig->time_ms = 1700000055555;
	producer = (struct rig_producer){.id = 7, .epoch = 2, .sequence = 3};
	rig_append(rig, 2, 10, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(tell_piece(&t) && t.count == 1);
	cr_assert(t.all[0].id == 7 && t.all[0].epoch == 2 && t.all[0].last_sequence == 4);
	cr_assert(t.all[0].timestamp == 1700000055555);
}

Test(log_producers, a_thousand_are_told_in_pieces_each_once)
{
	static struct told t;
	write_as_many(FIRST_ID, MANY);
	while (!tell_piece(&t))
		;
	cr_assert(t.pieces == 3 && t.anew == 1 && t.count == MANY);
	for (int64_t id = FIRST_ID; id < FIRST_ID + MANY; id++)
		cr_assert(how_often(&t, id) == 1, "%ld", (long)id);
}

/* The table is full: whoever comes takes the place of who wrote longest ago. */
Test(log_producers, where_the_last_one_told_is_gone_it_begins_anew)
{
	static struct told t;
	write_as_many(FIRST_ID, MANY);
	cr_assert(!tell_piece(&t) && !tell_piece(&t));
	int64_t last = t.all[t.count - 1].id;
	for (int64_t id = FIRST_ID; id <= last; id++)
		write_as(id + 100000, 0, 1);
	rig_drain(rig);
	cr_assert(!tell_piece(&t) && t.anew == 2 && t.count == PRODUCERS_PIECE);
	while (!tell_piece(&t))
		;
	cr_assert(t.anew == 2 && t.count == MANY);
	cr_assert(how_often(&t, last) == 0 && how_often(&t, last + 100000) == 1);
}

Test(log_producers, who_begins_between_two_pieces_is_no_harm)
{
	static struct told t;
	write_as_many(FIRST_ID, MANY - 1);
	cr_assert(!tell_piece(&t));
	write_as(5, 0, 1);
	rig_drain(rig);
	while (!tell_piece(&t))
		;
	cr_assert(t.anew == 1 && t.count == MANY - 1);
}
