#include "scanner/base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* jemalloc(3); not there when the program was linked without. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new, size_t new_len)
    __attribute__((weak));

static _Atomic(void *) reserve;
static atomic_bool low;

/* Left to itself, glibc raises the size from which a block is a mapping of its own to 32 MiB, as soon as a large one was
 * freed. Then tables that grow, and bursts of messages, leave holes between what stays: a quarter of the memory of a scan.
 * Room at the end of an arena saves calls of mprotect(2); it is no memory before it is used. */
#define MAPPING_MIN (128 << 10) /* octets */
#define ARENA_ROOM  (1 << 20)
#define HOLES_MAX \
    (32U          \
     << 20) /* octets that are free between blocks, above which their pages go back to the system */

void memory_init(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, MAPPING_MIN);
    (void)mallopt(M_TOP_PAD, ARENA_ROOM);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * ARENA_ROOM);
#endif
}

void memory_give_back(void)
{
#ifdef __GLIBC__
    if (mallctl == NULL && mallinfo2().fordblks > HOLES_MAX) {
        (void)malloc_trim(0);
    }
#endif
}

void memory_hold_reserve(void)
{
    void *held = malloc(MEMORY_RESERVE_LEN);
    if (held == NULL) {
        memory_end_process("the reserve");
    }
    free(atomic_exchange(&reserve, held));
}

bool memory_is_low(void)
{
    return atomic_load_explicit(&low, memory_order_relaxed);
}

static void put(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n; /* nobody is left to be told */
}

void memory_end_process(const char *what)
{
    put("mxcensus: out of memory: no room for ");
    put(what);
    put("; the run ends here\n");
    _exit(1); /* EXIT_CODE_FATAL; other threads are at work, and exit handlers need memory too */
}

/* Another thread may have given it up in between: then there is room as well. */
void memory_use_reserve(void)
{
    free(atomic_exchange(&reserve, NULL));
    atomic_store_explicit(&low, true, memory_order_relaxed);
}

void *memory_new_again(size_t count, size_t size)
{
    memory_use_reserve();
    void *at = calloc(count, size);
    if (at == NULL) {
        memory_end_process("more of it");
    }
    return at;
}

void *memory_resize_again(void *at, size_t len)
{
    memory_use_reserve();
    void *now = realloc(at, len);
    if (now == NULL) {
        memory_end_process("more of it");
    }
    return now;
}

void *memory_malloc(size_t len)
{
    void *at = malloc(len > 0 ? len : 1);
    return at != NULL ? at : memory_resize_again(NULL, len > 0 ? len : 1);
}

void *memory_calloc(size_t count, size_t size)
{
    void *at = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    return at != NULL ? at : memory_new_again(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *memory_realloc(void *at, size_t len)
{
    void *now = realloc(at, len > 0 ? len : 1);
    return now != NULL ? now : memory_resize_again(at, len > 0 ? len : 1);
}

char *memory_strdup(const char *text)
{
    return memory_text_of(text, strlen(text));
}

char *memory_text_of(const void *at, size_t len)
{
    char *text = memory_malloc(len + 1);
    if (len > 0) {
        memcpy(text, at, len);
    }
    text[len] = '\0';
    return text;
}

void memory_free(void *at)
{
    free(at);
}

void *memory_zalloc(void *unused, unsigned count, unsigned size)
{
    (void)unused;
    return memory_calloc(count, size);
}

void memory_zfree(void *unused, void *at)
{
    (void)unused;
    free(at);
}

const char *memory_allocator(void)
{
    const char *version = NULL;
    size_t len = sizeof(version);
    bool is_jemalloc = mallctl != NULL && mallctl("version", &version, &len, NULL, 0) == 0;
    return is_jemalloc ? version : "libc";
}
