/*
 * The tree of mounts: found by (parent, covered name) in a hash table that the path walker reads
 * under RCU and a sequence count; changed under one mutex.
 */
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"
#include "base/table/hash.h"
#include "memory/heap.h"
#include "sync/rcu.h"
#include "sync/sequence.h"
#include "sync/wait.h"
#include "vfs/inode.h"
#include "vfs/mount/internal.h"
#include "vfs/name_find.h"
#include <abi/stat.h>

#define MOUNT_BUCKETS 128

struct mutex mount_mutex = MUTEX_INITIALIZER(mount_mutex, LOCK_MOUNT);
struct list_head mount_list = LIST_HEAD_INITIALIZER(mount_list);

static struct hash_list buckets[MOUNT_BUCKETS];
static struct spin_lock table_lock = SPIN_LOCK_INITIALIZER(LOCK_NAME_CACHE);
static struct sequence_count table_sequence;
static struct wait_queue change_queue = WAIT_QUEUE_INITIALIZER(change_queue);
static uint64_t change_generation;
static int32_t last_id;
static uint32_t attached_count;		/* mount_mutex */

uint64_t mounts_generation(void)
{
	return atomic_load_acquire(&change_generation);
}

struct wait_queue *mounts_wait_queue(void)
{
	return &change_queue;
}

void mounts_changed(void)
{
	atomic_fetch_add_ordered(&change_generation, 1);
	wait_queue_wake_all(&change_queue, 0);
}

uint32_t mount_sequence(void)
{
	return atomic_load_acquire(&table_sequence.value);
}

static struct hash_list *bucket_of(const struct mount *parent, const struct name *point)
{
	return &buckets[hash_combine(hash_pointer(parent), (uintptr_t)point) % MOUNT_BUCKETS];
}

struct mount *mount_covering(struct mount *mount, struct name *name)
{
	struct mount *at;

	hash_list_for_each(at, bucket_of(mount, name), hash_node)
		if (at->parent == mount && at->point == name)
			return at;
	return NULL;
}

NO_THREAD_ANALYSIS void superblock_mounts_lock(void)
{
	spin_lock(&table_lock);
}

NO_THREAD_ANALYSIS void superblock_mounts_unlock(void)
{
	spin_unlock(&table_lock);
}

void mount_get(struct mount *mount)
{
	refcount_get(&mount->references);
}

static void mount_free_rcu(struct rcu_head *head)
{
	struct mount *mount = container_of(head, struct mount, rcu);

	heap_free(mount->source);
	heap_free(mount);
}

static void mount_release(struct mount *mount)
{
	superblock_mounts_lock();
	list_remove(&mount->superblock_node);
	superblock_mounts_unlock();
	name_put(mount->root);
	superblock_put(mount->superblock);
	rcu_call(&mount->rcu, mount_free_rcu);
}

void mount_put(struct mount *mount)
{
	if (refcount_put(&mount->references))
		mount_release(mount);
}

static void mount_release_later(struct work *work)
{
	mount_release(container_of(work, struct mount, release));
}

bool mount_get_unless_detached(struct mount *mount)
{
	if (!refcount_get_unless_zero(&mount->references))
		return false;
	/* unmount sets is_detached, then counts references: one of us sees the other. */
	atomic_fence();
	if (!READ_ONCE(mount->is_detached))
		return true;
	/* The tree may have dropped it meanwhile, and this is a read section. */
	if (refcount_put(&mount->references))
		work_queue(&mount->release);
	return false;
}

bool mount_is_attached(const struct mount *mount)
{
	return !READ_ONCE(mount->is_detached);
}

bool mount_is_read_only(const struct mount *mount)
{
	return (READ_ONCE(mount->flags) | READ_ONCE(mount->superblock->flags)) & MS_RDONLY;
}

