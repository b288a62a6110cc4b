/* swarm_link.c - requests to a socket, answers from it; see swarm_link.h. */
#include "perf/swarm_link.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_header.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 4096, HEAD_BYTES = KAFKA_SIZE_BYTES + sizeof(uint32_t) };

static const char client_id[] = "consumer-swarm-1";

/* ---- buffers ---------------------------------------------------------------------------- */

static uint8_t *buffer_reserve(struct swarm_buffer *b, size_t bytes)
{
	if (b->room < b->size + bytes) {
		b->room = max_u64(b->size + bytes, 2 * b->room);
		b->data = realloc(b->data, b->room);
		require(b->data);
	}
	return b->data + b->size;
}

/* ---- the socket ------------------------------------------------------------------------- */

int swarm_link_open(struct swarm_link *l, const struct sockaddr_in *to)
{
	int on = 1;
	*l = (struct swarm_link){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (l->fd < 0)
		return -errno;
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(l->fd, (const struct sockaddr *)to, sizeof *to) == 0)
		return 0;
	int error = -errno;
	swarm_link_close(l);
	return error;
}

void swarm_link_close(struct swarm_link *l)
{
	close(l->fd);
	free(l->out.data);
	free(l->in.data);
	*l = (struct swarm_link){.fd = -1};
}

int swarm_link_flush(struct swarm_link *l)
{
	while (l->sent < l->out.size) {
		ssize_t n = send(l->fd, l->out.data + l->sent, l->out.size - l->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		l->sent += (size_t)n;
	}
	return 0;
}

struct emitter swarm_link_begin(struct swarm_link *l, int key, int version, size_t body_bytes)
{
	require(!l->is_asking && l->sent == l->out.size);
	size_t name_bytes = sizeof client_id - 1;
	size_t bytes = KAFKA_SIZE_BYTES + KAFKA_REQUEST_HEADER_BYTES_MIN + name_bytes + body_bytes;
	l->out.size = l->sent = 0;
	struct emitter e = emitter_of(buffer_reserve(&l->out, bytes), bytes);
	emit_u32(&e, (uint32_t)(bytes - KAFKA_SIZE_BYTES));
	emit_u16(&e, (uint16_t)key);
	emit_u16(&e, (uint16_t)version);
	emit_u32(&e, ++l->correlation);
	emit_u16(&e, (uint16_t)name_bytes);
	emit_bytes(&e, client_id, name_bytes);
	return e;
}

int swarm_link_end(struct swarm_link *l, const struct emitter *e, uint64_t now_ns)
{
	require(!e->bad && KAFKA_SIZE_BYTES + (size_t)be32_load(l->out.data) == emitter_size(e));
	l->out.size = emitter_size(e);
	l->is_asking = true;
	l->asked_ns = now_ns;
	return swarm_link_flush(l);
}

int swarm_link_ask(struct swarm_link *l, int key, int version, const struct kafka_message *m,
		   const void *request, uint64_t now_ns)
{
	require(version < m->flexible_since);
	struct emitter e = swarm_link_begin(l, key, version,
					    kafka_encoded_size(m, version, request));
	kafka_encode(m, version, request, &e);
	return swarm_link_end(l, &e, now_ns);
}

/* ---- the answer ------------------------------------------------------------------------- */

/* Bytes of the answer, size field included, as far as it is known. */
static size_t answer_bytes(const struct swarm_link *l)
{
	return l->in.size < HEAD_BYTES ? HEAD_BYTES
				       : KAFKA_SIZE_BYTES + (size_t)be32_load(l->in.data);
}

static int read_some(struct swarm_link *l)
{
	uint8_t *room = buffer_reserve(&l->in, READ_BYTES);
	ssize_t n = recv(l->fd, room, l->in.room - l->in.size, MSG_DONTWAIT);
	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	l->in.size += (size_t)n;
	return 1;
}

int swarm_link_receive(struct swarm_link *l)
{
	int got;
	while ((got = read_some(l)) > 0)
		;
	if (got < 0)
		return got;
	size_t bytes = answer_bytes(l);
	if (l->in.size < bytes)
		return 0;
	bool is_ours = l->is_asking && l->in.size == bytes &&
		       be32_load(l->in.data + KAFKA_SIZE_BYTES) == l->correlation;
	return is_ours ? 1 : -EPROTO;
}

struct cursor swarm_link_answer(struct swarm_link *l)
{
	struct cursor c = cursor_of(l->in.data + HEAD_BYTES, l->in.size - HEAD_BYTES);
	l->in.size = 0;
	l->is_asking = false;
	return c;
}
