/* sim_crew.h - the crew that has no threads, told to make no calls: as if a disk did not answer. */
#ifndef PENSTOCK_SIM_CREW_H
#define PENSTOCK_SIM_CREW_H

#include <stdbool.h>

void sim_crew_hold(bool hold);
/* Of the crews that there are each is in a call that does not come back, whoever stops them. */
void sim_crew_hang(void);
/* It does. */
void sim_crew_answer(void);

#endif
