/* standard_files.h - descriptors 0, 1 and 2 of a program that was started without some of them.
 *
 * The first file that is opened would get the free number: what is meant for a terminal would
 * be written into a log's file. Core: control, before anything else is opened.
 */
#ifndef PENSTOCK_STANDARD_FILES_H
#define PENSTOCK_STANDARD_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* Puts /dev/null in the place of those that are missing. False: there is none. */
static inline bool standard_files_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

#endif
