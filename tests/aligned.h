/* aligned.h - what the kernel asks of an operation on a file that is opened direct; the disks that
 * tests stand in for it refuse the same, whatever file system lies below them. */
#ifndef PENSTOCK_TESTS_ALIGNED_H
#define PENSTOCK_TESTS_ALIGNED_H

#include "dataplane/store/disk/disk.h"

static inline bool disk_op_is_aligned(const struct disk_op *op)
{
	if (op->offset % DISK_BLOCK_BYTES)
		return false;
	for (unsigned i = 0; i < op->iov_count; i++)
		if (op->iov[i].iov_len % DISK_BLOCK_BYTES ||
		    (uintptr_t)op->iov[i].iov_base % DISK_BLOCK_BYTES)
			return false;
	return true;
}

#endif
