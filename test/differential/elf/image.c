/*
 * The honest files that the lies are made from, their fields, and executing them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"
#include "lies.h"
#include "machine.h"

#define STATIC_BASE 0x400000u
#define NAME_AT 0x200			/* of PT_INTERP's text in the file */
#define NOTE_AT 0x280
#define PATIENCE_SECONDS 60
#define VDSO_REACH (1u << 20)

const char *const image_kind_names[IMAGE_KINDS] = { "static", "pie", "linked", "interpreter" };

static void segment_set(struct image *image, enum image_segment place, uint32_t type,
			uint32_t flags, uint64_t offset, uint64_t address)
{
	image->segments[place] = (Elf64_Phdr){
		.p_type = type, .p_flags = flags, .p_offset = offset,
		.p_vaddr = address, .p_paddr = address, .p_align = 8,
	};
}

static void sizes_set(struct image *image, enum image_segment place, uint64_t in_file,
		      uint64_t in_memory, uint64_t alignment)
{
	image->segments[place].p_filesz = in_file;
	image->segments[place].p_memsz = in_memory;
	image->segments[place].p_align = alignment;
}

void image_make(struct image *image, enum image_kind kind)
{
	uint64_t base = kind == IMAGE_STATIC ? STATIC_BASE : 0;
	size_t code = (size_t)(__stop_guest - __start_guest);

	/* What is not zero in memory must have come from the file. */
	memset(image->bytes, 0xcc, sizeof(image->bytes));
	image->kind = kind;
	image->length = sizeof(image->bytes);
	image->header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = kind == IMAGE_STATIC ? ET_EXEC : ET_DYN,
		.e_machine = GUEST_MACHINE, .e_version = EV_CURRENT,
		.e_entry = base + GUEST_CODE + (uint64_t)(guest_entry - __start_guest),
		.e_phoff = offsetof(struct image, segments) - offsetof(struct image, bytes),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = SEGMENTS, .e_shentsize = sizeof(Elf64_Shdr),
	};
	segment_set(image, SEGMENT_INTERPRETER, kind == IMAGE_LINKED ? PT_INTERP : PT_NULL, PF_R,
		    NAME_AT, base + NAME_AT);
	sizes_set(image, SEGMENT_INTERPRETER, sizeof(INTERPRETER), sizeof(INTERPRETER), 1);
	segment_set(image, SEGMENT_TEXT, PT_LOAD, PF_R | PF_X, 0, base);
	sizes_set(image, SEGMENT_TEXT, 0x2000, 0x2000, 0x1000);
	segment_set(image, SEGMENT_DATA, PT_LOAD, PF_R | PF_W, GUEST_DATA + GUEST_DATA_START,
		    base + GUEST_DATA_AT + GUEST_DATA_START);
	sizes_set(image, SEGMENT_DATA, GUEST_DATA_BYTES, GUEST_DATA_BYTES + GUEST_BSS_BYTES,
		  0x1000);
	segment_set(image, SEGMENT_NOTE, PT_NOTE, PF_R, NOTE_AT, base + NOTE_AT);
	sizes_set(image, SEGMENT_NOTE, 16, 16, 4);
	segment_set(image, SEGMENT_STACK, PT_GNU_STACK, PF_R | PF_W, 0, 0);
	strcpy((char *)image->bytes + NAME_AT, INTERPRETER);
	memcpy(image->bytes + GUEST_CODE, __start_guest, code);
	image->bytes[GUEST_DATA + GUEST_DATA_START] = GUEST_MAGIC & 0xff;
	image->bytes[GUEST_DATA + GUEST_DATA_START + 1] = GUEST_MAGIC >> 8;
}

#define HEADER_FIELD(name) { #name, offsetof(Elf64_Ehdr, name), sizeof(((Elf64_Ehdr *)0)->name) }
#define SEGMENT_FIELD(name) { #name, offsetof(Elf64_Phdr, name), sizeof(((Elf64_Phdr *)0)->name) }

size_t fields_of_all_headers(struct field *fields, size_t capacity)
{
	static const struct field header[] = {
		HEADER_FIELD(e_type), HEADER_FIELD(e_machine), HEADER_FIELD(e_version),
		HEADER_FIELD(e_entry), HEADER_FIELD(e_phoff), HEADER_FIELD(e_shoff),
		HEADER_FIELD(e_flags), HEADER_FIELD(e_ehsize), HEADER_FIELD(e_phentsize),
		HEADER_FIELD(e_phnum), HEADER_FIELD(e_shentsize), HEADER_FIELD(e_shnum),
		HEADER_FIELD(e_shstrndx),
	};
	static const struct field segment[] = {
		SEGMENT_FIELD(p_type), SEGMENT_FIELD(p_flags), SEGMENT_FIELD(p_offset),
		SEGMENT_FIELD(p_vaddr), SEGMENT_FIELD(p_paddr), SEGMENT_FIELD(p_filesz),
		SEGMENT_FIELD(p_memsz), SEGMENT_FIELD(p_align),
	};
	size_t count = 0;

	for (uint16_t i = 0; i < EI_NIDENT && count < capacity; i++)
		fields[count++] = (struct field){ "e_ident", i, 1 };
	for (size_t i = 0; i < COUNT(header) && count < capacity; i++)
		fields[count++] = header[i];
	for (size_t i = 0; i < SEGMENTS * COUNT(segment) && count < capacity; i++) {
		fields[count] = segment[i % COUNT(segment)];
		fields[count++].offset += sizeof(Elf64_Ehdr) +
			i / COUNT(segment) * sizeof(Elf64_Phdr);
	}
	return count;
}

