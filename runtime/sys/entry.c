/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel begins, before the C library is there.
 *
 * What makes a process runs from a sealed clone of this binary (self.h). Found out by main(),
 * the C library is set up twice: with Debian's static glibc about 0.3 ms of each command, most
 * of it CPUID, which a virtual machine traps. So the words are looked at here, and whatever
 * looks like a command that must be sealed goes there right away. It decides nothing: main()
 * checks again, and does it, with words for the user, when this has not. What is wrong here, is
 * not done here.
 *
 * No function of the library, no global that needs relocation, no thread-local: none is ready.
 */
#include "runtime/sys/sys.h"

#include <elf.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>

void entry_seal(uintptr_t *stack);

/* The kernel's stack is kept for the library, which reads argv from it. */
__asm__(".text\n"
	".globl mayfly_entry\n"
	".type mayfly_entry, @function\n"
	"mayfly_entry:\n"
	"	endbr64\n"
	"	mov %rsp, %r12\n"
	"	mov %rdx, %r13\n"
	"	mov %rsp, %rdi\n"
	"	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	call entry_seal\n"
	"	mov %r12, %rsp\n"
	"	mov %r13, %rdx\n"
	"	jmp _start\n"
	".size mayfly_entry, . - mayfly_entry\n");

static long call(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e)
{
	register uintptr_t r10 __asm__("r10") = d;
	register uintptr_t r8 __asm__("r8") = e;
	long answer;

	__asm__ volatile("syscall"
			 : "=a"(answer)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return answer;
}

/* Does TEXT begin with WORD? What follows, or NULL. */
static const char *after(const char *text, const char *word)
{
	for (; *word; text++, word++)
		if (*text != *word)
			return NULL;
	return text;
}

/* A global option whose value is the next word: the rows of runtime/command/commands.c with an
 * argument. One that is missing here is slower. */
static bool takes_value(const char *word)
{
	/* Not pointers: those would want relocation. */
	static const char names[][16] = {
		"root", "log", "log-format", "log-level", "cgroup-manager", "rootless", "criu"};

	while (*word == '-')
		word++;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *rest = after(word, names[i]);

		if (rest && !*rest)
			return true;
	}
	return false;
}

/* Is the command one of those in runtime/command that are sealed? */
static bool makes_process(const char *const *words)
{
	static const char makers[][8] = {"create", "run", "exec", "once"};

	for (; *words && **words == '-'; words++)
		if (takes_value(*words) && !*++words)
			return false;
	for (size_t i = 0; *words && i < sizeof(makers) / sizeof(*makers); i++) {
		const char *rest = after(*words, makers[i]);

		if (rest && !*rest)
			return true;
	}
	return false;
}

/* Root's file in root's hands, no privilege borrowed, and not executed by a descriptor, which
 * the clone is: everything else is for main(). */
static bool is_plain_root(const Elf64_auxv_t *auxv)
{
	bool root = false;

	for (; auxv->a_type != AT_NULL; auxv++) {
		if (auxv->a_type == AT_SECURE && auxv->a_un.a_val)
			return false;
		if (auxv->a_type == AT_EXECFN &&
			after((const char *)auxv->a_un.a_val, "/dev/fd/"))
			return false;
		if (auxv->a_type == AT_EUID)
			root = auxv->a_un.a_val == 0;
	}
	return root;
}

static void execute_clone(const char *const *argv, const char *const *envp)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	long tree = call(SYS_open_tree, (uintptr_t)AT_FDCWD, (uintptr_t) "/proc/self/exe",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);

	if (tree < 0)
		return;
	if (call(SYS_mount_setattr, (uintptr_t)tree, (uintptr_t) "", AT_EMPTY_PATH,
		    (uintptr_t)&attributes, sizeof(attributes)) == 0)
		call(SYS_execveat, (uintptr_t)tree, (uintptr_t) "", (uintptr_t)argv,
			(uintptr_t)envp, AT_EMPTY_PATH);
	call(SYS_close, (uintptr_t)tree, 0, 0, 0, 0);
}

void entry_seal(uintptr_t *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	const char *const *envp = argv + stack[0] + 1, *const *end = envp;

	if (stack[0] < 2 || !makes_process(argv + 1))
		return;
	while (*end)
		end++;
	if (is_plain_root((const Elf64_auxv_t *)(end + 1)))
		execute_clone(argv, envp);
}
