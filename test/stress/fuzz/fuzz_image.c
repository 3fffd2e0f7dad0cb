/*
 * Programs that lie: small executables and scripts whose headers are changed in a few places, so
 * that most of what exec looks at is still good when it comes to the lie.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

enum { SEGMENTS = 4, IMAGE_BYTES = 2 * FUZZ_PAGE, CODE_OFFSET = 1024 };

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[SEGMENTS];
	char interpreter[32];
};

static void image_make(struct fuzz_thread *thread, uint8_t *bytes)
{
	struct image *image = (struct image *)bytes;
	uint64_t base = fuzz_percent(thread, 50) ? 0x400000 : 0;

	memset(bytes, 0, IMAGE_BYTES);
	memcpy(image->header.e_ident, ELFMAG "\2\1\1", 7);
	image->header.e_type = base ? ET_EXEC : ET_DYN;
	image->header.e_machine = fuzz_elf_machine;
	image->header.e_version = EV_CURRENT;
	image->header.e_entry = base + CODE_OFFSET;
	image->header.e_phoff = offsetof(struct image, segments);
	image->header.e_ehsize = sizeof(image->header);
	image->header.e_phentsize = sizeof(Elf64_Phdr);
	image->header.e_phnum = (Elf64_Half)(1 + fuzz_below(thread, SEGMENTS));
	image->segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base, .p_filesz = FUZZ_PAGE,
		.p_memsz = FUZZ_PAGE, .p_align = FUZZ_PAGE,
	};
	image->segments[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = FUZZ_PAGE,
		.p_vaddr = base + 2 * FUZZ_PAGE, .p_filesz = 100, .p_memsz = 3 * FUZZ_PAGE,
		.p_align = FUZZ_PAGE,
	};
	image->segments[2] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
	image->segments[3] = (Elf64_Phdr){
		.p_type = PT_INTERP, .p_offset = offsetof(struct image, interpreter),
		.p_filesz = sizeof("/proc/self/exe"), .p_memsz = sizeof("/proc/self/exe"),
	};
	strcpy(image->interpreter, fuzz_percent(thread, 80) ? "/proc/self/exe" : "e0");
	memcpy(bytes + CODE_OFFSET, fuzz_exit_code, sizeof(fuzz_exit_code));
}

static void image_change(struct fuzz_thread *thread, uint8_t *bytes)
{
	struct image *image = (struct image *)bytes;
	uint16_t *halves = (uint16_t *)&image->header;
	uint64_t *words;

	for (uint64_t changes = fuzz_below(thread, 4); changes; changes--) {
		switch (fuzz_below(thread, 3)) {
		case 0:
			halves[fuzz_below(thread, sizeof(image->header) / 2)] =
				(uint16_t)fuzz_number(thread, 2);
			break;
		case 1:
			words = (uint64_t *)&image->segments[fuzz_below(thread, SEGMENTS)];
			words[fuzz_below(thread, sizeof(Elf64_Phdr) / 8)] = fuzz_number(thread, 8);
			break;
		default:
			image->segments[fuzz_below(thread, SEGMENTS)].p_type =
				(Elf64_Word)fuzz_below(thread, 8);
			break;
		}
	}
}

static size_t script_make(struct fuzz_thread *thread, char *text)
{
	static const char *const interpreters[] = {
		"/proc/self/exe", "e0", "./x0", "", "/", "nothing", "/dev/null", "/proc/self/fd/3",
	};
	size_t length;

	strcpy(text, "#!");
	if (fuzz_percent(thread, 30))
		strcat(text, " \t ");
	strcat(text, interpreters[fuzz_below(thread, sizeof(interpreters) / sizeof(char *))]);
	if (fuzz_percent(thread, 50)) {
		strcat(text, " ");
		strncat(text, fuzz_word(thread), IMAGE_BYTES / 2);
	}
	length = strlen(text);
	if (fuzz_percent(thread, 80))
		text[length++] = '\n';
	return length;
}

static void image_round(struct fuzz_thread *thread)
{
	static uint8_t bytes[IMAGE_BYTES] __attribute__((aligned(16)));
	uint64_t pointers[6];
	long fd = fuzz_raw(SYS_openat, AT_FDCWD, "e0", O_CREAT | O_TRUNC | O_WRONLY, 0777);
	size_t length = IMAGE_BYTES;

	if (fuzz_percent(thread, 15)) {
		length = script_make(thread, (char *)bytes);
	} else {
		image_make(thread, bytes);
		image_change(thread, bytes);
		if (fuzz_percent(thread, 10))
			length = fuzz_below(thread, IMAGE_BYTES);
	}
	fuzz_raw(SYS_write, fd, bytes, length);
	if (fuzz_percent(thread, 95))
		fuzz_raw(SYS_close, fd);
	for (unsigned i = 0; i < 6; i++)
		pointers[i] = i == 2 || i == 5 ? 0 : (uint64_t)fuzz_word(thread);
	fuzz_raw(SYS_execve, "e0", pointers, pointers + 3);
}

void fuzz_images_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, image_round);
}
