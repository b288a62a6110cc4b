/* cleaner_thread.h - the thread that compacts logs: a cleaner (catalog/cleaner.h) with a disk and
 * memory of its own.
 *
 *     control: begin ─▶ [ step ] ─▶ the thread: clean_map(), clean_run() ... ─▶ [ over ] ─▶ is_over
 *
 * It sleeps while it has no step, and after some of each as long as that took, or longer where
 * log.cleaner.io.max.bytes.per.second tells it to. Its memory is mapped with its first step, and
 * given back after each log.
 *
 * Core: control calls this; the loop is its own thread's, which runs where control may.
 */
#ifndef PENSTOCK_CLEANER_THREAD_H
#define PENSTOCK_CLEANER_THREAD_H

#include "control/catalog/cleaner.h"
#include "control/cleaner_pace.h"
#include "dataplane/base/wake.h"

#include <pthread.h>
#include <stdatomic.h>

struct cleaner_thread {
	struct cleaner cleaner; /* for the registry */
	struct wake *control;   /* woken when a step is over */
	size_t map_bytes;
	double map_load;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;    /* a step, its end, or that the thread is to end */
	/* Under the lock. */
	enum clean_step step;
	struct clean_round *round; /* null: no step */
	bool is_over;
	int error;
	bool is_stopping;
	atomic_bool is_cancelled;
	/* The thread's. */
	struct disk *disk;
	struct clean_tools *tools;
	struct cleaner_pace pace;
};

/* -errno. */
int cleaner_thread_start(struct cleaner_thread *t, struct wake *control, size_t map_bytes,
			 double map_load);
void cleaner_thread_stop(struct cleaner_thread *t);

#endif
