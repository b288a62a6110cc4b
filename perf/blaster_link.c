/* blaster_link.c - one connection: pipelined requests out, answers checked; see its
 * header. */
#include "perf/blaster_link.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { REQUESTS_PER_SEND = 64 };

/* By when a request was due, not by when it was sent or answered: else the slowest would be the
 * ones left out. */
static bool is_measured(const struct tally *t, uint64_t due_ns)
{
	return due_ns >= t->steady_ns && due_ns < t->stop_ns;
}

void link_begin(struct link *l, uint64_t due_ns)
{
	require(link_may_begin(l));
	unsigned slot = l->begun % LINK_IN_FLIGHT_MAX;
	l->due_ns[slot] = due_ns;
	produce_head_set(l->heads[slot], l->body, (uint32_t)l->begun);
	l->begun++;
}

/* What the kernel has taken of a request in part is left out when the rest is sent. */
static void cut(struct iovec *v, size_t *skip)
{
	size_t n = *skip < v->iov_len ? *skip : v->iov_len;
	v->iov_base = (uint8_t *)v->iov_base + n;
	v->iov_len -= n;
	*skip -= n;
}

/* Heads and body are sent from where they lie: all requests of a link have one body. */
static unsigned gather(struct link *l, struct iovec *pieces)
{
	size_t skip = l->sent_bytes;
	unsigned count = 0;
	for (uint64_t i = l->sent; i < l->begun && count < 2 * REQUESTS_PER_SEND; i++) {
		struct iovec *v = &pieces[count];
		v[0] = (struct iovec){l->heads[i % LINK_IN_FLIGHT_MAX],
				      PRODUCE_HEAD_BYTES};
		v[1] = (struct iovec){l->body->data, l->body->size};
		cut(&v[0], &skip);
		cut(&v[1], &skip);
		count += 2;
	}
	return count;
}

static void note_sent(struct link *l, struct tally *t, size_t bytes)
{
	size_t whole = PRODUCE_HEAD_BYTES + l->body->size;
	uint64_t now_ns = clock_now_ns();
	l->sent_bytes += bytes;
	for (; l->sent_bytes >= whole; l->sent_bytes -= whole) {
		uint64_t due_ns = l->due_ns[l->sent++ % LINK_IN_FLIGHT_MAX];
		if (is_measured(t, due_ns))
			histogram_add(&t->lag, now_ns - due_ns);
	}
}

int link_flush(struct link *l, struct tally *t)
{
	while (l->sent < l->begun) {
		struct iovec pieces[2 * REQUESTS_PER_SEND];
		struct msghdr m = {.msg_iov = pieces, .msg_iovlen = gather(l, pieces)};
		ssize_t n = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		note_sent(l, t, (size_t)n);
	}
	return 0;
}

static void count_answer(const struct link *l, struct tally *t, int16_t error,
			 uint64_t now_ns)
{
	uint64_t due_ns = l->due_ns[l->answered % LINK_IN_FLIGHT_MAX];
	if (error) {
		t->errors++;
		t->error_codes[(uint16_t)error < LINK_ERROR_CODES ? error : 0]++;
		return;
	}
	t->answers_all++;
	t->answers += now_ns >= t->steady_ns && now_ns < t->stop_ns;
	if (is_measured(t, due_ns))
		histogram_add(&t->latency, now_ns - due_ns);
}

/* Whoever answers out of order, for another partition or with an offset given before has lost or
 * repeated something: its figures are worth nothing. */
static int take_answer(struct link *l, struct tally *t, const uint8_t *data,
		       uint64_t now_ns)
{
	struct produce_response r;
	if (!produce_response_read(data, l->topic, &r) || l->answered == l->sent ||
	    r.correlation != (uint32_t)l->answered || r.partition != l->partition)
		return -EPROTO;
	if (r.error == 0 && r.base_offset <= l->last_offset)
		return -EPROTO;
	if (r.error == 0)
		l->last_offset = r.base_offset;
	count_answer(l, t, r.error, now_ns);
	l->answered++;
	return 0;
}

static int take_answers(struct link *l, struct tally *t)
{
	size_t size = produce_response_bytes(l->topic), at = 0;
	uint64_t now_ns = clock_now_ns();
	for (; l->received - at >= size; at += size) {
		int error = take_answer(l, t, l->receive + at, now_ns);
		if (error)
			return error;
	}
	l->received -= at;
	memmove(l->receive, l->receive + at, l->received);
	return 0;
}

/* Until the kernel has no more: events are edge-triggered, and what was left would not be told
 * of again. */
int link_receive(struct link *l, struct tally *t)
{
	for (;;) {
		size_t room = sizeof l->receive - l->received;
		ssize_t n = recv(l->fd, l->receive + l->received, room, MSG_DONTWAIT);
		if (n <= 0)
			return n == 0 ? -ECONNRESET : errno == EAGAIN ? 0 : -errno;
		l->received += (size_t)n;
		int error = take_answers(l, t);
		if (error || (size_t)n < room)
			return error;
	}
}

/* A request without an answer has waited until now at least. Left out, a broker that stalls would
 * look faster for it. */
uint64_t link_give_up(const struct link *l, struct tally *t)
{
	uint64_t now_ns = clock_now_ns();
	for (uint64_t i = l->answered; i < l->begun; i++) {
		uint64_t due_ns = l->due_ns[i % LINK_IN_FLIGHT_MAX];
		if (is_measured(t, due_ns))
			histogram_add(&t->latency, now_ns - due_ns);
	}
	return l->allowed - l->answered;
}
