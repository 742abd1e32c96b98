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
#include "runtime/sys/self.h"
#include "runtime/sys/sys.h"

#include <elf.h>
#include <linux/mount.h>
#include <sys/syscall.h>

enum { ENVIRONMENT_MAX = 4096 };

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

/* Is TEXT the WORD, or does it begin with it when WORD ends in "="? */
static bool is_word(const char *text, const char *word)
{
	for (; *word; text++, word++)
		if (*text != *word)
			return false;
	return !*text || word[-1] == '=';
}

/* The commands of runtime/command/commands.c that are sealed; one that is missing here is
 * slower. */
static bool makes_process(const char *const *words)
{
	/* Not pointers: those would want relocation. */
	static const char makers[][8] = {"create", "run", "exec", "once", "restore"};

	for (; *words; words++)
		for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
			if (is_word(*words, makers[i]))
				return true;
	return false;
}

/* Root's file in root's hands, and no privilege borrowed: everything else is for main(). */
static bool is_plain_root(const Elf64_auxv_t *auxv)
{
	bool root = false;

	for (; auxv->a_type != AT_NULL; auxv++) {
		if (auxv->a_type == AT_SECURE && auxv->a_un.a_val)
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
	const char *const *envp = argv + stack[0] + 1;
	const char *marked[ENVIRONMENT_MAX + 2];
	size_t count = 0;

	if (stack[0] < 2 || !makes_process(argv + 1))
		return;
	for (; envp[count]; count++) {
		if (count == ENVIRONMENT_MAX || is_word(envp[count], SELF_SEALED "="))
			return;
		marked[count] = envp[count];
	}
	if (!is_plain_root((const Elf64_auxv_t *)(envp + count + 1)))
		return;
	marked[count] = SELF_SEALED "=1";
	marked[count + 1] = NULL;
	execute_clone(argv, marked);
}
