/* registry_lock.c - one process per log directory: a lock on <log dir>/.lock, as Kafka's.
 * The one file call beside the disk seam: a lock means nothing to a simulated disk. */
#include "control/catalog/registry_lock.h"
#include "dataplane/store/log_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes every directory of the path that is missing. */
static int make_path(const char *path)
{
	char part[PATH_MAX];
	snprintf(part, sizeof part, "%s", path);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(part, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Whoever reads it stands before a gateway that did not start: each case ends with what to do.
 * */
const char *registry_advice(int error)
{
	switch (error) {
	case -ENOENT:
		return "it cannot be made; is its file system mounted?";
	case -ENOTDIR:
		return "it, or a part of its path, is a file and no directory; move the file "
		       "away, or name another directory";
	case -EACCES:
	case -EPERM:
		return "this user may not write there; give it to the gateway's user (chown), or "
		       "name another directory";
	case -EROFS:
		return "its file system is read-only; mount it for writing, or name another "
		       "directory";
	case -ENOSPC:
	case -EDQUOT:
		return "its disk or quota is full; make room, or name another directory";
	case -ELOOP:
		return "its links lead in a circle; name the directory itself";
	case -EMFILE:
		return "too few files may be open; raise the limit (ulimit -n, LimitNOFILE=)";
	default:
		return strerror(-error);
	}
}

static bool is_link(const char *path)
{
	struct stat there;
	return lstat(path, &there) == 0 && S_ISLNK(there.st_mode);
}

int registry_lock(struct log_dir *d, const char *log_dir, char *message, size_t message_size)
{
	char path[PATH_MAX];
	int error = make_path(log_dir);
	snprintf(path, sizeof path, "%s/.lock", log_dir);
	int fd = error ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		error = error ? error : -errno;
		snprintf(message, message_size, "log.dirs: %s cannot be used: %s",
			 log_dir,
			 error == -ENOENT && is_link(log_dir)
				 ? "it is a link to something that is not there; make that, or "
				   "name the directory itself"
				 : registry_advice(error));
		return error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		d->lock_fd = fd;
		return 0;
	}
	error = -errno;
	close(fd);
	snprintf(message, message_size,
		 "log.dirs: %s is in use by another process; stop it, or name another "
		 "directory",
		 log_dir);
	return error;
}

/* The file stays: who removed it could take it from under a process that has just opened it, and
 * two would hold a lock, each of another file. */
void registry_unlock(struct log_dir *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

bool registry_lock_is_at(const struct log_dir *d, const char *log_dir)
{
	char path[PATH_MAX];
	struct stat own, there;
	snprintf(path, sizeof path, "%s/.lock", log_dir);
	return d->lock_fd >= 0 && fstat(d->lock_fd, &own) == 0 && stat(path, &there) == 0 &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}
