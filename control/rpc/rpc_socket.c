/* rpc_socket.c - a path in, a listening UNIX socket out that is ours alone. */
#include "control/rpc/rpc_socket.h"

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

/* Whether somebody listens on the socket at the path; unlike its file, that ends with him. */
static bool is_listening(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool listens = fd >= 0 && (connect(fd, (const struct sockaddr *)address,
					   sizeof *address) == 0 ||
				   errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	return listens;
}

/* A socket that was left behind goes; what else has the path stays. */
static int clear_path(const struct sockaddr_un *address)
{
	struct stat there;
	if (lstat(address->sun_path, &there) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(there.st_mode))
		return -EEXIST;
	if (is_listening(address))
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* The mode is narrowed before the socket has a name; bind() takes the umask away from it,
 * so it is set once more: that can only widen it to what was asked for. */
static int bind_with_mode(struct rpc_socket *s, unsigned mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat made;
	memcpy(address.sun_path, s->path, sizeof address.sun_path);
	int error = clear_path(&address);
	if (error)
		return error;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || fchmod(s->fd, mode) < 0)
		return -errno;
	if (bind(s->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(s->path, mode) < 0 || lstat(s->path, &made) < 0 || listen(s->fd, 64) < 0)
		return -errno;
	s->device = made.st_dev;
	s->inode = made.st_ino;
	return 0;
}

/* What is in the way, and what to do about it. */
static const char *advice(int error)
{
	switch (error) {
	case -EWOULDBLOCK:
		return "belongs to a gateway that runs; stop it, or name another path";
	case -EADDRINUSE:
		return "another program listens there; stop it, or name another path";
	case -EEXIST:
		return "is there and is no socket; it was left alone: move it away, or name "
		       "another path";
	case -ENOENT:
		return "its directory is missing, and so is the one above; make it";
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return "its directory is not writable for this user; change that "
		       "(RuntimeDirectory=), or name another path";
	case -ENOTDIR:
		return "what should be its directory is a file; name another path";
	default:
		return strerror(-error);
	}
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
	snprintf(message, message_size, "penstock.control.socket: %s: %s", path, advice(error));
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock >= 0)
		close(s->lock);
	return error;
}

/* Only if the path is still this socket's: it may be somebody else's by now. */
void rpc_socket_close(struct rpc_socket *s)
{
	struct stat there;
	if (lstat(s->path, &there) == 0 && there.st_dev == s->device &&
	    there.st_ino == s->inode)
		unlink(s->path);
	close(s->fd);
	close(s->lock);
}

/* Whoever may open the socket may look. What changes things is for root and for the gateway's
 * own user, of whom the kernel vouches. */
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
