/* ctl_client.c - a request line out, an answer line in, on the control socket. */
#include "control/programs/ctl_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One stream for each direction: a single one cannot turn from writing to reading on a socket,
 * which has no position to seek. */
int ctl_connect(struct ctl_client *c, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	*c = (struct ctl_client){
		.in = fdopen(fd, "r"), .out = fdopen(dup(fd), "w"), .path = path};
	return c->in && c->out ? 0 : -ENOMEM;
}

void ctl_close(struct ctl_client *c)
{
	fclose(c->in);
	fclose(c->out);
}

json_t *ctl_call(struct ctl_client *c, const char *method, json_t *params)
{
	json_t *request =
		json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", 1, "method", method);
	if (params)
		json_object_set_new(request, "params", params);
	char *line = NULL;
	size_t room = 0;
	int error = json_dumpf(request, c->out, JSON_COMPACT);
	json_decref(request);
	if (error || fputc('\n', c->out) == EOF || fflush(c->out) == EOF)
		return NULL;
	ssize_t size = getline(&line, &room, c->in);
	json_t *answer = size > 0 ? json_loadb(line, (size_t)size, 0, NULL) : NULL;
	free(line);
	return answer;
}
