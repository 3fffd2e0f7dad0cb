/*
 * Files that lie in ways that one field does not show, and names that are no programs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guest.h"
#include "lies.h"

static void try_image(const char *name, const struct image *image)
{
	char outcome[320];

	image_try(image, outcome, sizeof(outcome));
	line_begin("%s", name);
	line_add("%s", outcome);
	line_end();
}

static void try_path(const char *name, const char *path)
{
	char outcome[320];

	program_try(path, outcome, sizeof(outcome));
	line_begin("%s", name);
	line_add("%s", outcome);
	line_end();
}

/* Cut at every length at which another part is missing. */
static void truncated(enum image_kind kind)
{
	static const size_t lengths[] = {
		0, 1, 3, 4, 15, 16, 17, 51, 52, 58, 63, 64, 65, 119, 120, 175, 176, 343, 344, 345,
		0x1ff, 0x200, 0x208, 0x215, 0x216, 0x3ff, 0x400, 0x401, 0x450, 0x800, 0xfff,
		0x1000, 0x1001, 0x1fff, 0x2000, 0x2fff,
		0x3000, 0x3001, 0x3120, 0x3122, 0x3200, 0x3320, 0x3321,
	};
	struct image image;
	char outcome[320];

	line_begin("%s cut", image_kind_names[kind]);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		image_make(&image, kind);
		image.length = lengths[i];
		image_try(&image, outcome, sizeof(outcome));
		line_add("%zx=%s", lengths[i], outcome);
	}
	line_end();
}

static void segment_lie(const char *name, enum image_kind kind, enum image_segment place,
			Elf64_Phdr segment)
{
	struct image image;

	image_make(&image, kind);
	image.segments[place] = segment;
	try_image(name, &image);
}

static void overlapping(void)
{
	const Elf64_Phdr text = { PT_LOAD, PF_R | PF_X, 0, 0x400000, 0, 0x2000, 0x2000, 0x1000 };
	Elf64_Phdr again = text;
	struct image image;

	segment_lie("text twice", IMAGE_STATIC, SEGMENT_NOTE, text);
	again.p_filesz = 0;
	segment_lie("zeros over the text", IMAGE_STATIC, SEGMENT_NOTE, again);
	again.p_flags = PF_R;
	again.p_filesz = 0x2000;
	segment_lie("text without execution over the text", IMAGE_STATIC, SEGMENT_NOTE, again);
	again.p_offset = 0x2000;
	again.p_filesz = 0x1000;
	segment_lie("other bytes over the text", IMAGE_STATIC, SEGMENT_NOTE, again);
	again = (Elf64_Phdr){ PT_LOAD, PF_R, 0x3000, 0x405000, 0, 0x800, 0x800, 0x1000 };
	segment_lie("read-only over data", IMAGE_STATIC, SEGMENT_NOTE, again);
	again.p_flags = PF_R | PF_W;
	again.p_memsz = 0x3000;
	segment_lie("writable over data", IMAGE_STATIC, SEGMENT_NOTE, again);
	again.p_filesz = 0;
	segment_lie("zeros over data", IMAGE_STATIC, SEGMENT_NOTE, again);
	image_make(&image, IMAGE_STATIC);
	again = image.segments[SEGMENT_TEXT];
	image.segments[SEGMENT_TEXT] = image.segments[SEGMENT_DATA];
	image.segments[SEGMENT_DATA] = again;
	try_image("descending", &image);
	image_make(&image, IMAGE_PIE);
	again = image.segments[SEGMENT_TEXT];
	image.segments[SEGMENT_TEXT] = image.segments[SEGMENT_DATA];
	image.segments[SEGMENT_DATA] = again;
	try_image("descending, anywhere", &image);
}

/* Data segments whose end in the file or in memory is special. */
static void tails(void)
{
	static const uint32_t in_file[] = { 0, 2, 0xee0, 0xedf, 0xee1, 0x6e0, 0x6e1, 0x8e0 };
	static const uint32_t in_memory[] = {
		0, 1, 2, 0xedf, 0xee0, 0xee1, 0x1ee0, 0x2300, 0x3ee0,
	};
	static const uint32_t flags[] = { 0, PF_R, PF_W, PF_R | PF_W, PF_R | PF_W | PF_X };
	struct image image;
	char outcome[320];

	for (size_t f = 0; f < COUNT(flags); f++)
		for (size_t i = 0; i < COUNT(in_file); i++) {
			line_begin("data %x in the file, flags %x", in_file[i], flags[f]);
			for (size_t j = 0; j < COUNT(in_memory); j++) {
				image_make(&image, IMAGE_PIE);
				image.segments[SEGMENT_DATA].p_flags = flags[f];
				image.segments[SEGMENT_DATA].p_filesz = in_file[i];
				image.segments[SEGMENT_DATA].p_memsz = in_memory[j];
				image_try(&image, outcome, sizeof(outcome));
				line_add("%x=%s", in_memory[j], outcome);
			}
			line_end();
		}
}

