/* ctl_client.c - a request line out, an answer line in, on the control socket. */
#include "control/programs/ctl_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* One stream for each direction: a single one cannot turn from writing to reading on a socket,
 * which has no position to seek. */
int ctl_connect(struct ctl_client *c, const char *path, unsigned patience_s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* This bounds connect(), too, which waits while the gateway accepts nobody. */
	struct timeval sending = {.tv_sec = patience_s};
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &sending, sizeof sending) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	*c = (struct ctl_client){
		.in = fdopen(fd, "r"), .out = fdopen(dup(fd), "w"), .path = path};
	if (!c->in || !c->out)
		return -ENOMEM;
	ctl_wait_for(c, patience_s);
	return 0;
}

/* The kernel keeps the time: getline() fails with EAGAIN when it is up. */
void ctl_wait_for(struct ctl_client *c, unsigned patience_s)
{
	struct timeval receiving = {.tv_sec = patience_s};
	c->patience_s = patience_s;
	setsockopt(fileno(c->in), SOL_SOCKET, SO_RCVTIMEO, &receiving, sizeof receiving);
}

void ctl_close(struct ctl_client *c)
{
	fclose(c->in);
	fclose(c->out);
}

/* errno is cleared first: the end of a stream sets none, and means that the gateway has hung
 * up. */
json_t *ctl_call(struct ctl_client *c, const char *method, json_t *params)
{
	json_t *request =
		json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", 1, "method", method);
	if (params)
		json_object_set_new(request, "params", params);
	char *line = NULL;
	size_t room = 0;
	errno = 0;
	int error = json_dumpf(request, c->out, JSON_COMPACT);
	json_decref(request);
	bool is_sent = !error && fputc('\n', c->out) != EOF && fflush(c->out) != EOF;
	ssize_t size = is_sent ? getline(&line, &room, c->in) : -1;
	c->error = size > 0 ? 0 : errno ? -errno : -EPIPE;
	json_t *answer = size > 0 ? json_loadb(line, (size_t)size, 0, NULL) : NULL;
	free(line);
	return answer;
}
