/*
 * What unlink and rename do to cached names. Directory locks are held; RCU readers notice by the
 * names' sequences.
 */
#include "base/string.h"
#include "vfs/inode.h"
#include "vfs/name/internal.h"

static uint32_t rename_generation;

uint32_t name_rename_generation(void)
{
	return atomic_load_acquire(&rename_generation);
}

void name_delete(struct name *name)
{
	struct inode *inode = NULL;

	spin_lock(&name->lock);
	sequence_write_begin(&name->sequence);
	/* A walker takes its reference, then looks at the sequence: one of us sees the other. */
	atomic_fence();
	if (READ_ONCE(name->references) == 1 && list_is_empty(&name->children)) {
		inode = name->inode;
		atomic_store_release(&name->inode, NULL);
	} else {
		atomic_fetch_or_relaxed(&name->flags, NAME_DELETED);
	}
	sequence_write_end(&name->sequence);
	spin_unlock(&name->lock);
	if (inode)
		name_inode_put(inode);
	else
		name_hash_remove(name);
}

static void parent_leave(struct name *name)
{
	spin_lock(&name->parent->lock);
	list_remove(&name->child_node);
	spin_unlock(&name->parent->lock);
}

static void parent_enter(struct name *name)
{
	spin_lock(&name->parent->lock);
	list_add(&name->parent->children, &name->child_node);
	spin_unlock(&name->parent->lock);
}

/* What identifies a name in the table. Text that lies in the name itself is copied. */
struct identity {
	struct name *parent;
	const char *text;
	uint32_t hash, length;
	bool is_inline;
	char inline_text[NAME_INLINE];
};

static void identity_read(const struct name *name, struct identity *identity)
{
	identity->parent = name->parent;
	identity->text = name->text;
	identity->hash = name->hash;
	identity->length = name->length;
	identity->is_inline = name->text == name->inline_text;
	memcpy(identity->inline_text, name->inline_text, NAME_INLINE);
}

static void identity_write(struct name *name, const struct identity *identity)
{
	spin_lock(&name->lock);
	sequence_write_begin(&name->sequence);
	name->parent = identity->parent;
	name->hash = identity->hash;
	name->length = identity->length;
	if (identity->is_inline) {
		memcpy(name->inline_text, identity->inline_text, NAME_INLINE);
		name->text = name->inline_text;
	} else {
		name->text = identity->text;
	}
	sequence_write_end(&name->sequence);
	spin_unlock(&name->lock);
}

/* Each takes the other's place, text included, so that no memory is needed and none is freed. */
static void names_swap(struct name *a, struct name *b)
{
	struct identity of_a, of_b;

	parent_leave(a);
	parent_leave(b);
	identity_read(a, &of_a);
	identity_read(b, &of_b);
	identity_write(a, &of_b);
	identity_write(b, &of_a);
	parent_enter(a);
	parent_enter(b);
	if ((a->inode && inode_is_directory(a->inode)) ||
	    (b->inode && inode_is_directory(b->inode)))
		atomic_fetch_add_ordered(&rename_generation, 1);
}

void name_move(struct name *from, struct name *to)
{
	name_hash_remove(from);
	name_hash_remove(to);
	names_swap(from, to);
	spin_lock(&to->lock);
	atomic_fetch_or_relaxed(&to->flags, NAME_DELETED);
	spin_unlock(&to->lock);
	name_hash_add(from);
}

void name_exchange(struct name *a, struct name *b)
{
	name_hash_remove(a);
	name_hash_remove(b);
	names_swap(a, b);
	name_hash_add(a);
	name_hash_add(b);
}

/* LOCK_RENAME is held: parents do not change. */
bool name_is_below(struct name *name, struct name *ancestor)
{
	while (name != name->parent) {
		name = name->parent;
		if (name == ancestor)
			return true;
	}
	return false;
}
