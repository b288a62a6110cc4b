/* rpc_socket.c - a path in, a listening UNIX socket out that is ours alone. */
#include "control/rpc_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The last directory of the path, as /run/penstock, may be ours to make. */
static int make_parent(const char *path)
{
	char parent[sizeof((struct rpc_socket *)0)->path];
	snprintf(parent, sizeof parent, "%s", path);
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	return mkdir(parent, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Whoever has the lock may remove a socket that is left there. */
static int take_lock(struct rpc_socket *s)
{
	char path[sizeof s->path + 8];
	snprintf(path, sizeof path, "%s.lock", s->path);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return -errno;
	return flock(s->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

/* The mode is narrowed before the socket has a name; bind() takes the umask away from it,
 * so it is set once more: that can only widen it to what was asked for. */
static int bind_with_mode(struct rpc_socket *s, unsigned mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, s->path, sizeof address.sun_path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || fchmod(s->fd, mode) < 0)
		return -errno;
	unlink(s->path);
	if (bind(s->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(s->path, mode) < 0 || listen(s->fd, 64) < 0)
		return -errno;
	return 0;
}

int rpc_socket_open(struct rpc_socket *s, const char *path, unsigned mode, char *message,
		    size_t message_size)
{
	*s = (struct rpc_socket){.fd = -1, .lock = -1};
	int size = snprintf(s->path, sizeof s->path, "%s", path);
	int error = (size_t)size >= sizeof s->path ? -ENAMETOOLONG : make_parent(path);
	if (!error)
		error = take_lock(s);
	if (!error)
		error = bind_with_mode(s, mode);
	if (!error)
		return 0;
	if (error == -EWOULDBLOCK)
		snprintf(message, message_size,
			 "penstock.control.socket: %s belongs to a gateway that runs; "
			 "stop it, or name "
			 "another path",
			 path);
	else
		snprintf(message, message_size, "penstock.control.socket: %s: %s", path,
			 strerror(-error));
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock >= 0)
		close(s->lock);
	return error;
}

void rpc_socket_close(struct rpc_socket *s)
{
	unlink(s->path);
	close(s->fd);
	close(s->lock);
}

int rpc_socket_accept(const struct rpc_socket *s, bool *is_admin)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	bool is_known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
	*is_admin = is_known && (peer.uid == 0 || peer.uid == geteuid());
	return fd;
}
