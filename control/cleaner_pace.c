/* cleaner_pace.c - work in, rest out; see cleaner_pace.h. */
#include "control/cleaner_pace.h"
#include "dataplane/base/base.h"
#include "dataplane/base/clock.h"

#define REST_NS_MIN NS_PER_MS /* shorter ones are put off until they are as long */
#define REST_NS_MAX (3600 * NS_PER_S)

uint64_t cleaner_pace(struct cleaner_pace *p, uint64_t now_ns, uint32_t bytes, uint64_t rate)
{
	uint64_t cost_ns = bytes * NS_PER_S / rate;
	p->paid_ns = max_u64(p->paid_ns, now_ns) + min_u64(cost_ns, REST_NS_MAX);
	uint64_t until_ns = max_u64(p->paid_ns, now_ns + (now_ns - p->begun_ns));
	return until_ns - now_ns < REST_NS_MIN ? 0 : until_ns;
}
