/* gen_inside.h - the gateway inside the generator's process: its port and ours are two ends of a
 * pair of rings, over which packets pass by their addresses, so that nearly no driver is left.
 *
 *     gateway's port ═══ ring ═══▶ our port          gen_inside_start ─▶ gateway's cores and
 *                    ◀══ ring ═══                        its control run beside us
 *                                                    gen_inside_stop ─▶ our port may be closed
 *                                                    gen_inside_end  ─▶ DPDK has ended, too
 *
 * It is penstockd, started by the same table of steps, but for two: DPDK has our lcores, too,
 * and signals remain ours. Each side takes buffers from its own pool and gives back the
 * other's; all of them are lcores, so that every pool has a cache for each.
 *
 * Core: main; the gateway's control has a thread of its own.
 */
#ifndef PENSTOCK_GEN_INSIDE_H
#define PENSTOCK_GEN_INSIDE_H

#include "perf/gen_options.h"

/* The generator's end, as DPDK names it. */
#define GEN_INSIDE_PORT "net_ring_generator"

struct gen_inside;

/* Null: it does not start; the reason is printed. `lcore_memory_mib` is for ours. */
struct gen_inside *gen_inside_start(const struct gen_options *options,
				    unsigned lcore_memory_mib);
/* The control socket, and the EAL worker that is our first lcore. */
const char *gen_inside_socket(const struct gen_inside *in);
unsigned gen_inside_worker(const struct gen_inside *in);

/* Drains the gateway; false: it left something undone, and said what. Our lcores stand. */
bool gen_inside_stop(struct gen_inside *in);
void gen_inside_end(struct gen_inside *in);

#endif
