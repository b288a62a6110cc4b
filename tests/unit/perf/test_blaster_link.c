/* test_blaster_link.c - one connection of the blaster against a broker of a socket pair.
 */
#include "perf/blaster_link.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	struct link link;
	struct tally tally;
	struct produce_body body;
	int broker;
};

static struct pair *open_pair(void)
{
	struct pair *p = calloc(1, sizeof *p);
	int fd[2];
	cr_assert(p && socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	struct produce_shape shape = {.topic = "t",
				      .partition = 2,
				      .acks = -1,
				      .record_bytes = 100,
				      .records = 3};
	p->body = produce_body_build(&shape);
	p->link.fd = fd[0];
	p->broker = fd[1];
	p->link.topic = "t";
	p->link.partition = 2;
	p->link.body = &p->body;
	p->link.in_flight = 2;
	p->link.last_offset = -1;
	p->tally.stop_ns = UINT64_MAX;
	return p;
}

static void close_pair(struct pair *p)
{
	close(p->link.fd);
	close(p->broker);
	free(p->body.data);
	free(p);
}

static void send_all(struct pair *p, uint64_t allowed)
{
	p->link.allowed = allowed;
	while (link_may_begin(&p->link))
		link_begin(&p->link, 1);
	cr_assert(link_flush(&p->link, &p->tally) == 0);
}

static void answer(struct pair *p, uint32_t correlation, uint16_t error, uint64_t offset)
{
	uint8_t data[128] = {0};
	size_t size = produce_response_bytes("t");
	struct emitter e = emitter_of(data, sizeof data);
	emit_u32(&e, (uint32_t)size - 4);
	emit_u32(&e, correlation);
	emit_u32(&e, 1);
	emit_u16(&e, 1);
	emit_u8(&e, 't');
	emit_u32(&e, 1);
	emit_u32(&e, 2);
	emit_u16(&e, error);
	emit_u64(&e, offset);
	cr_assert(write(p->broker, data, size) == (ssize_t)size);
}

Test(blaster_link, no_more_than_the_cap_is_on_the_way)
{
	struct pair *p = open_pair();
	send_all(p, 5);
	cr_assert(p->link.begun == 2 && p->link.sent == 2);
	uint8_t seen[4096];
	size_t whole = PRODUCE_HEAD_BYTES + p->body.size;
	cr_assert(read(p->broker, seen, sizeof seen) == (ssize_t)(2 * whole));
	cr_assert(be32_load(seen + 8) == 0 && be32_load(seen + whole + 8) == 1);
	cr_assert(memcmp(seen + whole + PRODUCE_HEAD_BYTES, p->body.data, p->body.size) ==
		  0);
	close_pair(p);
}

Test(blaster_link, answers_in_order_make_room)
{
	struct pair *p = open_pair();
	send_all(p, 2);
	answer(p, 0, 0, 10);
	answer(p, 1, 0, 13);
	cr_assert(link_receive(&p->link, &p->tally) == 0);
	cr_assert(p->link.answered == 2 && p->tally.answers_all == 2);
	cr_assert(p->tally.latency.count == 2 && p->tally.errors == 0);
	close_pair(p);
}

Test(blaster_link, answers_out_of_order_end_the_run)
{
	struct pair *p = open_pair();
	send_all(p, 2);
	answer(p, 1, 0, 10);
	cr_assert(link_receive(&p->link, &p->tally) == -EPROTO);
	close_pair(p);
}

Test(blaster_link, an_offset_given_twice_ends_the_run)
{
	struct pair *p = open_pair();
	send_all(p, 2);
	answer(p, 0, 0, 10);
	answer(p, 1, 0, 10);
	cr_assert(link_receive(&p->link, &p->tally) == -EPROTO);
	close_pair(p);
}

Test(blaster_link, an_answer_nobody_asked_for_ends_the_run)
{
	struct pair *p = open_pair();
	answer(p, 0, 0, 10);
	cr_assert(link_receive(&p->link, &p->tally) == -EPROTO);
	close_pair(p);
}

Test(blaster_link, errors_are_counted_by_code_and_not_as_latency)
{
	struct pair *p = open_pair();
	send_all(p, 2);
	answer(p, 0, 6, 0);
	cr_assert(link_receive(&p->link, &p->tally) == 0);
	cr_assert(p->tally.errors == 1 && p->tally.error_codes[6] == 1);
	cr_assert(p->tally.answers_all == 0 && p->tally.latency.count == 0);
	close_pair(p);
}

Test(blaster_link, what_was_never_answered_is_counted_with_its_wait)
{
	struct pair *p = open_pair();
	send_all(p, 3);
	cr_assert(link_give_up(&p->link, &p->tally) == 3);
	cr_assert(p->tally.latency.count == 2, "the third was never begun");
	close_pair(p);
}

Test(blaster_link, a_closed_connection_is_noticed)
{
	struct pair *p = open_pair();
	shutdown(p->broker, SHUT_RDWR);
	cr_assert(link_receive(&p->link, &p->tally) == -ECONNRESET);
	close_pair(p);
}
