/* gateway_data.h - steps: what runs on the data cores. Core: control. */
#ifndef PENSTOCK_GATEWAY_DATA_H
#define PENSTOCK_GATEWAY_DATA_H

int rings_init(void *gateway);
void rings_fini(void *gateway);
int writers_init(void *gateway);
void writers_fini(void *gateway);
int pollers_init(void *gateway);
void pollers_fini(void *gateway);
int cores_init(void *gateway);
/* Sets is_sound of the gateway. */
void cores_fini(void *gateway);

#endif
