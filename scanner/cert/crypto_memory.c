#include "scanner/cert/crypto_memory.h"

#include <malloc.h>
#include <pthread.h>

#include "scanner/base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#    define KEEPS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define KEEPS 0
#    endif
#endif
#ifndef KEEPS
#    define KEEPS 1
#endif

/* Blocks of glibc have room for 24, 40, 56 ... octets; one of another allocator counts as the next smaller. */
#define SMALLEST 24
#define STEP     16
#define SIZES    ((CRYPTO_BLOCK_MAX - SMALLEST) / STEP + 1)

struct kept {
    struct kept *next;
};

struct kept_blocks {
    struct kept *first[SIZES];
    unsigned count[SIZES];
    bool freed_at_end; /* the thread's end knows of them */
};

static _Thread_local struct kept_blocks blocks;
static pthread_key_t end_of_thread;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Others that run at the thread's end may give back more: then it is called again. */
static void free_kept(void *at)
{
    struct kept_blocks *b = at;
    b->freed_at_end = false;
    for (size_t i = 0; i < SIZES; i++) {
        while (b->first[i] != NULL) {
            struct kept *k = b->first[i];
            b->first[i] = k->next;
            free(k);
        }
        b->count[i] = 0;
    }
}

static void make_key(void)
{
    CHECK(pthread_key_create(&end_of_thread, free_kept) == 0);
}

static void free_at_end(struct kept_blocks *b)
{
    CHECK(pthread_once(&once, make_key) == 0 && pthread_setspecific(end_of_thread, b) == 0);
    b->freed_at_end = true;
}

/* @return the index of the smallest size that has room; SIZES and more: none */
static size_t size_for(size_t len)
{
    return len <= SMALLEST ? 0 : (len - SMALLEST + STEP - 1) / STEP;
}

void *crypto_take(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    size_t size = size_for(len);
    if (len == 0) {
        return NULL; /* as CRYPTO_malloc() does */
    }
    if (!KEEPS || size >= SIZES) {
        return memory_malloc(len);
    }
    struct kept *k = blocks.first[size];
    if (k == NULL) {
        return memory_malloc(SMALLEST + size * STEP);
    }
    blocks.first[size] = k->next;
    blocks.count[size]--;
    return k;
}

void *crypto_resize(void *at, size_t len, const char *file, int line)
{
    if (at == NULL || len == 0) { /* as CRYPTO_realloc() does */
        crypto_give_back(at, file, line);
        return crypto_take(len, file, line);
    }
    return memory_realloc(at, len);
}

void crypto_give_back(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    size_t room = KEEPS && at != NULL ? malloc_usable_size(at) : 0;
    size_t size = room >= SMALLEST ? (room - SMALLEST) / STEP : SIZES;
    if (size >= SIZES || blocks.count[size] >= CRYPTO_KEPT_MAX / (SMALLEST + size * STEP)) {
        memory_free(at);
        return;
    }
    struct kept *k = at;
    k->next = blocks.first[size];
    blocks.first[size] = k;
    blocks.count[size]++;
    if (!blocks.freed_at_end) {
        free_at_end(&blocks);
    }
}
