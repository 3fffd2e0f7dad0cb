/*
 * Strings of arguments and environment on their way from the old program to the new one: bytes in
 * pages of the kernel, so that no large block is needed and the limit is that of execve(2).
 */
#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/space.h"
#include "memory/user.h"
#include "process/internal.h"
#include "sync/blocking.h"

#define STRING_MAXIMUM (32 * PAGE_SIZE)		/* MAX_ARG_STRLEN of execve(2) */

void string_store_release(struct string_store *store)
{
	for (size_t i = 0; i < store->page_count; i++)
		pages_free(store->pages[i], 0);
	heap_free(store->pages);
	store->pages = NULL;
	store->page_count = store->page_capacity = store->length = store->count = 0;
}

static int store_add_page(struct string_store *store)
{
	if (store->page_count == store->page_capacity) {
		size_t capacity = store->page_capacity ? store->page_capacity * 2 : 4;
		uint8_t **pages = heap_resize(store->pages,
					      store->page_capacity * sizeof(*pages),
					      capacity * sizeof(*pages), HEAP_PATIENT);

		if (!pages)
			return -ENOMEM;
		store->pages = pages;
		store->page_capacity = capacity;
	}
	store->pages[store->page_count] = pages_allocate(0, ALLOCATE_PATIENT | ALLOCATE_USER);
	if (!store->pages[store->page_count])
		return -ENOMEM;
	store->page_count++;
	return 0;
}

/* The free bytes behind what is used, in one page; 0 with an error. */
static int store_room(struct string_store *store, uint8_t **place, size_t *room)
{
	size_t offset = store->length % PAGE_SIZE;

	if (store->length >= store->limit)
		return -E2BIG;
	if (store->length == store->page_count * PAGE_SIZE) {
		int result = store_add_page(store);

		if (result < 0)
			return result;
	}
	*place = store->pages[store->length / PAGE_SIZE] + offset;
	*room = min(PAGE_SIZE - offset, store->limit - store->length);
	return 0;
}

int string_store_add_user(struct string_store *store, user_address_t text)
{
	size_t total = 0;

	for (;;) {
		uint8_t *place;
		size_t room;
		long copied;
		int result = store_room(store, &place, &room);

		if (result < 0)
			return result;
		copied = user_copy_string((char *)place, text + total, room);
		if (copied == -EFAULT)
			return -EFAULT;
		if (copied >= 0 && total + copied + 1 > STRING_MAXIMUM)
			return -E2BIG;
		if (copied >= 0) {
			store->length += copied + 1;
			store->count++;
			return 0;
		}
		/* Not ended within the room, which is filled. */
		store->length += room;
		total += room;
		if (total >= STRING_MAXIMUM)
			return -E2BIG;
	}
}

int string_store_add(struct string_store *store, const char *text)
{
	size_t left = strlen(text) + 1;

	while (left > 0) {
		uint8_t *place;
		size_t room;
		int result = store_room(store, &place, &room);

		if (result < 0)
			return result;
		room = min(room, left);
		memcpy(place, text, room);
		store->length += room;
		text += room;
		left -= room;
	}
	store->count++;
	return 0;
}

int string_store_add_array(struct string_store *store, user_address_t array, size_t skip)
{
	for (size_t i = 0; array != 0; i++) {
		uint64_t text;
		int result = user_load64(array + i * sizeof(text), &text);

		if (result < 0)
			return result;
		if (text == 0)
			return 0;
		if (i < skip)
			continue;
		result = string_store_add_user(store, text);
		if (result < 0)
			return result;
		if (blocking_is_interrupted(SLEEP_KILLABLE))
			return -EINTR;
	}
	return 0;
}

int string_store_copy_out(const struct string_store *store, struct space *space, user_address_t to)
{
	size_t done = 0;

	while (done < store->length) {
		size_t part = min(PAGE_SIZE, store->length - done);
		int result = space_write(space, to + done, store->pages[done / PAGE_SIZE], part);

		if (result < 0)
			return result;
		done += part;
	}
	return 0;
}