struct mount *mount_create(struct superblock *superblock, struct name *root,
			   unsigned long flags, const char *source)
{
	struct mount *mount = heap_allocate(sizeof(*mount), HEAP_ACCOUNT);

	if (!mount)
		return NULL;
	mount->source = heap_copy_string(source, HEAP_ACCOUNT);
	if (!mount->source) {
		heap_free(mount);
		return NULL;
	}
	refcount_init(&mount->references, 1);
	refcount_get(&superblock->references);
	name_get(root);
	mount->superblock = superblock;
	mount->root = root;
	mount->parent = mount;
	mount->point = root;
	mount->flags = flags & MOUNT_FLAGS_OF_MOUNT;
	mount->id = atomic_fetch_add_relaxed(&last_id, 1) + 1;
	mount->is_detached = true;
	work_init(&mount->release, mount_release_later);
	list_init(&mount->children);
	list_node_init(&mount->child_node);
	hash_list_node_init(&mount->hash_node);
	list_node_init(&mount->all_node);
	superblock_mounts_lock();
	list_add(&superblock->mounts, &mount->superblock_node);
	superblock_mounts_unlock();
	return mount;
}

/* Table locked, inside its sequence. */
static void table_insert(struct mount *mount, const struct path *point)
{
	mount->parent = point->mount;
	mount->point = point->name;
	mount->is_detached = false;
	atomic_fetch_add_ordered(&point->name->mounts_here, 1);
	hash_list_add(bucket_of(mount->parent, mount->point), &mount->hash_node);
}

/* Likewise; the point's references are the caller's from here on. */
static void table_remove(struct mount *mount, struct path *point)
{
	*point = (struct path){ mount->parent, mount->point };
	mount->is_detached = true;
	hash_list_remove(&mount->hash_node);
	mount->parent = mount;
	mount->point = mount->root;
	atomic_fetch_subtract_ordered(&point->name->mounts_here, 1);
}

static void lists_insert(struct mount *mount)
{
	list_add_tail(&mount->parent->children, &mount->child_node);
	list_add_tail(&mount_list, &mount->all_node);
	attached_count++;
}

static void lists_remove(struct mount *mount)
{
	list_remove(&mount->child_node);
	list_remove(&mount->all_node);
	attached_count--;
}

bool mounts_are_too_many(void)
{
	return attached_count >= MOUNTS_MAXIMUM;
}

void mount_attach(struct mount *mount, const struct path *point)
{
	path_get(point);
	spin_lock(&table_lock);
	sequence_write_begin(&table_sequence);
	table_insert(mount, point);
	sequence_write_end(&table_sequence);
	spin_unlock(&table_lock);
	lists_insert(mount);
}

void mount_detach(struct mount *mount)
{
	struct path point;

	lists_remove(mount);
	spin_lock(&table_lock);
	sequence_write_begin(&table_sequence);
	table_remove(mount, &point);
	sequence_write_end(&table_sequence);
	spin_unlock(&table_lock);
	path_put(&point);
}

int mount_detach_if_idle(struct mount *mount, uint32_t references)
{
	struct path point;
	bool is_busy;

	spin_lock(&table_lock);
	WRITE_ONCE(mount->is_detached, true);
	/* Walkers take a reference, then look at is_detached: one of us sees the other. */
	atomic_fence();
	is_busy = refcount_read(&mount->references) > references;
	if (is_busy) {
		WRITE_ONCE(mount->is_detached, false);
	} else {
		sequence_write_begin(&table_sequence);
		table_remove(mount, &point);
		sequence_write_end(&table_sequence);
	}
	spin_unlock(&table_lock);
	if (is_busy)
		return -EBUSY;
	lists_remove(mount);
	path_put(&point);
	return 0;
}

