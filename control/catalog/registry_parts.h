/* registry_parts.h - what errands to the writers of partitions share.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_PARTS_H
#define PENSTOCK_REGISTRY_PARTS_H

#include "control/catalog/registry_private.h"

/* The errand as a job; the parts are copied. */
void parts_queue(struct registry *r, enum registry_errand errand,
		 const struct registry_part *parts, uint32_t count, registry_done done,
		 void *owner);

/* Room for so many, all of zeroes. */
void parts_make(struct job *j, uint32_t count);
/* Who is asked; null, and the part has its error: there is no such partition, or nobody is let at
 * it. */
struct partition *part_partition(struct registry *r, struct registry_part *part);
/* The job goes there, too; its topic does not go before the job's end. */
void part_ask(struct job *j, struct partition *p);

#endif
