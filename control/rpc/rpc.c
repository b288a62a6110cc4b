/* rpc.c - clients of the control socket: bytes in, one line at a time to rpc_run_line(),
 * answers out; nothing waits. */
#include "control/rpc/rpc.h"
#include "control/rpc/rpc_call.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LISTENER_TAG = RPC_CLIENTS_MAX,
	READ_BYTES = 16384,
	/* Answers that the kernel keeps for a client who does not read them, about. */
	UNREAD_BYTES = 8192,
};

static bool has_output(const struct rpc_client *c)
{
	return c->out_sent < c->out_size;
}

/* It has a request to be run, or that is known to be too long. */
static bool has_line(const struct rpc_client *c)
{
	return c->fd >= 0 && !c->is_waiting && !c->closes && !has_output(c) && c->in_size &&
	       (c->is_ended || c->in_size > RPC_LINE_BYTES_MAX ||
		memchr(c->in, '\n', c->in_size));
}

/* A client is read from only when nothing is owed to it, and no request of it waits to be run: they
 * are answered in order, and one that does not read its answers costs no more memory. */
static uint32_t wanted_events(const struct rpc_client *c)
{
	if (has_output(c))
		return EPOLLOUT;
	return c->is_waiting || c->is_ended || has_line(c) ? 0 : EPOLLIN;
}

/* Only what changes costs a call. */
static void watch(struct rpc *r, struct rpc_client *c)
{
	uint32_t wanted = wanted_events(c);
	if (wanted == c->events)
		return;
	struct epoll_event event = {.events = wanted,
				    .data.u32 = (uint32_t)(c - r->clients)};
	require(epoll_ctl(r->epoll, EPOLL_CTL_MOD, c->fd, &event) == 0);
	c->events = wanted;
}

/* Not looked at while no place is free: whoever waits there would end every sleep at once. */
static void watch_listener(struct rpc *r, bool accepts)
{
	struct epoll_event event = {.events = accepts ? EPOLLIN : 0,
				    .data.u32 = LISTENER_TAG};
	require(epoll_ctl(r->epoll, EPOLL_CTL_MOD, r->socket.fd, &event) == 0);
	r->accepts = accepts;
}

/* The place has another generation from now on: a job that ends for the one who is gone answers
 * nobody. */
static void client_close(struct rpc *r, struct rpc_client *c)
{
	close(c->fd);
	free(c->in);
	free(c->out);
	*c = (struct rpc_client){.fd = -1, .generation = c->generation + 1};
	if (!r->accepts)
		watch_listener(r, true);
}

static struct rpc_client *free_client(struct rpc *r)
{
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		if (r->clients[i].fd < 0)
			return &r->clients[i];
	}
	return NULL;
}

static bool is_older(const struct rpc *r, const struct rpc_client *c, uint64_t ms)
{
	return r->now_ns - c->since_ns >= ms * NS_PER_MS;
}

/* Who holds a place and finishes nothing, the longest of them; null: nobody, or not for long. Who
 * waits for a job, or for his turn, waits for us. */
static struct rpc_client *lingering_client(struct rpc *r)
{
	struct rpc_client *oldest = NULL;
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		struct rpc_client *c = &r->clients[i];
		if (c->fd >= 0 && !c->is_waiting && !has_line(c) && is_older(r, c, RPC_GRACE_MS) &&
		    (!oldest || c->since_ns < oldest->since_ns))
			oldest = c;
	}
	return oldest;
}

/* A free place, or a lingering one's. */
static struct rpc_client *place_for_one(struct rpc *r)
{
	struct rpc_client *c = free_client(r);
	if (!c && (c = lingering_client(r)))
		client_close(r, c);
	return c;
}

static bool somebody_waits(const struct rpc *r)
{
	struct pollfd listener = {.fd = r->socket.fd, .events = POLLIN};
	return poll(&listener, 1, 0) > 0;
}

/* Who finds no place waits in the socket's queue. */
static void accept_clients(struct rpc *r)
{
	bool is_admin;
	while (somebody_waits(r)) {
		struct rpc_client *c = place_for_one(r);
		if (!c) {
			watch_listener(r, false);
			return;
		}
		int fd = rpc_socket_accept(&r->socket, &is_admin);
		if (fd < 0)
			return;
		struct epoll_event event = {.events = EPOLLIN,
					    .data.u32 = (uint32_t)(c - r->clients)};
		require(epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
		int unread_bytes = UNREAD_BYTES;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unread_bytes, sizeof unread_bytes);
		c->fd = fd;
		c->is_admin = is_admin;
		c->events = EPOLLIN;
		c->since_ns = r->now_ns;
	}
}

/* Room for what comes next; a line may grow to RPC_LINE_BYTES_MAX and its newline. */
static size_t make_room(struct rpc_client *c)
{
	if (c->in_room - c->in_size < READ_BYTES && c->in_room <= RPC_LINE_BYTES_MAX) {
		c->in_room = c->in_room ? 2 * c->in_room : READ_BYTES;
		c->in = realloc(c->in, c->in_room + 1);
		require(c->in);
	}
	return c->in_room - c->in_size;
}

/* A line's time runs from its first byte. */
static void client_read(struct rpc *r, struct rpc_client *c)
{
	size_t room = make_room(c);
	if (room == 0)
		return;
	ssize_t n = read(c->fd, c->in + c->in_size, room);
	if (n > 0 && c->in_size == 0)
		c->since_ns = r->now_ns;
	if (n > 0)
		c->in_size += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->is_ended = true;
}

