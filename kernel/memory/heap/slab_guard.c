/*
 * Debug builds: a free object is filled with a pattern that must still be there when it is handed
 * out, and a word behind each object must survive its use.
 */
#include "memory/heap/slab.h"

#include "base/panic.h"
#include "memory/kasan.h"

#define POISON_BYTE 0x6b
#define ZONE_USED UINT64_C(0xa11ceda11ceda11c)
#define ZONE_FREE UINT64_C(0xf5eef5eef5eef5ee)

/* The second word behind the object; the first links free objects. */
static uint64_t *object_zone(const struct slab_cache *cache, void *object)
{
	return (uint64_t *)((char *)object + cache->link_offset + sizeof(void *));
}

void slab_guard_fresh(struct slab_cache *cache, void *objects, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		*object_zone(cache, (char *)objects + (size_t)i * cache->stride) = 0;
}

void slab_guard_freed(struct slab_cache *cache, void *object)
{
	uint64_t *zone = object_zone(cache, object);

	if (*zone == ZONE_FREE)
		panic("%s: object %p freed twice", cache->name, object);
	if (*zone != ZONE_USED)
		panic("%s: object %p was written behind its end (%llx)", cache->name, object,
		      (unsigned long long)*zone);
	*zone = ZONE_FREE;
	if (!cache->has_guards)
		return;
	memset(object, POISON_BYTE, cache->object_size);
	kasan_poison(object, cache->object_size, KASAN_FREED);
}

static void poison_check(struct slab_cache *cache, const uint8_t *object)
{
	for (uint32_t i = 0; i < cache->object_size; i++) {
		if (object[i] != POISON_BYTE)
			panic("%s: free object %p was written at %u (%x)", cache->name,
			      (const void *)object, i, object[i]);
	}
}

void slab_guard_allocated(struct slab_cache *cache, void *object)
{
	uint64_t *zone = object_zone(cache, object);

	kasan_unpoison(object, cache->object_size);
	/* An object that was never used has whatever its page held. */
	if (*zone == ZONE_FREE && cache->has_guards)
		poison_check(cache, object);
	*zone = ZONE_USED;
}
