/* fake_gen_port.c - see fake_gen_port.h. */
#include "tests/unit/perf/fake_gen_port.h"
#include "dataplane/base/require.h"

static struct fake_gen_port *fake_of(struct gen_port *p)
{
	return container_of(p, struct fake_gen_port, port);
}

void fake_gen_port_init(struct fake_gen_port *f)
{
	*f = (struct fake_gen_port){
		.port.net = gen_net_of(0x0a000000, 24, 0x0a000002),
		.room = FAKE_SEGMENTS,
	};
}

bool gen_port_has_room(struct gen_port *p)
{
	return fake_of(p)->room > 0;
}

uint8_t *gen_port_take(struct gen_port *p, uint32_t size)
{
	struct fake_gen_port *f = fake_of(p);
	require(size <= FAKE_SEGMENT_BYTES - 20 && f->count < FAKE_SEGMENTS);
	return f->room ? f->sent[f->count].bytes : NULL;
}

void gen_port_push(struct gen_port *p, uint32_t source, const struct gen_l4 *l4)
{
	struct fake_gen_port *f = fake_of(p);
	f->sent[f->count].source = source;
	f->sent[f->count].size = l4->size;
	f->count++;
	f->room--;
}

uint32_t gen_port_mtu(const struct gen_port *p)
{
	return FAKE_SEGMENT_BYTES;
}
