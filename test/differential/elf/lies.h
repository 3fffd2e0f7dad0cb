/*
 * Made-up ELF files, the fields that can lie in them, and what became of executing one.
 */
#ifndef TEST_ELF_LIES_H
#define TEST_ELF_LIES_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM "/tmp/elf/program"
#define INTERPRETER "/tmp/elf/interpreter"
#define SEGMENTS 5
#define IMAGE_BYTES 0x3a00
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum image_kind { IMAGE_STATIC, IMAGE_PIE, IMAGE_LINKED, IMAGE_INTERPRETER, IMAGE_KINDS };
extern const char *const image_kind_names[IMAGE_KINDS];

/* Places in the array of program headers. */
enum image_segment { SEGMENT_INTERPRETER, SEGMENT_TEXT, SEGMENT_DATA, SEGMENT_NOTE, SEGMENT_STACK };

struct image {
	enum image_kind kind;
	size_t length;			/* bytes of the file */
	union {
		unsigned char bytes[IMAGE_BYTES];
		struct {
			Elf64_Ehdr header;
			Elf64_Phdr segments[SEGMENTS];
		};
	};
};

/* One number of the headers. */
struct field {
	const char *name;
	uint16_t offset;		/* in the file */
	uint8_t bytes;
};

void image_make(struct image *image, enum image_kind kind);
/* The fields of the header and of every program header; their count. */
size_t fields_of_all_headers(struct field *fields, size_t capacity);
uint64_t field_get(const struct image *image, const struct field *field);
void field_set(struct image *image, const struct field *field, uint64_t value);

/* Puts the file where its kind belongs, executes the program, and describes the end:
 * "errno N", "signal N" or "exit N", with what the program said when that is not the usual. */
void image_try(const struct image *image, char *outcome, size_t capacity);
/* Executes a file by name. */
void program_try(const char *path, char *outcome, size_t capacity);
void file_put(const char *path, const void *bytes, size_t length, unsigned mode);

/* Prints one line that is compared: its name, then what was collected. */
void line_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
void line_add(const char *format, ...) __attribute__((format(printf, 1, 2)));
void line_end(void);

/* cases.c: files that lie in a particular way. */
void cases_run(void);

#endif
