/* boot.c - a table of steps in, a running or an unwound program out; see boot.h. */
#include "control/boot.h"

#include <stdio.h>

void boot_down(const struct boot_step *steps, unsigned count, void *context)
{
	while (count-- > 0)
		if (steps[count].fini)
			steps[count].fini(context);
}

/* A step that fails has undone its own part. */
int boot_up(const struct boot_step *steps, unsigned count, void *context)
{
	for (unsigned i = 0; i < count; i++) {
		int error = steps[i].init(context);
		if (error == 0)
			continue;
		fprintf(stderr, "penstockd: start failed at %s%s%s\n", steps[i].name,
			error == BOOT_SAID ? "" : ": ",
			error == BOOT_SAID ? "" : strerror(-error));
		boot_down(steps, i, context);
		return error;
	}
	return 0;
}
