/* boot.h - start-up as a table: run forward, unwound backward.
 *
 *     settings ─▶ heap ─▶ eal ─▶ port ─▶ ... ─▶ cores     a failure undoes what was done
 *     settings ◀─ heap ◀─ eal ◀─ port ◀─ ... ◀─ cores     so does a clean stop
 *
 * Core: control.
 */
#ifndef PENSTOCK_BOOT_H
#define PENSTOCK_BOOT_H

#include "dataplane/base/base.h"

/* A step failed for a reason that it has said, with what to do about it. */
enum { BOOT_SAID = 1 };

struct boot_step {
	const char *name;
	/* 0; when it failed and has undone itself, BOOT_SAID, or the -errno that says it all. */
	int (*init)(void *context);
	void (*fini)(void *context); /* null: nothing to undo */
};

/* Runs the steps in order. All done: 0; else what the failed step gave, with the ones before
 * it undone and its name printed. */
int boot_up(const struct boot_step *steps, unsigned count, void *context);
void boot_down(const struct boot_step *steps, unsigned count, void *context);

#endif
