/*
 * Root, working directory and umask of threads, which mostly share them.
 */
#include "base/errno.h"
#include "vfs/directories.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "vfs/inode.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"

static struct mutex states_mutex = MUTEX_INITIALIZER(states_mutex, LOCK_LEAF_SLEEP);
static struct list_head states = LIST_HEAD_INITIALIZER(states);
static struct directory_state *kernel_state;

struct directory_state *directory_state_current(void)
{
	struct directory_state *state = thread_current()->directories;

	return state ? state : kernel_state;
}

static struct directory_state *state_create(const struct path *root, const struct path *working,
					    uint16_t umask)
{
	struct directory_state *state = heap_allocate(sizeof(*state), HEAP_ACCOUNT);

	if (!state)
		return NULL;
	refcount_init(&state->references, 1);
	spin_lock_init(&state->lock, LOCK_NAME_UNUSED);
	state->umask = umask;
	state->root = *root;
	state->working = *working;
	mutex_lock(&states_mutex);
	list_add(&states, &state->node);
	mutex_unlock(&states_mutex);
	return state;
}

struct directory_state *directory_state_create(const struct path *root)
{
	struct directory_state *state;

	path_get(root);
	path_get(root);
	state = state_create(root, root, 022);
	if (!state) {
		path_put(root);
		path_put(root);
	} else if (!kernel_state) {
		kernel_state = directory_state_get(state);
	}
	return state;
}

struct directory_state *directory_state_copy(struct directory_state *from)
{
	struct directory_state *state;
	struct path root, working;

	directory_root_get(from, &root);
	directory_working_get(from, &working);
	state = state_create(&root, &working, from->umask);
	if (!state) {
		path_put(&root);
		path_put(&working);
	}
	return state;
}

struct directory_state *directory_state_get(struct directory_state *state)
{
	refcount_get(&state->references);
	return state;
}

void directory_state_put(struct directory_state *state)
{
	if (!refcount_put(&state->references))
		return;
	mutex_lock(&states_mutex);
	list_remove(&state->node);
	mutex_unlock(&states_mutex);
	path_put(&state->root);
	path_put(&state->working);
	heap_free(state);
}

static void counted_read(struct directory_state *state, const struct path *source,
			 struct path *path)
{
	spin_lock(&state->lock);
	*path = *source;
	path_get(path);
	spin_unlock(&state->lock);
}

void directory_root_get(struct directory_state *state, struct path *root)
{
	counted_read(state, &state->root, root);
}

void directory_working_get(struct directory_state *state, struct path *working)
{
	counted_read(state, &state->working, working);
}

static void replace(struct directory_state *state, struct path *at, const struct path *path)
{
	struct path old;

	path_get(path);
	spin_lock(&state->lock);
	old = *at;
	sequence_write_begin(&state->sequence);
	*at = *path;
	sequence_write_end(&state->sequence);
	spin_unlock(&state->lock);
	path_put(&old);
}

int directory_working_set(const struct path *path)
{
	struct directory_state *state = directory_state_current();
	int error;

	if (!inode_is_directory(path->name->inode))
		return -ENOTDIR;
	error = inode_permission(path->name->inode, MAY_EXECUTE);
	if (error == 0)
		replace(state, &state->working, path);
	return error;
}

int directory_root_set(const struct path *path)
{
	struct directory_state *state = directory_state_current();
	int error;

	if (!inode_is_directory(path->name->inode))
		return -ENOTDIR;
	error = inode_permission(path->name->inode, MAY_EXECUTE);
	if (error == 0 && !privilege_is_held(PRIVILEGE_SYS_CHROOT))
		error = -EPERM;
	if (error == 0)
		replace(state, &state->root, path);
	return error;
}

static bool path_is_same(const struct path *a, const struct path *b)
{
	return a->mount == b->mount && a->name == b->name;
}

void directory_states_move(const struct path *from, const struct path *to)
{
	struct directory_state *state;

	mutex_lock(&states_mutex);
	list_for_each(state, &states, node) {
		if (path_is_same(&state->root, from))
			replace(state, &state->root, to);
		if (path_is_same(&state->working, from))
			replace(state, &state->working, to);
	}
	mutex_unlock(&states_mutex);
}

uint16_t directory_umask(void)
{
	return READ_ONCE(directory_state_current()->umask);
}

uint16_t directory_umask_set(uint16_t mask)
{
	return atomic_swap(&directory_state_current()->umask, mask & 0777);
}
