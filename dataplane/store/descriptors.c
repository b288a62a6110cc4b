/* descriptors.c - operations on files in, opened and closed as the bound allows; see
 * descriptors.h. */
#include "dataplane/store/descriptors.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"

#include <errno.h>

enum { FILE_MODE = 0644 };

/* A file that is open, waits to be, or is being closed. */
struct open_file {
	struct list node;    /* a list of struct descriptors */
	struct list sibling;
	struct descriptors *descriptors;
	struct open_file **at;
	char *path; /* until it is open */
	int flags;
	int fd;     /* -1: not open yet */
	bool is_preferred;
	uint32_t operations;   /* at the disk */
	struct disk_op *held;  /* waiting for the descriptor, by `next` */
	struct disk_op **held_end;
	struct disk_op op;     /* the open or the close */
};

int descriptors_init(struct descriptors *ds, struct disk *disk, uint32_t limit)
{
	require(limit > 0);
	*ds = (struct descriptors){.disk = disk, .limit = limit, .limit_most = limit};
	list_init(&ds->waiting);
	list_init(&ds->unwanted);
	list_init(&ds->idle);
	list_init(&ds->idle_preferred);
	int status = slab_init(&ds->files, sizeof(struct open_file),
			       limit + DESCRIPTOR_OPERATIONS_MAX);
	if (status == 0)
		status = slab_init(&ds->paths, FILE_PATH_BYTES_MAX,
				   DESCRIPTOR_OPERATIONS_MAX);
	return status;
}

void descriptors_fini(struct descriptors *ds)
{
	slab_fini(&ds->paths);
	slab_fini(&ds->files);
}

/* Opens and closes have places of their own at the disk: no operation is kept waiting for its
 * file by other operations. */
bool descriptors_have_room(const struct descriptors *ds, unsigned n)
{
	uint32_t at_disk = disk_outstanding(ds->disk) - ds->moves;
	return at_disk + ds->held + n <= DESCRIPTOR_OPERATIONS_MAX;
}

static void submit_move(struct open_file *f, struct disk_op op)
{
	struct descriptors *ds = f->descriptors;
	ds->moves++;
	f->op = op;
	f->op.file = f;
	disk_submit(ds->disk, &f->op);
}

static void start_open(struct descriptors *ds)
{
	struct list *node = list_take_first(&ds->waiting);
	struct open_file *f = list_entry(node, struct open_file, node);
	ds->waiting_count--;
	ds->taken++;
	submit_move(f, (struct disk_op){
			       .kind = DISK_OPEN,
			       .path = f->path,
			       .flags = f->flags,
			       .mode = FILE_MODE,
		       });
}

/* From here on the file counts as closed: another operation opens it anew. */
static void start_close(struct descriptors *ds, struct list *idle)
{
	struct list *node = list_take_first(idle);
	struct open_file *f = list_entry(node, struct open_file, node);
	*f->at = NULL;
	ds->closing++;
	submit_move(f, (struct disk_op){.kind = DISK_CLOSE, .fd = f->fd});
}

static struct list *closed_next(struct descriptors *ds)
{
	if (!list_is_empty(&ds->unwanted))
		return &ds->unwanted;
	/* One for each that waits, and a free one is as good. */
	if (ds->waiting_count <= ds->closing || ds->taken < ds->limit)
		return NULL;
	if (!list_is_empty(&ds->idle))
		return &ds->idle;
	return list_is_empty(&ds->idle_preferred) ? NULL : &ds->idle_preferred;
}

/* Starts what can be started now. */
static void move(struct descriptors *ds)
{
	while (ds->moves < DESCRIPTOR_MOVES_MAX) {
		struct list *idle = closed_next(ds);
		if (idle)
			start_close(ds, idle);
		else if (ds->waiting_count > 0 && ds->taken < ds->limit)
			start_open(ds);
		else
			return;
	}
}

struct open_file *open_file_begin(struct descriptors *ds, struct open_file **at,
				  struct list *siblings, int flags, char **ret_path)
{
	struct open_file *f = slab_take(&ds->files);
	/* There is an operation for each that waits. */
	require(f && !*at);
	*f = (struct open_file){.descriptors = ds, .at = at, .flags = flags, .fd = -1};
	f->path = *ret_path = slab_take(&ds->paths);
	require(f->path);
	f->held_end = &f->held;
	list_init(&f->node);
	list_init(&f->sibling);
	list_append(siblings, &f->sibling);
	list_append(&ds->waiting, &f->node);
	ds->waiting_count++;
	*at = f;
	return f;
}

void open_file_prefer(struct open_file *f, bool is_preferred)
{
	f->is_preferred = is_preferred;
}

