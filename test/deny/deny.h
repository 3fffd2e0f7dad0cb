/*
 * The deny matrix: for each right that a call needs, the call is refused without it, with arguments
 * that are good otherwise, and gets past the check for somebody who holds it and nothing else. The
 * pairs are generated from the grammar; what to call is a recipe.
 */
#ifndef DENY_H
#define DENY_H

#include "check.h"
#include "support.h"

struct deny_pair {
	const char *call, *right;
};

/* Generated. */
extern const char *const deny_rights[];
extern const unsigned deny_right_count;
extern const struct deny_pair deny_pairs[];
extern const unsigned deny_pair_count;

/* What a recipe finds: made for each attempt, by somebody who holds every right. */
struct deny_world {
	int file, directory;		/* open ones: "file" and "dir" */
	pid_t victim;			/* a process that holds nothing and sleeps */
	int victim_file;		/* its pidfd */
};

struct deny_recipe {
	const char *call, *right;
	const char *also;		/* further rights that these arguments need, by commas */
	void (*prepare)(void);
	long (*make)(void);		/* the kernel's result: -errno */
	struct deny_recipe *next;
};

extern struct deny_world deny_world;

void deny_add(struct deny_recipe *recipe);
void deny_check(const char *call, const char *right);
/* Keeps the rights of a list by commas, or all but those; 0 or -errno. */
long deny_keep(const char *rights);
long deny_drop(const char *rights);
/* The kernel's result of a call of the C library. */
long deny_result(long result);
/* A call that makes a process or thread, which ends at once and touches no stack, for it may share
 * its parent's; birth_CPU.S has it. */
long deny_birth(long number, unsigned long first, void *second);

/* DENY_WITH(call, kind, right, also, prepare) { return CALL(...); } for the right kind.right. Names
 * become text at once: some calls are macros of the C library. */
#define DENY_WITH(call, kind, name, also, prepare) \
	DENY_RECIPE(#call, #kind "." #name, call##_##kind##_##name, also, prepare)
#define DENY_ALSO(call, kind, name, also) \
	DENY_RECIPE(#call, #kind "." #name, call##_##kind##_##name, also, NULL)
#define DENY(call, kind, name) \
	DENY_RECIPE(#call, #kind "." #name, call##_##kind##_##name, "", NULL)
#define DENY_RECIPE(text, right, label, also, prepare)                                     \
	static long make_##label(void);                                                    \
	static struct deny_recipe recipe_##label = {                                       \
		text, right, also, prepare, make_##label, NULL,                            \
	};                                                                                 \
	__attribute__((constructor)) static void add_##label(void)                         \
	{                                                                                  \
		deny_add(&recipe_##label);                                                 \
	}                                                                                  \
	static long make_##label(void)

#define CALL(...) deny_result(syscall(__VA_ARGS__))

#endif