void mounts_move(const struct mount_move *moves, size_t count)
{
	struct path old[MOUNT_MOVES];

	ASSERT(count <= MOUNT_MOVES);
	for (size_t i = 0; i < count; i++) {
		path_get(&moves[i].to);
		lists_remove(moves[i].mount);
	}
	spin_lock(&table_lock);
	sequence_write_begin(&table_sequence);
	for (size_t i = 0; i < count; i++)
		table_remove(moves[i].mount, &old[i]);
	for (size_t i = 0; i < count; i++)
		table_insert(moves[i].mount, &moves[i].to);
	sequence_write_end(&table_sequence);
	spin_unlock(&table_lock);
	for (size_t i = 0; i < count; i++) {
		lists_insert(moves[i].mount);
		path_put(&old[i]);
	}
}

void mount_detach_below(struct mount *top)
{
	struct mount *child;

	while ((child = list_last(&top->children, struct mount, child_node))) {
		while (!list_is_empty(&child->children))
			child = list_last(&child->children, struct mount, child_node);
		mount_detach(child);
		mount_put(child);
	}
}

struct mount *mount_next_below(struct mount *mount, struct mount *top)
{
	struct mount *next = list_first(&mount->children, struct mount, child_node);

	while (!next && mount != top) {
		next = list_next(mount, &mount->parent->children, child_node);
		mount = mount->parent;
	}
	return next;
}

/* The mount on a counted path, with a reference; NULL: none. */
static struct mount *covering_get(const struct path *path)
{
	for (;;) {
		struct mount *mount;
		uint32_t begun;
		bool is_held;

		rcu_read_lock();
		begun = sequence_read_begin(&table_sequence);
		mount = mount_covering(path->mount, path->name);
		is_held = mount && mount_get_unless_detached(mount);
		rcu_read_unlock();
		if (is_held)
			return mount;
		if (!mount && !sequence_read_retry(&table_sequence, begun))
			return NULL;
		/* It goes, it moves, or somebody is asking whether it may go. */
		spin_lock(&table_lock);
		spin_unlock(&table_lock);
	}
}

void mount_step_down(struct path *path)
{
	while (name_is_mount_point(path->name)) {
		struct mount *mount = covering_get(path);
		struct path below;

		if (!mount)
			return;
		below = (struct path){ mount, mount->root };
		name_get(below.name);
		path_put(path);
		*path = below;
	}
}

bool mount_step_up(struct path *path)
{
	struct path above;

	spin_lock(&table_lock);
	above = (struct path){ path->mount->parent, path->mount->point };
	if (above.mount != path->mount)
		path_get(&above);
	spin_unlock(&table_lock);
	if (above.mount == path->mount)
		return false;
	path_put(path);
	*path = above;
	return true;
}

struct mount *mount_find(struct superblock *superblock)
{
	struct mount *mount, *found = NULL;

	mutex_lock(&mount_mutex);
	list_for_each(mount, &mount_list, all_node) {
		if (mount->superblock == superblock && mount->root == superblock->root) {
			mount_get(mount);
			found = mount;
			break;
		}
	}
	mutex_unlock(&mount_mutex);
	return found;
}

struct mount *mount_internal(struct filesystem *filesystem)
{
	struct superblock *superblock;
	struct mount *mount;

	if (superblock_create(filesystem, filesystem->name, "", 0, &superblock))
		return NULL;
	mount = mount_create(superblock, superblock->root, 0, filesystem->name);
	superblock_put(superblock);
	return mount;
}

int mount_root(struct filesystem *filesystem, const char *options, struct path *root)
{
	struct superblock *superblock;
	struct mount *mount;
	int error = superblock_create(filesystem, "rootfs", options, 0, &superblock);

	if (error)
		return error;
	mount = mount_create(superblock, superblock->root, MS_RELATIME, "rootfs");
	superblock_put(superblock);
	if (!mount)
		return -ENOMEM;
	mount->is_detached = false;
	mutex_lock(&mount_mutex);
	list_add_tail(&mount_list, &mount->all_node);
	attached_count++;
	mutex_unlock(&mount_mutex);
	*root = (struct path){ mount, mount->root };
	path_get(root);
	return 0;
}