static void submit(struct open_file *f, struct disk_op *op)
{
	op->fd = f->fd;
	f->operations++;
	disk_submit(f->descriptors->disk, op);
}

void open_file_submit(struct open_file *f, struct disk_op *op)
{
	struct descriptors *ds = f->descriptors;
	op->file = f;
	if (f->fd >= 0) {
		require(op->kind != DISK_OPEN);
		list_remove(&f->node);
		submit(f, op);
		return;
	}
	op->next = NULL;
	*f->held_end = op;
	f->held_end = &op->next;
	ds->held++;
	move(ds);
}

/* A file without operations may be closed when another has to be opened; preferred ones are
 * closed last. */
static void rest(struct open_file *f)
{
	struct descriptors *ds = f->descriptors;
	if (f->operations == 0)
		list_append(f->is_preferred ? &ds->idle_preferred : &ds->idle, &f->node);
}

static void forget(struct open_file *f)
{
	list_remove(&f->sibling);
	slab_give(&f->descriptors->files, f);
}

/* A try that fails again costs one opening in so many. */
static void note_opened(struct descriptors *ds)
{
	if (ds->limit == ds->limit_most || ++ds->opens < DESCRIPTOR_OPENS_PER_STEP)
		return;
	ds->opens = 0;
	ds->limit++;
}

/* The operations that waited, chained; there are none any more. */
static struct disk_op *take_held(struct open_file *f)
{
	struct disk_op *held = f->held;
	for (const struct disk_op *op = held; op; op = op->next)
		f->descriptors->held--;
	f->held = NULL;
	f->held_end = &f->held;
	slab_give(&f->descriptors->paths, f->path);
	f->path = NULL;
	return held;
}

/* Whoever asked for the opening alone is told; the other operations that waited go to the
 * disk. */
static struct disk_op *opened(struct open_file *f)
{
	struct disk_op *over = NULL;
	f->fd = (int)f->op.result;
	note_opened(f->descriptors);
	for (struct disk_op *op = take_held(f), *next; op; op = next) {
		next = op->next;
		if (op->kind != DISK_OPEN) {
			submit(f, op);
			continue;
		}
		op->result = f->fd;
		op->next = over;
		over = op;
	}
	rest(f);
	return over;
}

/* When the process has run out of descriptors, the limit was too high: it becomes what can be
 * had, and the file waits for its turn again. */
static struct disk_op *not_opened(struct open_file *f)
{
	struct descriptors *ds = f->descriptors;
	bool has_run_out = f->op.result == -EMFILE || f->op.result == -ENFILE;
	ds->taken--;
	if (has_run_out) {
		ds->limit = max_u32(ds->taken, 1);
		ds->opens = 0;
		list_append(&ds->waiting, &f->node);
		ds->waiting_count++;
		return NULL;
	}
	struct disk_op *over = take_held(f);
	for (struct disk_op *op = over; op; op = op->next)
		op->result = f->op.result;
	*f->at = NULL;
	forget(f);
	return over;
}

static struct disk_op *moved(struct open_file *f)
{
	struct descriptors *ds = f->descriptors;
	struct disk_op *over = NULL;
	ds->moves--;
	if (f->op.kind == DISK_CLOSE) {
		/* Linux gives the descriptor back whatever close() says. */
		ds->closing--;
		ds->taken--;
		forget(f);
	} else {
		over = f->op.result >= 0 ? opened(f) : not_opened(f);
	}
	return over;
}

struct disk_op *descriptors_reaped(struct disk_op *op)
{
	struct open_file *f = op->file;
	struct disk_op *over = op;
	op->next = NULL;
	if (!f)
		return over;
	struct descriptors *ds = f->descriptors;
	if (op == &f->op) {
		over = moved(f);
	} else {
		require(f->operations > 0);
		f->operations--;
		rest(f);
	}
	move(ds);
	return over;
}

static void drop(struct open_file *f)
{
	require(*f->at == f && f->fd >= 0 && f->operations == 0);
	*f->at = NULL;
	list_remove(&f->node);
	list_append(&f->descriptors->unwanted, &f->node);
}

void open_file_drop(struct open_file *f)
{
	struct descriptors *ds = f->descriptors;
	drop(f);
	move(ds);
}

void descriptors_drop(struct list *siblings)
{
	struct descriptors *ds = NULL;
	list_for_each(node, siblings)
	{
		struct open_file *f = list_entry(node, struct open_file, sibling);
		if (*f->at != f)
			continue; /* being closed */
		ds = f->descriptors;
		drop(f);
	}
	if (ds)
		move(ds);
}