/* A client that cannot be written to is closed: what it was owed goes with it. */
static void client_write(struct rpc *r, struct rpc_client *c)
{
	if (!has_output(c))
		return;
	while (has_output(c)) {
		ssize_t n = send(c->fd, c->out + c->out_sent, c->out_size - c->out_sent,
				 MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			c->out_sent = c->out_size;
			c->closes = true;
		}
		if (n < 0)
			return;
		c->out_sent += (size_t)n;
	}
	c->out_size = 0;
	c->out_sent = 0;
	c->since_ns = r->now_ns;
}

/* Said to a client that is closed then. */
static void refuse_line(struct rpc *r, struct rpc_client *c, const char *why, int limit)
{
	struct rpc_call call = {.rpc = r, .client = c, .id = json_null()};
	rpc_fail(&call, RPC_INVALID_REQUEST, "a request has at most %d %s", limit, why);
	rpc_answer(&call);
	c->closes = true;
	c->in_size = 0;
}

/* Takes one line out of the buffer and runs it. */
static void client_line(struct rpc *r, struct rpc_client *c)
{
	char *end = memchr(c->in, '\n', c->in_size);
	size_t size = end ? (size_t)(end - c->in) : c->in_size;
	if (size > RPC_LINE_BYTES_MAX) {
		refuse_line(r, c, "bytes", RPC_LINE_BYTES_MAX);
		return;
	}
	rpc_run_line(r, c, c->in, size);
	size += end != NULL;
	memmove(c->in, c->in + size, c->in_size - size);
	c->in_size -= size;
	c->since_ns = r->now_ns;
}

/* What is owed goes out; then the client goes, or is waited for. */
static void client_rest(struct rpc *r, struct rpc_client *c)
{
	client_write(r, c);
	bool is_over = c->closes || (c->is_ended && !c->is_waiting && c->in_size == 0);
	if (is_over && !has_output(c))
		client_close(r, c);
	else
		watch(r, c);
}

static void client_turn(struct rpc *r, struct rpc_client *c, uint32_t events)
{
	/* Gone in both directions: nobody would read an answer. */
	if (events & (EPOLLERR | EPOLLHUP) && (c->is_waiting || c->is_ended)) {
		client_close(r, c);
		return;
	}
	if (wanted_events(c) == EPOLLIN)
		client_read(r, c);
	client_rest(r, c);
}

/* One request of one client in a turn, theirs one after the other: others, Kafka's clients among
 * them, wait meanwhile. False: there is none. */
static bool run_next(struct rpc *r)
{
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		struct rpc_client *c = &r->clients[(r->next + i) % RPC_CLIENTS_MAX];
		if (!has_line(c))
			continue;
		r->next = (unsigned)(c - r->clients) + 1;
		client_line(r, c);
		client_rest(r, c);
		return true;
	}
	return false;
}

/* Part of a line is here, and its time is over. */
static bool is_late(const struct rpc *r, const struct rpc_client *c)
{
	return c->fd >= 0 && c->in_size && !c->is_waiting && !has_output(c) && !has_line(c) &&
	       is_older(r, c, RPC_LINE_MS);
}

/* First those whom the kernel knows something of. Then those whom it has nothing to say of: a
 * client whose job has ended, a line that was read already. */
bool rpc_turn(struct rpc *r, uint64_t now_ns)
{
	r->now_ns = now_ns;
	struct epoll_event events[RPC_CLIENTS_MAX + 1];
	int n = epoll_wait(r->epoll, events, array_len(events), 0);
	bool found = n > 0;
	for (int i = 0; i < n; i++) {
		if (events[i].data.u32 == LISTENER_TAG)
			accept_clients(r);
		else
			client_turn(r, &r->clients[events[i].data.u32], events[i].events);
	}
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		struct rpc_client *c = &r->clients[i];
		/* A job has ended: its answer, if it was asked for, is there. */
		bool is_resumed = c->fd >= 0 && c->events != wanted_events(c);
		if (is_late(r, c))
			refuse_line(r, c, "ms to come whole", RPC_LINE_MS);
		else if (!is_resumed)
			continue;
		client_turn(r, c, 0);
		found = true;
	}
	found |= run_next(r);
	if (!r->accepts && lingering_client(r)) {
		watch_listener(r, true);
		accept_clients(r);
	}
	return found;
}

bool rpc_is_full(const struct rpc *r)
{
	return !r->accepts;
}

int rpc_wait_fd(const struct rpc *r)
{
	return r->epoll;
}

struct rpc *rpc_open(const struct rpc_options *options, char *message,
		     size_t message_size)
{
	struct rpc *r = calloc(1, sizeof *r);
	require(r);
	if (rpc_socket_open(&r->socket, options->socket_path, options->mode, message,
			    message_size) != 0) {
		free(r);
		return NULL;
	}
	r->options = *options;
	r->accepts = true;
	list_init(&r->waits);
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++)
		r->clients[i].fd = -1;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = LISTENER_TAG};
	require(r->epoll >= 0 &&
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->socket.fd, &event) == 0);
	return r;
}

/* Jobs may outlive the socket: those that were waited for find nobody to answer. */
void rpc_close(struct rpc *r)
{
	struct list *node;
	while ((node = list_take_first(&r->waits)))
		list_entry(node, struct rpc_wait, node)->rpc = NULL;
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		if (r->clients[i].fd >= 0)
			client_close(r, &r->clients[i]);
	}
	rpc_socket_close(&r->socket);
	close(r->epoll);
	free(r);
}
