/* rpc_socket.h - the control socket as a file: locked, moded, bound; and who connects.
 * Apart because <sys/stat.h> and base/stats.h use one tag for different things.
 * Core: control. Never waits. */
#ifndef PENSTOCK_RPC_SOCKET_H
#define PENSTOCK_RPC_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct rpc_socket {
	int fd;   /* listening, non-blocking */
	int lock; /* held: no other instance touches the path */
	char path[108];
	dev_t device; /* of the socket's file, which is removed only while it is ours */
	ino_t inode;
};

/* Takes the place of a socket that nobody listens on any more, and of nothing else. -errno with
 * a sentence in `message`. */
int rpc_socket_open(struct rpc_socket *s, const char *path, unsigned mode, char *message,
		    size_t message_size);
void rpc_socket_close(struct rpc_socket *s);

/* The next connection, or -1; `*is_admin`: root or our own user. */
int rpc_socket_accept(const struct rpc_socket *s, bool *is_admin);

#endif
