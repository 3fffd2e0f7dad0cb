/*
 * Executes ELF files that lie: in each field with many values, in several fields at random, and in
 * ways that only the whole file shows. Prints what became of each, for comparison between kernels.
 *
 *     elf_lies [SEED COUNT]	only COUNT random files from SEED on
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lies.h"

#define FIELDS 80
#define RANDOM_CASES 600

static struct field fields[FIELDS];
static size_t field_count;

void line_begin(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("@@ ", stdout);
	vprintf(format, arguments);
	putchar(':');
	va_end(arguments);
}

void line_add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	putchar(' ');
	vprintf(format, arguments);
	va_end(arguments);
}

void line_end(void)
{
	putchar('\n');
	fflush(stdout);
}

/* Numbers at which something changes: sizes, pages, ends of address ranges, signs. */
static const uint64_t numbers[] = {
	0, 1, 2, 3, 6, 7, 55, 57, 63, 64, 0x78, 0xff, 0x100, 0xfff, 0x1000, 0x1001, 0x39ff, 0x3a00,
	0x3a01, 0x7fff, 0x8000, 0xffff, 0x10000, 0x400000, 0x7fffffff, 0x80000000, 0xfffff000,
	0xffffffff, 0x100000000, 0x7fffffffe000, 0x7fffffffefff, 0x7ffffffff000, 0x7fffffffffff,
	0x800000000000, 0xffff7fffffffffff, 0xffff800000000000, 0xffffffff80000000,
	0x7ffffffffffff000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000,
	0xffffffffffffffff,
};
#define NUMBERS COUNT(numbers)
/* And those around what stood there. */
static const int64_t steps[] = { -0x10000, -0x1000, -16, -1, 1, 16, 0x1000, 0x10000 };

/* Bytes of e_ident and what is only for linkers: few values. */
static bool is_plain(const struct field *field)
{
	static const char *const plain[] = {
		"e_ident", "e_version", "e_shoff", "e_flags", "e_ehsize", "e_shentsize", "e_shnum",
		"e_shstrndx", "p_paddr",
	};

	for (size_t i = 0; i < COUNT(plain); i++)
		if (strcmp(field->name, plain[i]) == 0)
			return true;
	return false;
}

static uint64_t value_of(const struct image *image, const struct field *field, size_t which)
{
	uint64_t value = which < NUMBERS ? numbers[which] :
		field_get(image, field) + (uint64_t)steps[which - NUMBERS];

	return field->bytes == 8 ? value : value & ((UINT64_C(1) << 8 * field->bytes) - 1);
}

/* Narrow fields make many values equal: each is tried once. */
static bool is_repeated(const struct image *image, const struct field *field, size_t which)
{
	if (is_plain(field) && which % 6 != 1)
		return true;
	for (size_t i = 0; i < which; i++)
		if (value_of(image, field, i) == value_of(image, field, which))
			return true;
	return false;
}

static const char *short_outcome(const char *outcome, const char *usual)
{
	return strcmp(outcome, usual) == 0 ? "runs" : outcome;
}

static void lie_in_field(enum image_kind kind, const struct field *field, const char *usual)
{
	struct image image;
	char outcome[320];

	line_begin("%s byte %u %s", image_kind_names[kind], field->offset, field->name);
	for (size_t i = 0; i < NUMBERS + COUNT(steps); i++) {
		image_make(&image, kind);
		if (is_repeated(&image, field, i))
			continue;
		field_set(&image, field, value_of(&image, field, i));
		image_try(&image, outcome, sizeof(outcome));
		line_add("%llx=%s", (unsigned long long)value_of(&image, field, i),
			 short_outcome(outcome, usual));
	}
	line_end();
}

static uint64_t random_state;

static size_t random_below(size_t limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (size_t)((random_state >> 33) % limit);
}

/* One to four lies in one file; all follows from the seed. */
static void lie_at_random(unsigned seed)
{
	struct image image;
	char outcome[320];
	size_t lies;

	random_state = seed;
	image_make(&image, (enum image_kind)random_below(IMAGE_KINDS));
	line_begin("random %u %s", seed, image_kind_names[image.kind]);
	lies = 1 + random_below(4);
	for (size_t i = 0; i < lies; i++) {
		const struct field *field = &fields[random_below(field_count)];
		uint64_t value = value_of(&image, field, random_below(NUMBERS + COUNT(steps)));

		line_add("%u=%llx", field->offset, (unsigned long long)value);
		field_set(&image, field, value);
	}
	image_try(&image, outcome, sizeof(outcome));
	line_add("%s", outcome);
	line_end();
}

static void lie_everywhere(void)
{
	struct image image;
	char usual[320];

	for (enum image_kind kind = 0; kind < IMAGE_KINDS; kind++) {
		image_make(&image, kind);
		image_try(&image, usual, sizeof(usual));
		line_begin("%s", image_kind_names[kind]);
		line_add("%s", usual);
		line_end();
		for (size_t i = 0; i < field_count; i++)
			lie_in_field(kind, &fields[i], usual);
	}
	cases_run();
}

int main(int argc, char **argv)
{
	struct rlimit no_dump = { 0, 0 };
	unsigned first = argc > 2 ? (unsigned)atoi(argv[1]) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : RANDOM_CASES;

	setrlimit(RLIMIT_CORE, &no_dump);
	mkdir("/tmp/elf", 0755);
	field_count = fields_of_all_headers(fields, FIELDS);
	if (argc <= 2)
		lie_everywhere();
	for (unsigned seed = first; seed < first + count; seed++)
		lie_at_random(seed);
	puts("@@ end of lies");
	return 0;
}
