/*
 * tmpfs: everything in memory. A directory keeps its entries in two trees, by hash of the text for
 * lookups and by a growing cookie for listing; file data is the page cache itself.
 */
#ifndef FS_TMP_INTERNAL_H
#define FS_TMP_INTERNAL_H

#include "base/tree/rbtree.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name.h"

/* Linux's tmpfs says 20 bytes an entry, `.` and `..` among them. */
#define TMP_DIRECTORY_SIZE(count) (((count) + 2) * 20)

struct tmp_limits {
	uint64_t pages, inodes;		/* 0: no limit */
};

struct tmp_instance {
	struct tmp_limits limits;
	uint64_t pages_used, inodes_used;	/* atomic */
	uint64_t last_number;
	uint16_t mode;
	uint32_t uid, gid;
	bool has_store;			/* files are made with a store */
};

struct tmp_entry {
	struct rbtree_node by_text;	/* by hash, then text */
	struct rbtree_node by_cookie;
	uint64_t cookie;		/* never used again in this directory */
	struct inode *inode;		/* counted */
	uint32_t hash;
	uint8_t length;
	char text[];
};

struct tmp_attribute {
	struct tmp_attribute *next;
	size_t size;
	char *value;
	char name[];
};

/* The directory's lock guards its trees, the inode's lock the extended attributes. */
struct tmp_inode {
	struct inode inode;
	struct tmp_attribute *attributes;
	union {
		struct {
			struct rbtree by_text, by_cookie;
			uint64_t next_cookie, count;
		} directory;
		struct {
			struct page_cache cache;
			uint64_t pages_charged;		/* atomic */
			struct page_cache *store;	/* or NULL: the cache is all there is */
		} file;
	};
};

static inline struct tmp_inode *tmp_inode_of(struct inode *inode)
{
	return container_of(inode, struct tmp_inode, inode);
}

static inline struct tmp_instance *tmp_instance_of(const struct inode *inode)
{
	return inode->superblock->data;
}

extern const struct inode_operations tmp_directory_operations;
extern const struct inode_operations tmp_file_operations;
extern const struct inode_operations tmp_node_operations;
extern const struct file_operations tmp_file_file_operations;
extern const struct file_operations tmp_directory_file_operations;
extern const struct superblock_operations tmp_superblock_operations;

/* A fresh inode with one reference, owned by the current thread; -ENOSPC, -ENOMEM. */
int tmp_inode_create(struct superblock *superblock, struct inode *directory, uint16_t mode,
		     struct inode **inode) MUST_CHECK;
/* Counts one more inode, or name of one, against nr_inodes: -ENOSPC. */
int tmp_inode_charge(struct superblock *superblock) MUST_CHECK;
void tmp_inode_uncharge(struct superblock *superblock);
void tmp_inode_evict(struct inode *inode);
int tmp_inode_start(void) MUST_CHECK;
/* -ENOMEM. */
int tmp_file_init(struct tmp_inode *node) MUST_CHECK;
void tmp_file_release(struct tmp_inode *node);
/* One more page of a file within the instance's limit: -ENOSPC; and one less. */
int tmp_page_charge(struct inode *inode) MUST_CHECK;
void tmp_page_discharge(struct inode *inode);
int tmp_change(struct inode *inode, const struct attribute_change *change) MUST_CHECK;
int tmp_refresh(struct inode *inode) MUST_CHECK;

/* Takes every entry out: the instance ends. */
void tmp_directory_clear(struct inode *directory);

/* store.c */
extern const struct page_cache_operations tmp_stored_cache_operations;
void tmp_store_start(void);
int tmp_store_create(struct tmp_inode *node) MUST_CHECK;
/* Cuts the file: nothing of it is left from `start` on, or in [start, end). */
void tmp_data_truncate(struct inode *inode, uint64_t start);
void tmp_data_punch(struct inode *inode, uint64_t start, uint64_t end);

long tmp_attribute_get(struct inode *inode, const char *name, void *value, size_t size);
int tmp_attribute_set(struct inode *inode, const char *name, const void *value, size_t size,
		      int flags) MUST_CHECK;
long tmp_attribute_list(struct inode *inode, char *names, size_t size);
int tmp_attribute_remove(struct inode *inode, const char *name) MUST_CHECK;
void tmp_attributes_free(struct tmp_inode *node);

#define TMP_COMMON_OPERATIONS \
	.change = tmp_change, \
	.refresh = tmp_refresh, \
	.attribute_get = tmp_attribute_get, \
	.attribute_set = tmp_attribute_set, \
	.attribute_list = tmp_attribute_list, \
	.attribute_remove = tmp_attribute_remove

#endif