/* As many program headers as fit, all the same. */
static void many_headers(uint16_t count, uint32_t type)
{
	size_t length = IMAGE_BYTES + (size_t)count * sizeof(Elf64_Phdr);
	unsigned char *bytes = calloc(1, length);
	struct image image;
	Elf64_Phdr *segments;
	char outcome[320];

	image_make(&image, IMAGE_STATIC);
	image.header.e_phoff = IMAGE_BYTES;
	image.header.e_phnum = count;
	memcpy(bytes, image.bytes, IMAGE_BYTES);
	segments = (Elf64_Phdr *)(bytes + IMAGE_BYTES);
	for (unsigned i = 0; i < count; i++) {
		segments[i] = image.segments[SEGMENT_TEXT];
		if (i >= 2)
			segments[i].p_type = type;
	}
	if (count > 1)
		segments[1] = image.segments[SEGMENT_DATA];
	file_put(PROGRAM, bytes, length, 0755);
	free(bytes);
	program_try(PROGRAM, outcome, sizeof(outcome));
	line_begin("%u headers of type %x", count, type);
	line_add("%s", outcome);
	line_end();
}

/* PT_INTERP with this text, its length and terminator as given. */
static void interpreted_by(const char *name, const char *text, size_t length)
{
	struct image image, other;

	image_make(&other, IMAGE_INTERPRETER);
	file_put(INTERPRETER, other.bytes, other.length, 0755);
	image_make(&image, IMAGE_STATIC);
	image.segments[SEGMENT_INTERPRETER].p_type = PT_INTERP;
	image.segments[SEGMENT_INTERPRETER].p_offset = 0x2000;
	image.segments[SEGMENT_INTERPRETER].p_filesz = length;
	memset(image.bytes + 0x2000, 'x', 0x1000);
	memcpy(image.bytes + 0x2000, text, strlen(text) + 1);
	try_image(name, &image);
}

static void interpreters(void)
{
	char longest[4097];

	interpreted_by("interpreter by its name", INTERPRETER, sizeof(INTERPRETER));
	interpreted_by("interpreter's name with more behind", INTERPRETER "\0more",
		       sizeof(INTERPRETER));
	interpreted_by("interpreter without terminator", INTERPRETER, sizeof(INTERPRETER) - 1);
	interpreted_by("interpreter without a name", "", 1);
	interpreted_by("interpreter of no bytes", "", 0);
	interpreted_by("interpreter of two terminators", "", 2);
	interpreted_by("interpreter is the program", PROGRAM, sizeof(PROGRAM));
	interpreted_by("interpreter is a folder", "/tmp", 5);
	interpreted_by("interpreter is absent", "/tmp/none", 10);
	interpreted_by("interpreter below a file", PROGRAM "/x", sizeof(PROGRAM) + 2);
	interpreted_by("interpreter is a device", "/dev/null", 10);
	interpreted_by("interpreter is the console", "/dev/console", 13);
	interpreted_by("interpreter is a pipe", "/tmp/elf/pipe", 14);
	interpreted_by("interpreter is a socket", "/tmp/elf/socket", 16);
	interpreted_by("interpreter is a loop", "/tmp/elf/loop", 14);
	interpreted_by("interpreter is in proc", "/proc/self/exe", 15);
	interpreted_by("interpreter is text", "/etc/passwd", 12);
	interpreted_by("interpreter is a script", "/tmp/elf/script", 16);
	interpreted_by("interpreter may not be executed", "/tmp/elf/plain", 15);
	memset(longest, '/', sizeof(longest));
	strcpy(longest + 4095 - strlen(INTERPRETER), INTERPRETER);
	interpreted_by("interpreter with the longest name", longest, 4096);
	interpreted_by("interpreter with too long a name", longest, 4097);
}

/* A script of these bytes. */
static void script(const char *name, const char *bytes, size_t length)
{
	file_put("/tmp/elf/script", bytes, length, 0755);
	try_path(name, "/tmp/elf/script");
}

static void script_of(const char *name, const char *text)
{
	script(name, text, strlen(text));
}

/* "#!", `blanks` blanks, the interpreter's name, an argument of `more` bytes, and an end. */
static void long_script(size_t blanks, size_t more, const char *end)
{
	char line[600] = "#!", name[60];
	size_t length = 2;

	memset(line + length, ' ', blanks);
	length += blanks;
	memcpy(line + length, PROGRAM, sizeof(PROGRAM) - 1);
	length += sizeof(PROGRAM) - 1;
	if (more) {
		line[length++] = ' ';
		memset(line + length, 'a', more);
		length += more;
	}
	memcpy(line + length, end, strlen(end));
	length += strlen(end);
	snprintf(name, sizeof(name), "script with %zu blanks, %zu bytes, %zu in all", blanks, more,
		 length);
	script(name, line, length);
}

