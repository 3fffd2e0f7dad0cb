/*
 * File operations for files whose data is in the page cache: any file system may use them as they
 * are, or call them from its own.
 */
#ifndef VFS_CACHE_FILE_H
#define VFS_CACHE_FILE_H

#include "file/file.h"
#include "memory/region.h"

long cache_file_read(struct file *file, struct transfer *to, struct io *io);
long cache_file_write(struct file *file, struct transfer *from, struct io *io);
/* All of lseek(2); holes are where no page is. */
int64_t cache_file_seek(struct file *file, int64_t offset, int whence);
int cache_file_map(struct file *file, struct map_request *request);
int cache_file_sync(struct file *file, int64_t start, int64_t end, bool data_only);

extern const struct region_operations cache_file_region_operations;

#endif