uint64_t field_get(const struct image *image, const struct field *field)
{
	uint64_t value = 0;

	memcpy(&value, image->bytes + field->offset, field->bytes);
	return value;
}

void field_set(struct image *image, const struct field *field, uint64_t value)
{
	memcpy(image->bytes + field->offset, &value, field->bytes);
}

void file_put(const char *path, const void *bytes, size_t length, unsigned mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length) {
		perror(path);
		exit(2);
	}
	close(fd);
}

/* In the child: executes, or tells why not. */
static void execute(const char *path, int errors)
{
	char *arguments[] = { "program", NULL }, *environment[] = { "A=1", NULL };

	setpgid(0, 0);
	alarm(PATIENCE_SECONDS);
	execve(path, arguments, environment);
	dprintf(errors, "%d", errno);
	_exit(0);
}

static size_t read_all(int fd, char *text, size_t capacity)
{
	size_t length = 0;

	for (ssize_t got; (got = read(fd, text + length, capacity - 1 - length)) > 0;)
		length += (size_t)got;
	text[length] = '\0';
	return length;
}

void program_try(const char *path, char *outcome, size_t capacity)
{
	char error[16], said[256];
	int errors[2], output[2], status;
	pid_t child;

	if (pipe2(errors, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0)
		exit(2);
	child = fork();
	if (child == 0) {
		dup2(output[1], 1);
		execute(path, errors[1]);
	}
	close(errors[1]);
	close(output[1]);
	read_all(errors[0], error, sizeof(error));
	read_all(output[0], said, sizeof(said));
	close(errors[0]);
	close(output[0]);
	waitpid(child, &status, 0);
	kill(-child, SIGKILL);
	if (error[0])
		snprintf(outcome, capacity, "errno %s", error);
	else if (WIFSIGNALED(status))
		snprintf(outcome, capacity, "signal %d%s", WTERMSIG(status), said);
	else
		snprintf(outcome, capacity, "exit %d%s", WEXITSTATUS(status), said);
}

/* Whether the first instruction is the file's own. */
static bool entry_is_own(const struct image *image)
{
	for (size_t i = 0; i < SEGMENTS; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type == PT_LOAD &&
		    image->header.e_entry - segment->p_vaddr < segment->p_memsz)
			return true;
	}
	return false;
}

/* Whether the first instruction can be the vDSO's, which lies next to files that lie anywhere. */
static bool entry_meets_vdso(const struct image *image)
{
	if (image->header.e_type != ET_DYN || entry_is_own(image))
		return false;
	for (size_t i = 0; i < SEGMENTS; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t distance = image->header.e_entry - segment->p_vaddr;

		if (segment->p_type == PT_LOAD &&
		    (distance - segment->p_memsz < VDSO_REACH || -distance <= VDSO_REACH))
			return true;
	}
	return false;
}

/* The vDSO's bytes are each kernel's own: which signal they end in says nothing. */
static void outcome_blur(const struct image *image, char *outcome, size_t capacity)
{
	static const int faults[] = { SIGILL, SIGTRAP, SIGBUS, SIGSEGV };
	int signal;

	if (!entry_meets_vdso(image) || sscanf(outcome, "signal %d", &signal) != 1)
		return;
	for (size_t i = 0; i < COUNT(faults); i++) {
		if (signal == faults[i])
			snprintf(outcome, capacity, "signal of what lies there");
	}
}

void image_try(const struct image *image, char *outcome, size_t capacity)
{
	const char *path = image->kind == IMAGE_INTERPRETER ? INTERPRETER : PROGRAM;
	static struct image other;

	if (image->kind >= IMAGE_LINKED) {
		image_make(&other, image->kind == IMAGE_LINKED ? IMAGE_INTERPRETER : IMAGE_LINKED);
		file_put(image->kind == IMAGE_LINKED ? INTERPRETER : PROGRAM, other.bytes,
			 other.length, 0755);
	}
	file_put(path, image->bytes, image->length, 0755);
	program_try(PROGRAM, outcome, capacity);
	outcome_blur(image, outcome, capacity);
}
