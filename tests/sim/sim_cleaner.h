/* sim_cleaner.h - a cleaner that does each step at once, in control's turn and with control's disk:
 * so the end of a process, or of the power, may come at each of its calls. */
#ifndef PENSTOCK_SIM_CLEANER_H
#define PENSTOCK_SIM_CLEANER_H

#include "control/catalog/cleaner.h"

struct sim_cleaner {
	struct cleaner cleaner;
	struct clean_tools *tools; /* null: there is none */
	bool is_over;
	int error;
};

void sim_cleaner_make(struct sim_cleaner *c, struct disk *d);
void sim_cleaner_end(struct sim_cleaner *c);

#endif
