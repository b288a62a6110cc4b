/* test_rpc_socket.c - what may be at the path of the control socket, and what becomes of it. */
#include "control/rpc/rpc_socket.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[] = "/tmp/penstock-socket-XXXXXX";
static char path[64];
static char message[256];
static struct rpc_socket s;

static void shell(const char *format)
{
	char command[256];
	snprintf(command, sizeof command, format, directory);
	cr_assert(system(command) == 0, "%s", command);
}

static void start(void)
{
	cr_assert(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/control.sock", directory);
}

static void stop(void)
{
	shell("rm -rf %s");
}

TestSuite(rpc_socket, .init = start, .fini = stop);

static int open_at(const char *where)
{
	return rpc_socket_open(&s, where, 0600, message, sizeof message);
}

/* A listening socket of another program's; closed, it stays as a file. */
static int listen_at(const char *where)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", where);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	cr_assert(listen(fd, 1) == 0);
	return fd;
}

Test(rpc_socket, a_file_at_the_path_is_left_alone)
{
	shell("echo kept > %s/control.sock");
	cr_assert(open_at(path) == -EEXIST);
	cr_assert(strstr(message, path) && strstr(message, "is no socket"), "%s", message);
	shell("grep -qx kept %s/control.sock");
}

Test(rpc_socket, a_link_at_the_path_is_left_alone)
{
	shell("ln -s nowhere %s/control.sock");
	cr_assert(open_at(path) == -EEXIST);
	shell("test -L %s/control.sock");
}

Test(rpc_socket, a_socket_that_was_left_behind_is_replaced)
{
	close(listen_at(path));
	cr_assert(open_at(path) == 0, "%s", message);
	rpc_socket_close(&s);
	cr_assert(access(path, F_OK) < 0);
}

Test(rpc_socket, a_socket_that_somebody_listens_on_is_left_to_him)
{
	int fd = listen_at(path);
	cr_assert(open_at(path) == -EADDRINUSE);
	cr_assert(strstr(message, "another program listens there"), "%s", message);
	shell("test -S %s/control.sock");
	close(fd);
}

Test(rpc_socket, what_was_put_into_our_place_outlives_us)
{
	cr_assert(open_at(path) == 0, "%s", message);
	cr_assert(unlink(path) == 0);
	shell("echo kept > %s/control.sock");
	rpc_socket_close(&s);
	shell("grep -qx kept %s/control.sock");
}

Test(rpc_socket, a_directory_that_cannot_be_is_named_with_what_to_do)
{
	char deep[128];
	snprintf(deep, sizeof deep, "%s/a/b/control.sock", directory);
	cr_assert(open_at(deep) == -ENOENT && strstr(message, "make it"), "%s", message);
	shell("touch %s/a");
	snprintf(deep, sizeof deep, "%s/a/control.sock", directory);
	cr_assert(open_at(deep) == -ENOTDIR && strstr(message, "is a file"), "%s", message);
	cr_assert(open_at("/proc/control.sock") < 0 && strstr(message, "/proc/control.sock"));
}