static void scripts(void)
{
	struct image image;
	char link[40];

	image_make(&image, IMAGE_STATIC);
	file_put(PROGRAM, image.bytes, image.length, 0755);
	script("empty file", "", 0);
	script_of("one byte", "#");
	script_of("only the mark", "#!");
	script_of("mark and newline", "#!\n");
	script_of("mark and blanks", "#!   \t \n");
	script_of("mark and blanks without an end", "#!    ");
	script("mark and zeros", "#!\0\0\0\n", 6);
	script_of("no newline", "#!" PROGRAM);
	script_of("carriage return", "#!" PROGRAM "\r\n");
	script("zero in the line", "#!" PROGRAM "\0x\n", sizeof(PROGRAM) + 4);
	script("zero before the name", "#!\0" PROGRAM "\n", sizeof(PROGRAM) + 3);
	script_of("blanks around", "#! \t " PROGRAM " \t \n");
	script_of("folder", "#!/tmp\n");
	script_of("absent", "#!/tmp/none\n");
	script_of("device", "#!/dev/null\n");
	script_of("pipe", "#!/tmp/elf/pipe\n");
	script_of("loop of links", "#!/tmp/elf/loop\n");
	script_of("itself", "#!/tmp/elf/script\n");
	script_of("relative", "#!program\n");
	script_of("not to be executed", "#!/tmp/elf/plain\n");
	script_of("plain text", "hello\n");
	script_of("newline first", "\n#!" PROGRAM "\n");
	script("binary", "\0\1\2\3", 4);
	for (int more = 0; more <= 260; more += more > 225 && more < 240 ? 1 : 9)
		long_script(0, (size_t)more, "\n");
	for (int more = 225; more <= 260; more++)
		long_script(0, (size_t)more, "");
	for (int blanks = 225; blanks <= 260; blanks++)
		long_script((size_t)blanks, 0, "\n");
	for (int blanks = 225; blanks <= 260; blanks++)
		long_script((size_t)blanks, 0, "");
	/* Each names the one before; the first is a program. */
	for (int depth = 0; depth < 8; depth++) {
		char line[60], name[40];

		snprintf(line, sizeof(line), depth ? "#!/tmp/elf/chain%d\n" : "#!" PROGRAM "\n",
			 depth - 1);
		snprintf(link, sizeof(link), "/tmp/elf/chain%d", depth);
		snprintf(name, sizeof(name), "chain of %d scripts", depth + 1);
		file_put(link, line, strlen(line), 0755);
		try_path(name, link);
	}
}

static void names(void)
{
	char longest[4200];

	try_path("execute nothing", "");
	try_path("execute the root", "/");
	try_path("execute a folder", "/tmp/elf");
	try_path("execute dot", ".");
	try_path("execute a pipe", "/tmp/elf/pipe");
	try_path("execute a socket", "/tmp/elf/socket");
	try_path("execute a device", "/dev/zero");
	try_path("execute a terminal", "/dev/console");
	try_path("execute a file of proc", "/proc/self/maps");
	try_path("execute an unreadable file of proc", "/proc/self/environ");
	try_path("execute a loop", "/tmp/elf/loop");
	try_path("execute a plain file", "/tmp/elf/plain");
	try_path("execute below a file", PROGRAM "/");
	try_path("execute what hangs", "/tmp/elf/hanging");
	memset(longest, '/', sizeof(longest));
	strcpy(longest + 4095 - strlen(PROGRAM), PROGRAM);
	try_path("execute the longest name", longest);
	memset(longest, '/', sizeof(longest));
	strcpy(longest + 4096 - strlen(PROGRAM), PROGRAM);
	try_path("execute a name that is too long", longest);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[300] = '\0';
	try_path("execute a component that is too long", longest);
}

static void special_files(void)
{
	mkfifo("/tmp/elf/pipe", 0777);
	chmod("/tmp/elf/pipe", 0777);
	mknod("/tmp/elf/socket", S_IFSOCK | 0777, 0);
	symlink("/tmp/elf/loop", "/tmp/elf/loop");
	symlink("/tmp/elf/absent", "/tmp/elf/hanging");
	file_put("/tmp/elf/plain", "#!/bin/sh\n", 10, 0644);
	file_put("/tmp/elf/script", "#!/bin/sh\n", 10, 0755);
}

void cases_run(void)
{
	special_files();
	for (enum image_kind kind = 0; kind < IMAGE_KINDS; kind++)
		truncated(kind);
	overlapping();
	tails();
	for (unsigned i = 1; i <= 3; i++)
		many_headers((uint16_t)i, PT_NULL);
	many_headers(1170, PT_NULL);
	many_headers(1170, PT_LOAD);
	many_headers(1171, PT_NULL);
	many_headers(65535, PT_NULL);
	interpreters();
	scripts();
	names();
}
